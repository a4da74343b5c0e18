"""Workbooks, databases and Parquet files as frames of texts."""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import polars as pl

from zhenfen.connectors.reading.heading_rows import SEARCHED_ROWS, UNNAMED, find_heading_row, name_columns
from zhenfen.errors import Problem, UnreadableFileError
from zhenfen.tables.contract import possible_times
from zhenfen.tables.store import check_texts, list_sqlite_tables, open_sqlite, quote_name, reading_parquet

LARGEST_WORKBOOK_BYTES = 512 * 2**20
"""Unpacked: a million rows of ten columns, about the most that a sheet can hold, are some 400 MB of XML."""

LARGEST_AREA_CELLS = 50_000_000
"""From the first cell to the last one: the reader makes room for all between them, filled or not. A million rows of
fifty columns take 2.7 GB; the sheets that people hold have thousands of cells."""
_UNPLACED = re.compile(rb"<(?:\w+:)?(?:(row)(?=[\s/>])(?:[^<]*?\sr\s*=\s*[\"'](\d+))?|c(?=[\s/>])(?![^<]*?\sr\s*=))")
"""A row, with its number, or a cell without an address, which stands behind the one before it."""
_FAR = re.compile(rb"r(?<![\w:]r)\s*=\s*[\"'](?:([A-Za-z]{2,})(\d+)|([A-Za-z]?)(\d{6,}))")
"""An address beyond column Z or row 99,999: of all cells only these can make a sheet too large. However it is written:
readers take more than Excel writes."""
_UNSEEN_ROWS = 99_999
"""As far down may cells of the columns A to Z stand that are not looked at."""
_CHUNK_BYTES = 2**22
_LONGEST_TAG_BYTES = 2**20
"""A cell of Excel holds 32,767 characters, some 200 kB where each is an entity."""

_MOST_DIGITS = 12
"""More say nothing more; int() refuses thousands."""

PROPERTIES_BYTES = 2**16
"""Some hundred are usual."""

_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2})[ T]00:00:00(?:\.0+)?$"

_DAY = r"^\s*\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?\s*$"


def peek_workbook(
    path: Path, file: str, heading_rows: Mapping[str, int] = MappingProxyType({})
) -> dict[str, tuple[str, ...]]:
    """The sheets of an XLSX file, each with its headings.

    Args:
        path: Where it lies.
        file: Its name in messages.
        heading_rows: Sheet → row of the headings, from 1, where it is known.

    Raises:
        UnreadableFileError: No workbook, or larger than LARGEST_WORKBOOK_BYTES when unpacked.
    """
    with _workbook(path, file) as book:
        found: dict[str, tuple[str, ...]] = {}
        for name in book.sheet_names:
            first = _load_rows(book, name, SEARCHED_ROWS)
            found[name] = tuple(name_columns(first[_place_headings(first, heading_rows.get(name))])) if first else ()
        return found


def read_workbook(path: Path, file: str, sheet: str, heading_row: int | None = None) -> pl.DataFrame:
    """A sheet with all its cells as strings: a formula is the value that was stored with it, and never run.

    Excel knows no day without a clock: a column of nothing but midnights holds days. `heading_row` counts from 1; None
    to search for it.

    Raises:
        UnreadableFileError: As `peek_workbook`.
    """
    with _workbook(path, file) as book:
        first = _load_rows(book, sheet, SEARCHED_ROWS)
        if not first:
            return pl.DataFrame()
        place = _place_headings(first, heading_row)
        names = name_columns(first[place])
        # Read again without what stands above: a column keeps the form of its cells, not that of a title.
        frame: pl.DataFrame = book.load_sheet(sheet, header_row=None, skip_rows=place + 1, dtypes="string").to_polars()
        # A sheet of headings alone has no columns left.
        lacking = {name: pl.lit(None, pl.String) for name in names[frame.width :]}
        frame = frame.rename(dict(zip(frame.columns, names, strict=False))).with_columns(**lacking)
        filled = [
            name for name in frame.columns if not name.startswith(UNNAMED) or frame[name].null_count() < len(frame)
        ]
        return frame.select(_without_midnights(frame[name]) for name in filled)


def load_first_rows(path: Path, file: str, sheet: str) -> list[tuple[str | None, ...]]:
    """The rows of an XLSX sheet among which the headings are searched.

    Raises:
        UnreadableFileError: As `peek_workbook`.
    """
    with _workbook(path, file) as book:
        return _load_rows(book, sheet, SEARCHED_ROWS)


def _load_rows(book: Any, sheet: str, n_rows: int) -> list[tuple[str | None, ...]]:
    """The first rows of a sheet as they stand; none of an empty one."""
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=n_rows, dtypes="string")
    rows: list[tuple[str | None, ...]] = loaded.to_polars().rows()
    return rows


def _place_headings(first: list[tuple[str | None, ...]], heading_row: int | None) -> int:
    return find_heading_row(first) if heading_row is None else min(heading_row - 1, len(first) - 1)


def read_saved_at(path: Path) -> datetime | None:
    """When an XLSX file says that it was last saved, else made; None where it says nothing possible."""
    try:
        with zipfile.ZipFile(path) as archive:
            said = archive.read("docProps/core.xml")[:PROPERTIES_BYTES].decode(errors="ignore")
    except (zipfile.BadZipFile, KeyError, OSError):
        return None
    for name in ("modified", "created"):
        if found := re.search(rf"<dcterms:{name}[^>]*>(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d)Z?<", said):
            try:
                moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
            except ValueError:
                continue
            earliest, latest = possible_times()
            if earliest <= moment <= latest:
                return moment
    return None


