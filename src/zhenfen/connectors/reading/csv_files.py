"""CSV as a frame of texts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from zhenfen.connectors.reading.encoding import decide_encoding, read_utf8
from zhenfen.connectors.reading.json_files import decode_head
from zhenfen.errors import MOST_PROBLEMS_SHOWN, Problem, UnreadableFileError

SEPARATORS = (",", "\t", ";")
"""Excel writes the semicolon where the comma is the decimal sign, and "Unicode text" with tabs."""


def peek_csv(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """The headings, under the name "".

    Raises:
        UnreadableFileError: In no known encoding.
    """
    head = decode_head(path, file)
    rows = csv.reader(io.StringIO(head), delimiter=_separator(head))
    try:
        first = next((row for row in rows if any(row)), [])
    except csv.Error:
        first = []  # reading the file says what is wrong with it
    return {"": tuple(name.strip() for name in first)}


def read_csv(path: Path, file: str) -> pl.DataFrame:
    """All columns as strings; empty cells are null, lines without any cell are left out, short rows filled with null.

    Raises:
        UnreadableFileError: In no known encoding, or with rows that have more cells than there are headings.
    """
    data = read_utf8(path, decide_encoding(path, file))
    separator = _separator(data[: 2**16].decode(errors="ignore"))
    try:
        frame = _parse(data, separator)
    except pl.exceptions.PolarsError as error:
        # Rows with more cells than headings are named, those with fewer are filled.
        rows = (row for row in csv.reader(io.StringIO(data.decode()), delimiter=separator, strict=True) if row)
        problems: list[Problem] = []
        try:
            n_columns = len(next(rows, []))
            for number, row in enumerate(rows, 1):
                if any(row[n_columns:]):
                    expected = f"at most {n_columns} cells, one a heading"
                    problems.append(Problem(expected, file, row=number, value=separator.join(row[n_columns:])))
                if len(problems) > MOST_PROBLEMS_SHOWN:
                    break
        except csv.Error as torn:
            problems.append(Problem("CSV with every quotation mark closed", file, value=str(torn)))
        if problems:
            raise UnreadableFileError(problems) from error
        frame = _parse(data, separator, truncate=True)
    return frame.rename({name: name.strip() for name in frame.columns})


def _parse(data: bytes, separator: str, *, truncate: bool = False) -> pl.DataFrame:
    if not data.strip():
        return pl.DataFrame()
    return pl.read_csv(data, infer_schema=False, separator=separator, truncate_ragged_lines=truncate)


def _separator(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=line.count)
