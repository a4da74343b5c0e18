"""The service in this process, with toy models, and bodies to send to it."""

from __future__ import annotations

import io
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from starlette.testclient import TestClient

from toy_models import toy_models
from zhenfen.model_store import Models
from zhenfen.service.factory import make_app, make_service
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.jobs import Job, JobStore
from zhenfen.service.service import Service
from zhenfen.service.settings import Limits, Settings
from zhenfen.service.worker import Worker

LOCAL = "http://127.0.0.1"
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
"""Stands for a job that does not end by itself."""


BREAKS = (sys.executable, "-c", "raise SystemExit(1)")
ZIP = {"content-type": "application/zip"}
OPTIONS = {
    "lang": "en",
    "creator": [],
    "as_of": None,
    "show_names": False,
    "frame": None,
    "found_by": None,
    "platform": None,
}


def build_service(
    folder: Path,
    *,
    models: Models | None = None,
    needs_key: bool = False,
    program: Sequence[str] = SLEEP,
    **limits: Any,
) -> Service:
    """A service that is not running yet; its jobs run `program`."""
    settings = Settings(folder / "data", folder / "keys.json", needs_key, Limits(**{"grace_s": 0, **limits}), 2)
    service = make_service(settings, models or toy_models())
    return replace(service, worker=Worker(service.store, settings, program))


@contextmanager
def open_client(folder: Path, **options: Any) -> Iterator[TestClient]:
    """A client of a service that runs as long as the block."""
    with TestClient(make_app(build_service(folder, **options)), LOCAL, raise_server_exceptions=False) as client:
        yield client


def as_body(frame: pl.DataFrame | pa.Table, media_type: str) -> bytes:
    """A frame in one of the three forms; a table of Arrow's in one of the two that it has."""
    sink = io.BytesIO()
    if isinstance(frame, pa.Table):
        write_table(frame, media_type, sink)
    elif media_type == JSON:
        return f'{{"rows":{frame.write_json()}}}'.encode()
    else:
        (frame.write_ipc_stream if media_type == ARROW else frame.write_parquet)(sink)
    return sink.getvalue()


def write_table(table: pa.Table, media_type: str, sink: io.BytesIO) -> None:
    """A table of Arrow's, types and all."""
    if media_type == PARQUET:
        pq.write_table(table, sink)
        return
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)


def from_body(body: bytes, media_type: str) -> pl.DataFrame:
    """The frame in an answer."""
    if media_type == JSON:
        return pl.read_json(io.BytesIO(body)).select(pl.col("rows").explode()).unnest("rows")
    return (pl.read_ipc_stream if media_type == ARROW else pl.read_parquet)(io.BytesIO(body))


MEDIA_TYPES = (JSON, ARROW, PARQUET)


def zipped(folder: Path) -> bytes:
    """A folder's files as an archive."""
    return archive({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def archive(members: dict[str, bytes]) -> bytes:
    """An archive of these files, under whatever names."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as one:
        for name, content in members.items():
            one.writestr(name, content)
    return sink.getvalue()


def wait_for(client: TestClient, url: str, *states: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A job, once it is in one of the states; one that hangs is given up after five minutes: machines are busy."""
    for _ in range(6_000):
        job: dict[str, Any] = client.get(url, headers=headers).json()
        if job["state"] in states:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def add_job(store: JobStore, number: int = 1) -> Job:
    """A job that waits."""
    job_id = f"{number:032x}"
    store.add(job_id, "local", {**OPTIONS, "path": "upload/export.zip"})
    job = store.get(job_id)
    assert job is not None
    return job
