"""Every kind of file as sheets of texts: what they hold is read by the formats, how they hold it ends here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from zhenfen.connectors.reading.binary_files import (
    load_first_rows,
    peek_database,
    peek_parquet,
    peek_workbook,
    read_database,
    read_parquet,
    read_workbook,
)
from zhenfen.connectors.reading.csv_files import load_first_lines, peek_csv, read_csv
from zhenfen.connectors.reading.heading_rows import find_heading_row
from zhenfen.connectors.reading.json_files import Wanted, peek_document, peek_lines, read_document, read_lines
from zhenfen.errors import Problem, UnreadableFileError, is_panic

Sheets = dict[str, tuple[str, ...]]
"""Column names by sheet, database table or key; "" where a file holds only one table."""

LINES_SUFFIXES = (".jsonl", ".ndjson")
DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


_PEEK_CELLS: dict[str, Callable[[Path, str, Mapping[str, int]], Sheets]] = {".csv": peek_csv, ".xlsx": peek_workbook}
"""Kinds that people fill: their headings may stand below other lines."""
_PEEK: dict[str, Callable[[Path, str], Sheets]] = {
    ".json": peek_document,
    ".parquet": peek_parquet,
    **dict.fromkeys(LINES_SUFFIXES, peek_lines),
    **dict.fromkeys(DATABASE_SUFFIXES, peek_database),
}
DATA_SUFFIXES = (*_PEEK_CELLS, *_PEEK)
OTHER_SUFFIXES = (
    ".xls",
    ".xlsm",
    ".xlsb",
    ".ods",
    ".et",
    ".tsv",
    ".txt",
    ".zip",
    ".gz",
    ".xz",
    ".7z",
    ".rar",
    ".duckdb",
)
"""Kinds that often hold data and are not read inside a folder: named to the user instead."""


def peek(path: Path, file: str, heading_rows: Mapping[str, int] | None = None) -> Sheets:
    """The sheets of a file with their columns, without reading it whole; empty for a file of no known kind.

    Args:
        path: Where it lies.
        file: Its name in messages.
        heading_rows: Of CSV ("") and XLSX, sheet → row of the headings, from 1; of other sheets it is searched for.

    Raises:
        UnreadableFileError: It is not what its name says.
    """
    suffix = path.suffix.lower()
    with _opened(path, file):
        if suffix in _PEEK_CELLS:
            return _PEEK_CELLS[suffix](path, file, heading_rows or {})
        return _PEEK[suffix](path, file) if suffix in _PEEK else {}


def read(path: Path, file: str, sheet: str, wanted: Wanted, heading_row: int | None = None) -> pl.DataFrame:
    """One sheet as a frame of strings; `wanted` names the fields of JSON, other kinds come with all their columns.

    `heading_row` counts from 1; without it the headings of CSV and XLSX are searched for.

    Raises:
        UnreadableFileError: It is torn, too large or in no known encoding; with line and column where there are any.
    """
    suffix = path.suffix.lower()
    with _opened(path, file):
        if suffix == ".json":
            return read_document(path, file, sheet, wanted)
        if suffix in LINES_SUFFIXES:
            return read_lines(path, file, wanted)
        if suffix in DATABASE_SUFFIXES:
            return read_database(path, file, sheet)
        if suffix == ".xlsx":
            return read_workbook(path, file, sheet, heading_row)
        return read_csv(path, file, heading_row) if suffix == ".csv" else read_parquet(path, file)


def find_heading_place(path: Path, file: str, sheet: str) -> int | None:
    """The row of the headings of a CSV or XLSX file, from 1, as it is found; None of other kinds."""
    suffix = path.suffix.lower()
    if suffix not in _PEEK_CELLS:
        return None
    first = load_first_rows(path, file, sheet) if suffix == ".xlsx" else load_first_lines(path, file)
    return find_heading_row(first) + 1


@contextlib.contextmanager
def _opened(path: Path, file: str) -> Iterator[None]:
    """What the system and the parsers say of a file that they do not read, as an error that names the file."""
    # A pipe would be waited on for ever.
    if path.exists() and not path.is_file():
        raise UnreadableFileError(Problem("a file, not a pipe, a device or a folder", file, key="expected.plain_file"))
    try:
        yield
    except UnreadableFileError:
        raise
    except OSError as error:
        problem = Problem("a file that can be opened", file, value=error.strerror, key="expected.opened")
        raise UnreadableFileError(problem) from error
    except BaseException as error:
        # Whatever a parser stumbles over is wrong with the file.
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        expected, found = "a whole file of the kind that its name says", f"{type(error).__name__}: {error}"
        value = found.partition("\n")[0]
        raise UnreadableFileError(Problem(expected, file, value=value, key="expected.whole")) from error
