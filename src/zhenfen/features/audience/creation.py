"""When the accounts of an audience sample were made: all over the years, or many of them within days.

Made accounts are sold from batches. A platform's sign-up waves last weeks; what is looked for is five days that hold
more accounts than the spread of the sample's own dates gives, and followers in a row with such dates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

N_DATES_NEEDED = 30
"""As for every share of a sample: see `audience.N_PROFILES_NEEDED`."""
DENSE_DAYS = 5.0
"""Batches are registered within days; a platform's own waves (a film, a holiday) take weeks."""
MIDDLE = (0.1, 0.9)
"""The middle eight tenths of the dates say how densely accounts were made, whatever the ends do."""
CHANCE_DEVIATIONS = 3.0
CHANCE_MORE = 2.0
"""The densest of all windows of five days holds more than an average one: three Poisson deviations and two more are
left to chance."""
MISSED_IN_RUN = 2
"""Pairs of neighbours that may differ within a run: one real person who follows meanwhile makes two."""
_DAY_US = 86_400e6

Array = npt.NDArray[np.float64]


def measure_creation(profiles: pl.DataFrame) -> pl.DataFrame:
    """creator_id, audience_densest_5d_share and audience_creation_run_share of creators with enough dates.

    audience_densest_5d_share: largest part of the dated profiles made within five days, beyond what chance gives a
    sample with this spread of dates, 0 to 1. audience_creation_run_share: longest run in the follow order of profiles
    each made within five days of the one before, another in between now and then, by profiles; null where the order
    of a profile is unknown.

    Args:
        profiles: Rows of the table `audience`, one frame a creator.
    """
    dated = profiles.filter(pl.col("created_at").is_not_null())
    enough = dated.group_by("creator_id").agg(n=pl.len()).filter(pl.col("n") >= N_DATES_NEEDED)
    rows = dated.join(enough, on="creator_id").select(
        "creator_id", "n", "follow_position", made=pl.col("created_at").cast(pl.Int64) / _DAY_US
    )
    spaced = rows.sort("creator_id", "made").with_columns(creator=pl.col("creator_id").rle_id())
    # Each creator's dates lie on a stretch of their own (dates end in the year 9999), so that one search does all.
    places = spaced["creator"].to_numpy() * 1e7 + spaced["made"].to_numpy()
    ends = np.searchsorted(places, places + DENSE_DAYS, side="right")
    counted = spaced.with_columns(n_near=pl.Series(ends - np.arange(len(places)), dtype=pl.Int64))
    low, high = (pl.col("made").quantile(share, "linear") for share in MIDDLE)
    n, width = pl.col("n").first(), pl.max_horizontal(high - low, pl.lit(DENSE_DAYS))
    usual = (MIDDLE[1] - MIDDLE[0]) * n * DENSE_DAYS / width
    by_chance = usual + CHANCE_DEVIATIONS * usual.sqrt() + CHANCE_MORE
    densest = counted.group_by("creator_id").agg(
        audience_densest_5d_share=((pl.col("n_near").max() - by_chance) / n).clip(0)
    )
    # The longest run in the follow order.
    ordered = rows.filter(pl.col("follow_position").null_count().over("creator_id") == 0)
    ordered = ordered.sort("creator_id", "follow_position", "made").with_columns(
        place=pl.int_range(pl.len()).over("creator_id"),
        is_near=((pl.col("made") - pl.col("made").shift()).abs() <= DENSE_DAYS).over("creator_id"),
    )
    is_new = ((pl.col("place") - pl.col("place").shift()) > MISSED_IN_RUN + 1).fill_null(True).over("creator_id")
    near = ordered.filter("is_near").with_columns(run=is_new.cum_sum().over("creator_id"))
    longest = near.group_by("creator_id", "run").agg(n_near=pl.len()).group_by("creator_id").agg(pl.col("n_near").max())
    sizes = ordered.group_by("creator_id").agg(pl.col("n").first())
    runs = sizes.join(longest, on="creator_id", how="left").select(
        "creator_id", audience_creation_run_share=pl.col("n_near").fill_null(0) / pl.col("n")
    )
    return densest.join(runs, on="creator_id", how="left")
