"""Every kind of file as sheets of texts: what they hold is read by the formats, how they hold it ends here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from zhenfen.connectors.reading.binary_files import (
    peek_database,
    peek_parquet,
    peek_workbook,
    read_database,
    read_parquet,
    read_workbook,
)
from zhenfen.connectors.reading.csv_files import peek_csv, read_csv
from zhenfen.connectors.reading.json_files import Wanted, peek_document, peek_lines, read_document, read_lines
from zhenfen.errors import Problem, UnreadableFileError

Sheets = dict[str, tuple[str, ...]]
"""Column names by sheet, database table or key; "" where a file holds only one table."""

LINES_SUFFIXES = (".jsonl", ".ndjson")
DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


_PEEK: dict[str, Callable[[Path, str], Sheets]] = {
    ".csv": peek_csv,
    ".json": peek_document,
    ".xlsx": peek_workbook,
    ".parquet": peek_parquet,
    **dict.fromkeys(LINES_SUFFIXES, peek_lines),
    **dict.fromkeys(DATABASE_SUFFIXES, peek_database),
}
DATA_SUFFIXES = tuple(_PEEK)
OTHER_SUFFIXES = (".xls", ".xlsm", ".xlsb", ".ods", ".et", ".tsv", ".txt", ".zip", ".gz", ".7z", ".rar", ".duckdb")
"""Kinds that often hold data and are not read inside a folder: named to the user instead."""


def peek(path: Path, file: str) -> Sheets:
    """The sheets of a file with their columns, without reading it whole; empty for a file of no known kind.

    Raises:
        UnreadableFileError: It is not what its name says.
    """
    look = _PEEK.get(path.suffix.lower())
    if look is None:
        return {}
    with _opened(path, file):
        return look(path, file)


def read(path: Path, file: str, sheet: str, wanted: Wanted) -> pl.DataFrame:
    """One sheet as a frame of strings; `wanted` names the fields of JSON, other kinds come with all their columns.

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
            return read_workbook(path, file, sheet)
        return read_csv(path, file) if suffix == ".csv" else read_parquet(path, file)


@contextlib.contextmanager
def _opened(path: Path, file: str) -> Iterator[None]:
    """What the system says of a file that it does not open, as an error that names the file."""
    # A pipe would be waited on for ever.
    if path.exists() and not path.is_file():
        raise UnreadableFileError(Problem("a file, not a pipe, a device or a folder", file))
    try:
        yield
    except OSError as error:
        raise UnreadableFileError(Problem("a file that can be opened", file, value=error.strerror)) from error
