"""From irregular readings to daily steps, and what each step is expected to be from the creator's own days around it.

Days are UTC days. A step is one day long or it is no step: growth over a gap belongs to no day.
"""

from __future__ import annotations

import polars as pl

WINDOW_DAYS = 90
"""Window of the features and least length of a block. Vendors' panels use 90 days (新红), and organic growth keeps its
level about that long: with a rolling 57-day window instead of 90-day blocks the false alarms below differ by < 5 %."""
N_STEPS_NEEDED = 28
"""Four weeks: every weekday stands four times in the median and the MAD that all else rests on."""
MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


def make_daily(follower_counts: pl.DataFrame) -> pl.DataFrame:
    """Last reading of every day and the growth since the day before.

    Args:
        follower_counts: Table `follower_counts`, rows in any order; null counts are left out.

    Returns:
        creator_id, day (Date, UTC), n_followers, n_days (since the reading before; null on the first), n_before,
        n_gained (null on the first day and after a gap); sorted by creator and day.
    """
    known = follower_counts.filter(pl.col("n_followers").is_not_null(), pl.col("observed_at").is_not_null())
    readings = known.sort("creator_id", "observed_at", "n_followers").select(
        "creator_id", "n_followers", day=pl.col("observed_at").dt.date()
    )
    is_last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in ("creator_id", "day"))
    same = pl.col("creator_id") == pl.col("creator_id").shift()
    return (
        readings.filter(is_last)
        .with_columns(
            n_days=pl.when(same).then(pl.col("day").diff().dt.total_days()),
            n_before=pl.when(same).then(pl.col("n_followers").shift()),
        )
        .with_columns(n_gained=pl.when(pl.col("n_days") == 1).then(pl.col("n_followers") - pl.col("n_before")))
    )


def add_expectation(daily: pl.DataFrame) -> pl.DataFrame:
    """The daily steps beside their block's median and robust spread.

    Days are compared with the block of at least 90 days they lie in, counted back from the creator's last reading; the
    oldest block takes the rest. The spread is the MAD, but never below counting noise: n arrivals of strangers scatter
    by sqrt(n) (Poisson).

    Args:
        daily: Result of `make_daily`.

    Returns:
        The columns of `daily` with days_back, block, stretch (number of creator and block), n_expected (gain a day)
        and spread; the last two are null in a block with fewer than 28 steps.
    """
    creator = pl.col("creator_id").rle_id()
    back = (pl.col("day").last().over(creator) - pl.col("day")).dt.total_days()
    blocks = daily.with_columns(days_back=back).with_columns(
        block=pl.min_horizontal(
            pl.col("days_back") // WINDOW_DAYS,
            ((pl.col("days_back").first().over(creator) + 1) // WINDOW_DAYS - 1).clip(0),
        )
    )
    return _add_spread(blocks)


def _add_spread(blocks: pl.DataFrame) -> pl.DataFrame:
    # The rows are sorted: numbering the stretches makes a key that groups faster than two columns do.
    key = pl.struct("creator_id", "block").rle_id().alias("stretch")
    stretches = blocks.with_columns(key)
    enough = pl.col("n_gained").count() >= N_STEPS_NEEDED
    median = pl.col("n_gained").median()
    level = stretches.group_by("stretch", maintain_order=True).agg(
        n_expected=pl.when(enough).then(median), mad=(pl.col("n_gained") - median).abs().median()
    )
    own = level.select(pl.exclude("stretch").gather(stretches["stretch"]))
    counting_noise = pl.col("n_expected").clip(1).sqrt()
    return (
        pl.concat((stretches, own), how="horizontal")
        .with_columns(spread=pl.max_horizontal(MAD_TO_SIGMA * pl.col("mad"), counting_noise))
        .drop("mad")
    )
