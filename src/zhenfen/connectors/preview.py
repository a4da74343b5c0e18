"""How an export would be read, before it is: each sheet, its headings, its first rows, and what nobody would use.

The command line prints it, a web page may show it, and `Preview.to_map` is what reads the next export alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zhenfen.connectors.base import Options
from zhenfen.connectors.export import Export, label_sheet, open_export
from zhenfen.connectors.import_map import ImportMap, SheetMap, outer_name
from zhenfen.connectors.importing import take_in
from zhenfen.connectors.reading.files import find_heading_place, read
from zhenfen.connectors.recognition import find_ignored, suggest
from zhenfen.errors import InputError, Problem
from zhenfen.files import is_disk_full

FIRST_ROWS = 5


@dataclass(frozen=True, slots=True)
class SheetPreview:
    """One sheet as it would be read.

    Attributes:
        file: Its file, by its own name.
        sheet: Its name; empty where the file has only one table.
        heading_row: Row of its headings, from 1; None where a kind of file has none.
        table: Table that it holds; None for a sheet of a known tool, or one that is not read.
        platform: Where its rows come from, as far as it is the same for all.
        by: What told the platform.
        used: Heading → column.
        ignored: Heading that is not used → the known heading spelled most like it, None where none is.
        rows: The first rows, cells in the order of `used` and `ignored`.
    """

    file: str
    sheet: str
    heading_row: int | None
    table: str | None
    platform: str | None
    by: str | None
    used: dict[str, str]
    ignored: dict[str, str | None]
    rows: list[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Preview:
    """An export as it would be read.

    Attributes:
        sheets: What is read.
        unread: Files and sheets that are not.
        problems: What could not be read, or has to be said first.
    """

    sheets: tuple[SheetPreview, ...]
    unread: tuple[str, ...]
    problems: tuple[Problem, ...]

    def to_map(self) -> ImportMap:
        """The map that reads the sheets of people and vendors as they are read here."""
        return ImportMap(
            sheets=tuple(
                SheetMap(
                    file=one.file,
                    sheet=one.sheet,
                    heading_row=one.heading_row,
                    table=one.table,
                    platform=one.platform,
                    columns={name: outer_name(to) for name, to in one.used.items()} | dict.fromkeys(one.ignored),
                )
                for one in self.sheets
                if one.table is not None
            )
        )


def preview_export(path: Path, options: Options, import_map: ImportMap | None = None) -> Preview:
    """Look at an export without importing it.

    Raises:
        InputError: Nothing in it can be opened, or nothing is recognised.
    """
    with open_export(path, import_map=import_map) as opened:
        problems: tuple[Problem, ...] = ()
        export = opened
        try:
            taken = take_in(opened, options)
            export, problems = taken.export, tuple(taken.problems)
        except InputError as error:
            # What was read before somebody had to be asked is what the question is about.
            if not opened.columns_used or is_disk_full(error):
                raise
            problems = error.problems
        sheets = tuple(
            _look_at(export, file, sheet)
            for file in sorted(export.used.intersection(export.files))
            for sheet in export.sheets(file)
            if label_sheet(file, sheet) in export.columns_used
        )
        return Preview(sheets, tuple(export.find_unread()), problems)


def _look_at(export: Export, file: str, sheet: str) -> SheetPreview:
    used = export.columns_used[label_sheet(file, sheet)]
    rest = find_ignored(export).get((file, sheet), [])
    about = next((one for one in export.recognised.get(file, []) if one.sheet == sheet), None)
    alike = {one: suggest(one, about.table, used.values()) if about else None for one in rest}
    heading_row = export.heading_rows.get(file, {}).get(sheet)
    rows: list[tuple[str | None, ...]] = []
    if about is not None:
        frame = read(export.path(file), file, sheet, {}, heading_row)
        rows = frame.select(name for name in (*used, *rest) if name in frame.columns).head(FIRST_ROWS).rows()
        heading_row = heading_row or find_heading_place(export.path(file), file, sheet)
    return SheetPreview(
        file,
        sheet,
        heading_row,
        about.table if about else None,
        about.platform if about else None,
        about.by if about else None,
        dict(used),
        alike,
        rows,
    )
