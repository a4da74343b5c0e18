"""What must not be read from a sheet: people merged into one, ids without their digits, platforms that contradict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from zhenfen.connectors.base import Options
from zhenfen.connectors.export import Export, Sheet
from zhenfen.connectors.reading.clues import read_headings_for_platform, read_names_for_platform
from zhenfen.connectors.reading.headings import Layout, load_headings
from zhenfen.connectors.reading.tidy import FILE, ROW, list_unusable, unusable_rows
from zhenfen.connectors.reading.times import parse_time
from zhenfen.errors import Problem

NAMES_OF_ONE = 3
"""Names under one id from which on it is no id: accounts are renamed, but an export shows one renaming at most."""
ROUNDED_IDS = 5
"""Long ids that all end in zeros, from which on Excel rounded them: one in a hundred thousand by chance."""
_SHORTENED = r"^\d(?:\.\d+)?[Ee]\+\d+$"
_LONG = r"^\d{16,}$"
_ROUNDED = r"^\d{15}0+$"
_TIME = r"^\s*\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?\s*$"
_FEWEST_COLUMNS = 3
"""Of a sheet of two columns a row with one cell is as likely a record as a remark."""


class Found(Protocol):
    """A sheet and what it holds."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def layout(self) -> Layout: ...  # noqa: D102


