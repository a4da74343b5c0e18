"""Bodies to frames and frames to bodies: JSON, Arrow and Parquet."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.service.errors import ServiceError
from zhenfen.service.json_rows import ROWS, JsonTables, make_rows_reader
from zhenfen.service.packed_rows import PackedRows
from zhenfen.service.readers import Readers
from zhenfen.tables import TABLES, TableSpec

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from zhenfen.service.settings import Limits, Settings

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
MEDIA_TYPES = (JSON, ARROW, PARQUET)


@dataclass(frozen=True)
class RowsReader:
    """Reads the rows of one table from a body.

    Attributes:
        spec: The table.
        needed: Columns that must be there, the row's id first.
        read: Columns of an Arrow or Parquet body that are read; None for all of the table's.
        limits: How much.
        scratch: Folder for files that live as long as a request.
        readers: Processes that read the others.
        json: Reads JSON.
    """

    spec: TableSpec
    needed: tuple[str, ...]
    read: tuple[str, ...] | None
    limits: Limits
    scratch: Path
    readers: Readers
    json: JsonTables

    def frame(self, body: bytes, media_type: str) -> pl.DataFrame:
        """The rows, with all columns of the table; what is no JSON is read in a process of its own.

        Raises:
            InputError: The process ended over the body.
            ServiceError: With every column or value that cannot be used; too many rows, or more than `limits` allow
                once read.
        """
        if media_type == JSON:
            return self.json.read(body)[ROWS]
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            path = Path(folder) / "body"
            path.write_bytes(body)
            packed = PackedRows(str(path), media_type == ARROW, self.spec.name, self.needed, self.read, self.limits)
            return self.readers.read(packed)[self.spec.name]


def make_reader(
    table: str, needed: Sequence[str], read: Sequence[str] | None, settings: Settings, readers: Readers
) -> RowsReader:
    """A reader of one table's rows."""
    json = make_rows_reader(table, needed, settings.limits)
    columns = None if read is None else tuple(read)
    return RowsReader(TABLES[table], tuple(needed), columns, settings.limits, settings.scratch, readers, json)


def media_type(headers: Headers, known: Iterable[str]) -> str:
    """What the body says it is.

    Raises:
        ServiceError: It says nothing, or nothing that is known.
    """
    if headers.get("content-encoding", "identity") != "identity":
        raise ServiceError(415, "unknown_encoding", "expected a body without Content-Encoding")
    named = headers.get("content-type", "").partition(";")[0].strip().lower()
    if named not in known:
        raise ServiceError(415, "unknown_content_type", f"expected Content-Type to be one of {', '.join(known)}")
    return named


def reply_type(headers: Headers, default: str) -> str:
    """What the client wants to read: the first known type of its Accept header, or `default` when it takes all.

    Raises:
        ServiceError: It takes nothing that can be given.
    """
    wanted = [part.partition(";")[0].strip().lower() for part in headers.get("accept", "*/*").split(",")]
    for one in wanted:
        if one in MEDIA_TYPES:
            return one
    if {"*/*", "application/*"}.intersection(wanted):
        return default
    raise ServiceError(406, "not_acceptable", f"expected Accept to name one of {', '.join(MEDIA_TYPES)}")


def encode(frame: pl.DataFrame, media_type: str) -> bytes:
    """A frame as a body; JSON is `{"n_rows": …, "rows": […]}`."""
    if media_type == JSON:
        return f'{{"n_rows":{frame.height},"{ROWS}":{frame.write_json()}}}'.encode()
    sink = io.BytesIO()
    if media_type == ARROW:
        # Older readers know no string views.
        frame.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    else:
        import pyarrow.parquet as pq

        pq.write_table(frame.to_arrow(), sink)
    return sink.getvalue()
