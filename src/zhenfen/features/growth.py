"""Growth of the followers: what came in jumps, what of it nothing in the tables explains, what was lost, how evenly.

Spans are found by growth_spans.py against the expectation of growth_days.py and explained by growth_explanations.py.
A family of first readings: shapes such as drips within a span, weekdays and false-discovery control are not judged.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.base import Family, FeatureSpec, Inputs, Measured, make_reasons
from zhenfen.features.growth_days import MAD_TO_SIGMA, N_STEPS_NEEDED, WINDOW_DAYS, add_expectation, make_daily
from zhenfen.features.growth_explanations import explain_spans
from zhenfen.features.growth_spans import find_spans, mark_runs

EVEN_FROM_PER_DAY = 25
"""Below 25 a day counting noise alone scatters by a fifth of the level (1 / sqrt(25)), and no drip can be too even."""

_WINDOW = "the creator's last 90 days of readings"
_SPECS = (
    FeatureSpec(
        "growth_unexplained_share_90d",
        "share",
        f"Part of all followers gained in {_WINDOW} that came in jumps which no gap, event, platform or post explains.",
        "DESIGN §1.4; rule and false alarms beside growth_spans.MARK_Z",
        concern="high",
        high=1.0,
    ),
    FeatureSpec(
        "growth_n_unexplained_days_90d",
        "count",
        f"Days in {_WINDOW} that belong to unexplained jumps; days, as two jumps may grow into one.",
        "as growth_unexplained_share_90d",
        concern="high",
        high=float(WINDOW_DAYS),
    ),
    FeatureSpec(
        "growth_largest_day_share_90d",
        "share",
        f"Part of all followers gained in {_WINDOW} that came on the best day, explained or not.",
        "VTuber channels of Bilibili: median .10, 95 % below .31, 99 % below .55",
        concern="high",
        high=1.0,
    ),
    FeatureSpec(
        "growth_loss_share_90d",
        "share",
        f"Followers lost in unexplained drops in {_WINDOW} by the most the creator had in them.",
        "platforms take bought followers away again; platform-wide drops and gaps are left out",
        concern="high",
        high=1.0,
    ),
    FeatureSpec(
        "growth_daily_gain_cv_90d",
        "ratio",
        f"Robust spread of the daily gains in {_WINDOW} by their median; null below a median of 25 a day.",
        "a bought drip is too even; VTuber channels of Bilibili: median .77, 5 % below .46 (317 windows)",
        concern="low",
    ),
    FeatureSpec(
        "growth_median_per_day",
        "per_day",
        f"Median daily gain in {_WINDOW}.",
        "context: the pace that jumps are set against",
        low=None,
    ),
    FeatureSpec(
        "growth_covered_share_90d",
        "share",
        f"Part of the days of {_WINDOW} with a reading on the day itself and the day before.",
        "context: how much of the window could be seen",
        high=1.0,
    ),
)


class Growth(Family, name="growth"):
    """Follower growth from the readings in `follower_counts`.

    Details: `daily` (creator_id, day: Date, n_followers, n_gained: null over gaps) and `spans` (creator_id, starts_at,
    ends_at: 00:00 UTC of the first and last day, both included; n_gained, n_expected, shape, explanation, explained_by,
    is_unexplained).
    """

    specs = _SPECS

    def measure(self, inputs: Inputs) -> Measured:
        """Features of the last 90 days of each creator's readings; spans of the whole series as details."""
        creators = inputs.tables["creators"].select("creator_id")
        counts = inputs.tables["follower_counts"].join(creators, on="creator_id", how="semi")
        daily = add_expectation(make_daily(counts))
        steps = mark_runs(daily)
        spans = explain_spans(find_spans(steps), steps, inputs.tables)
        measured = measure_window(steps, spans)
        values = creators.join(measured.filter(_has_enough()), on="creator_id", how="left", maintain_order="left")
        return Measured(
            values.select("creator_id", *(spec.name for spec in _SPECS)),
            _find_reasons(creators, measured),
            {"daily": show_daily(daily), "spans": show_spans(spans)} if inputs.with_details else {},
        )


def measure_window(steps: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """All features of each creator with readings, and n_steps, the daily steps in the window.

    Args:
        steps: Result of `growth_spans.mark_runs`.
        spans: Result of `growth_explanations.explain_spans`.
    """
    unexplained = spans.filter("is_unexplained").select("run", is_unexplained=pl.lit(True))
    recent = steps.filter(pl.col("days_back") < WINDOW_DAYS).join(unexplained, on="run", how="left")
    gained = pl.col("n_gained").clip(0)
    all_gained = gained.sum()
    rising = pl.col("is_unexplained") & (pl.col("direction") > 0)
    falling = pl.col("is_unexplained") & (pl.col("direction") < 0)
    median = pl.col("n_gained").median()
    spread = MAD_TO_SIGMA * (pl.col("n_gained") - median).abs().median()
    # A window in which nobody came has nothing unexplained in it.
    part_of_gained = pl.when(all_gained == 0).then(0.0)
    return recent.group_by("creator_id", maintain_order=True).agg(
        n_steps=pl.col("n_gained").count(),
        growth_unexplained_share_90d=part_of_gained.otherwise(gained.filter(rising).sum() / all_gained),
        growth_n_unexplained_days_90d=rising.sum().cast(pl.Float64),
        growth_largest_day_share_90d=part_of_gained.otherwise(gained.max() / all_gained),
        growth_loss_share_90d=-pl.col("n_gained").filter(falling).clip(None, 0).sum()
        / pl.max_horizontal(pl.col("n_followers", "n_before").max()).clip(1),
        growth_daily_gain_cv_90d=pl.when(median >= EVEN_FROM_PER_DAY).then(spread / median),
        growth_median_per_day=median,
        growth_covered_share_90d=pl.col("n_gained").count() / (pl.col("days_back").max() + 1).clip(1, WINDOW_DAYS),
    )


def _has_enough() -> pl.Expr:
    return pl.col("n_steps") >= N_STEPS_NEEDED


def _find_reasons(creators: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    counted = creators.join(
        measured.select("creator_id", "n_steps"), on="creator_id", how="left", maintain_order="left"
    )
    without = counted.filter(pl.col("n_steps").is_null())
    thin = counted.filter(_has_enough().not_())
    return pl.concat(
        (
            make_reasons(without, "growth.no_follower_counts", N_STEPS_NEEDED),
            make_reasons(thin, "growth.too_few_days", N_STEPS_NEEDED, "n_steps"),
        )
    )


def show_daily(daily: pl.DataFrame) -> pl.DataFrame:
    """The daily counts as the details show them."""
    return daily.select("creator_id", "day", "n_followers", "n_gained")


def show_spans(spans: pl.DataFrame) -> pl.DataFrame:
    """The spans as the details show them."""

    def at(day: str) -> pl.Expr:
        return pl.col(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

    return spans.select(
        "creator_id",
        starts_at=at("starts_on"),
        ends_at=at("ends_on"),
        n_gained="n_gained",
        n_expected="n_expected",
        shape="shape",
        explanation="explanation",
        explained_by="explained_by",
        is_unexplained="is_unexplained",
    )
