"""How the sheets of an export are read, written down: what a preview shows, and what reads the next export alike.

The command line and a web page use the same object; a user may edit it, and name a column that was not recognised.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import Field

from zhenfen.config import Strict, read_config
from zhenfen.connectors.reading.headings import STATS, Layout, load_headings
from zhenfen.errors import ConfigError
from zhenfen.tables import PLATFORMS


class SheetMap(Strict):
    """How one sheet is read.

    Attributes:
        file: Its file, as it is called within the export.
        sheet: Its name; empty where the file has only one table.
        heading_row: Row of the headings, from 1.
        table: The table that it holds.
        platform: Where its rows come from that do not say it themselves.
        columns: Heading → column of the table; None for one that is not used.
    """

    file: str
    sheet: str = ""
    heading_row: int | None = Field(default=None, ge=1)
    table: str
    platform: str | None = None
    columns: dict[str, str | None]

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether a sheet of another name has all the headings that are used here."""
        used = {heading for heading, column in self.columns.items() if column}
        return bool(used) and used.issubset(columns)

    def lay_out(self, columns: Iterable[str]) -> Layout:
        """What `find_layout` would say of the sheet, as the map says it."""
        there, known = set(columns), list_columns(self.table)
        headings: dict[str, tuple[str, ...]] = {}
        for heading, column in self.columns.items():
            # Averages beside a name are found by their own headings, which say the window as well.
            if column in known and heading in there:
                name = column if column in load_headings().columns[self.table] else f"_{column}"
                headings[name] = (*headings.get(name, ()), heading)
        return Layout(self.table, headings, {}, self.platform)


class ImportMap(Strict):
    """How an export is read, sheet by sheet."""

    sheets: tuple[SheetMap, ...]

    def to_yaml(self) -> str:
        """The map as `read_map` reads it."""
        content = self.model_dump(mode="json")
        return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)

    def find(self, file: str, sheet: str, columns: Iterable[str]) -> SheetMap | None:
        """The entry of a sheet: by its name, else the first whose headings it has."""
        named = (one for one in self.sheets if (one.file, one.sheet) == (file, sheet))
        return next(named, None) or next((one for one in self.sheets if one.fits(columns)), None)


def read_map(path: Path) -> ImportMap:
    """A map that was saved.

    Raises:
        ConfigError: It is no map, or names a table, a column or a platform that there is not.
    """
    read = read_config(path, ImportMap)
    check_map(read, str(path))
    return read


def check_map(read: ImportMap, name: str) -> None:
    """Refuse a map that names a table, a column or a platform that there is not.

    Raises:
        ConfigError: It does; `name` says which map.
    """
    known = load_headings().columns
    wrong: list[str] = []
    for one in read.sheets:
        if one.table not in known:
            wrong.append(f"table {one.table!r}: expected one of {', '.join(known)}")
            continue
        if one.platform is not None and one.platform not in PLATFORMS:
            wrong.append(f"platform {one.platform!r}: expected one of {', '.join(PLATFORMS)}")
        # A sheet of creators may state averages too.
        columns = {*list_columns(one.table), *(list_columns(STATS) if one.table == "creators" else ())}
        bad = sorted({column for column in one.columns.values() if column and column not in columns})
        wrong += [f"column {name!r} of {one.table}: expected one of {', '.join(sorted(columns))}" for name in bad]
    if wrong:
        raise ConfigError(f"{name}: " + "; ".join(wrong))


def list_columns(table: str) -> frozenset[str]:
    """What a heading of a sheet that holds `table` may be used as."""
    return frozenset(outer_name(name) for name in load_headings().columns[table])


def outer_name(column: str) -> str:
    """What a map calls a column that a connector has for itself: `creator_name` for `_creator_name`."""
    return column.lstrip("_")
