"""Spark on a cluster of its own: spark-submit's master is the one that sees the work."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_builder import contents, run_here, write_comments

import zhenfen
from zhenfen.batch.spark_engine import find_java

pyspark = pytest.importorskip("pyspark")
BIN = Path(pyspark.__path__[0]) / "bin"
PATIENCE_S = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def ask(port: int) -> dict[str, Any]:
    """What a master says of itself; nothing as long as it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/", timeout=5) as answer:
            said: dict[str, Any] = json.load(answer)
    except OSError:
        return {}
    return said


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A master with one worker on this machine: its address, and the port of its page."""
    if find_java() is None:
        pytest.skip("needs Java 17")
    port, page, other = free_port(), free_port(), free_port()
    address = f"spark://127.0.0.1:{port}"
    surroundings = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "work")}
    here = "--host", "127.0.0.1", "--webui-port"
    commands = (
        ("master.Master", "--port", str(port), *here, str(page)),
        ("worker.Worker", "--cores", "1", "--memory", "1g", *here, str(other), address),
    )
    running = [
        subprocess.Popen(
            [BIN / "spark-class", f"org.apache.spark.deploy.{name}", *more],
            env=surroundings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *more in commands
    ]
    until = time.monotonic() + PATIENCE_S
    while ask(page).get("aliveworkers", 0) < 1 and time.monotonic() < until:
        time.sleep(0.5)
    yield address, page
    for process in reversed(running):
        process.terminate()
        process.wait(30)


def test_the_master_that_is_named_sees_the_work_and_the_bytes_are_the_same(
    cluster: tuple[str, int], tmp_path: Path
) -> None:
    address, page = cluster
    write_comments(tmp_path / "in")
    script = Path(zhenfen.__path__[0]) / "__main__.py"
    order = [script, "score", "comments", tmp_path / "in", "--out", tmp_path / "out", "--engine", "spark"]
    submit = [BIN / "spark-submit", "--master", address, "--executor-memory", "700m"]
    surroundings = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    command, patience_s = [*submit, *order], 3 * PATIENCE_S
    done = subprocess.run(command, check=False, env=surroundings, capture_output=True, text=True, timeout=patience_s)
    assert done.returncode == 0, done.stderr
    assert f"Running on Spark: {address}" in done.stdout
    assert [one["name"] for one in ask(page)["completedapps"]] == ["zhenfen"]
    run_here("comments", tmp_path / "in", tmp_path / "here")
    assert contents(tmp_path / "out") == contents(tmp_path / "here")
