"""Raw rows of the sheets that people and vendors fill: what each holds, whose it is, and where it comes from.

Nothing is guessed that cannot be seen in the sheet. What contradicts itself is an error, and what only the user knows
is asked for once, for all sheets together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Options
from zhenfen.connectors.export import Export, Sheet, label_sheet
from zhenfen.connectors.formats.spreadsheet_checks import (
    check_authors,
    check_ids,
    date_posts,
    find_platform,
    list_notes,
    list_strangers,
)
from zhenfen.connectors.reading.averages import find_stats, read_source
from zhenfen.connectors.reading.binary_files import read_saved_at
from zhenfen.connectors.reading.clues import is_address, platform_of_link, read_names_for_day, trim_link
from zhenfen.connectors.reading.counts import is_blank
from zhenfen.connectors.reading.fields import pick, raise_all, stack
from zhenfen.connectors.reading.headings import STATS, Layout, find_layout, load_headings, own_name, translate
from zhenfen.connectors.reading.tidy import FILE, ROW
from zhenfen.connectors.recognised import Recognised
from zhenfen.errors import Problem, QuestionError

SUFFIXES = (".csv", ".xlsx", ".parquet")
WHO = ("creator_id", "_creator_name", "platform", "_fallback")
_OWNED = ("posts", "comments", "events")
"""Tables whose rows are somebody's: without a name or an id in the sheet only the user knows whose."""


@dataclass(frozen=True, slots=True)
class FoundSheet:
    """A sheet that holds a table."""

    file: str
    name: str
    layout: Layout

    @property
    def label(self) -> str:
        """What its rows are listed by."""
        return label_sheet(self.file, self.name)


@dataclass(frozen=True, slots=True)
class RawSheets:
    """What stands in the sheets of an export.

    Attributes:
        frames: Raw rows by table, with `_fallback` (whose they are, where the sheet is named after it) and `_searched`.
        listed: Rows and values that were left out, columns of the table `unusable`.
    """

    frames: dict[str, pl.DataFrame]
    listed: list[pl.DataFrame] = field(default_factory=list)


def find_sheets(export: Export) -> Iterator[FoundSheet]:
    """The sheets whose headings fit a table, or that a map of the user's names."""
    known = export.import_map
    for file in export.data_files:
        if not file.lower().endswith(SUFFIXES):
            continue
        for sheet, columns in export.sheets(file).items():
            mapped = known.find(file, sheet, columns) if known else None
            layout = mapped.lay_out(columns) if mapped else find_layout(sheet or PurePosixPath(file).stem, columns)
            if layout:
                yield FoundSheet(file, sheet, layout)


def read_sheets(export: Export, options: Options) -> RawSheets:
    """Raw rows by table.

    Raises:
        QuestionError: A platform, or whose posts they are, that only the user can say; every sheet in one problem.
        InputError: A sheet that contradicts itself, or whose rows would be merged.
    """
    frames: dict[str, list[pl.DataFrame]] = {}
    listed: list[pl.DataFrame] = []
    nameless: dict[str, list[str]] = {"platform": [], "creator": []}
    found = list(find_sheets(export))
    tables = {one.layout.table for one in found}
    problems: list[Problem] = []
    for number, one in enumerate(found):
        options.on_progress(one.file, number, len(found))
        sheet = export.read(one.file, one.name, {})
        notes, kept = list_notes(one.layout.table, sheet, one.layout)
        filled = replace(sheet, frame=kept)
        rows = _pick_rows(filled, one.layout)
        problems += check_ids(rows) or check_authors(one, rows, kept)
        is_answer = one.layout.table == "comments" and "posts" in tables
        if one.layout.names_creator or one.layout.table not in (*_OWNED, "follower_counts"):
            owner = None
        elif one.layout.table == "follower_counts":
            owner = own_name(one.name or PurePosixPath(one.file).stem) or options.creator_name
        else:
            owner = options.creator_name
            if owner is None and not is_answer and rows.height:
                nameless["creator"].append(one.label)
        platform, by, faults = find_platform(one, rows, export, options)
        dated, dated_by = _date_rows(one, rows, export)
        known = export.recognised.setdefault(one.file, [])
        known.append(Recognised(one.name, one.layout.table, platform, by, dated_by))
        problems += faults
        if platform is None and rows["platform"].null_count() and rows.height:
            nameless["platform"].append(one.label)
        listed += [notes, list_strangers(one.layout.table, rows)]
        about = {"_fallback": pl.lit(owner, pl.String), "_searched": pl.lit(one.layout.is_search), **dated}
        about["platform"] = pl.coalesce("platform", pl.lit(platform, pl.String))
        whole = rows.with_columns(**about).drop("_linked")
        stated = _read_stats(one, filled, whole)
        # A sheet of averages names creators whom it says nothing else of: no repeats of the rows that do.
        is_said = not stated or bool(set(one.layout.headings) - {*WHO, "snapshot_at"})
        frames.setdefault(one.layout.table, []).append(whole if is_said else whole.clear())
        if stated:
            frames.setdefault(STATS, []).extend(stated)
        if one.layout.of_creator:
            frames.setdefault("creators", []).append(_authors_of(filled, one.layout, whole))
    raise_all(problems)
    if frames and not any(frame.height for parts in frames.values() for frame in parts):
        examples = pl.concat(listed).filter(pl.col("expected") == "unusable.example")["file"]
        files = sorted({label.partition(":")[0] for label in examples})
        raise_all([Problem("a row that is filled in", file, key="problem.only_examples") for file in files])
    if any(frame["platform"].null_count() < frame.height for parts in frames.values() for frame in parts):
        # Rows that name none are listed one by one, or find theirs in another sheet.
        nameless["platform"] = []
    _ask(nameless, options)
    headings = load_headings().columns
    raw = {table: stack(parts, dict.fromkeys((*headings[table], *WHO), ())) for table, parts in frames.items()}
    return RawSheets(raw, listed)


