"""The engine for what one machine is too small for: tasks, the shuffle of raw tables and the band joins on Spark.

Nothing but the input is read from a place that all workers share. Each task has a work folder of its own machine, with
the files that earlier tasks made for it: they travel through Spark's shuffle, by the name of the task that reads them.
So a file of raw tables is partitioned by creator where it is read, and all files of a bucket meet at the task that
measures and scores it. Only scores and what is small come to this process.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from zhenfen.batch import components
from zhenfen.batch.engine import (
    GROUPED,
    LOST,
    NO_TRAFFIC,
    OF_WORKERS,
    TEXTS,
    Block,
    Engine,
    Outcome,
    Partitions,
    Step,
    Task,
    Traffic,
    apply,
    attempt,
    check,
)
from zhenfen.errors import ConfigError
from zhenfen.files import temporary_folder, write_file
from zhenfen.s3 import ENVIRONMENT

if TYPE_CHECKING:
    from pyspark import RDD, Broadcast, SparkContext

MOST_FAILURES = 4
"""Spark's own default on a cluster; local mode gives up at the first otherwise."""
_LOGGING = Path(__file__).with_name("log4j2.properties")
WAVES = 4
"""Tasks a worker gets before their outcomes are entered in the manifest: what a kill of the driver costs at most."""

File: TypeAlias = tuple[str, bytes]
"""Path in the work folder, content."""
T = TypeVar("T")


class SparkEngine(Engine):
    """Spark's workers; a task whose worker is lost is done again by another.

    Args:
        context: Running.
    """

    def __init__(self, context: SparkContext) -> None:
        self.context = context
        self._made: list[RDD[tuple[str, File]]] = []

    @property
    def cluster(self) -> str:
        """Spark's master."""
        return str(self.context.master)

    def run(self, tasks: Sequence[Task], work: Path, traffic: Traffic = NO_TRAFFIC) -> Iterator[Outcome]:
        """See `Engine.run`."""
        step = self._start(tasks, work, traffic)
        size = WAVES * self.context.defaultParallelism
        lost: set[str] = set()
        for start in range(0, len(tasks), size):
            places = range(start, min(start + size, len(tasks)))
            for place, outcome, is_lost in self._run_wave(step, tasks, places):
                if is_lost:
                    lost.add(outcome.name)
                elif traffic.collected:
                    for path, content in self.context.runJob(step, partial(_brought, traffic=traffic), [place]):
                        write_file(work / path, content)
                yield check(outcome)
        if lost:
            # To ask for all files of that step would be to do these tasks again, and to lose more workers.
            step = self._start([task for task in tasks if task.name not in lost], work, traffic)
        self._made.append(step.mapPartitions(partial(_for_others, traffic=traffic)))

    def group(self, names: Sequence[str], work: Path) -> None:
        """See `Engine.group`; here are numbers of texts that have a like, and one in a thousand ids and texts."""
        wanted = {f"{TEXTS}/{name}": place for place, name in enumerate(names)}
        files = self.context.union(self._made).values().filter(lambda file: file[0] in wanted)
        opened = persist(meet(files.map(lambda file: components.open_file(wanted[file[0]], file[1])), len(names)))
        try:
            grouped = components.group(SparkPartitions(opened), len(names)).made(components.close_file)
            kept = grouped.map(lambda one: (names[one[0]], (f"{GROUPED}/{names[one[0]]}", one[1][1])))
            persist(kept).count()
        except _spark_errors() as error:
            raise ConfigError(f"Spark could not group the comments ({_say(error)})") from error
        self._made.append(kept)

    def close(self) -> None:
        """End Spark."""
        self.context.stop()

    def _start(self, tasks: Sequence[Task], work: Path, traffic: Traffic) -> RDD[Outcome | File]:
        """A partition a task, each its outcome and the files it made; nothing is done yet."""
        places = {task.name: place for place, task in enumerate(tasks)}
        made = self.context.union(self._made) if self._made else self.context.parallelize(())
        mine = made.filter(lambda one: one[0] in places).map(lambda one: (places[one[0]], one[1]))
        met = meet(mine, max(1, len(tasks)))
        paths = (path for folder in traffic.broadcast for path in sorted((work / folder).rglob("*")) if path.is_file())
        needed = self.context.broadcast([(path.relative_to(work).as_posix(), path.read_bytes()) for path in paths])
        return persist(met.mapPartitionsWithIndex(partial(_do, tasks=list(tasks), needed=needed)))

    def _run_wave(
        self, step: RDD[Outcome | File], tasks: Sequence[Task], places: Sequence[int]
    ) -> Iterator[tuple[int, Outcome, bool]]:
        """Place, outcome, and whether the task took its workers along."""
        from py4j.protocol import Py4JError, Py4JJavaError

        try:
            outcomes = self.context.runJob(step, _outcomes, list(places))
        except _spark_errors() as error:
            java = self.context._jsc
            is_gone = isinstance(error, Py4JError) and not isinstance(error, Py4JJavaError)
            if is_gone or java is None or java.sc().isStopped():
                raise ConfigError(f"Spark has ended ({_say(error)})") from error
            # One of them failed four times. Which one, the message says to a person only.
            if len(places) > 1:
                for place in places:
                    yield from self._run_wave(step, tasks, [place])
            else:
                yield places[0], Outcome(tasks[places[0]].name, error=_say(error)), True
            return
        yield from ((place, outcome, False) for place, outcome in zip(places, outcomes, strict=True))


