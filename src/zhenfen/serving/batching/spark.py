"""The engine for what one machine is too small for: tasks, the shuffle of comments and their band joins on Spark."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from zhenfen.errors import ConfigError
from zhenfen.serving.batching.engine import ONE_THREAD, Engine, Outcome, Task, attempt, check, fail

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST_FAILURES = 4
"""Spark's own default on a cluster; local mode gives up at the first otherwise."""
WAVES = 4
"""Tasks a worker gets before their outcomes are entered in the manifest: what a kill of the driver costs at most."""


class SparkEngine(Engine):
    """Spark's workers; a task whose worker is lost is done again by another.

    Args:
        session: A running session.
    """

    def __init__(self, session: SparkSession) -> None:
        self.session = session

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """See `Engine.run`."""
        size = WAVES * self.session.sparkContext.defaultParallelism
        for start in range(0, len(tasks), size):
            yield from self._run_wave(tasks[start : start + size])

    def group(self, names: Sequence[str], texts: Path, grouped: Path) -> None:
        """See `Engine.group`; in this process are only texts that have a like."""
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        from zhenfen.serving.batching.spark_clusters import group_on_spark

        try:
            group_on_spark(self.session, names, texts, grouped)
        except (Py4JJavaError, PySparkException) as error:
            raise ConfigError(f"Spark could not group the comments ({str(error).partition(chr(10))[0]})") from error

    def close(self) -> None:
        """End the session."""
        self.session.stop()

    def _run_wave(self, wave: Sequence[Task]) -> Iterator[Outcome]:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        try:
            outcomes = self.session.sparkContext.parallelize(wave, len(wave)).map(attempt).collect()
        except (Py4JJavaError, PySparkException) as error:
            # One of them failed four times. Which one, the message says to a person only.
            if len(wave) == 1:
                yield fail(wave[0], error)
                return
            outcomes = [outcome for task in wave for outcome in self._run_wave([task])]
        yield from map(check, outcomes)


def open_spark(n_workers: int) -> SparkEngine:
    """A session on the cluster that spark-submit names, else on `n_workers` cores of this machine.

    Raises:
        ConfigError: Spark or Java is not installed.
    """
    _need_spark()
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setAppName("zhenfen").set("spark.sql.session.timeZone", "UTC")
    conf.set("spark.ui.showConsoleProgress", "false")
    passed = {name: value for name, value in os.environ.items() if name.startswith("ZHENFEN_")}
    for name, value in {**passed, **ONE_THREAD}.items():
        conf.setExecutorEnv(name, value)
    if not conf.contains("spark.master"):
        conf.setMaster(f"local[{n_workers},{MOST_FAILURES}]")
        # Nothing listens to other machines, and no name need be resolved.
        conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
        conf.set("spark.ui.enabled", "false").set("spark.sql.shuffle.partitions", str(4 * n_workers))
    session = SparkSession.builder.config(conf=conf).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return SparkEngine(session)


def find_java() -> str | None:
    """The java that Spark would start; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


def _need_spark() -> None:
    if find_spec("pyspark") is None:
        raise ConfigError("--engine spark needs pyspark: pip install 'zhenfen[spark]'")
    if find_java() is None:
        raise ConfigError("--engine spark needs Java 17 or newer: none was found by JAVA_HOME or PATH")
