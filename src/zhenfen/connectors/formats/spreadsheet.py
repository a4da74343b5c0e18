"""Spreadsheets that agencies hold: CSV, XLSX or Parquet, with Chinese or English headings in any order.

Times without a zone are read as Chinese whatever the platform: such sheets are kept by people in China.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.formats.spreadsheet_keys import make_keys, name_creators
from zhenfen.connectors.formats.weibo_text import own_words
from zhenfen.connectors.found_by import SEARCH
from zhenfen.connectors.reading.averages import drop_contradictions, find_stats, read_source, take_apart
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.counts import is_blank, parse_count
from zhenfen.connectors.reading.fields import bundle, clean_region, count_followers, join_title, pick, raise_all, stack
from zhenfen.connectors.reading.headings import (
    STATS,
    Layout,
    find_layout,
    load_headings,
    own_name,
    translate,
)
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, tidy
from zhenfen.errors import Problem
from zhenfen.tables import TABLES, make_frame

_SUFFIXES = (".csv", ".xlsx", ".parquet")
_SHORTENED = r"^\d(?:\.\d+)?[Ee]\+\d+$"
_WHO = ("creator_id", "_creator_name", "platform", "_fallback")
_EXPECTED = {"creator_id": "unusable.creator", "platform": "unusable.platform"}


class Spreadsheet(Connector, name="spreadsheet"):
    """Reads every sheet whose headings fit a table; creators of other sheets are creators too."""

    title = "a spreadsheet with Chinese or English headings: CSV, XLSX or Parquet"
    certainty = 20

    def detect(self, export: Export) -> bool:
        """A sheet with the headings that one of the tables needs."""
        return any(True for _ in _find_sheets(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every sheet that is a table."""
        raw = _read_sheets(export, options)
        is_nameless = all(frame["platform"].null_count() == frame.height for frame in raw.values())
        if options.needs_platform and options.platform is None and is_nameless:
            expected = "a column 平台 or platform, or the platform named on import"
            labels = sorted({label for frame in raw.values() for label in frame[FILE].unique()})
            raise_all([Problem(expected, label, column="platform", key="problem.platform") for label in labels])
        platform = translate("platform", pl.when(~is_blank(pl.col("platform"))).then(pl.col("platform")))
        platform = pl.coalesce(platform, pl.lit(options.platform, pl.String))
        named = name_creators({table: frame.with_columns(platform=platform) for table, frame in raw.items()})
        tables = {table: make_keys(table, _make_rows(table, frame, options)) for table, frame in named.items()}
        if "comments" in tables and "posts" in tables:
            # Comments that name no creator belong to the creator of their post.
            owners = tables["posts"].select("post_id", _owner="creator_id").drop_nulls().unique("post_id", keep="none")
            joined = tables["comments"].join(owners, on="post_id", how="left", maintain_order="left")
            tables["comments"] = joined.with_columns(creator_id=pl.coalesce("creator_id", "_owner")).drop("_owner")
        tidied = {
            table: tidy(table, frame, expected=_EXPECTED)
            if table != "creators"
            else tidy(table, frame, merge="columns", expected=_EXPECTED, lenient=not options.needs_platform)
            for table, frame in tables.items()
            if table != STATS
        }
        if STATS in tables:
            stats = tidy(STATS, tables[STATS], merge="columns", expected=_EXPECTED, lenient=True)
            tidied[STATS] = drop_contradictions(stats, tidied["creators"])
        parts: list[tuple[str, Tidied | pl.DataFrame]] = list(tidied.items())
        known = tidied["creators"].frame if "creators" in tidied else make_frame(TABLES["creators"])
        # Creators that only other sheets name.
        named_rows = (frame.select("creator_id", "_creator_name", "platform", FILE, ROW) for frame in tables.values())
        others = pl.concat(named_rows).join(known, on="creator_id", how="anti").drop_nulls("creator_id")
        others = others.group_by("creator_id").agg(pl.all().min()).rename({"_creator_name": "display_name"})
        parts.append(("creators", tidy("creators", others, expected=_EXPECTED, lenient=True)))
        if "creators" in tables:
            # Counts that the sheet of creators dates, but for moments that a series has itself.
            counts = count_followers(tables["creators"])
            if "follower_counts" in tidied:
                series = tidied["follower_counts"].frame
                counts = counts.join(series, on=["creator_id", "observed_at"], how="anti")
            parts.append(("follower_counts", counts))
        # Creators of rows that name a search or its word, and of sheets of tools that search.
        signs = {"_keyword": pl.col("_keyword").str.strip_chars() != "", "found_by": pl.col("found_by") == SEARCH}
        found = []
        for frame in tables.values():
            said = [sign.fill_null(value=False) for name, sign in signs.items() if name in frame.columns]
            searched = frame.filter(pl.any_horizontal("_searched", *said))
            found.append(searched.select("creator_id", found_by=pl.lit(SEARCH), file=FILE))
        return replace(bundle(parts), found=pl.concat(found).drop_nulls().unique().sort("creator_id", "file"))


