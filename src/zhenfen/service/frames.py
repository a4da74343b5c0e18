"""Bodies to frames and frames to bodies: JSON, Arrow and Parquet."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import InputError, Problem, UnreadableFileError, is_panic
from zhenfen.service.errors import ServiceError, rename
from zhenfen.service.json_rows import ROWS, JsonTables, make_rows_reader
from zhenfen.service.rules import BODY, check_values
from zhenfen.tables import TABLES, TableSpec
from zhenfen.tables.parquet import ParquetRows

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
        json: Reads JSON.
    """

    spec: TableSpec
    needed: tuple[str, ...]
    read: tuple[str, ...] | None
    limits: Limits
    scratch: Path
    json: JsonTables

    def frame(self, body: bytes, media_type: str) -> pl.DataFrame:
        """The rows, with all columns of the table.

        Raises:
            InputError: With every column that cannot be used.
            ServiceError: With every value that cannot be used; too many rows, or more than `limits` allow once read.
        """
        if media_type == JSON:
            return self.json.read(body)[ROWS]
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            path = Path(folder) / "body.parquet"
            try:
                # One way in for both: an Arrow body becomes the Parquet file that the batch commands would read.
                if media_type == PARQUET:
                    path.write_bytes(body)
                else:
                    _arrow_to_parquet(body, path, self)
                rows = ParquetRows(path, self.spec, self.needed, self.read)
                check_count(rows.n_rows, self.limits.rows)
                _check_expanded(path, rows.names, self.limits)
                frame = pl.concat(rows.batches())
                check_values(self.spec, frame)
                return frame
            except InputError as error:
                raise rename(error, BODY, path) from error
            except BaseException as error:
                # Names of columns that are not UTF-8, and what a parser gives up on.
                if not isinstance(error, UnicodeError) and not is_panic(error):
                    raise
                problem = Problem("a whole body of the kind that Content-Type says", BODY, value=type(error).__name__)
                raise UnreadableFileError(problem) from error


def make_reader(table: str, needed: Sequence[str], read: Sequence[str] | None, settings: Settings) -> RowsReader:
    """A reader of one table's rows."""
    json = make_rows_reader(table, needed, settings.limits)
    columns = None if read is None else tuple(read)
    return RowsReader(TABLES[table], tuple(needed), columns, settings.limits, settings.scratch, json)


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


def check_count(n_rows: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises:
        ServiceError: There are more than `most`.
    """
    if n_rows > most:
        text = f"expected at most {most} rows a request, found {n_rows}"
        raise ServiceError(413, "too_many_rows", text)


def _arrow_to_parquet(body: bytes, path: Path, reader: RowsReader) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pa.ipc.open_stream(body) as stream:
            kept = [place for place, name in enumerate(stream.schema.names) if name in reader.spec.schema]
            fields = pa.schema([stream.schema.field(place) for place in kept])
            n_rows = 0
            with pq.ParquetWriter(path, fields, compression="none") as sink:
                for batch in stream:
                    n_rows += batch.num_rows
                    check_count(n_rows, reader.limits.rows)
                    # Offsets that lead out of a buffer would be followed otherwise.
                    batch.validate(full=True)
                    sink.write_batch(pa.record_batch([batch.column(place) for place in kept], schema=fields))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UnreadableFileError(Problem("a whole Arrow stream", BODY, value=str(error))) from error


def _check_expanded(path: Path, names: Sequence[str], limits: Limits) -> None:
    """A dictionary's text may stand in every row: what a file holds is counted before it is laid out."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        texts = []
        for field in file.schema_arrow:
            plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            is_text = pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain)
            if is_text and field.name in names:
                texts.append(field.name)
        declared = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
        _check_size(declared, limits.expanded_bytes)
        packed = pq.ParquetFile(path, read_dictionary=texts)
        n_bytes = 0
        for batch in packed.iter_batches(columns=texts):
            # Bytes with each text written out.
            for column in batch.columns:
                if isinstance(column, pa.DictionaryArray):
                    lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
                    n_bytes += int(pc.sum(lengths.cast("int64")).as_py() or 0)
                else:
                    n_bytes += int(column.nbytes)
            _check_size(n_bytes, limits.text_bytes, " of text")
    except (OSError, pa.ArrowInvalid) as error:
        raise UnreadableFileError(Problem("a whole Parquet file", BODY, value=str(error))) from error


def _check_size(n_bytes: int, most_bytes: int, of: str = "") -> None:
    if n_bytes > most_bytes:
        raise ServiceError(413, "body_too_large", f"expected at most {most_bytes} bytes{of} once unpacked")
