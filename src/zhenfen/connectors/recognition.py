"""What was made out of an export: which sheet holds what, by which sign, and which of its columns nobody used."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import polars as pl

from zhenfen.connectors.export import Export, label_sheet
from zhenfen.connectors.reading.headings import load_headings, plain
from zhenfen.connectors.reading.tidy import FILE, ROW, unusable_rows

ALIKE = 0.7
"""Least likeness of a heading that is suggested, by the ratio of difflib: 粉丝数目 is .86 like 粉丝数."""


def find_ignored(export: Export) -> dict[tuple[str, str], list[str]]:
    """File and sheet → the columns that were not used, of all that was read."""
    ignored: dict[tuple[str, str], list[str]] = {}
    for file in sorted(export.used.intersection(export.files)):
        for sheet, columns in export.sheets(file).items():
            used = export.columns_used.get(label_sheet(file, sheet))
            if used is None:
                continue
            # Fields of a JSON object are columns of their own: user.idstr.
            names = {*used, *(name.partition(".")[0] for name in used)}
            if rest := [column for column in columns if column not in names]:
                ignored[file, sheet] = rest
    return ignored


def list_ignored(export: Export) -> pl.DataFrame:
    """Entries of the table `unusable` for columns that were not used, with the heading that was perhaps meant.

    What a tool writes beside what is read of it is known; of files with the same columns left the first one lists them.
    """
    rows: list[tuple[str, int, str, str | None]] = []
    seen: set[tuple[str, ...]] = set()
    for (file, sheet), columns in find_ignored(export).items():
        about = next((one for one in export.recognised.get(file, []) if one.sheet == sheet), None)
        if about is None or tuple(columns) in seen:
            continue
        seen.add(tuple(columns))
        label = label_sheet(file, sheet)
        used = export.columns_used[label].values()
        rows += [(label, 0, one, suggest(one, about.table, used)) for one in columns]
    frame = pl.DataFrame(rows, schema={FILE: pl.String, ROW: pl.Int64, "_c": pl.String, "_v": pl.String}, orient="row")
    entries = unusable_rows("", frame, "", pl.col("_v"), expected="unusable.ignored", action="column_ignored")
    return entries.with_columns(column=frame["_c"])


def suggest(heading: str, table: str, taken: Iterable[str]) -> str | None:
    """The known heading of `table` spelled most like `heading`, of columns that are not `taken`; None for none."""
    known = {
        plain(one): one
        for column, headings in load_headings().columns[table].items()
        if column not in set(taken)
        for one in headings
    }
    alike = difflib.get_close_matches(plain(heading), list(known), n=1, cutoff=ALIKE)
    return known[alike[0]] if alike else None