def _date_rows(one: FoundSheet, rows: pl.DataFrame, export: Export) -> tuple[dict[str, pl.Expr], str | None]:
    """When the rows of a sheet of creators or posts were read that do not say it, and what tells: the day in its name.

    What a platform gives an account of its own posts is made as it is fetched, so the file's own word counts as well.
    """
    column = {"creators": "snapshot_at", "posts": "observed_at"}.get(one.layout.table)
    if column is None or column in one.layout.headings:
        return {}, None
    day = read_names_for_day([one.name, PurePosixPath(one.file).stem])
    if day and one.layout.table == "creators":
        return {column: pl.lit(f"{day:%Y-%m-%d}")}, "name"
    if day:
        return {column: date_posts(rows, day, timedelta(days=1))}, "name"
    is_dated = one.layout.is_own and one.file.lower().endswith(".xlsx")
    saved_at = read_saved_at(export.path(one.file)) if is_dated else None
    return ({column: date_posts(rows, saved_at, timedelta(0))}, "file") if saved_at else ({}, None)


def _read_stats(one: FoundSheet, sheet: Sheet, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """What a sheet of creators states of each over a window, a frame a window; `rows` says whose they are."""
    about = rows.select("platform", "_fallback", "_searched", source=pl.lit(read_source(one.file, one.name)))
    if "snapshot_at" in rows.columns and "snapshot_at" not in one.layout.headings:
        about = about.with_columns(observed_at=rows["snapshot_at"])
    found = []
    for layout in find_stats(one.layout, tuple(sheet.frame.columns)):
        stated = _pick_rows(sheet, layout).drop("_linked", "platform")
        found.append(pl.concat([stated, about.with_columns(window=pl.lit(layout.window))], how="horizontal"))
    return found


def _pick_rows(sheet: Sheet, layout: Layout) -> pl.DataFrame:
    """The columns of a sheet that its table takes, and `_linked`, the platform that links lead to."""
    # Numbers under 粉丝数（万） carry the unit themselves.
    with_units = (
        pl.when(pl.col(heading).str.contains(r"^\d+(?:\.\d+)?$"))
        .then(pl.col(heading) + unit)
        .otherwise(pl.col(heading))
        for heading, unit in layout.units.items()
    )
    rows = pick(replace(sheet, frame=sheet.frame.with_columns(with_units)), layout.headings)
    keys = (heading for name in ("creator_id", "post_id") for heading in layout.headings.get(name, ()))
    links = [platform_of_link(pl.col(heading)) for heading in keys if is_address(heading)]
    leads_to = sheet.frame.select(pl.coalesce(links)).to_series() if links else pl.lit(None, pl.String)
    linked = rows.with_columns(_linked=leads_to)
    if links:
        # A million links without a query cost nothing more.
        ids = [name for name in ("creator_id", "post_id") if name in rows.columns]
        longer = [name for name in ids if rows[name].str.contains_any(["?", "#"]).any()]
        longer += [name for name in ids if name not in longer and rows[name].str.ends_with("/").any()]
        linked = linked.with_columns(trim_link(pl.col(name), pl.col("_linked")) for name in longer)
    if "_quoted" in linked.columns:
        linked = linked.with_columns(is_repost=pl.col("_quoted").is_not_null().cast(pl.String))
    if "platform" not in linked.columns:
        return linked.with_columns(platform=pl.col("_linked"))
    stated = translate("platform", pl.when(~is_blank(pl.col("platform"))).then(pl.col("platform")))
    return linked.with_columns(platform=pl.coalesce(stated, "_linked"))


def _authors_of(sheet: Sheet, layout: Layout, rows: pl.DataFrame) -> pl.DataFrame:
    """What a sheet of posts says of who wrote them, one row for each different thing it says."""
    said = pick(sheet, layout.of_creator)
    # When the sheet was read is when they had so many followers.
    moments = ["observed_at"] if "observed_at" in rows.columns else []
    about = rows.select(*(name for name in (*WHO, "_searched") if name in rows.columns), *moments)
    whole = pl.concat([said, about.rename({"observed_at": "snapshot_at"} if moments else {})], how="horizontal")
    facts = [name for name in whole.columns if name not in (FILE, ROW)]
    return whole.unique(facts, keep="first", maintain_order=True)


def _ask(nameless: dict[str, list[str]], options: Options) -> None:
    """Raise when something is to be asked of the user, with one problem a question.

    Raises:
        QuestionError: Names the sheets.
    """
    problems: list[Problem] = []
    if nameless["platform"] and options.platform is None and options.needs_platform:
        expected = "a column 平台 or platform, or the platform named on import"
        labels = ", ".join(nameless["platform"])
        problems.append(Problem(expected, labels, column="platform", key="problem.platform"))
    if nameless["creator"]:
        expected = "a column 达人昵称 or creator, or the creator named on import: nothing says whose rows these are"
        labels = ", ".join(nameless["creator"])
        problems.append(Problem(expected, labels, column="creator_id", key="problem.creator"))
    if problems:
        raise QuestionError(problems)
