"""The features of growth: what the last 90 days of a creator's readings show."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.days import MAD_TO_SIGMA, WINDOW_DAYS
from zhenfen.features.specs import FeatureSpec

EVEN_FROM_PER_DAY = 25
"""Below 25 a day counting noise alone scatters by a fifth of the level (1 / sqrt(25)), and no drip can be too even."""
LEAST_P_LOG10 = 6.0
"""The scorecards' tables rest on some 130 channel-years: beyond one in a million an extrapolation says nothing."""
WEEKDAYS = 7
UNEXPLAINED_DAYS = "growth_n_unexplained_days_90d"
"""The measurement by which a span judges a creator whose growth has no peers."""

_WINDOW = "the creator's last 90 days of readings"
SPECS = (
    FeatureSpec(
        "growth_unexplained_share_90d",
        "share",
        f"Part of all followers gained in {_WINDOW} that came in spans which no gap, event, platform or post explains.",
        "DESIGN §1.4; judged by the creator's own spans alone, so that who else is in the tables changes nothing",
        concern="high",
        high=1.0,
        travels=True,
    ),
    FeatureSpec(
        UNEXPLAINED_DAYS,
        "count",
        f"Days in {_WINDOW} that belong to unexplained rises; days, as two rises may grow into one.",
        "as growth_unexplained_share_90d",
        concern="high",
        high=float(WINDOW_DAYS),
        travels=True,
    ),
    FeatureSpec(
        "growth_min_p_value_log10",
        "rarity",
        f"How unusual the most unusual span of {_WINDOW} without explanation is: -log10 of its p-value, 6 at most.",
        "models/growth: rate of such spans among organic channels",
        concern="high",
        high=LEAST_P_LOG10,
        travels=True,
    ),
    FeatureSpec(
        "growth_drip_share_90d",
        "share",
        f"Part of all followers gained in {_WINDOW} that came in unexplained spans of even daily gains.",
        "DESIGN §6: a bought drip lifts the quiet days too, and begins and ends abruptly",
        concern="high",
        high=1.0,
        travels=True,
    ),
    FeatureSpec(
        "growth_round_count_90d",
        "count",
        f"Unexplained rises in {_WINDOW} whose size is a round number within the day's own noise.",
        "packages of followers are sold by the thousand",
        concern="high",
    ),
    FeatureSpec(
        "growth_largest_day_share_90d",
        "share",
        f"Part of all followers gained in {_WINDOW} that came on the best day, explained or not.",
        "VTuber channels of Bilibili: median .12, 95 % below .56, 99 % below .83 (545 windows)",
        concern="high",
        high=1.0,
    ),
    FeatureSpec(
        "growth_undriven_jump_90d",
        "quotient",
        f"Largest rise of a week or less in {_WINDOW}, by followers, less what events and the posts beside it explain.",
        "the question of the spans asked smoothly; for the creator model, see growth/jumps.py",
    ),
    FeatureSpec(
        "growth_undriven_jump_tail_90d",
        "multiple",
        "The same by what nine of ten of the creator's daily deviations stay below.",
        "a jump beside one's own unrest; for the creator model, see growth/jumps.py",
    ),
    FeatureSpec(
        "growth_loss_share_90d",
        "share",
        f"Followers lost in unexplained drops in {_WINDOW} by the most the creator had in them.",
        "platforms take bought followers away again; platform-wide drops and gaps are left out",
        concern="high",
        high=1.0,
        travels=True,
    ),
    FeatureSpec(
        "growth_purge_excess_90d",
        "share",
        f"When the platform lost followers at once within {_WINDOW}: share lost beyond the others' median.",
        "a purge takes most from who bought most; null where there was no such episode",
        concern="high",
        low=-1.0,
        high=1.0,
    ),
    FeatureSpec(
        "growth_daily_gain_cv_90d",
        "ratio",
        f"Robust spread of the daily gains in {_WINDOW} by their median; null below a median of 25 a day.",
        "a bought drip is too even; VTuber channels of Bilibili: median .80, 5 % below .47 (298 windows)",
        concern="low",
    ),
    FeatureSpec(
        "growth_weekday_share_90d",
        "share",
        f"Part of the scatter of the daily gains in {_WINDOW} (log scale) that the weekday explains, less chance.",
        "context: organic growth follows the days on which a creator posts, a drip need not",
        high=1.0,
    ),
    FeatureSpec(
        "growth_median_per_day",
        "per_day",
        f"Median daily gain in {_WINDOW}.",
        "context: the pace that rises are set against",
        low=None,
    ),
    FeatureSpec(
        "growth_covered_share_90d",
        "share",
        f"Part of the days of {_WINDOW} whose growth is known.",
        "context: how much of the window could be seen",
        high=1.0,
    ),
)