def _find_sheets(export: Export) -> Iterator[tuple[str, str, Layout]]:
    for file in export.data_files:
        if file.lower().endswith(_SUFFIXES):
            for sheet, columns in export.sheets(file).items():
                if layout := find_layout(sheet or PurePosixPath(file).stem, columns):
                    yield from ((file, sheet, one) for one in (layout, *find_stats(layout, columns)))


def _read_sheets(export: Export, options: Options) -> dict[str, pl.DataFrame]:
    """Raw rows by table, with `_fallback`: the sheet's name, where it names no creator and is not a table's name."""
    frames: dict[str, list[pl.DataFrame]] = {}
    found = list(_find_sheets(export))
    for number, (file, name, layout) in enumerate(found):
        options.on_progress(file, number, len(found))
        sheet = export.read(file, name, {})
        # Numbers under 粉丝数（万） carry the unit themselves.
        with_units = (
            pl.when(pl.col(heading).str.contains(r"^\d+(?:\.\d+)?$"))
            .then(pl.col(heading) + unit)
            .otherwise(pl.col(heading))
            for heading, unit in layout.units.items()
        )
        rows = pick(replace(sheet, frame=sheet.frame.with_columns(with_units)), layout.headings)
        owner = None if layout.names_creator else own_name(name or PurePosixPath(file).stem)
        # Sheets end in empty lines more often than not.
        filled = rows.filter(pl.any_horizontal(pl.exclude(FILE, ROW).is_not_null()))
        about = {"_fallback": pl.lit(owner, pl.String), "_searched": pl.lit(layout.is_search)}
        if layout.table == STATS:
            about |= {"window": pl.lit(layout.window), "source": pl.lit(read_source(file, name))}
        if layout.platform and "platform" not in filled.columns:
            about["platform"] = pl.lit(layout.platform)
        if "_quoted" in filled.columns:
            about["is_repost"] = pl.col("_quoted").is_not_null().cast(pl.String)
        frames.setdefault(layout.table, []).append(filled.with_columns(**about))
    headings = load_headings().columns
    raw = {table: stack(rows, dict.fromkeys((*headings[table], *_WHO), ())) for table, rows in frames.items()}
    # Excel writes a long number in a CSV file as 5.51235E+09: many accounts would become one.
    expected = "an id with all its digits: in Excel, give the column the format of text"
    problems: list[Problem] = []
    for frame in (frame for table, frame in raw.items() if table != STATS):
        for column in (one for one in frame.columns if one.endswith("_id")):
            shortened = frame.filter(pl.col(column).str.contains(_SHORTENED)).select(FILE, ROW, column).rows()
            problems += [Problem(expected, label, row, column, value) for label, row, value in shortened]
    raise_all(problems)
    return raw


def _make_rows(table: str, frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    """What is particular to a table: names, texts and words that stand for values."""
    have = frame.columns
    made = [translate(name, pl.col(name)) for name in ("media_kind", "kind", "found_by") if name in have]
    made += [clean_region(pl.col("region"))] if "region" in have else []
    if table == "creators":
        made += [pl.col("_creator_name").alias("display_name"), pl.col("snapshot_at").alias(SEEN)]
    if table == "posts":
        body = pl.col("text")
        if "_quoted" in have:
            body = pl.when(pl.col("_quoted").is_not_null()).then(own_words(body)).otherwise(body)
        made += [join_title(pl.col("_title"), body).alias("text"), pl.col("observed_at").alias(SEEN)]
        # Views beyond the natural ones, where the sheet states both to the last digit: 1.2万 is a range.
        both = ("n_views", "_natural_views")
        views, natural = (parse_count(name) for name in both)
        is_exact = pl.all_horizontal(pl.col(name).str.contains(r"^[\d,]+$") for name in both)
        rest = pl.when(is_exact & (natural <= views)).then(views - natural).cast(pl.String)
        made.append(pl.coalesce("n_paid_views", rest).alias("n_paid_views"))
    if table == STATS:
        return take_apart(frame)
    if table == "audience":
        made.append(pl.coalesce(translate("frame", pl.col("frame")), pl.lit(options.frame)).alias("frame"))
    return frame.with_columns(made)
