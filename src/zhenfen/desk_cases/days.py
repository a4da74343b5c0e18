"""What happened on some days: followers, posts, comments, events; what lies behind a span of the curve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from zhenfen.desk_cases.project import TABLES
from zhenfen.tables import scan_table

MOST_ROWS = 50
"""Of each kind: a person reads them; the tables hold all."""


@dataclass(frozen=True)
class Days:
    """What is known of a span of days.

    Attributes:
        followers: day, n_followers (last reading of the day) and gained since the day before it, null where that is
            unknown; a row a day that was read.
        posts: published_at and text of posts published then, the oldest first, MOST_ROWS at most.
        comments: created_at and text of comments written then, the oldest first, MOST_ROWS at most.
        events: Events that began then.
        n_posts: Posts in all.
        n_comments: Comments in all.
    """

    followers: pl.DataFrame
    posts: pl.DataFrame
    comments: pl.DataFrame
    events: pl.DataFrame
    n_posts: int
    n_comments: int


def describe_days(folder: Path, creator_id: str, start: date, end: date) -> Days:
    """Everything that a creator's tables say of the days from `start` to `end`, both of them in.

    Args:
        folder: Of the project.
        creator_id: Whose days.
        start: First day, UTC.
        end: Last day, UTC.
    """
    first, last = datetime.combine(start, time.min, UTC), datetime.combine(end, time.max, UTC)

    def scan(name: str, at: str) -> pl.LazyFrame:
        return scan_table(folder / TABLES, name).filter(pl.col("creator_id") == creator_id, pl.col(at) <= last)

    readings = scan("follower_counts", "observed_at").with_columns(day=pl.col("observed_at").dt.date())
    daily = readings.sort("observed_at").group_by("day", maintain_order=True).agg(pl.col("n_followers").last())
    is_next = (pl.col("day") - pl.col("day").shift(1)).dt.total_days() == 1
    gained = pl.when(is_next).then(pl.col("n_followers").cast(pl.Int64).diff())
    posts, comments, events = (
        scan(name, at).filter(pl.col(at) >= first).sort(at, maintain_order=True)
        for name, at in (("posts", "published_at"), ("comments", "created_at"), ("events", "starts_at"))
    )
    # Only these rows and the columns that a page shows are read of the files.
    found = pl.collect_all(
        (
            daily.with_columns(gained=gained).filter(pl.col("day") >= start),
            posts.select("published_at", "text").head(MOST_ROWS),
            comments.select("created_at", "text").head(MOST_ROWS),
            events,
            posts.select(pl.len()),
            comments.select(pl.len()),
        )
    )
    followers, shown_posts, shown_comments, began, n_posts, n_comments = found
    return Days(followers, shown_posts, shown_comments, began, n_posts.item(), n_comments.item())
