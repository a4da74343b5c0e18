"""Trending Bilibili videos read on several days: how long interactions go on coming."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import polars as pl

from zhenfen.tables import Tables

READ_AT = time(16)
"""UTC: midnight in China, the end of the day that a row names. Not one video was published later than its first day."""
_COUNTS = {
    "n_views": "view",
    "n_likes": "like",
    "n_comments": "reply",
    "n_shares": "share",
    "n_saves": "favorite",
    "n_coins": "coin",
    "n_danmaku": "danmaku",
}


def read_popular_videos(folder: Path) -> Tables:
    """The videos with their last counts, every reading of them, and their creators with the followers last seen."""
    rows = pl.read_parquet(folder / "engagement" / "bilibili_popular_daily.parquet").select(
        post_id="video",
        creator_id="creator",
        published_at=pl.from_epoch("pub").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        observed_at=pl.col("day").str.to_date().dt.combine(READ_AT).dt.replace_time_zone("UTC"),
        n_followers="follower",
        **{name: pl.col(column) for name, column in _COUNTS.items()},
    )
    readings = rows.unique(["post_id", "observed_at"], keep="first", maintain_order=True).sort("observed_at")
    creators = readings.group_by("creator_id", maintain_order=True).agg(pl.col("n_followers").last())
    return Tables(
        {
            "creators": creators.with_columns(platform=pl.lit("bilibili")),
            "posts": readings.unique("post_id", keep="last", maintain_order=True).drop("n_followers"),
            "post_counts": readings,
        }
    )
