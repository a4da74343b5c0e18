"""CSV as a frame of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhenfen.connectors.reading.encoding import check_zeros, decide_encoding, read_utf8
from zhenfen.connectors.reading.heading_rows import SEARCHED_ROWS, UNNAMED, find_heading_row, name_columns
from zhenfen.connectors.reading.json_files import HEAD_BYTES, decode_head
from zhenfen.connectors.reading.short_headings import find_left_out, restore
from zhenfen.errors import MOST_PROBLEMS_SHOWN, Problem, UnreadableFileError

SEPARATORS = (",", "\t", ";")
"""Excel writes the semicolon where the comma is the decimal sign, and "Unicode text" with tabs."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What the beginning of a file shows: its separator, first rows, headings, and the lines above these."""

    separator: str
    rows: list[list[str]]
    headings: tuple[str, ...]
    n_lines_above: int


def peek_csv(path: Path, file: str, heading_rows: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The headings, under the name ""; `heading_rows` names their row under "" too, where it is known.

    Raises:
        UnreadableFileError: In no known encoding.
    """
    return {"": _look(decode_head(path, file), heading_rows.get("")).headings}


def load_first_lines(path: Path, file: str) -> list[list[str]]:
    """The filled rows among which the headings are searched.

    Raises:
        UnreadableFileError: In no known encoding.
    """
    return _look(decode_head(path, file), None).rows


def read_csv(path: Path, file: str, heading_row: int | None = None) -> pl.DataFrame:
    """All columns as strings; empty cells are null, lines without any cell are left out, short rows filled with null.

    Raises:
        UnreadableFileError: In no known encoding, with rows that have more cells than there are headings, with rows
            that a line break within a cell tore in two, or with a quotation mark that is not closed.
    """
    data = read_utf8(path, decide_encoding(path, file))
    check_zeros(data, file)
    head = _look(data[:HEAD_BYTES].decode(errors="ignore"), heading_row)
    if head.n_lines_above:
        data = data.split(b"\n", head.n_lines_above)[-1]
    # Marks come in pairs, but for those within a cell (5" screen), of which the fast reader does not say what it makes.
    is_doubtful = data.count(b'"') % 2 == 1
    try:
        frame = _parse_carefully(data, head, file) if is_doubtful else _parse(data, head.separator)
    except pl.exceptions.PolarsError:
        frame = _parse_carefully(data, head, file)
    if frame.width > 2 and frame.height and frame.to_series(-1).null_count():  # noqa: PLR2004 (a pair cannot be torn)
        _raise_all(_list_bad_rows(data, head.separator, file))
    return frame


def _parse_carefully(data: bytes, head: _Head, file: str) -> pl.DataFrame:
    """What the fast reader stumbled over, row by row.

    Raises:
        UnreadableFileError: Naming every row that is not one.
    """
    if find_left_out(head.headings) and (restored := restore(_rows(data, head.separator), file)) is not None:
        return _parse(restored, ",")
    _raise_all(_list_bad_rows(data, head.separator, file))
    sink = io.StringIO(newline="")
    rows = _rows(data, head.separator)
    headings = next(rows)
    csv.writer(sink).writerows([headings, *(row[: len(headings)] for row in rows)])
    return _parse(sink.getvalue().encode(), ",")


def _look(text: str, heading_row: int | None) -> _Head:
    """The head of a file; `heading_row` counts filled lines from 1, None to search for it."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=line.count)
    # A title above the headings has no separator in it.
    if not line.count(separator):
        lines = "\n".join(text.splitlines()[:SEARCHED_ROWS])
        separator = max(SEPARATORS, key=lines.count)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator)
    rows: list[list[str]] = []
    ends: list[int] = [0]
    try:
        for row in reader:
            if any(row):
                rows.append(row)
                ends.append(reader.line_num)
            if len(rows) == SEARCHED_ROWS:
                break
    except csv.Error:
        pass  # reading the file says what is wrong with it
    if not rows:
        return _Head(separator, [], (), 0)
    place = find_heading_row(rows) if heading_row is None else min(heading_row, len(rows)) - 1
    return _Head(separator, rows, tuple(name_columns(rows[place])), ends[place] if place else 0)


def _rows(data: bytes, separator: str) -> Iterator[list[str]]:
    """The rows that have a cell, the headings first."""
    return (row for row in csv.reader(io.StringIO(data.decode()), delimiter=separator, strict=True) if row)


def _list_bad_rows(data: bytes, separator: str, file: str) -> list[Problem]:
    """Problems for rows that are none: with more cells than headings, torn in two, or with a quotation mark left open.

    A line break tears a text in two: its row and the one after it are short, and together one row. Read as they stand,
    the second half would be a row of its own, with a text for an id.
    """
    problems: list[Problem] = []
    rows = _rows(data, separator)
    number = 0
    try:
        n_columns = len(next(rows, []))
        before: list[str] = []
        for number, row in enumerate(rows, 1):
            if any(row[n_columns:]):
                expected, key = f"at most {n_columns} cells, one a heading", "expected.cells"
                problems.append(Problem(expected, file, number, value=separator.join(row[n_columns:]), key=key))
            # One cell more than headings: the torn cell counts twice. A lone time or note is no half of a row, and the
            # two cells of a pair are none.
            is_torn = 1 < len(before) < n_columns and len(row) < n_columns and len(before) + len(row) == n_columns + 1
            if is_torn and n_columns > 2:  # noqa: PLR2004
                expected, key = "texts with line breaks in quotation marks", "expected.unbroken"
                problems.append(Problem(expected, file, number, value=separator.join(row), key=key))
            before = row
            if len(problems) > MOST_PROBLEMS_SHOWN:
                break
    except csv.Error as torn:
        # The rest of the file would be the text of this row.
        expected, key = "CSV with every quotation mark closed", "expected.closed_quotes"
        problems.append(Problem(expected, file, number + 1, value=str(torn), key=key))
    return problems


def _raise_all(problems: list[Problem]) -> None:
    if problems:
        raise UnreadableFileError(problems)


def _parse(data: bytes, separator: str) -> pl.DataFrame:
    """The rows below the headings, under names of which each stands once."""
    if not data.strip():
        return pl.DataFrame()
    frame = pl.read_csv(data, infer_schema=False, separator=separator)
    # The fast reader calls a repeated heading name_duplicated_0; a peek names it as this does.
    first = next(csv.reader(io.StringIO(data[:HEAD_BYTES].decode(errors="ignore")), delimiter=separator), [])
    names = name_columns(first) if len(first) == frame.width else name_columns(frame.columns)
    frame.columns = names
    return frame.drop(name for name in names if name.startswith(UNNAMED) and frame[name].null_count() == frame.height)