class SparkPartitions(Partitions):
    """Partitions of an RDD: blocks travel through Spark's shuffle; a lost worker's are made again.

    Args:
        blocks: Where they met, as `meet` brings them.
    """

    def __init__(self, blocks: RDD[Block]) -> None:
        self.blocks = blocks

    def shuffle(self, step: Step, n_partitions: int) -> Self:
        """See `Partitions.shuffle`."""
        return type(self)(meet(self.made(step), n_partitions))

    def map(self, step: Step) -> Self:
        """See `Partitions.map`."""
        # Spark knows then that blocks of both can meet without travelling.
        made = self.blocks.mapPartitionsWithIndex(partial(_apply, step=step), preservesPartitioning=True)
        return type(self)(persist(made))

    def union(self, other: Self) -> Self:
        """See `Partitions.union`."""
        both = self.blocks.union(other.blocks)
        if both.getNumPartitions() != self.blocks.getNumPartitions():
            # Spark then laid them one behind the other: no step would see what belongs together.
            raise RuntimeError("blocks of the same partitions did not meet")
        return type(self)(both)

    def scatter(self, blocks: Iterable[Block]) -> Self:
        """See `Partitions.scatter`."""
        return type(self)(meet(self.blocks.context.parallelize(list(blocks)), self.blocks.getNumPartitions()))

    def collect(self, step: Step) -> Iterator[Block]:
        """See `Partitions.collect`."""
        yield from self.made(step).collect()

    def made(self, step: Step) -> RDD[Block]:
        """What a step makes at each partition, there."""
        return self.blocks.mapPartitionsWithIndex(partial(_apply, step=step))


def meet(numbered: RDD[tuple[int, T]], n_partitions: int) -> RDD[tuple[int, T]]:
    """What has a number brought to the partition of that number."""
    return numbered.partitionBy(n_partitions, int)


def persist(step: RDD[Any]) -> RDD[Any]:
    """Kept on the workers' disks once it was made; made again where a worker is lost."""
    from pyspark import StorageLevel

    return step.persist(StorageLevel.DISK_ONLY)


def _apply(partition: int, blocks: Iterable[Block], step: Step) -> Iterator[Block]:
    yield from apply(step, partition, (named for _, named in blocks))


def _do(
    place: int, files: Iterable[tuple[int, File]], tasks: Sequence[Task], needed: Broadcast[list[File]]
) -> Iterator[Outcome | File]:
    """On a worker: do a task in a folder of its own; its outcome, then what it made."""
    if not tasks:
        return
    with temporary_folder() as work:
        for path, content in itertools.chain(needed.value, (file for _, file in files)):
            write_file(work / path, content)
        before = _paths(work)
        yield attempt(tasks[place], work)
        for path in sorted(_paths(work) - before):
            yield path, (work / path).read_bytes()


