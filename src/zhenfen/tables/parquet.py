"""Parquet files that need not fit into memory: read a batch at a time, written whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import ConfigError, InvalidTableError, Problem, UnreadableFileError
from zhenfen.files import settle, unwritable
from zhenfen.tables.bundle import make_frame
from zhenfen.tables.contract import COLUMN_THERE, Breach, find_impossible, find_nulls, fits, summarise
from zhenfen.tables.specs import TableSpec

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 200_000
"""About 150 MB of working memory for profiles; larger batches are no faster."""


class ParquetRows:
    """The rows of a Parquet file as a table of the contract has them.

    Args:
        path: File to read.
        spec: Table whose columns it holds.
        needed: Columns that must be there, the row's id first, which is never null.
        read: Columns to read, whose types must be the contract's; default all of the table's that are there.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column is missing, stands there twice or has another type; all of them at once.
    """

    def __init__(self, path: Path, spec: TableSpec, needed: Sequence[str], read: Sequence[str] | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self.spec = spec
        self.key = next(column for column in spec.columns if column.name == needed[0])
        try:
            self.file = pq.ParquetFile(path)
            have, types = self.file.schema_arrow.names, self.file.schema_arrow.types
        except (OSError, pa.ArrowInvalid, UnicodeDecodeError) as error:
            # The names of its columns need not be UTF-8.
            raise _torn(path, error) from error
        self.names = [name for name in read or spec.schema if name in have]
        missing = [name for name in needed if name not in self.names]
        problems = [Problem(COLUMN_THERE, str(path), column=name) for name in missing]
        twice = [name for name in self.names if have.count(name) > 1]
        problems += [Problem("the column to be there once", str(path), column=name) for name in twice]
        columns = {column.name: column for column in spec.columns}
        for name in self.names:
            # A type that Arrow has and polars has not is as wrong as any other: it is named as Arrow names it.
            found = types[have.index(name)]
            known = _polars_type(found)
            if known is None or not fits(known, columns[name]):
                problems.append(Problem(f"type {columns[name].dtype}", str(path), column=name, value=str(found)))
        if problems:
            raise InvalidTableError(problems)

    @property
    def n_rows(self) -> int:
        """How many rows the file says it has."""
        return int(self.file.metadata.num_rows)

    def batches(self) -> Iterator[pl.DataFrame]:
        """All columns of the table, absent ones null, BATCH_ROWS rows at a time; an empty file gives one empty batch.

        Raises:
            UnreadableFileError: The file is torn.
            InvalidTableError: An id is null, a text is not UTF-8, or a number or time does not fit 64 bits.
        """
        import pyarrow as pa

        start = 0
        for batch in self._read():
            # Polars takes Arrow's word that texts are UTF-8, and a file need not keep it.
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                try:
                    column.validate(full=True)
                except pa.ArrowInvalid as error:
                    row = start + _first_invalid(column) + 1
                    raise InvalidTableError(Problem("text in UTF-8", str(self.path), row=row, column=name)) from error
            frame = pl.DataFrame(pl.from_arrow(batch))
            self._refuse(find_nulls(self.key, frame[self.key.name], start))
            start += frame.height
            try:
                typed = make_frame(self.spec, frame)
            except pl.exceptions.InvalidOperationError as error:
                raise InvalidTableError(Problem("numbers and times that fit 64 bits", str(self.path))) from error
            yield typed
        if start == 0:
            yield make_frame(self.spec)

    def sound_batches(self) -> Iterator[pl.DataFrame]:
        """`batches`, none of whose values breaks the rule of its column.

        Raises:
            UnreadableFileError: The file is torn.
            InvalidTableError: As `batches`, or values break their columns' rules: all of the batch at once, by row.
        """
        start = 0
        for frame in self.batches():
            self._refuse(find_impossible(self.spec.columns, frame.select(self.names), start))
            start += frame.height
            yield frame

    def _read(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        try:
            yield from self.file.iter_batches(BATCH_ROWS, columns=self.names)
        except (OSError, pa.ArrowInvalid) as error:
            raise _torn(self.path, error) from error

    def _refuse(self, breaches: Sequence[Breach]) -> None:
        if breaches:
            raise InvalidTableError(summarise(breaches, str(self.path)))


class ParquetSink:
    """A Parquet file that takes its name when the block ends well.

    Args:
        path: File to write.
        source: The file that is read meanwhile, which must be another.

    Raises:
        ConfigError: The file cannot be written.
    """

    def __init__(self, path: Path, source: Path) -> None:
        self.path = path
        self.source = source
        self.partial = path.with_name(f".{path.name}.part")
        self.writer: pq.ParquetWriter | None = None

    def __enter__(self) -> ParquetSink:
        if self.path.is_dir():
            raise ConfigError(f"{self.path}: expected a file to write, found a folder")
        if self.path.exists() and self.path.samefile(self.source):
            raise ConfigError(f"{self.path}: expected another file than the one that is read")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error
        return self

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        table = frame.to_arrow()
        try:
            if self.writer is None:
                self.writer = pq.ParquetWriter(self.partial, table.schema)
            self.writer.write_table(table)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self.writer is not None:
                self.writer.close()
            if kind is None and self.writer is not None:
                settle(self.partial, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        finally:
            self.partial.unlink(missing_ok=True)


def write_result(frame: pl.DataFrame, path: Path, source: Path, schema: Collection[str]) -> None:
    """Write a whole result at once.

    Args:
        frame: The result.
        path: File to write.
        source: What it was made from, a file or a folder.
        schema: Columns that an older result has: inside of a folder that is read, nothing else is overwritten.

    Raises:
        ConfigError: The file cannot be written, or it may be one of those that were read.
    """
    if path.is_file() and path.resolve().is_relative_to(source.resolve()) and not _has_columns(path, schema):
        raise ConfigError(f"{path}: expected a file that is not among those that are read")
    with ParquetSink(path, source) as sink:
        sink.write(frame)


def _has_columns(path: Path, names: Collection[str]) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_schema(path).names) == set(names)
    except (OSError, pa.ArrowInvalid):
        return False


def _torn(path: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(Problem("a whole Parquet file", str(path), value=str(error)))


def _polars_type(have: pa.DataType) -> pl.DataType | None:
    """The type by which the contract judges one of Arrow's, whatever its width; None where it knows no such type."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(have):
        # What pandas and polars make of categories: the same texts, each stored once.
        return pl.String() if _polars_type(have.value_type) in (pl.String, pl.Null) else None
    known: list[tuple[bool, pl.DataType]] = [
        (kinds.is_null(have), pl.Null()),
        (kinds.is_string(have) or kinds.is_large_string(have) or kinds.is_string_view(have), pl.String()),
        (kinds.is_boolean(have), pl.Boolean()),
        (kinds.is_timestamp(have) and have.tz == "UTC", pl.Datetime("us", "UTC")),
        (kinds.is_integer(have), pl.Int64()),
        (kinds.is_floating(have), pl.Float64()),
    ]
    return next((dtype for is_so, dtype in known if is_so), None)


def _first_invalid(column: pa.Array) -> int:
    """Place of the first text that is not UTF-8; 0 where the damage is not in a text's bytes."""
    import pyarrow as pa

    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            # A slice alone would check the whole array's buffers.
            pa.concat_arrays([column.slice(low, middle - low)]).validate(full=True)
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low