def peek_database(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The tables of a SQLite file, each with its columns.

    Raises:
        UnreadableFileError: No SQLite database.
    """
    with _database(path, file) as database:
        return list_sqlite_tables(database)


def read_database(path: Path, file: str, table: str) -> pl.DataFrame:
    """A table with all its cells as strings.

    Raises:
        UnreadableFileError: No SQLite database, or text in it that is not UTF-8.
    """
    with _database(path, file) as database:
        names = list_sqlite_tables(database)[table]
        cells = ", ".join(f"cast({quote_name(name)} as text)" for name in names)
        rows = database.execute(f"select {cells} from {quote_name(table)}").fetchall()  # noqa: S608 (quoted names)
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


def peek_parquet(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The columns, under the name "".

    Raises:
        UnreadableFileError: No Parquet file.
    """
    with reading_parquet(file):
        return {"": tuple(pl.read_parquet_schema(path))}


def read_parquet(path: Path, file: str) -> pl.DataFrame:
    """All columns as strings: times in ISO form, with their zone where they have one; nested columns are kept out.

    A column of nothing but midnights without a zone holds days, as in a workbook.

    Raises:
        UnreadableFileError: No Parquet file.
    """
    with reading_parquet(file):
        frame = check_texts(pl.read_parquet(path), file)
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
    # Days that somebody typed as texts may stand among those of Excel.
    are_days = (cells.str.contains(_MIDNIGHT) | cells.str.contains(_DAY)).all() and cells.null_count() < cells.len()
    return cells.str.replace(_MIDNIGHT, "${1}") if are_days else cells


@contextlib.contextmanager
def _workbook(path: Path, file: str) -> Iterator[Any]:
    import fastexcel

    try:
        with zipfile.ZipFile(path) as archive:
            n_left = LARGEST_WORKBOOK_BYTES
            for member in archive.infolist():
                # What the directory says of the size is not believed: the reader of sheets does not ask it either.
                member.file_size = n_left + 2 * _CHUNK_BYTES
                with archive.open(member) as content:
                    n_left -= _check_area(content, file, n_left)
                if n_left < 0:
                    expected = f"a workbook of at most {LARGEST_WORKBOOK_BYTES} bytes unpacked"
                    fields = {"n": LARGEST_WORKBOOK_BYTES >> 20}
                    problem = Problem(expected, file, key="expected.unpacked", fields=fields)
                    raise UnreadableFileError(problem)
        yield fastexcel.read_excel(path)
    except (zipfile.BadZipFile, zlib.error, fastexcel.FastExcelError, OSError) as error:
        problem = Problem("an XLSX workbook", file, value=str(error).partition("\n")[0], key="expected.workbook")
        raise UnreadableFileError(problem) from error


def _check_area(content: IO[bytes], file: str, most_bytes: int) -> int:
    """Raise for a sheet whose cells lie so far apart that the room between them fills the memory.

    Args:
        content: A member of a workbook; any of them may be a sheet.
        file: Name for messages.
        most_bytes: No more than a chunk beyond them is read.

    Returns:
        How many bytes were read of it.

    Raises:
        UnreadableFileError: Naming the farthest cell.
    """
    farthest, last_column, last_row, n_bytes = "", 26, 1, 0
    row, n_unplaced, most_unplaced, rest = 0, 0, 0, b""
    while n_bytes <= most_bytes and (chunk := content.read(_CHUNK_BYTES)):
        n_bytes += len(chunk)
        # No tag is looked at before it is whole.
        whole, sign, rest = (rest + chunk).rpartition(b"<")
        rest = sign + rest
        if len(rest) > _LONGEST_TAG_BYTES:
            whole, rest = whole + rest, b""
        for is_row, number in _UNPLACED.findall(whole):
            row = int(number[:_MOST_DIGITS] or row + 1) if is_row else row
            n_unplaced = 0 if is_row else n_unplaced + 1
            last_row, most_unplaced = max(last_row, row), max(most_unplaced, n_unplaced)
        for far in _FAR.findall(whole):
            letters, digits = far[0] or far[2], far[1] or far[3]
            column = functools.reduce(lambda sofar, letter: 26 * sofar + letter - 64, letters.upper(), 0)
            if column > last_column or int(digits[:_MOST_DIGITS]) > last_row:
                farthest = (letters + digits).decode()
            last_column, last_row = max(last_column, column), max(last_row, int(digits[:_MOST_DIGITS]))
    last_column += most_unplaced
    if max(last_row, _UNSEEN_ROWS) * last_column > LARGEST_AREA_CELLS:
        expected = f"a sheet of at most {LARGEST_AREA_CELLS} cells from its first to its last"
        fields = {"n": LARGEST_AREA_CELLS // 10**6}
        raise UnreadableFileError(Problem(expected, file, value=farthest, key="expected.area", fields=fields))
    return n_bytes


@contextlib.contextmanager
def _database(path: Path, file: str) -> Iterator[sqlite3.Connection]:
    try:
        with open_sqlite(path) as database:
            yield database
    except sqlite3.Error as error:
        raise _unreadable("a SQLite database", "expected.database", file, error) from error


def _unreadable(expected: str, key: str, file: str, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(Problem(expected, file, value=str(error).partition("\n")[0], key=key))
