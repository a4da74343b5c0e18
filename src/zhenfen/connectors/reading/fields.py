"""From a tool's own headings to the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from zhenfen.connectors.base import Imported
from zhenfen.connectors.export import Sheet
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, list_unusable, tidy
from zhenfen.errors import InputError, Problem
from zhenfen.tables import TABLES, make_frame

Sources = Mapping[str, tuple[str, ...]]
"""Column of a table → headings that may hold it, the surest first. Names with _ in front serve the connector alone."""

_CAPTURED = ("snapshot_at", "observed_at")


def wanted_fields(*maps: Sources) -> dict[str, pl.DataType]:
    """The fields to ask a JSON file for: all headings of the maps, as texts."""
    return {heading: pl.String() for sources in maps for headings in sources.values() for heading in headings}


def pick(sheet: Sheet, sources: Sources) -> pl.DataFrame:
    """The columns of `sources` that the sheet has, under the table's names, with `_file` and `_row`.

    Where several headings may hold a column, each row takes the first that is filled.
    """
    columns: list[pl.Expr] = []
    for name, headings in sources.items():
        there = [heading for heading in headings if heading in sheet.frame.columns]
        # What a column was first used as is what it is: averages repeat whose and of when they are.
        sheet.used.update(dict.fromkeys((one for one in there if one not in sheet.used), name))
        cells = [pl.col(heading) for heading in there]
        if name.endswith("_id"):
            # weibo-crawler ends its ids with a tab so that spreadsheets leave them alone.
            cells = [cell.str.strip_chars(" \t\r\n\u00a0\ufeff") for cell in cells]
        if cells:
            columns.append(pl.coalesce(pl.when(cell != "").then(cell) for cell in cells).alias(name))
    return sheet.frame.select(*columns, FILE, ROW)


def unfold(sheet: Sheet) -> Sheet:
    """The sheet with the fields of objects as columns of their own, however deep: `user.idstr`."""
    frame = sheet.frame
    while nested := {name: dtype for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)}:
        inner = [
            pl.col(name).struct.field(field.name).alias(f"{name}.{field.name}")
            for name, dtype in nested.items()
            for field in dtype.fields
        ]
        frame = frame.with_columns(inner).drop(nested)
    return replace(sheet, frame=frame)


def drop_unknown_counts(raw: pl.DataFrame) -> pl.DataFrame:
    """Raw rows of a tool that writes -1 for a count that it was not told, with null there."""
    counts = [name for name in raw.columns if name.startswith("n_")]
    return raw.with_columns(pl.when(pl.col(name) != "-1").then(pl.col(name)).alias(name) for name in counts)


def find_missing(sheet: Sheet, sources: Sources, required: Iterable[str]) -> list[Problem]:
    """Problems for the required columns that no heading of the sheet holds; none for a sheet without rows."""
    if sheet.frame.is_empty():
        return []
    n_rows = sheet.frame.height
    # JSON has the columns that were asked for: those that hold nothing were not there.
    filled = {column.name for column in sheet.frame if column.null_count() < n_rows}
    return [
        Problem(f"one of the columns {', '.join(sources[name])}", sheet.label, column=name)
        for name in required
        if not filled.union(sheet.columns).intersection(sources[name])
    ]


def raise_all(problems: list[Problem]) -> None:
    """Raise when there are problems.

    Raises:
        InputError: With all of them.
    """
    if problems:
        raise InputError(problems)


def stack(frames: Iterable[pl.DataFrame], sources: Sources) -> pl.DataFrame:
    """The rows of several files; every column of `sources` is there, null where a file lacks it."""
    empty = pl.DataFrame(schema={**dict.fromkeys(sources, pl.String()), FILE: pl.String(), ROW: pl.Int64()})
    return pl.concat([empty, *frames], how="diagonal")


def read_creators(raw: pl.DataFrame, posts: pl.DataFrame, platform: str) -> tuple[Tidied, pl.DataFrame]:
    """The tables `creators` and `follower_counts`.

    Args:
        raw: Raw rows of profiles, with `snapshot_at` where the capture time is known.
        posts: Tidied posts, with `_name` (nickname of the author): who is not among the profiles is a creator too.
        platform: Platform of all of them.
    """
    profiles = tidy("creators", raw.with_columns(platform=pl.lit(platform)), merge="columns")
    # The nickname of an author is the one on the post captured last.
    newest = [name for name in (SEEN, "published_at") if name in posts.columns]
    authors = (
        posts.sort([*newest, "_name"], descending=True, nulls_last=True)
        .group_by("creator_id", maintain_order=True)
        .agg(pl.col("_name").drop_nulls().first())
        .with_columns(platform=pl.lit(platform))
    )
    known = make_frame(TABLES["creators"], profiles.frame)
    creators = known.join(authors, on="creator_id", how="left").with_columns(
        display_name=pl.coalesce("display_name", "_name")
    )
    others = authors.join(known, on="creator_id", how="anti").rename({"_name": "display_name"})
    whole = pl.concat([make_frame(TABLES["creators"], creators), make_frame(TABLES["creators"], others)])
    return Tidied(whole, profiles.unusable), count_followers(raw)


def count_followers(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `follower_counts` from profiles that say when they were captured; faults are listed with the profiles."""
    if not {"snapshot_at", "n_followers"} <= set(raw.columns):
        return make_frame(TABLES["follower_counts"])
    dated = raw.drop_nulls(["creator_id", "snapshot_at", "n_followers"]).rename({"snapshot_at": "observed_at"})
    counted = tidy("follower_counts", dated, lenient=True).frame
    return make_frame(TABLES["follower_counts"], counted).filter(pl.col("n_followers").is_not_null())


def bundle(parts: Iterable[tuple[str, Tidied | pl.DataFrame]], listed: Iterable[pl.DataFrame] = ()) -> Imported:
    """Everything that a connector read, by table, with the latest capture time that the rows name."""
    frames: dict[str, list[pl.DataFrame]] = {}
    moments: list[Any] = []
    notes = list(listed)
    for table, part in parts:
        frame = part.frame if isinstance(part, Tidied) else part
        notes += [part.unusable] if isinstance(part, Tidied) else []
        moments += [frame[name].max() for name in (SEEN, *_CAPTURED) if name in frame.columns]
        frames.setdefault(table, []).append(make_frame(TABLES[table], frame))
        if isinstance(part, Tidied) and part.readings.height:
            frames.setdefault("post_counts", []).append(part.readings)
    whole = {table: pl.concat(pieces) for table, pieces in frames.items()}
    return Imported(
        whole, list_unusable(notes), max((moment for moment in moments if moment is not None), default=None)
    )


def join_title(title: pl.Expr, body: pl.Expr) -> pl.Expr:
    """Title and text on lines of their own; the text alone where it begins with the title anyway."""
    repeats = body.str.starts_with(title).fill_null(value=True)
    return pl.when(repeats).then(pl.coalesce(body, title)).otherwise(title + "\n" + body)


def clean_region(values: pl.Expr) -> pl.Expr:
    """A region without the words that announce it: "发布于 湖南", "来自湖南", "IP属地：湖南"."""
    return values.str.replace(r"^(?:发布于|来自|IP属地[:：]?)\s*", "")


def clean_parent(parent: str, own: str) -> pl.Expr:
    """The comment that a comment answers; null where the tool writes 0 or the comment's own id for "none"."""
    return pl.when((pl.col(parent) != "0") & (pl.col(parent) != pl.col(own))).then(pl.col(parent)).alias(parent)
