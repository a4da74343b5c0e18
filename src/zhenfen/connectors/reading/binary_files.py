"""Workbooks, databases and Parquet files as frames of texts."""

from __future__ import annotations

import contextlib
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from zhenfen.errors import Problem, UnreadableFileError
from zhenfen.tables.store import open_sqlite

LARGEST_WORKBOOK_BYTES = 512 * 2**20
"""Unpacked: a million rows of ten columns, about the most that a sheet can hold, are some 400 MB of XML."""

_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2})[ T]00:00:00(?:\.0+)?$"


def peek_workbook(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The sheets of an XLSX file, each with its headings.

    Raises:
        UnreadableFileError: No workbook, or larger than LARGEST_WORKBOOK_BYTES when unpacked.
    """
    with _workbook(path, file) as book:
        return {
            name: tuple(
                _clean(column.name) for column in book.load_sheet(name, n_rows=1, dtypes="string").available_columns()
            )
            for name in book.sheet_names
        }


def read_workbook(path: Path, file: str, sheet: str) -> pl.DataFrame:
    """A sheet with all its cells as strings: a formula is the value that was stored with it, and never run.

    Excel knows no day without a clock: a column of nothing but midnights holds days.

    Raises:
        UnreadableFileError: As `peek_workbook`.
    """
    with _workbook(path, file) as book:
        frame: pl.DataFrame = book.load_sheet(sheet, dtypes="string").to_polars()
        return frame.select(_without_midnights(frame[name]).alias(_clean(name)) for name in frame.columns)


def peek_database(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The tables of a SQLite file, each with its columns.

    Raises:
        UnreadableFileError: No SQLite database.
    """
    with _database(path, file) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table' order by 1")]
        return {name: _column_names(database, name) for name in names}


def read_database(path: Path, file: str, table: str) -> pl.DataFrame:
    """A table with all its cells as strings.

    Raises:
        UnreadableFileError: No SQLite database, or text in it that is not UTF-8.
    """
    with _database(path, file) as database:
        names = _column_names(database, table)
        cells = ", ".join(f"cast({_quoted(name)} as text)" for name in names)
        rows = database.execute(f"select {cells} from {_quoted(table)}").fetchall()  # noqa: S608 (quoted names)
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


def peek_parquet(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The columns, under the name "".

    Raises:
        UnreadableFileError: No Parquet file.
    """
    try:
        return {"": tuple(pl.read_parquet_schema(path))}
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable("a whole Parquet file", file, error) from error


def read_parquet(path: Path, file: str) -> pl.DataFrame:
    """All columns as strings: times in ISO form, with their zone where they have one; nested columns are kept out.

    A column of nothing but midnights without a zone holds days, as in a workbook.

    Raises:
        UnreadableFileError: No Parquet file.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable("a whole Parquet file", file, error) from error
    flat = {name: dtype for name, dtype in frame.schema.items() if not dtype.is_nested()}
    cells, naive = [], []
    for name, dtype in flat.items():
        if not isinstance(dtype, pl.Datetime):
            cells.append(pl.col(name).cast(pl.String))
        elif dtype.time_zone is None:
            cells.append(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f"))
            naive.append(name)
        else:
            cells.append(pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    texts = frame.select(cells)
    return texts.with_columns(_without_midnights(texts[name]) for name in naive)


def _without_midnights(cells: pl.Series) -> pl.Series:
    are_days = cells.str.contains(_MIDNIGHT).all() and cells.null_count() < cells.len()
    return cells.str.replace(_MIDNIGHT, "${1}") if are_days else cells


@contextlib.contextmanager
def _workbook(path: Path, file: str) -> Iterator[Any]:
    import fastexcel

    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(member.file_size for member in archive.infolist())
        if n_bytes > LARGEST_WORKBOOK_BYTES:
            expected = f"a workbook of at most {LARGEST_WORKBOOK_BYTES} bytes unpacked"
            raise UnreadableFileError(Problem(expected, file, value=f"{n_bytes} bytes"))
        yield fastexcel.read_excel(path)
    except (zipfile.BadZipFile, fastexcel.FastExcelError, OSError) as error:
        raise _unreadable("an XLSX workbook", file, error) from error


@contextlib.contextmanager
def _database(path: Path, file: str) -> Iterator[sqlite3.Connection]:
    try:
        with open_sqlite(path) as database:
            yield database
    except sqlite3.Error as error:
        raise _unreadable("a SQLite database", file, error) from error


def _column_names(database: sqlite3.Connection, table: str) -> tuple[str, ...]:
    return tuple(row[1] for row in database.execute(f"pragma table_info({_quoted(table)})"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _clean(name: str) -> str:
    return name.strip()


def _unreadable(expected: str, file: str, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(Problem(expected, file, value=str(error).partition("\n")[0]))
