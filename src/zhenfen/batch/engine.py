"""Who does the tasks of a run and shuffles its frames: processes in `local_engine.py`, Spark in `spark_engine.py`.

Both call the same functions.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import polars as pl

from zhenfen.errors import ConfigError, DiskFullError, InputError, StoreError
from zhenfen.files import is_disk_full

OF_WORKERS = {
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "_RJEM_MALLOC_CONF": "narenas:1,oversize_threshold:0",
}
"""Environment of a worker. One thread, a worker a core: threads of several workers would only get in each other's way.
And the same number everywhere: the last bits of a creator's contributions depend on it. Of polars' allocator one arena,
for large blocks too: by default each thread has its own, and large blocks go back to the system at once, to be asked
for again."""
TEXTS, GROUPED = "texts", "grouped"
"""Folders of the work folder: comments with their normalised texts, and with their clusters, by name."""
LOST = "the worker process died (out of memory, or killed)"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do in another process; what it calls and gives back can be pickled between our own processes.

    Attributes:
        name: Its own, and that of the tasks of later steps that read what it makes.
        call: Called with the work folder, where it finds the files of its name and adds to them; each of its files
            takes its name when it is whole.
    """

    name: str
    call: Callable[[Path], Any]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which files of the work folder go where, for workers that have a work folder each.

    A file's folder is the first name of its path in the work folder.

    Attributes:
        collected: Folders whose files go to this process, and to no later task.
        broadcast: Folders of this process that all tasks read.
        owner: Name of the tasks that read a file, by its path; None: those of the name of the task that made it.
    """

    collected: tuple[str, ...] = ()
    broadcast: tuple[str, ...] = ()
    owner: Callable[[str], str] | None = None


NO_TRAFFIC = Traffic()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: a value, or an error in words.

    Attributes:
        name: The task's.
        value: What its call returned; of a store that cannot be used, the error itself, to be told in any language.
        error: Why there is none.
        is_fatal: Whether no other task can be done either.
        full_place: What could not be written because the disk is full.
    """

    name: str
    value: Any = None
    error: str | None = None
    is_fatal: bool = False
    full_place: str | None = None


class Engine(ABC):
    """Does tasks, and what needs all parts together."""

    @property
    def cluster(self) -> str:
        """Where tasks are done, as the engine calls the place; empty for processes of this machine."""
        return ""

    @abstractmethod
    def run(self, tasks: Sequence[Task], work: Path, traffic: Traffic = NO_TRAFFIC) -> Iterator[Outcome]:
        """Outcomes as they come, each task once; a task that fails does not keep the others from being done.

        Args:
            tasks: Of different names.
            work: Work folder of this process.
            traffic: Which files go where.

        Raises:
            ConfigError: A task says that nothing can be done at all, such as a full disk.
        """

    @abstractmethod
    def group(self, names: Sequence[str], work: Path) -> None:
        """Clusters of like comments over all files together: for each `texts/NAME` a `grouped/NAME` of the same name.

        Args:
            names: Tasks that made a file of texts, comment_id and normalised, in order: of an id that comes again, the
                first comment counts. The file that is made of it is what `scoring.group_comments` returns.
            work: Work folder of this process.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""


Block: TypeAlias = tuple[int, tuple[str, bytes]]
"""Number of the partition that reads it; name and content, a frame but where a step says otherwise."""
Frames: TypeAlias = Mapping[str, pl.DataFrame]
"""What met at a partition: of each name one frame, its rows in no order."""
Step: TypeAlias = Callable[[int, Frames], Iterable[Block]]
"""Called with the number of a partition and what met there; it goes to another process."""


class Partitions(ABC):
    """Blocks of frames by the number of the partition that reads them: one way for this machine and for Spark.

    Whole frames travel, in Arrow's format. A row a tuple, as Spark's own tables travel, takes several times the room
    and most of the time of a step of numpy.
    """

    @abstractmethod
    def shuffle(self, step: Step, n_partitions: int) -> Self:
        """Do a step at each, and bring what it makes to the partitions of that number; read once, or not kept."""

    @abstractmethod
    def map(self, step: Step) -> Self:
        """Do a step at each that makes blocks for this very partition; kept, to be read several times."""

    @abstractmethod
    def union(self, other: Self) -> Self:
        """These blocks and those of as many partitions."""

    @abstractmethod
    def scatter(self, blocks: Iterable[Block]) -> Self:
        """Blocks of this process, brought to as many partitions."""

    @abstractmethod
    def collect(self, step: Step) -> Iterator[Block]:
        """What a step makes at each partition, here."""


def attempt(task: Task, work: Path) -> Outcome:
    """Do a task here; input that cannot be used is an outcome."""
    try:
        return Outcome(task.name, task.call(work))
    except Exception as error:
        if is_disk_full(error):
            return Outcome(task.name, error=str(error), full_place=getattr(error, "place", str(work)))
        if not isinstance(error, (InputError, ConfigError)):
            raise
        told = error if isinstance(error, StoreError) else None
        return Outcome(task.name, value=told, error=str(error), is_fatal=isinstance(error, ConfigError))


def check(outcome: Outcome) -> Outcome:
    """The outcome, unless it ends the run.

    Raises:
        ConfigError: No task can be done.
        DiskFullError: The disk is full.
    """
    if outcome.full_place is not None:
        raise DiskFullError(outcome.full_place)
    if outcome.is_fatal:
        raise outcome.value or ConfigError(str(outcome.error))
    return outcome


def apply(step: Step, partition: int, blocks: Iterable[tuple[str, bytes]]) -> Iterator[Block]:
    """Do a step at a partition where these blocks met."""
    met: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for name, content in blocks:
        met[name].append(unpack(content))
    yield from step(partition, {name: pl.concat(frames) for name, frames in met.items()})


def route(partitions: pl.Series, name: str, frame: pl.DataFrame) -> Iterator[Block]:
    """A frame cut into blocks by the partition that each row is for.

    Args:
        partitions: Number of a partition for each row.
        name: What the frame is called where it is read.
        frame: The rows.
    """
    marked = frame.with_columns(_partition=partitions.cast(pl.Int64))
    for (partition,), rows in marked.partition_by("_partition", as_dict=True, include_key=False).items():
        yield int(partition), (name, pack(rows))


def pack(frame: pl.DataFrame) -> bytes:
    """A frame as bytes; Spark compresses what travels."""
    packed = io.BytesIO()
    # A stream, not a file: of a small frame, as most are that travel, that takes a twentieth of the time.
    frame.write_ipc_stream(packed)
    return packed.getvalue()


def unpack(packed: bytes) -> pl.DataFrame:
    """The frame again."""
    return pl.read_ipc_stream(io.BytesIO(packed))
