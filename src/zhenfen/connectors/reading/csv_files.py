"""CSV as a frame of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhenfen.connectors.reading.encoding import decide_encoding, read_utf8
from zhenfen.connectors.reading.heading_rows import SEARCHED_ROWS, find_heading_row
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
        UnreadableFileError: In no known encoding, with rows that have more cells than there are headings, or with rows
            that a line break within a cell tore in two.
    """
    data = read_utf8(path, decide_encoding(path, file))
    head = _look(data[:HEAD_BYTES].decode(errors="ignore"), heading_row)
    if head.n_lines_above:
        data = data.split(b"\n", head.n_lines_above)[-1]
    try:
        frame = _parse(data, head.separator)
    except pl.exceptions.PolarsError as error:
        restored = restore(_rows(data, head.separator), file) if find_left_out(head.headings) else None
        if restored is not None:
            frame = _parse(restored, ",")
        else:
            if problems := _list_long_rows(data, head.separator, file):
                raise UnreadableFileError(problems) from error
            frame = _parse(data, head.separator, truncate=True)
    if frame.width > 2 and frame.height and frame.to_series(-1).null_count():  # noqa: PLR2004 (a pair cannot be torn)
        _refuse_torn_rows(data, head.separator, file)
    return frame.rename({name: name.strip() for name in frame.columns})


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
    return _Head(separator, rows, tuple(name.strip() for name in rows[place]), ends[place] if place else 0)


def _rows(data: bytes, separator: str) -> Iterator[list[str]]:
    """The rows that have a cell, the headings first."""
    return (row for row in csv.reader(io.StringIO(data.decode()), delimiter=separator, strict=True) if row)


def _list_long_rows(data: bytes, separator: str, file: str) -> list[Problem]:
    """Problems for rows with more filled cells than there are headings, and for CSV that is torn."""
    problems: list[Problem] = []
    rows = _rows(data, separator)
    try:
        n_columns = len(next(rows, []))
        for number, row in enumerate(rows, 1):
            if any(row[n_columns:]):
                expected = f"at most {n_columns} cells, one a heading"
                value = separator.join(row[n_columns:])
                problems.append(Problem(expected, file, row=number, value=value, key="expected.cells"))
            if len(problems) > MOST_PROBLEMS_SHOWN:
                break
    except csv.Error as torn:
        problems.append(
            Problem("CSV with every quotation mark closed", file, value=str(torn), key="expected.closed_quotes")
        )
    return problems


def _refuse_torn_rows(data: bytes, separator: str, file: str) -> None:
    """Raise for a row and the one after it that are short and together one row: a line break tore its text.

    Read as they stand, the second half would be a row of its own, with a text for an id.
    """
    problems: list[Problem] = []
    rows = _rows(data, separator)
    try:
        n_columns = len(next(rows, []))
        before: list[str] = []
        for number, row in enumerate(rows, 1):
            # One cell more than headings: the torn cell counts twice. A lone time or note is no half of a row.
            if 1 < len(before) < n_columns and len(row) < n_columns and len(before) + len(row) == n_columns + 1:
                expected = "texts with line breaks in quotation marks"
                value = separator.join(row)
                problems.append(Problem(expected, file, row=number, value=value, key="expected.unbroken"))
            before = row
            if len(problems) > MOST_PROBLEMS_SHOWN:
                break
    except csv.Error as torn:
        problems.append(
            Problem("CSV with every quotation mark closed", file, value=str(torn), key="expected.closed_quotes")
        )
    if problems:
        raise UnreadableFileError(problems)


def _parse(data: bytes, separator: str, *, truncate: bool = False) -> pl.DataFrame:
    if not data.strip():
        return pl.DataFrame()
    return pl.read_csv(data, infer_schema=False, separator=separator, truncate_ragged_lines=truncate)
