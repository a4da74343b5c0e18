"""Tasks done by processes of this machine, and frames shuffled through files of the work folder."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Self, TypeAlias

import polars as pl
import pyarrow.parquet as pq

from zhenfen.batch import components
from zhenfen.batch.engine import (
    GROUPED,
    LOST,
    NO_TRAFFIC,
    OF_WORKERS,
    TEXTS,
    Block,
    Engine,
    Frames,
    Outcome,
    Partitions,
    Step,
    Task,
    Traffic,
    apply,
    attempt,
    check,
)
from zhenfen.batch.stages import write_whole
from zhenfen.errors import ConfigError
from zhenfen.files import unwritable, write_file
from zhenfen.memory import find_memory
from zhenfen.scoring import group_comments

SHUFFLE = "pieces"
"""Folder of the work folder with the blocks of frames."""
FEW_WORKERS = 2
"""In partitions comments take 2.3 times the work, which is shared: with more workers that is sooner done."""
BYTES_A_COMMENT, TIMES_ITS_SIZE = 300, 3.5
"""What grouping comments at once takes: so many bytes each, and so many times what they are in a file. Of four million
of 25 characters 2.4 GB, of 200,000 of 930 characters 1.9."""
SHARE_OF_MEMORY = 4
"""A quarter of the memory is grouping's, beside workers that wait with what they hold."""


class LocalEngine(Engine):
    """A pool of processes on this machine.

    A process that dies takes those beside it along: what was under way is done again, each task in a process of its
    own, so that the one that cannot be done is known.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._pool: ProcessPoolExecutor | None = None

    def run(self, tasks: Sequence[Task], work: Path, traffic: Traffic = NO_TRAFFIC) -> Iterator[Outcome]:
        """See `Engine.run`; all processes work in the one folder."""
        waiting = deque(tasks)
        while waiting:
            lost = yield from self._run_pool(waiting, work)
            for task in lost:
                self.close()
                future = self._submit(task, work)
                if isinstance(future.exception(), BrokenProcessPool):
                    self.close()
                    yield Outcome(task.name, error=LOST)
                else:
                    yield _await(task, future)

    def group(self, names: Sequence[str], work: Path) -> None:
        """See `Engine.group`; at once in this process, or in pieces where workers are many or memory is short.

        Nothing is done where a run that was stopped had done it.
        """
        if all((work / GROUPED / name).exists() for name in names):
            return
        files = [pq.read_metadata(work / TEXTS / name) for name in names]
        n_rows = sum(one.num_rows for one in files)
        n_bytes = sum(one.row_group(at).total_byte_size for one in files for at in range(one.num_row_groups))
        fits = n_rows * BYTES_A_COMMENT + n_bytes * TIMES_ITS_SIZE <= find_memory() / SHARE_OF_MEMORY
        if n_rows > components.ROWS_A_PARTITION and not (fits and self.n_workers <= FEW_WORKERS):
            try:
                opened = LocalPartitions.open(self, work, [partial(_open, path=work / TEXTS / name) for name in names])
                for place, (_, data) in components.group(opened, len(names)).collect(components.close_file):
                    write_file(work / GROUPED / names[place], data)
            finally:
                clear(work)
            return
        frames = [pl.read_parquet(work / TEXTS / name, glob=False) for name in names]
        together = group_comments(pl.concat(frames))
        start = 0
        for name, frame in zip(names, frames, strict=True):
            write_whole(together.slice(start, frame.height), work / GROUPED / name)
            start += frame.height

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _run_pool(self, waiting: deque[Task], work: Path) -> Generator[Outcome, None, list[Task]]:
        """Outcomes until nothing waits or a process dies; returns the tasks that were under way then."""
        flying: dict[Future[Outcome], Task] = {}
        while waiting or flying:
            try:
                while waiting and len(flying) < self.n_workers:
                    future = self._submit(waiting[0], work)
                    flying[future] = waiting.popleft()
            except BrokenProcessPool:
                break
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                break
            for future in done:
                yield _await(flying.pop(future), future)
        if flying:
            self.close()
        return list(flying.values())

    def _submit(self, task: Task, work: Path) -> Future[Outcome]:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.n_workers, spawn, initializer=_end_with_parent)
        # For a process that starts now: polars reads the number of its threads when it is first imported.
        before = {name: os.environ.get(name) for name in OF_WORKERS}
        os.environ.update(OF_WORKERS)
        try:
            return self._pool.submit(attempt, task, work)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _await(task: Task, future: Future[Outcome]) -> Outcome:
    """The outcome of a task that ended, in whatever way; ConfigError where no task can be done."""
    error = future.exception()
    if error is None:
        return check(future.result())
    return Outcome(task.name, error=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _end_with_parent() -> None:
    """A worker that outlived its parent would go on writing beside the run that continues the work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A block within a file of the work folder."""

    path: str
    start: int
    size: int
    name: str

    def read(self, work: Path) -> tuple[str, bytes]:
        """Name and content."""
        with (work / self.path).open("rb") as file:
            file.seek(self.start)
            return self.name, file.read(self.size)


Placed: TypeAlias = tuple[int, Stretch]
"""Number of the partition that reads it, and where it stands."""


class LocalPartitions(Partitions):
    """Blocks in files of a work folder, that an engine's tasks read and write.

    A step writes one file a partition, with a block for each partition that reads it.

    Args:
        engine: Does the tasks.
        work: Work folder.
        stretches: The blocks of each partition.
        spent: Folders that nobody reads once these partitions were worked on.
    """

    def __init__(
        self, engine: Engine, work: Path, stretches: Sequence[Sequence[Stretch]], spent: tuple[Path, ...] = ()
    ) -> None:
        self.engine = engine
        self.work = work
        self.stretches = stretches
        self.spent = spent

    @classmethod
    def open(cls, engine: Engine, work: Path, steps: Sequence[Step]) -> Self:
        """What a step for each partition makes of nothing, for this very one; what an older run has left is gone."""
        clear(work)
        none = cls(engine, work, [()] * len(steps))
        return none._with(_sort(none._run(_new_folder(work), steps), len(steps)))

    def shuffle(self, step: Step, n_partitions: int) -> Self:
        """See `Partitions.shuffle`."""
        folder, placed = self._do(step)
        return self._with(_sort(placed, n_partitions), (folder,))

    def map(self, step: Step) -> Self:
        """See `Partitions.map`."""
        _, placed = self._do(step)
        return self._with(_sort(placed, len(self.stretches)))

    def union(self, other: Self) -> Self:
        """See `Partitions.union`."""
        together = [[*one, *two] for one, two in zip(self.stretches, other.stretches, strict=True)]
        return self._with(together, (*self.spent, *other.spent))

    def scatter(self, blocks: Iterable[Block]) -> Self:
        """See `Partitions.scatter`."""
        folder = _new_folder(self.work)
        placed = _write(self.work, folder / "spread", blocks)
        return self._with(_sort(placed, len(self.stretches)), (folder,))

    def collect(self, step: Step) -> Iterator[Block]:
        """See `Partitions.collect`; a block at a time is in memory."""
        folder, placed = self._do(step)
        for partition, stretch in placed:
            yield partition, stretch.read(self.work)
        shutil.rmtree(folder, ignore_errors=True)

    def _with(self, stretches: Sequence[Sequence[Stretch]], spent: tuple[Path, ...] = ()) -> Self:
        return type(self)(self.engine, self.work, stretches, spent)

    def _do(self, step: Step) -> tuple[Path, list[Placed]]:
        folder = _new_folder(self.work)
        placed = self._run(folder, [step] * len(self.stretches))
        for one in self.spent:
            shutil.rmtree(one, ignore_errors=True)
        return folder, placed

    def _run(self, folder: Path, steps: Sequence[Step]) -> list[Placed]:
        tasks = []
        for place, (stretches, step) in enumerate(zip(self.stretches, steps, strict=True)):
            target = folder / f"{place}"
            call = partial(_work_on, partition=place, stretches=stretches, step=step, target=target)
            tasks.append(Task(f"{place}", call))
        placed: list[Placed] = []
        for outcome in self.engine.run(tasks, self.work):
            if outcome.error is not None:
                raise ConfigError(f"the comments could not be grouped ({outcome.error})")
            placed += outcome.value
        return placed


def clear(work: Path) -> None:
    """Remove what is there; where a killed run's blocks stand only it knew."""
    shutil.rmtree(work / SHUFFLE, ignore_errors=True)


