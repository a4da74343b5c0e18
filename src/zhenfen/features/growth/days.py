"""From irregular readings to daily steps, and what each step is expected to be from the creator's own days around it.

Days are UTC days. Growth over one day belongs to that day; over two or three it is shared out among them, as quiet
channels are read every other day; over more it is a gap and belongs to no day.
"""

from __future__ import annotations

import polars as pl

WINDOW_DAYS = 90
"""Window of the features: vendors' panels use 90 days (新红)."""
N_STEPS_NEEDED = 28
"""Four weeks: every weekday stands four times in the medians that all else rests on."""
MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
BRIDGED_DAYS = 3
"""Longest step whose growth is shared out among its days: 12 % of the steps of the VTuber channels are two days long,
.2 % three, and what lies beyond is a gap (a platform-wide one of 14 days among them)."""
BREAK_DAYS = 28
"""A channel is another one after four weeks without a reading: no expectation reaches across."""
LEVEL_STEPS = 29
SPREAD_STEPS = 91
SEASON_STEPS = 241
"""Windows around a day: the level follows a debut within four weeks; spread and tail need a quarter to be seen; a
season of eight months leaves a drip of three months in the minority."""
LEAST_STEPS = 10
"""A median of ten lies within the middle half of what it is drawn from with at least 84 % probability (1 - 2 P(five or
more of ten are in one outer quarter))."""
FLOOR_STEPS = 9
FLOOR_QUANTILE = 0.3
BASE_QUANTILE = 0.25
"""The floor of nine days is what seven of ten days reach, and a drip lifts all of them; it is set against what three of
four days of the season reach."""
TAIL_QUANTILE = 0.9
RANGE_Z = 1.645
"""Nine of ten days of a normal distribution lie within 1.645 deviations."""
OFF_Z = 4.0
"""A day is off four robust deviations from what was expected. Runs of such days are candidates only, judged by
scores.py: at 3 or 8 deviations instead of 4 the count of those that stand out changes by less than 8 % (VTuber
channels)."""
LARGE_SHARE = 0.02
"""A rise of 2 % of the followers is worth buying. What the days around a span say is taken from days without such
rises, so that one purchase does not excuse another."""
GLITCH_SHARE = 0.05
GLITCH_LEFT = 0.1
GLITCH_DAYS = 2
"""A count that moves by 5 % and is back after one or two days, but for a tenth of the move, was read wrongly: none of
the 41,394 channel-days of the VTuber channels is like that."""

DAILY_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "day": pl.Date(),
    "n_followers": pl.Int64(),
    "n_gained": pl.Int64(),
    "n_expected": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}


