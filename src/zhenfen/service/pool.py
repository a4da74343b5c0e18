"""Threads that score: so many at once, so many waiting, and nobody waits forever."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from zhenfen.errors import is_panic
from zhenfen.estimators.text_encoder import BEFORE_BATCH
from zhenfen.service.errors import ServiceError

Result = TypeVar("Result")
RETRY_S = "1"
"""Seconds after which a refused client may try again: most answers take less."""


class Pool:
    """Runs blocking work beside the event loop.

    A thread cannot be stopped: work that took too long keeps its thread until it ends or the encoder's next batch, and
    counts as open until then.

    Args:
        n_threads: Work done at once.
        n_waiting: Work that may wait for a thread.
        answer_s: Seconds to wait and work.
    """

    def __init__(self, n_threads: int, n_waiting: int, answer_s: float) -> None:
        self.most_open = n_threads + n_waiting
        self.answer_s = answer_s
        self._executor = ThreadPoolExecutor(n_threads, thread_name_prefix="score")
        self._lock = threading.Lock()
        self._n_open = 0

    @property
    def n_open(self) -> int:
        """Work being done or waiting for a thread."""
        return self._n_open

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`.

        Raises:
            ServiceError: Too much is waiting already, or it took too long.
        """
        with self._lock:
            if self._n_open >= self.most_open:
                raise ServiceError(503, "busy", "too many requests are waiting", headers={"Retry-After": RETRY_S})
            self._n_open += 1
        until = time.monotonic() + self.answer_s

        def go_on() -> None:
            if time.monotonic() > until:
                raise self._too_long()

        def do() -> Result:
            # Nobody waits for it any more: what reads closely, the longest part of the longest work, ends then.
            BEFORE_BATCH.set(go_on)
            return _without_panic(work)

        future = self._executor.submit(copy_context().run, do)
        future.add_done_callback(self._count_down)
        try:
            async with asyncio.timeout(self.answer_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise self._too_long() from None

    def close(self) -> None:
        """Start nothing new."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _too_long(self) -> ServiceError:
        return ServiceError(504, "took_too_long", f"no answer within {self.answer_s:g} seconds")

    def _count_down(self, _future: Future[Result]) -> None:
        with self._lock:
            self._n_open -= 1


def _without_panic(work: Callable[[], Result]) -> Result:
    """The result of `work`; a panic of a library, which no handler of errors would see, as an error."""
    try:
        return work()
    except BaseException as error:
        if is_panic(error):
            raise RuntimeError(f"a library gave up: {error}") from error
        raise
