"""The Spark engine: the same bytes as this process, and a worker that is killed loses nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from batch_builder import contents, run_here, write_comments

from zhenfen.errors import ConfigError, InputError, Problem
from zhenfen.serving.batching import buckets, spark
from zhenfen.serving.batching.engine import LocalEngine, Task
from zhenfen.serving.batching.run import Order
from zhenfen.serving.batching.scoring import score_folder
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark.*"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class Kept(spark.SparkEngine):
    """A session takes long to start: all tests share one."""

    def close(self) -> None:
        """The fixture ends it."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Kept]:
    if spark.find_java() is None:
        pytest.skip("Spark needs Java 17, and there is none here")
    from pyspark import cloudpickle

    # Spark's workers cannot import this module.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    opened = spark.open_spark(2)
    opened.session.conf.set("spark.sql.shuffle.partitions", "2")
    yield Kept(opened.session)
    opened.close()


def test_comments_are_the_same_bytes(engine: Kept, tmp_path: Path) -> None:
    source = write_comments(tmp_path / "in")
    (source / "bad.parquet").write_bytes(b"PAR1")
    run_here("comments", source, tmp_path / "here")
    manifest = score_folder(Order("comments", str(source), tmp_path / "there"), engine)
    assert list(manifest.set_aside) == ["bad.parquet"]
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    names = [name for name in manifest.parts if name not in manifest.set_aside]
    scored = pl.concat([pl.read_parquet(tmp_path / "there" / name, hive_partitioning=False) for name in names])
    assert scored["cluster_id"].n_unique() > 3


def test_creators_are_the_same_bytes(engine: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "ROWS_A_BUCKET", 2_000)
    kinds = ["organic_small", "comment_farm", "burst_buyer"]
    write_tables(simulate(kinds, seed=3, platforms=["weibo"]).tables, tmp_path / "in")
    # Not in this process: contributions differ in their last bits with the number of threads.
    score_folder(Order("creators", str(tmp_path / "in"), tmp_path / "here"), LocalEngine(1))
    score_folder(Order("creators", str(tmp_path / "in"), tmp_path / "there"), engine)
    assert len(contents(tmp_path / "there")) > 2
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


class DiesOnce:
    """Kills its worker the first time."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self) -> str:
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"


class Answers:
    def __call__(self) -> str:
        return "done"


class Refuses:
    def __call__(self) -> str:
        raise InputError(Problem("a number", "file.parquet"))


class Full:
    def __call__(self) -> str:
        raise ConfigError("out: cannot be written (No space left on device)")


def test_a_worker_that_is_killed_loses_nothing(engine: Kept, tmp_path: Path) -> None:
    tasks = [Task(f"{n}", Answers()) for n in range(3)]
    tasks += [Task("killed", DiesOnce(tmp_path / "mark")), Task("bad", Refuses())]
    outcomes = {one.name: one for one in engine.run(tasks)}
    assert (tmp_path / "mark").exists()
    assert {name for name, one in outcomes.items() if one.value == "done"} == {"0", "1", "2", "killed"}
    assert outcomes["bad"].error == "file.parquet: expected a number"
    with pytest.raises(ConfigError, match="No space left"):
        list(engine.run([Task("full", Full())]))


def test_without_java_or_spark_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ConfigError, match="Java 17"):
        spark.open_spark(1)
    monkeypatch.setattr(spark, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"zhenfen\[spark\]"):
        spark.open_spark(1)