def measure_window(steps: pl.DataFrame, spans: pl.DataFrame, drops: pl.DataFrame, level: float) -> pl.DataFrame:
    """All features of each creator with readings, and n_steps, the daily steps in the window.

    Args:
        steps: Result of `spans.mark_runs`.
        spans: Result of `scores.add_q_values`.
        drops: Result of `drops.find_drops`.
        level: Highest p-value of an unexplained span.
    """
    # Of thirty columns these are read.
    columns = ("creator_id", "day", "n_days", "days_back", "n_followers", "n_before", "gained", "per_day")
    recent = steps.select(columns).filter(pl.col("days_back") < WINDOW_DAYS)
    is_open = pl.col("explanation") == "none"
    is_unexplained = is_open & (pl.col("p_value") <= level)
    # The days of unexplained spans: rising, falling and dripping.
    span_days = spans.filter(is_unexplained).select(
        "creator_id", "direction", "shape", day=pl.date_ranges("starts_on", "ends_on")
    )
    unexplained = (
        span_days.explode("day")
        .group_by("creator_id", "day")
        .agg(
            rising=(pl.col("direction") > 0).any(),
            falling=(pl.col("direction") < 0).any(),
            dripping=(pl.col("shape") == "drip").any(),
        )
    )
    marked = recent.join(unexplained, on=("creator_id", "day"), how="left", maintain_order="left")
    days = marked.group_by("creator_id", maintain_order=True).agg(*_day_features())
    first = recent.group_by("creator_id").agg(first=pl.col("day").min())
    late = spans.join(first, on="creator_id").filter(pl.col("ends_on") >= pl.col("first"))
    purges = drops.join(first, on="creator_id").filter(pl.col("ends_on") >= pl.col("first"))
    p_value = pl.col("p_value").filter(is_open).min().clip(10.0**-LEAST_P_LOG10)
    rounds = (is_unexplained & pl.col("is_round") & (pl.col("direction") > 0)).sum()
    own = late.group_by("creator_id").agg(
        growth_min_p_value_log10=(-p_value.log10()).round(9), growth_round_count_90d=rounds.cast(pl.Float64)
    )
    lost = purges.group_by("creator_id").agg(
        growth_purge_excess_90d=(pl.col("lost_share") - pl.col("peers_lost_share")).max().clip(-1, 1)
    )
    for found in (own, lost, _measure_weekdays(recent)):
        days = days.join(found, on="creator_id", how="left", maintain_order="left")
    return days.with_columns(pl.col("growth_min_p_value_log10", "growth_round_count_90d").fill_null(0.0))


def _day_features() -> tuple[pl.Expr, ...]:
    """What the days of the window add up to: shares of what was gained and lost, and the days' own pace."""
    gain = pl.col("per_day")
    is_known = gain.is_not_null()
    known_gain = pl.when(is_known).then("gained")
    gained = known_gain.clip(0)
    all_gained = gained.sum()
    # A window in which nobody came has nothing unexplained in it.
    none = pl.when(all_gained == 0).then(0.0)
    lost = -known_gain.filter("falling").clip(None, 0).sum()
    median = gain.median()
    spread = MAD_TO_SIGMA * (gain - median).abs().median()
    known_days = pl.col("n_days").filter(is_known)
    window = (pl.col("days_back").max() + 1).clip(1, WINDOW_DAYS)
    return (
        none.otherwise(gained.filter("rising").sum() / all_gained).alias("growth_unexplained_share_90d"),
        none.otherwise(gained.filter("dripping").sum() / all_gained).alias("growth_drip_share_90d"),
        none.otherwise(gain.max().clip(0) / all_gained).alias("growth_largest_day_share_90d"),
        (lost / pl.max_horizontal(pl.col("n_followers", "n_before").max()).clip(1)).alias("growth_loss_share_90d"),
        gain.count().alias("n_steps"),
        known_days.filter(pl.col("rising").filter(is_known).fill_null(False))
        .sum()
        .cast(pl.Float64)
        .alias(UNEXPLAINED_DAYS),
        pl.when(median >= EVEN_FROM_PER_DAY).then(spread / median).alias("growth_daily_gain_cv_90d"),
        median.alias("growth_median_per_day"),
        (known_days.sum() / window).clip(0, 1).alias("growth_covered_share_90d"),
    )


def _measure_weekdays(steps: pl.DataFrame) -> pl.DataFrame:
    """creator_id and growth_weekday_share_90d, of one-day steps only.

    The share is the adjusted eta squared of the gains by weekday: what the weekday explains beyond chance.
    """
    logs = steps.filter(pl.col("n_days") == 1).select(
        "creator_id", weekday=pl.col("day").dt.weekday(), log=pl.col("per_day").clip(0).log1p()
    )
    log = pl.col("log")
    n, total = log.len(), (log - log.mean()).pow(2).sum()
    whole = logs.group_by("creator_id", maintain_order=True).agg(n=n, mean=log.mean(), total=total)
    by_day = logs.group_by("creator_id", "weekday").agg(n_of_day=n, mean_of_day=log.mean())
    # In one order: a sum's last bits depend on it.
    by_day = by_day.sort("creator_id", "weekday").join(whole, on="creator_id", maintain_order="left")
    part = (pl.col("mean_of_day") - pl.col("mean")).pow(2) * pl.col("n_of_day")
    between = by_day.group_by("creator_id", maintain_order=True).agg(pl.col("n", "total").first(), between=part.sum())
    within = (pl.col("total") - pl.col("between")) / (pl.col("n") - WEEKDAYS)
    enough = (pl.col("n") > 2 * WEEKDAYS) & (pl.col("total") > 0)
    share = pl.when(enough).then((1 - within / (pl.col("total") / (pl.col("n") - 1))).clip(0, 1))
    return between.select("creator_id", growth_weekday_share_90d=share)