def list_notes(table: str, sheet: Sheet, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries of `unusable` for rows that are no records, and the sheet without them and without empty rows.

    A remark is a row with one cell, which holds a time or begins with a word for a total, a source or a note. A row
    whose creator is marked as an example shows how a template is filled in.
    """
    cells = [name for name in sheet.frame.columns if name not in (FILE, ROW)]
    is_filled = [(pl.col(name).str.strip_chars() != "").fill_null(value=False) for name in cells]
    counted = sheet.frame.with_columns(_n=pl.sum_horizontal(is_filled), _cell=pl.coalesce(cells).str.strip_chars())
    words = list(load_headings().notes)
    begins = pl.any_horizontal(pl.col("_cell").str.to_lowercase().str.starts_with(word) for word in words)
    is_note = (pl.col("_n") == 1) & (begins | pl.col("_cell").str.contains(_TIME))
    if len(cells) < _FEWEST_COLUMNS:
        is_note = pl.lit(value=False)
    named = [name for column in ("creator_id", "_creator_name") for name in layout.headings.get(column, ())]
    marks = load_headings().examples
    marked = [pl.col(name).str.starts_with(mark) for name in named if name in cells for mark in marks]
    is_example = pl.any_horizontal(pl.lit(value=False), *marked).fill_null(value=False)
    of_kind = counted.with_columns(
        _expected=pl.when(is_example)
        .then(pl.lit("unusable.example"))
        .when(is_note.fill_null(value=False))
        .then(pl.lit("unusable.note"))
    )
    listed = [
        unusable_rows(table, rows, "", pl.col("_cell"), expected=expected, action="row_left_out")
        for (expected,), rows in of_kind.drop_nulls("_expected").group_by("_expected", maintain_order=True)
    ]
    rest = of_kind.filter((pl.col("_n") > 0) & pl.col("_expected").is_null())
    return list_unusable(listed), rest.drop("_n", "_cell", "_expected")


def check_ids(rows: pl.DataFrame) -> list[Problem]:
    """Problems for ids that Excel shortened to 5.51235E+09, or ended in zeros: many would become one."""
    expected = "an id with all its digits: in Excel, give the column the format of text"
    problems: list[Problem] = []
    for column in (one for one in rows.columns if one.endswith("_id")):
        shortened = rows.filter(pl.col(column).str.contains(_SHORTENED))
        long = rows.filter(pl.col(column).str.contains(_LONG))
        if long[column].n_unique() >= ROUNDED_IDS and long[column].str.contains(_ROUNDED).all():
            shortened = pl.concat([shortened, long])
        cells = shortened.select(FILE, ROW, column).rows()
        problems += [
            Problem(expected, label, row, column, value, key="expected.whole_id") for label, row, value in cells
        ]
    return problems


def check_authors(found: Found, rows: pl.DataFrame, sheet: pl.DataFrame) -> list[Problem]:
    """Problems where people would be merged: into the sheet's one creator, or under one id that many names share."""
    layout, problems = found.layout, []
    if not layout.names_creator and layout.table in ("posts", "follower_counts"):
        for heading in layout.unclaimed:
            names = sheet[heading].drop_nulls().unique(maintain_order=True)
            if names.len() > 1:
                expected = "a column that says whose each row is: this one seems to, and its heading is not known"
                shown = f"{heading}: {', '.join(names.head(3))}"
                problems.append(Problem(expected, found.label, column=heading, value=shown, key="problem.people"))
    if layout.table == "follower_counts" and not layout.names_creator:
        several = rows.group_by("observed_at").agg(pl.col("n_followers").drop_nulls().n_unique()).drop_nulls()
        twice = several.filter(pl.col("n_followers") > 1).sort("observed_at")
        if twice.height:
            expected = "one count a day, or a column that says whose each count is"
            day = twice.row(0)[0]
            problems.append(Problem(expected, found.label, column="observed_at", value=day, key="problem.series"))
    if {"creator_id", "_creator_name"} <= set(rows.columns):
        named = rows.select("creator_id", name=pl.col("_creator_name").str.strip_chars()).drop_nulls()
        fewest = NAMES_OF_ONE if layout.table != "creators" else NAMES_OF_ONE - 1
        shared = named.group_by("creator_id").agg(pl.col("name").unique().sort()).sort("creator_id")
        shared = shared.filter(pl.col("name").list.len() >= fewest)
        for creator_id, names in shared.head(fewest).iter_rows():
            expected = "an id a creator: these names share one, and would become one creator"
            value = f"{creator_id}: {', '.join(names[:3])}"
            problems.append(Problem(expected, found.label, column="creator_id", value=value, key="problem.shared_id"))
    return problems


def find_platform(
    found: Found, rows: pl.DataFrame, export: Export, options: Options
) -> tuple[str | None, str | None, list[Problem]]:
    """The platform of a sheet's rows that do not name one, what told it, and problems where its signs contradict.

    The tool that wrote it, its headings and its links are sure; what the user says counts before the names of file and
    folders.
    """
    if rows["platform"].null_count() == 0 and "platform" in found.layout.headings:
        return None, None, []
    sure: dict[str, str] = {}
    if found.layout.platform:
        sure[found.layout.platform] = "headings"
    clues = read_headings_for_platform(export.sheets(found.file).get(found.name, ()))
    linked = rows["_linked"].drop_nulls().unique()
    if not sure and len(clues) == 1:
        sure[clues[0].value] = clues[0].said
    if linked.len() == 1:
        sure.setdefault(linked[0], "links")
    if "platform" not in found.layout.headings and options.platform and sure and linked.len() <= 1:
        sure.setdefault(options.platform, "--platform")
    if len(sure) > 1:
        said = "; ".join(f"{platform} ({by})" for platform, by in sorted(sure.items()))
        expected = "one platform a sheet, or a column that names it row by row"
        return None, None, [Problem(expected, found.label, column="platform", value=said, key="problem.platforms")]
    if sure:
        return *next(iter(sure.items())), []
    named = read_names_for_platform(export.names_of(found.file, found.name))
    if options.platform:
        return options.platform, "--platform", []
    return (named.value, named.said, []) if named else (None, None, [])


def date_posts(rows: pl.DataFrame, moment: datetime, width: timedelta) -> pl.Expr:
    """When the posts of a sheet were read of which is known that it is of a moment: then, as a text.

    A name may hold the day of a campaign: null for all where a post was published after `moment` and its `width`. What
    was published within that width was read at some hour after it that nobody knows: null.
    """
    said = pl.lit(f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    if "published_at" not in rows.columns:
        return said
    published = rows.select(parse_time("published_at")).to_series()
    if (published >= moment + width).any() and (published > moment).any():
        return pl.lit(None, pl.String)
    return pl.when((pl.lit(published) <= moment).fill_null(value=True)).then(said)


def list_strangers(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Entries of `unusable` for links that lead to another platform than the row names: the row's own word counts."""
    is_other = (pl.col("_linked") != pl.col("platform")).fill_null(value=False)
    column = "creator_id" if table == "creators" else "post_id"
    column = column if column in rows.columns else "platform"
    return unusable_rows(
        table, rows.filter(is_other), column, pl.col("_linked"), expected="unusable.link", action="value_left_out"
    )
