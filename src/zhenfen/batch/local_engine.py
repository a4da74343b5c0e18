"""Tasks done by processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from zhenfen.batch.clusters import group_here
from zhenfen.batch.engine import (
    LOST,
    NO_TRAFFIC,
    ONE_THREAD,
    Engine,
    Outcome,
    Task,
    Traffic,
    attempt,
    settle,
)


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
                    yield settle(task, future)

    def group(self, names: Sequence[str], work: Path) -> None:
        """See `Engine.group`; many comments are grouped in pieces, that the processes hold in turn."""
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

    def _submit(self, task: Task, work: Path) -> Future[Outcome]:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.n_workers, spawn, initializer=_end_with_parent)
        # For a process that starts now: polars reads the number of its threads when it is first imported.
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        try:
            return self._pool.submit(attempt, task, work)
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
