"""Rows of a table in an Arrow or Parquet body, within bounds: what the process that reads bodies does with one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhenfen.errors import InputError, Problem, UnreadableFileError
from zhenfen.service.errors import ServiceError, rename
from zhenfen.service.rules import BODY, check_values
from zhenfen.service.settings import Limits
from zhenfen.tables import TABLES
from zhenfen.tables.parquet import ParquetRows


@dataclass(frozen=True, slots=True)
class PackedRows:
    """A body that waits to be read.

    Attributes:
        path: The body as it came; what it is turned into lies beside it.
        is_arrow: Whether it is an Arrow stream; else it is a Parquet file.
        table: Table whose rows it holds.
        needed: Columns that must be there, the row's id first.
        read: Columns that are read; None for all of the table's.
        limits: How much.
    """

    path: str
    is_arrow: bool
    table: str
    needed: tuple[str, ...]
    read: tuple[str, ...] | None
    limits: Limits

    @property
    def known_as(self) -> str:
        """What clients know it by."""
        return BODY


def read_packed(packed: PackedRows) -> pl.DataFrame:
    """The rows, with all columns of the table.

    Raises:
        InputError: With every column that cannot be used.
        ServiceError: With every value that cannot be used; too many rows, or more than `limits` allow once read.
    """
    path, spec, limits = Path(packed.path), TABLES[packed.table], packed.limits
    try:
        # One way in for both: an Arrow body becomes the Parquet file that the batch commands would read.
        if packed.is_arrow:
            path = _arrow_to_parquet(path, spec.schema, limits)
        rows = ParquetRows(path, spec, packed.needed, packed.read)
        _check_count(rows.n_rows, limits.rows)
        _check_expanded(path, rows.names, limits)
        frame = pl.concat(rows.batches())
        check_values(spec, frame)
        return frame
    except InputError as error:
        raise rename(error, BODY, path) from error
    except UnicodeError as error:
        # Names of columns that are not UTF-8.
        raise not_whole(error) from error


def not_whole(error: BaseException) -> UnreadableFileError:
    """What is said of a body that a parser gave up on."""
    expected = "a whole body of the kind that Content-Type says"
    return UnreadableFileError(Problem(expected, BODY, value=type(error).__name__))


def _arrow_to_parquet(body: Path, columns: Collection[str], limits: Limits) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = body.with_suffix(".parquet")
    try:
        with pa.OSFile(str(body)) as source, pa.ipc.open_stream(source) as stream:
            kept = [place for place, name in enumerate(stream.schema.names) if name in columns]
            fields = pa.schema([stream.schema.field(place) for place in kept])
            n_rows = n_bytes = 0
            with pq.ParquetWriter(path, fields, compression="none") as sink:
                for batch in stream:
                    n_rows += batch.num_rows
                    _check_count(n_rows, limits.rows)
                    # Offsets that lead out of a buffer would be followed otherwise.
                    batch.validate(full=True)
                    rows = pa.record_batch([batch.column(place) for place in kept], schema=fields)
                    # Buffers of some kB may unpack to more than the disk holds.
                    n_bytes += rows.nbytes
                    _check_size(n_bytes, limits.expanded_bytes)
                    sink.write_batch(rows)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UnreadableFileError(Problem("a whole Arrow stream", BODY, value=str(error))) from error
    return path


def _check_count(n_rows: int, most: int) -> None:
    if n_rows > most:
        text = f"expected at most {most} rows a request, found {n_rows}"
        raise ServiceError(413, "too_many_rows", text)


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
