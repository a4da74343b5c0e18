"""What the command line shows of an import: how sheets are read, which columns nobody used, and what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zhenfen.config import user_config_dir
from zhenfen.connectors.recognised import Recognised, read_recognised
from zhenfen.errors import ConfigError, Problem
from zhenfen.files import write_secret
from zhenfen.messages import Catalogue
from zhenfen.report.quote import clean
from zhenfen.tables import date_of_files
from zhenfen.vetting.problems import tell_problem

if TYPE_CHECKING:
    from zhenfen.connectors.preview import Preview, SheetPreview
    from zhenfen.tables import Tables

MOST_LINES = 10
"""What a person reads before scrolling; the rest stands in a file."""
LISTING = "problems.txt"
"""File in the user's own folder with all problems of the last run that had more: it holds values of the export."""


def tell_problems(problems: Sequence[Problem], catalogue: Catalogue) -> list[str]:
    """A line a problem in the reader's language; of more than ten the count, and a file that holds them all.

    The file lies in the user's own folder, for nobody else to read, until the next run takes it away. Where it cannot
    be written all lines are shown.
    """
    forget_problems()
    lines = [tell_problem(one, catalogue) for one in problems]
    if len(lines) <= MOST_LINES:
        return lines
    listing = user_config_dir() / LISTING
    try:
        write_secret(listing, "\n".join(lines) + "\n")
    except ConfigError:
        return lines
    n_more = catalogue.number(len(lines) - MOST_LINES, 0)
    return [*lines[:MOST_LINES], catalogue.text("problem.more", n=n_more, path=listing)]


def forget_problems() -> None:
    """Take away what an earlier run listed."""
    with contextlib.suppress(OSError):
        (user_config_dir() / LISTING).unlink(missing_ok=True)


def print_recognised(tables: Tables, console: Console, catalogue: Catalogue) -> None:
    """Which sheet was taken for what, the file's day where no row says one, and the columns that were not used."""
    known = [
        (file, one)
        for file, text in tables["provenance"].select("file", "read_as").iter_rows()
        for one in read_recognised(text)
    ]
    for file, one in known[:MOST_LINES]:
        console.print(Text(clean(_tell_sheet(file, one, catalogue))))
    if len(known) > MOST_LINES:
        console.print(Text(catalogue.text("cli.read_as.more", n=catalogue.number(len(known) - MOST_LINES, 0))))
    if (written_at := date_of_files(tables)) is not None:
        console.print(Text(catalogue.text("cli.read_as.dated", day=catalogue.day(written_at))))
    unused = tables["unusable"].filter(pl.col("action") == "column_ignored")
    if unused.is_empty():
        return
    names = [
        catalogue.text("cli.ignored.alike", column=column, alike=value) if value else column
        for column, value in unused.select("column", "value").unique(maintain_order=True).iter_rows()
    ]
    shown = catalogue.text("cli.ignored.between").join(names)
    text = catalogue.text("cli.unusable.column_ignored", n=catalogue.number(unused.height, 0))
    console.print(Text(clean(f"{text} {shown}")))


def show_preview(preview: Preview, language: str) -> None:
    """Each sheet with its heading row, first rows and columns, then what is not read and what is wrong."""
    catalogue, console = Catalogue(language), Console()
    for one in preview.sheets:
        console.print(Text(clean(_tell_sheet(one.file, one, catalogue)), style="bold"))
        if one.heading_row:
            console.print(Text(catalogue.text("cli.preview.heading_row", row=one.heading_row)))
        columns = Table()
        # Both stay readable in a terminal of 80 columns; the samples give way.
        columns.add_column(catalogue.text("cli.preview.column"), overflow="fold", min_width=8)
        columns.add_column(catalogue.text("cli.preview.used_as"), overflow="fold", min_width=12)
        for number in range(len(one.rows)):
            columns.add_column(str(number + 1), overflow="ellipsis", no_wrap=True, max_width=7)
        for place, (heading, use) in enumerate(_uses(one, catalogue)):
            cells = [clean(row[place] or "") if place < len(row) else "" for row in one.rows]
            columns.add_row(*map(Text, (clean(heading), clean(use), *cells)))
        console.print(columns)
        console.print(Text(catalogue.text("cli.preview.counts", n_used=len(one.used), n_ignored=len(one.ignored))))
    if preview.unread:
        names = catalogue.text("cli.ignored.between").join(preview.unread[:MOST_LINES])
        n_unread = catalogue.number(len(preview.unread), 0)
        console.print(Text(clean(catalogue.text("cli.preview.unread", n=n_unread, names=names))))
    for line in tell_problems(preview.problems, catalogue):
        console.print(Text(clean(line)), style="red")


def _uses(sheet: SheetPreview, catalogue: Catalogue) -> list[tuple[str, str]]:
    used = [(heading, column.lstrip("_")) for heading, column in sheet.used.items()]
    no = catalogue.text("cli.preview.ignored")
    return used + [
        (heading, f"{no} {catalogue.text('cli.ignored.alike', column='', alike=alike)}" if alike else no)
        for heading, alike in sheet.ignored.items()
    ]


def _tell_sheet(file: str, sheet: Recognised | SheetPreview, catalogue: Catalogue) -> str:
    name = f"{file}:{sheet.sheet}" if sheet.sheet else file
    if sheet.table is None:
        return name
    if sheet.platform is None or sheet.by is None:
        return catalogue.text("cli.read_as", file=name, table=sheet.table)
    known = f"platform.{sheet.platform}"
    platform = catalogue.text(known) if catalogue.has(known) else sheet.platform
    by = catalogue.text(f"cli.by.{sheet.by}") if catalogue.has(f"cli.by.{sheet.by}") else sheet.by
    return catalogue.text("cli.read_as.platform", file=name, table=sheet.table, platform=platform, by=by)
