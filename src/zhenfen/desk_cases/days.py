"""What happened on some days: followers, posts, comments, events; what lies behind a span of the curve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from zhenfen.desk_cases.project import TABLES
from zhenfen.tables import read_tables

MOST_ROWS = 50
"""Of each kind: a person reads them; the tables hold all."""


@dataclass(frozen=True)
class Days:
    """What is known of a span of days.

    Attributes:
        followers: day, n_followers (last reading of the day) and gained since the day before it, null where that is
            unknown; a row a day that was read.
        posts: Posts published then.
        comments: Comments written then, the oldest first.
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
    tables = read_tables(folder / TABLES).for_creators([creator_id])
    first, last = datetime.combine(start, time.min, UTC), datetime.combine(end, time.max, UTC)
    readings = tables["follower_counts"].with_columns(day=pl.col("observed_at").dt.date())
    daily = readings.sort("observed_at").group_by("day", maintain_order=True).agg(pl.col("n_followers").last())
    is_next = (pl.col("day") - pl.col("day").shift(1)).dt.total_days() == 1
    gained = pl.when(is_next).then(pl.col("n_followers").cast(pl.Int64).diff())
    posts = tables["posts"].filter(pl.col("published_at").is_between(first, last)).sort("published_at")
    comments = tables["comments"].filter(pl.col("created_at").is_between(first, last)).sort("created_at")
    return Days(
        daily.with_columns(gained=gained).filter(pl.col("day").is_between(start, end)),
        posts.head(MOST_ROWS),
        comments.head(MOST_ROWS),
        tables["events"].filter(pl.col("starts_at").is_between(first, last)).sort("starts_at"),
        posts.height,
        comments.height,
    )
