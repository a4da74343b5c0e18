"""The Spark engine: the same bytes as this process, and a worker that is killed loses nothing."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import batch_tasks
import polars as pl
import pytest
from batch_builder import contents, run_here, write_comments, write_posts, write_profiles
from batch_tasks import Dies, Fails

from zhenfen.batch import components, creators, spark_engine
from zhenfen.batch.engine import LOST, NO_TRAFFIC, Outcome, Task, Traffic
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.errors import ConfigError, InputError, Problem
from zhenfen.files import write_file
from zhenfen.s3 import SECRETS
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables

if TYPE_CHECKING:
    from pyspark import SparkContext

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark.*"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class DiesOnce:
    """Kills its worker the first time, then does what it was to do."""

    def __init__(self, mark: Path, call: Callable[[Path], Any]) -> None:
        self.mark = mark
        self.call = call

    def __call__(self, work: Path) -> Any:
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.call(work)


class Kept(spark_engine.SparkEngine):
    """Spark takes long to start: all tests share one.

    With a folder in `killed`, the first task of every step kills its worker the first time.
    """

    killed: Path | None = None

    def run(self, tasks: Sequence[Task], work: Path, traffic: Traffic = NO_TRAFFIC) -> Iterator[Outcome]:
        if self.killed is not None and tasks:
            mark = self.killed / f"{len(list(self.killed.iterdir()))}"
            tasks = [Task(tasks[0].name, DiesOnce(mark, tasks[0].call)), *tasks[1:]]
        yield from super().run(tasks, work, traffic)

    def close(self) -> None:
        """The fixture ends it."""
        self._made.clear()


@pytest.fixture
def engine(spark: SparkContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    from pyspark import cloudpickle

    # Spark's workers cannot import these modules.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    cloudpickle.register_pickle_by_value(batch_tasks)
    # The folder of the scores is named relative to this process's: whoever wrote there from a worker, which has kept
    # its own, would miss it, as on another machine.
    monkeypatch.chdir(tmp_path)
    return Kept(spark)


def test_comments_are_the_same_bytes_though_workers_are_killed(
    engine: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 90)
    source = write_comments(tmp_path / "in", n_parts=2)
    (source / "bad.parquet").write_bytes(b"PAR1")
    engine.killed = tmp_path / "killed"
    engine.killed.mkdir()
    run_here("comments", source, tmp_path / "here")
    manifest = score_folder(Order("comments", str(source), Path("there")), engine)
    assert len(list(engine.killed.iterdir())) == 2
    assert list(manifest.set_aside) == ["bad.parquet"]
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    names = [name for name in manifest.parts if name not in manifest.set_aside]
    scored = pl.concat([pl.read_parquet(tmp_path / "there" / name, hive_partitioning=False) for name in names])
    assert scored["cluster_id"].n_unique() > 3


@pytest.mark.parametrize("kind", ["profiles", "posts"])
def test_rows_are_the_same_bytes(engine: Kept, tmp_path: Path, kind: str) -> None:
    source = write_profiles(tmp_path / "in", n_parts=2) if kind == "profiles" else write_posts(tmp_path / "in")
    run_here(kind, source, tmp_path / "here", explain=True)
    score_folder(Order(kind, str(source), Path("there"), explain=True), engine)
    assert len(contents(tmp_path / "there")) == 3
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_creators_are_the_same_bytes(engine: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creators, "ROWS_A_BUCKET", 1_400)
    write_tables(simulate(["organic_small", "comment_farm"], seed=3, platforms=["weibo"]).tables, tmp_path / "in")
    # Not in this process: contributions differ in their last bits with the number of threads.
    score_folder(Order("creators", str(tmp_path / "in"), tmp_path / "here"), LocalEngine(1))
    score_folder(Order("creators", str(tmp_path / "in"), Path("there")), engine)
    assert len(contents(tmp_path / "there")) > 2
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


class Refuses:
    def __call__(self, work: Path) -> str:
        raise InputError(Problem("a number", "file.parquet"))


class Full:
    def __call__(self, work: Path) -> str:
        raise ConfigError("out: cannot be written (No space left on device)")


class Makes:
    """Makes a file for another task and one for the driver."""

    def __call__(self, work: Path) -> None:
        for name in ("for/b", "home/a"):
            write_file(work / name, b"made")


class Finds:
    def __call__(self, work: Path) -> list[str]:
        return sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())


def test_a_task_that_cannot_be_done_takes_no_other_along(engine: Kept, tmp_path: Path) -> None:
    tasks = [Task("a", Makes()), Task("dies", Dies()), Task("fails", Fails()), Task("bad", Refuses())]
    traffic = Traffic(collected=("home",), owner=lambda path: path.rpartition("/")[2])
    outcomes = {one.name: one.error for one in engine.run(tasks, tmp_path, traffic)}
    assert outcomes == {
        "a": None,
        "dies": LOST,
        "fails": "ArithmeticError: nobody foresaw this",
        "bad": "file.parquet: expected a number",
    }
    assert (tmp_path / "home" / "a").read_bytes() == b"made"
    found = engine.run([Task("b", Finds())], tmp_path, Traffic(broadcast=("home",)))
    assert [one.value for one in found] == [["for/b", "home/a"]]
    with pytest.raises(ConfigError, match="No space left"):
        list(engine.run([Task("full", Full())], tmp_path))


def test_without_java_or_spark_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ConfigError, match="Java 17"):
        spark_engine.open_spark(1)
    monkeypatch.setattr(spark_engine, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"zhenfen\[spark\]"):
        spark_engine.open_spark(1)


def test_keys_stand_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    class Asked:
        _active_spark_context = None

        def __init__(self, conf: Any, environment: dict[str, str]) -> None:
            told.update(conf=dict(conf.getAll()), environment=environment)

    monkeypatch.setattr("pyspark.SparkContext", Asked)
    for name, value in {"AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://there", "HOME": "/me"}.items():
        monkeypatch.setenv(name, value)
    spark_engine.open_spark(1)
    # What the configuration holds is handed to the JVM on its command line.
    assert "secret" not in str(told["conf"]).replace(spark_engine.REDACTED, "")
    sent = told["environment"]
    assert (sent["AWS_SECRET_ACCESS_KEY"], sent["AWS_ENDPOINT_URL"]) == ("secret", "http://there")
    assert sent["POLARS_MAX_THREADS"] == "1"
    assert "HOME" not in sent
    assert "ZHENFEN_HOME" in sent
    assert all(re.search(spark_engine.REDACTED, name) for name in SECRETS)