def _new_folder(work: Path) -> Path:
    try:
        (work / SHUFFLE).mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=work / SHUFFLE))
    except OSError as error:
        raise unwritable(work / SHUFFLE, error) from error


def _sort(placed: Iterable[Placed], n_partitions: int) -> list[list[Stretch]]:
    met: list[list[Stretch]] = [[] for _ in range(n_partitions)]
    for partition, stretch in placed:
        met[partition].append(stretch)
    return met


def _open(place: int, frames: Frames, path: Path) -> Iterator[Block]:
    yield components.open_file(place, path.read_bytes())


def _work_on(work: Path, *, partition: int, stretches: Sequence[Stretch], step: Step, target: Path) -> list[Placed]:
    """In another process: a step at a partition."""
    return _write(work, target, apply(step, partition, (one.read(work) for one in stretches)))


def _write(work: Path, target: Path, blocks: Iterable[Block]) -> list[Placed]:
    path = target.relative_to(work).as_posix()
    placed = []
    try:
        with target.open("wb") as file:
            for partition, (name, content) in blocks:
                placed.append((partition, Stretch(path, file.tell(), len(content), name)))
                file.write(content)
    except OSError as error:
        # Only opening a file names it: the step's input, or the target.
        raise ConfigError(
            f"{error.filename or target}: cannot be read or written ({error.strerror or error})"
        ) from error
    return placed
