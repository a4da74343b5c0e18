"""Who does the tasks of a run: processes of this machine here, Spark in `spark.py`. Both call the same functions."""

from __future__ import annotations

import multiprocessing
import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError, InputError

ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A worker a core: threads of several workers would only get in each other's way. And the same number everywhere:
the last bits of a creator's contributions depend on it."""
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

    A file's folder is the first piece of its path in the work folder.

    Attributes:
        brings: Folders whose files go to this process, and to no later task.
        needs: Folders of this process that all tasks read.
        owner: Name of the tasks that read a file, by its path; None: those of the name of the task that made it.
    """

    brings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    owner: Callable[[str], str] | None = None


NO_TRAFFIC = Traffic()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: a value, or an error in words.

    Attributes:
        name: The task's.
        value: What its call returned.
        error: Why there is none.
        is_fatal: Whether no other task can be done either, as with a full disk.
    """

    name: str
    value: Any = None
    error: str | None = None
    is_fatal: bool = False


class Engine(ABC):
    """Does tasks, and what needs all parts together."""

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
                first comment counts. The file that is made of it is what `scoring.rows.group_comments` returns.
            work: Work folder of this process.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""


def attempt(task: Task, work: Path) -> Outcome:
    """Do a task here; input that cannot be used is an outcome."""
    try:
        return Outcome(task.name, task.call(work))
    except InputError as error:
        return Outcome(task.name, error=str(error))
    except ConfigError as error:
        return Outcome(task.name, error=str(error), is_fatal=True)


def settle(task: Task, future: Future[Outcome]) -> Outcome:
    """The outcome of a task that ended, in whatever way.

    Raises:
        ConfigError: No task can be done.
    """
    error = future.exception()
    outcome = future.result() if error is None else fail(task, error)
    return check(outcome)


def fail(task: Task, error: BaseException) -> Outcome:
    """The outcome of a task that ended with an error that nobody foresaw."""
    return Outcome(task.name, error=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def check(outcome: Outcome) -> Outcome:
    """The outcome, unless it ends the run.

    Raises:
        ConfigError: No task can be done.
    """
    if outcome.is_fatal:
        raise ConfigError(str(outcome.error))
    return outcome


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
                yield from self._run_alone(task, work)

    def group(self, names: Sequence[str], work: Path) -> None:
        """See `Engine.group`; many comments are grouped in pieces, that the processes hold in turn."""
        from zhenfen.serving.batching.clusters import group_here

        group_here(self, names, work)

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
                yield settle(flying.pop(future), future)
        if flying:
            self.close()
        return list(flying.values())

    def _run_alone(self, task: Task, work: Path) -> Iterator[Outcome]:
        future = self._submit(task, work)
        if isinstance(future.exception(), BrokenProcessPool):
            self.close()
            yield Outcome(task.name, error=LOST)
        else:
            yield settle(task, future)

    def _submit(self, task: Task, work: Path) -> Future[Outcome]:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.n_workers, spawn, initializer=_end_with_parent)
        with _one_thread():
            return self._pool.submit(attempt, task, work)


@contextmanager
def _one_thread() -> Iterator[None]:
    """For processes that start meanwhile: polars reads the number of its threads when it is first imported."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """A worker that outlived its parent would go on writing beside the run that continues the work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)
