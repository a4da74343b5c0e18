"""What a desk does by itself: projects whose last day is over are deleted, new files of watched folders are read."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from zhenfen.desk.frame import Desk
from zhenfen.desk.removal import remove_expired
from zhenfen.desk.watching import Watch
from zhenfen.errors import ZhenfenError
from zhenfen.service.errors import ServiceError

TICK_S = 5
"""How often watched folders are looked at."""
LOG = logging.getLogger("zhenfen.desk")


class Keeper:
    """The thread that looks after what nobody has to click on."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.watch = desk, Watch(desk)
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._stopped = threading.Event()
        self._swept_on: date | None = None

    def start(self) -> None:
        """Begin; the first thing is what is overdue."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what is being done is done."""
        self._stopped.set()
        self._thread.join()

    def tick(self, today: date, at_s: float) -> None:
        """Do what is due.

        Args:
            today: This day, UTC.
            at_s: Seconds of a clock that only goes forward.
        """
        if self._swept_on != today:
            remove_expired(self.desk, today)
            self._swept_on = today
        self.watch.take_new(at_s)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self.tick(datetime.now(UTC).date(), time.monotonic())
            except (OSError, sqlite3.Error, LookupError, ZhenfenError, ServiceError) as error:
                # A full disk or a folder that is gone for a while: the next time may be better.
                LOG.error("%s", error)
            self._stopped.wait(TICK_S)


def keep_with(app: FastAPI, desk: Desk) -> None:
    """Have a keeper begin and end with an application."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: FastAPI) -> AsyncIterator[Any]:
        keeper = Keeper(desk)
        async with inner(started) as state:
            keeper.start()
            yield state
            await run_in_threadpool(keeper.stop)

    app.router.lifespan_context = lifespan
