"""The service put together: gate, routes, jobs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool

from zhenfen.errors import ConfigError
from zhenfen.model_store import Models
from zhenfen.service.creators import make_creators_router
from zhenfen.service.errors import install_handlers
from zhenfen.service.gate import Counted, Gate
from zhenfen.service.job_process import STORE
from zhenfen.service.jobs import JobStore
from zhenfen.service.keys import KeyFile
from zhenfen.service.metrics import Metrics
from zhenfen.service.pool import Pool
from zhenfen.service.readers import MOST_READERS, Readers
from zhenfen.service.rows import make_rows_router
from zhenfen.service.service import Service
from zhenfen.service.sessions import Sessions
from zhenfen.service.settings import Settings
from zhenfen.service.status import make_status_router
from zhenfen.service.vetting import make_vet_router
from zhenfen.service.worker import Worker
from zhenfen.version import __version__

ABOUT = (
    "How much of an influencer's audience and engagement is real. Scores are the same as those of the command line. "
    "Advice only: a person decides."
)

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI would otherwise report to whatever the environment names, exception texts included."""


def make_service(settings: Settings, models: Models) -> Service:
    """What the routes share; nothing runs yet.

    Raises:
        ConfigError: The data folder cannot be used.
    """
    scratch = settings.scratch
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        # A process that reads for a service that was killed may still write there.
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{scratch}: cannot be used for files of requests ({error.strerror})") from error
    store = JobStore(settings.data / STORE)
    limits, keys = settings.limits, KeyFile(settings.keys)
    pool = Pool(settings.n_threads, limits.n_waiting, limits.answer_s)
    metrics, worker = Metrics(models, limits), Worker(store, settings)
    reading = Pool(MOST_READERS, limits.n_waiting, limits.answer_s)
    return Service(settings, models, metrics, pool, reading, Readers(), store, worker, keys, Sessions(keys))


def make_app(service: Service) -> FastAPI:
    """The ASGI application; its jobs run while it does."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.worker.start()
        yield
        service.pool.close()
        service.reading.close()
        service.readers.close()
        await run_in_threadpool(service.worker.stop)

    # The interactive pages of FastAPI load scripts from another site: only the description itself is served.
    app = FastAPI(
        title="zhenfen",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    install_handlers(app)
    shown: list[Any] = [Depends(HTTPBearer(auto_error=False))] if service.settings.needs_key else []
    for make_router in (make_rows_router, make_creators_router, make_vet_router):
        app.include_router(make_router(service), dependencies=shown)
    app.include_router(make_status_router(service))
    # The last one added is the outermost.
    app.add_middleware(Gate, settings=service.settings, keys=service.keys, sessions=service.sessions)
    app.add_middleware(Counted, metrics=service.metrics)
    return app