def _paths(work: Path) -> set[str]:
    return {path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()}


def _outcomes(made: Iterable[Outcome | File]) -> list[Outcome]:
    return [one for one in made if isinstance(one, Outcome)]


def _brought(made: Iterable[Outcome | File], traffic: Traffic) -> list[File]:
    return [one for one in made if not isinstance(one, Outcome) and _folder(one) in traffic.collected]


def _for_others(made: Iterable[Outcome | File], traffic: Traffic) -> Iterator[tuple[str, File]]:
    """Files by the name of the task that reads them."""
    name = ""
    for one in made:
        if isinstance(one, Outcome):
            name = one.name
        elif _folder(one) not in traffic.collected:
            yield traffic.owner(one[0]) if traffic.owner else name, one


def _folder(file: File) -> str:
    return file[0].partition("/")[0]


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return Py4JError, PySparkException, ConnectionError


def _say(error: Exception) -> str:
    """What happened on the worker, in a line: Java wraps it in its own."""
    java = getattr(error, "java_exception", None)
    text = str(error if java is None else java.getMessage())
    if "Python worker exited" in text or "ExecutorLostFailure" in text:
        return LOST
    _, _, trace = text.partition("Traceback (most recent call last):\n")
    lines = [line for line in (trace or text).splitlines() if line and not line[0].isspace()]
    return lines[0] if lines else type(error).__name__


REDACTED = r"(?i)secret|password|token|access[._]?key"
"""Names whose values Spark shows nowhere: its own pattern, which misses AWS_ACCESS_KEY_ID."""
GATEWAY = "PYSPARK_GATEWAY_PORT"
"""Spark-submit's word to the program that it starts: where its JVM listens."""


def open_spark(n_workers: int) -> SparkEngine:
    """Spark where it runs already, on the cluster that spark-submit names, else on `n_workers` cores of this machine.

    Raises:
        ConfigError: Spark or Java is not installed.
    """
    if find_spec("pyspark") is None:
        raise ConfigError("--engine spark needs pyspark: pip install 'zhenfen[spark]'")
    if find_java() is None:
        raise ConfigError("--engine spark needs Java 17 or newer: none was found by JAVA_HOME or PATH")
    from pyspark import SparkConf, SparkContext

    # It tests for a pandas that nothing here uses.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"pyspark\.")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if GATEWAY in os.environ:
        # What spark-submit was told is known to its JVM alone, and a configuration asks a JVM that it has met.
        SparkContext._ensure_initialized()
    conf = SparkConf().setAppName("zhenfen").set("spark.log.level", "ERROR")
    redacted = [pattern for pattern in (conf.get("spark.redaction.regex", None), REDACTED) if pattern]
    conf.set("spark.ui.showConsoleProgress", "false").set("spark.redaction.regex", "|".join(redacted))
    # Whatever is set here would win over what spark-submit was told.
    is_elsewhere = GATEWAY in os.environ or SparkContext._active_spark_context is not None
    if not is_elsewhere and not conf.contains("spark.master"):
        conf.setMaster(f"local[{n_workers},{MOST_FAILURES}]")
        # Nothing listens to other machines, and no name need be resolved.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
        conf.set("spark.ui.enabled", "false")
        conf.setIfMissing("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}")
    # Not in the configuration made above: it stands on the command line of the JVM, for all users of the machine.
    environment = {
        name: value for name, value in os.environ.items() if name in ENVIRONMENT or name.startswith("ZHENFEN_")
    }
    missing = {name: value for name, value in environment.items() if not conf.contains(f"spark.executorEnv.{name}")}
    context = SparkContext._active_spark_context
    return SparkEngine(context or SparkContext(conf=conf, environment={**missing, **OF_WORKERS}))


def find_java() -> str | None:
    """The java that Spark would start; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
