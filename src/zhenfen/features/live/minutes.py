"""A room minute by minute: who was there, who came, remarks and likes; from comments with a time, and from readings."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.features.comments.bursts import MIDNIGHT

KEYS = ["creator_id", "post_id"]
LONGEST_HOURS = 48
"""What comes later after the start is a remark under the recording, or a clock that is wrong."""
MINUTES_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "post_id": pl.String(),
    "minute": pl.Int64(),
    "n_comments": pl.Int64(),
    "n_viewers": pl.Int64(),
    "n_entered": pl.Int64(),
    "n_liked": pl.Int64(),
    "view_grain": pl.Int64(),
    "like_grain": pl.Int64(),
}
"""One row a minute of a room from its start. n_comments: remarks with a time (0 between the first and the last, null
outside); n_viewers: present at the reading; n_entered and n_liked: what came since the minute before, null where that
was not read; grains: what n_entered and n_liked are multiples of because they are shown rounded, 1 where exact."""
_ROUND = (10, 100, 1_000, 10_000)
_STEPS = {"n_views": ("n_entered", "view_grain"), "n_likes": ("n_liked", "like_grain")}


def read_minutes(rooms: pl.DataFrame, comments: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """MINUTES_SCHEMA of the rooms of which a minute is known, in order.

    Args:
        rooms: Rows of `posts` that are live rooms.
        comments: Comments by others: post_id, created_at.
        readings: Table `post_counts`.
    """
    timed = rooms.select(*KEYS, "published_at", "duration_seconds")
    clocked = comments.select("post_id", at="created_at").filter(pl.col("at").dt.time() != MIDNIGHT)
    remarks = _place(timed, clocked).group_by(*KEYS, "minute").agg(n_comments=pl.len().cast(pl.Int64))
    span = remarks.group_by(KEYS).agg(minute=pl.int_ranges(pl.col("minute").min(), pl.col("minute").max() + 1).first())
    spoken = span.explode("minute").join(remarks, on=[*KEYS, "minute"], how="left")
    read = readings.select("post_id", "n_viewers", "n_views", "n_likes", at="observed_at")
    # Of two readings in a minute the larger totals are the later ones.
    placed = _place(timed, read).group_by(*KEYS, "minute").agg(pl.col("n_viewers", "n_views", "n_likes").max())
    ordered = placed.sort(*KEYS, "minute")
    is_next = pl.col("minute") == pl.col("minute").shift().over(KEYS) + 1
    steps = ordered.with_columns(
        part
        for total, (step, grain) in _STEPS.items()
        for part in (
            # A total that falls was corrected by the platform: what came is unknown.
            pl.when(is_next & (pl.col(total).diff().over(KEYS) >= 0)).then(pl.col(total).diff().over(KEYS)).alias(step),
            # Shown rounded where this total and the one before it are multiples of a power of ten.
            pl.max_horizontal(
                1,
                *(
                    pl.when(pl.col(total) % tens == 0, pl.col(total).shift().over(KEYS) % tens == 0).then(tens)
                    for tens in _ROUND
                ),
            ).alias(grain),
        )
    )
    filled = spoken.with_columns(pl.col("n_comments").fill_null(0))
    whole = filled.join(steps, on=[*KEYS, "minute"], how="full", coalesce=True)
    return whole.select(pl.col(name).cast(dtype) for name, dtype in MINUTES_SCHEMA.items()).sort(*KEYS, "minute")


def pair_minutes(minutes: pl.DataFrame, count: str) -> pl.DataFrame:
    """KEYS and the counts `one` and `other` of neighbouring minutes that both are known, each minute once.

    The first and the last minute with a count were seen in part: they are left out.
    """
    known = minutes.drop_nulls(count)
    is_inner = (pl.col("minute") > pl.col("minute").min().over(KEYS)) & (
        pl.col("minute") < pl.col("minute").max().over(KEYS)
    )
    halves = known.filter(is_inner).with_columns(pair=pl.col("minute") // 2, half=pl.col("minute") % 2)
    first, second = (halves.filter(half=half).select(*KEYS, "pair", count) for half in (0, 1))
    both = first.rename({count: "one"}).join(second.rename({count: "other"}), on=[*KEYS, "pair"])
    return both.select(*KEYS, "one", "other")


def exact_arrivals(minutes: pl.DataFrame) -> pl.DataFrame:
    """The minutes whose arrivals are exact numbers, of rooms whose counts are not shown rounded."""
    known = minutes.drop_nulls("n_entered")
    return known.filter(_common_factor(known, "n_entered") <= 1, pl.col("view_grain") == 1)


def liked_steps(minutes: pl.DataFrame) -> pl.DataFrame:
    """KEYS, `step` and `grain`: the likes of each minute, see `chance.bound_packets`."""
    known = minutes.drop_nulls("n_liked")
    grain = pl.max_horizontal("like_grain", _common_factor(known, "n_liked"))
    return known.select(*KEYS, step="n_liked", grain=grain)


def _common_factor(minutes: pl.DataFrame, count: str) -> pl.Series:
    """What all of a room's counts are multiples of, 0 where all are 0; rows as in `minutes`, sorted by room."""
    counts = minutes[count].to_numpy()
    if not len(counts):
        return pl.Series([], dtype=pl.Int64)
    starts = np.flatnonzero(minutes.select(pl.struct(KEYS).rle_id().diff().fill_null(1) != 0).to_series())
    factors = np.gcd.reduceat(counts, starts)
    return pl.Series(np.repeat(factors, np.diff([*starts, len(counts)])), dtype=pl.Int64)


def _place(rooms: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of each room with `minute`, from its start; what lies before the start or after the end is left out.

    A room without a start begins with the first row.
    """
    joined = rooms.join(rows.drop_nulls(["post_id", "at"]), on="post_id")
    start = pl.coalesce("published_at", pl.col("at").min().over(KEYS))
    seconds = (pl.col("at") - start).dt.total_seconds()
    longest = pl.col("duration_seconds").fill_null(LONGEST_HOURS * 3600) + 60
    return joined.with_columns(minute=seconds // 60).filter(seconds >= 0, seconds <= longest)
