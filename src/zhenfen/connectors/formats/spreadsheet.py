"""Spreadsheets that agencies hold: CSV, XLSX or Parquet, with Chinese or English headings in any order.

Times without a zone are read as Chinese whatever the platform: such sheets are kept by people in China.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.formats.spreadsheet_keys import make_keys, name_creators
from zhenfen.connectors.formats.spreadsheet_sheets import find_sheets, read_sheets
from zhenfen.connectors.formats.weibo_text import own_words
from zhenfen.connectors.found_by import SEARCH
from zhenfen.connectors.reading.averages import drop_contradictions, read_share, take_apart
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.counts import is_blank, parse_count
from zhenfen.connectors.reading.fields import bundle, clean_region, count_followers, join_title
from zhenfen.connectors.reading.headings import STATS, translate
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, tidy
from zhenfen.connectors.reading.times import parse_length, parse_time
from zhenfen.tables import TABLES, make_frame

_EXPECTED = {"creator_id": "unusable.creator", "platform": "unusable.platform"}


class Spreadsheet(Connector, name="spreadsheet"):
    """Reads every sheet whose headings fit a table; creators of other sheets are creators too."""

    title = "a spreadsheet with Chinese or English headings: CSV, XLSX or Parquet"
    certainty = 20

    def detect(self, export: Export) -> bool:
        """A sheet with the headings that one of the tables needs."""
        return any(True for _ in find_sheets(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every sheet that is a table."""
        sheets = read_sheets(export, options)
        platform = pl.coalesce("platform", pl.lit(options.platform, pl.String))
        raw = {table: frame.with_columns(platform=platform) for table, frame in sheets.frames.items()}
        named = name_creators(raw)
        tables = {table: make_keys(table, _make_rows(table, frame, options)) for table, frame in named.items()}
        for table in ("comments", "post_counts"):
            if table not in tables or "posts" not in tables:
                continue
            # Comments and readings that name no creator belong to the creator of their post.
            owners = tables["posts"].select("post_id", _owner="creator_id").drop_nulls().unique("post_id", keep="none")
            joined = tables[table].join(owners, on="post_id", how="left", maintain_order="left")
            tables[table] = joined.with_columns(creator_id=pl.coalesce("creator_id", "_owner")).drop("_owner")
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
        # Whoever is known by what the user said, or a sheet is called, alone is called so.
        stated = pl.when(pl.col("creator_id") == pl.col("_fallback")).then("_fallback")
        called = pl.coalesce("_creator_name", stated).alias("display_name")
        named_rows = (frame.select("creator_id", called, "platform", FILE, ROW) for frame in tables.values())
        others = pl.concat(named_rows).join(known, on="creator_id", how="anti").drop_nulls("creator_id")
        others = others.group_by("creator_id").agg(pl.all().min())
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
        return replace(
            bundle(parts, sheets.listed), found=pl.concat(found).drop_nulls().unique().sort("creator_id", "file")
        )


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
        made = [one for one in made if one.meta.output_name() != "media_kind"] + read_room()
    if table == "post_counts":
        # What came in each minute, added up in the order of time; a gap hides what came in it, and nothing else.
        order = parse_time("observed_at")
        for total, step in (("n_views", "_entered"), ("n_likes", "_liked")):
            added = parse_count(step).cum_sum().over("post_id", order_by=order).cast(pl.String)
            made.append(pl.coalesce(total, added).alias(total))
    if table == STATS:
        return take_apart(frame)
    if table == "audience":
        made.append(pl.coalesce(translate("frame", pl.col("frame")), pl.lit(options.frame)).alias("frame"))
    return frame.with_columns(made)


def read_room() -> list[pl.Expr]:
    """media_kind, published_at, duration_seconds and returned_share of rows of posts that may be live rooms, as texts.

    A row that states a length, a start of streaming or viewers at once is a room, whatever its sheet. A number without
    a unit is no length: it is kept with a sign that makes it listed.
    """
    began = pl.coalesce("published_at", "_started_at")
    said = pl.any_horizontal(
        pl.col(name).str.contains(r"\d") for name in ("_length", "_started_at", "n_peak_viewers", "mean_viewers")
    )
    between = (parse_time("_ended_at") - parse_time(began)).dt.total_seconds()
    seconds = pl.coalesce(parse_length("_length"), between).cast(pl.String)
    unread = pl.when(~is_blank(pl.col("_length"))).then(pl.col("_length") + "?")
    kind = pl.when(said.fill_null(value=False)).then(pl.lit("live"))
    return [
        pl.coalesce(translate("media_kind", pl.col("media_kind")), kind).alias("media_kind"),
        began.alias("published_at"),
        pl.coalesce("duration_seconds", seconds, unread).alias("duration_seconds"),
        read_share("returned_share").alias("returned_share"),
    ]
