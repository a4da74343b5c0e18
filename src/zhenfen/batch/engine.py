"""Who does the tasks of a run: processes in `local_engine.py`, Spark in `spark.py`. Both call the same functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
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
                first comment counts. The file that is made of it is what `scoring.group_comments` returns.
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