def make_daily(follower_counts: pl.DataFrame) -> pl.DataFrame:
    """Last reading of every day and the growth since the day before; readings that come back next day are left out.

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
    # A day's count, or it and its neighbour's, left the level and came back.
    is_glitch = _left_and_back(1, 1) | _left_and_back(1, 2) | _left_and_back(2, 1)
    return (
        readings.filter(is_last)
        .filter(is_glitch.not_())
        .with_columns(
            n_days=pl.when(same).then(pl.col("day").diff().dt.total_days()),
            n_before=pl.when(same).then(pl.col("n_followers").shift()),
        )
        .with_columns(n_gained=pl.when(pl.col("n_days") == 1).then(pl.col("n_followers") - pl.col("n_before")))
    )


def _left_and_back(before: int, after: int) -> pl.Expr:
    def beside(n: int, name: str) -> pl.Expr:
        return pl.col(name).shift(n)

    level, back, now = beside(before, "n_followers"), beside(-after, "n_followers"), pl.col("n_followers")
    same = (beside(before, "creator_id") == pl.col("creator_id")) & (
        beside(-after, "creator_id") == pl.col("creator_id")
    )
    quick = (beside(-after, "day") - beside(before, "day")).dt.total_days() <= GLITCH_DAYS + 1
    left = (now - level).abs()
    is_glitch = same & quick & (left > GLITCH_SHARE * level) & ((back - level).abs() <= GLITCH_LEFT * left)
    return is_glitch.fill_null(False)


def add_expectation(daily: pl.DataFrame) -> pl.DataFrame:
    """The daily steps beside what the creator's own days around them say.

    Args:
        daily: Result of `make_daily`.

    Returns:
        The columns of `daily` with gained (since the reading before), per_day (null over gaps), stretch (number of the
        unbroken part of the series), days_back (days until the creator's last reading), usual (per_day; null on the
        days of large rises), n_expected (median gain a day of the 29 steps around; null with fewer than 10), spread
        (robust deviation of the gains from it, at least counting noise: n arrivals of strangers scatter by sqrt(n)),
        tail (what nine of ten deviations stay below), floor and base (see FLOOR_QUANTILE), median_before and
        median_after (of 21 steps). All but floor are of usual days.
    """
    stretch = (
        pl.col("creator_id").ne_missing(pl.col("creator_id").shift()) | (pl.col("n_days") > BREAK_DAYS)
    ).cum_sum()
    creator = pl.col("creator_id").rle_id()
    steps = daily.with_columns(
        gained=pl.col("n_followers") - pl.col("n_before"),
        stretch=stretch,
        days_back=(pl.col("day").last().over(creator) - pl.col("day")).dt.total_days(),
    ).with_columns(
        per_day=pl.when(pl.col("n_days") <= BRIDGED_DAYS).then(pl.col("gained") / pl.col("n_days")),
    )
    # Large rises need no more than what was expected: all else is read once more, of the days without them.
    first = _add_spread(steps.with_columns(usual="per_day"))
    usual = first.with_columns(_without_large_rises(first))
    # Each stretch is read by itself: one without a large rise stays as it is.
    has_rise = usual.select(pl.col("usual").ne_missing(pl.col("per_day")).any().over("stretch")).to_series()
    again = _add_spread(usual.filter(has_rise))
    joined = pl.concat((first.filter(~has_rise), again)).sort("stretch", "day")
    # Stretches stand in the order of creators; what groups by a column known to be sorted adds up in another order.
    known = joined.with_columns(pl.col("creator_id").set_sorted())
    return (
        known.with_columns(
            tail=_around("off", TAIL_QUANTILE, SPREAD_STEPS, LEAST_STEPS).over("stretch"),
            floor=_around("per_day", FLOOR_QUANTILE, FLOOR_STEPS, FLOOR_STEPS // 2 + 1).over("stretch"),
            base=_around("usual", BASE_QUANTILE, SEASON_STEPS, N_STEPS_NEEDED).over("stretch"),
            season=_around("usual", 0.5, SEASON_STEPS, N_STEPS_NEEDED).over("stretch"),
            past=pl.col("usual").rolling_median(21, min_samples=5).over("stretch"),
        )
        .with_columns(
            median_before=pl.col("past").shift(1).over("stretch"),
            median_after=pl.col("past").shift(-21).over("stretch"),
        )
        .drop("off", "past")
    )


def _without_large_rises(steps: pl.DataFrame) -> pl.Series:
    """The gain a day, null on runs of days far above what was expected that add up to a large share."""
    above = pl.col("per_day") - pl.col("n_expected")
    is_up = (above * pl.col("n_days").sqrt() >= OFF_Z * pl.col("spread")).fill_null(False)
    excess = pl.when("is_up").then(above * pl.col("n_days")).otherwise(0.0)
    share = excess.sum().over("run") / pl.col("n_before").first().over("run").clip(1)
    return (
        steps.with_columns(is_up=is_up)
        .with_columns(run=pl.struct("stretch", "is_up").rle_id())
        .select(usual=pl.when(pl.col("is_up") & (share >= LARGE_SHARE)).then(None).otherwise("per_day"))
        .to_series()
    )


def _add_spread(steps: pl.DataFrame) -> pl.DataFrame:
    """`steps` with n_expected, off (the distance from it) and spread, of the usual days."""
    counting_noise = pl.col("n_expected").clip(1).sqrt()
    return (
        steps.with_columns(n_expected=_around("usual", 0.5, LEVEL_STEPS, LEAST_STEPS).over("stretch"))
        .with_columns(off=(pl.col("usual") - pl.col("n_expected")).abs())
        .with_columns(mad=_around("off", 0.5, SPREAD_STEPS, LEAST_STEPS).over("stretch"))
        .with_columns(spread=pl.max_horizontal(MAD_TO_SIGMA * pl.col("mad"), counting_noise))
        .drop("mad")
    )


def _around(name: str, quantile: float, n_steps: int, at_least: int) -> pl.Expr:
    return pl.col(name).rolling_quantile(
        quantile, interpolation="linear", window_size=n_steps, min_samples=at_least, center=True
    )


def show_daily(steps: pl.DataFrame) -> pl.DataFrame:
    """The daily counts and the range of the gains expected, as the details show them: DAILY_SCHEMA."""
    expected, off = pl.col("n_expected"), RANGE_Z * pl.col("spread")
    return steps.with_columns(low=expected - off, high=expected + off).select(DAILY_SCHEMA.keys())
