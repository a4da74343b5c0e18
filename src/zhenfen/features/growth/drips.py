"""Weeks in which every day gains more than most days of the season: a drip lifts the quiet days too."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.days import MAD_TO_SIGMA
from zhenfen.features.growth.spans import LEAST_FOLLOWERS, SPAN_COLUMNS, is_round

LEAST_DAYS = 10
"""A drip is bought by the fortnight or the month; its first and last days may be lost to the window of nine."""
LEAST_DAILY_SHARE = 0.0007
"""2 % of the followers a month: less is not worth buying, and is lost in the noise."""
LEAST_LIFT = 0.5
"""Half as much again as the season's quiet days."""


def find_drips(marked: pl.DataFrame) -> pl.DataFrame:
    """The runs of at least ten days whose floor is lifted, one row each, with what scores.py weighs.

    Args:
        marked: Result of `spans.mark_runs`.

    Returns:
        SPAN_COLUMNS with shape drip, and the columns that the scorecard of drips names; run numbers go on after those
        of `marked`; sorted by creator and start.
    """
    quiet = MAD_TO_SIGMA * (pl.col("season") - pl.col("base"))
    noise = pl.col("base").clip(1).sqrt()
    lift = pl.max_horizontal(LEAST_DAILY_SHARE * pl.col("n_base"), LEAST_LIFT * pl.col("base").clip(0), quiet, noise)
    is_on = (pl.col("floor") - pl.col("base") > lift) & ~pl.col("is_gap") & pl.col("per_day").is_not_null()
    on = marked.with_columns(is_on=is_on.fill_null(False), quiet=pl.max_horizontal(quiet, noise))
    change = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("stretch", "is_on"))
    on = on.with_columns(drip=(change | pl.col("is_gap")).cum_sum() + marked.height)
    # The days beside a drip: the median of the ten steps before and after each step.
    past = pl.col("per_day").rolling_median(10, min_samples=3)
    edged = on.with_columns(past=past.over("stretch")).with_columns(
        edge_before=pl.col("past").shift(1).over("stretch"), edge_after=pl.col("past").shift(-10).over("stretch")
    )
    gained, one_day = pl.col("per_day"), pl.duration(days=1)
    expected = (pl.col("base") * pl.col("n_days")).sum()
    runs = edged.filter("is_on").group_by("drip", maintain_order=True)
    facts = runs.agg(
        pl.col("creator_id", "n_base", "edge_before").first(),
        pl.col("n_days").sum(),
        pl.col("base", "quiet").median(),
        pl.col("season").median(),
        pl.col("edge_after").last(),
        *(gained.quantile(q, "linear").alias(f"q{round(100 * q)}") for q in (0.1, 0.25, 0.5, 0.75, 0.9)),
        starts_on=pl.col("day").first() - pl.duration(days=pl.col("n_days").first()) + one_day,
        ends_on=pl.col("day").last(),
        peak_on=pl.col("day").get(gained.arg_max()),
        n_gained=pl.col("gained").sum(),
        n_expected=expected,
        excess=pl.col("gained").sum() - expected,
        noise_in_run=(pl.col("spread") * pl.col("n_days").sqrt()).pow(2).sum().sqrt(),
        direction=pl.lit(1, dtype=pl.Int8),
        shape=pl.lit("drip"),
        most=gained.max(),
        least=gained.min(),
    )
    drips = facts.filter(pl.col("n_days") >= LEAST_DAYS, pl.col("excess") > 0).rename({"drip": "run"})
    return drips.with_columns(is_round=is_round()).select(*SPAN_COLUMNS, *_weigh_drips())


def _weigh_drips() -> tuple[pl.Expr, ...]:
    """What the scorecard of drips weighs: how large, how even, how abrupt at both ends, beside which past."""
    base, followers = pl.col("base"), pl.col("n_base").clip(LEAST_FOLLOWERS)
    lift = (pl.col("q50") - base).clip(1)
    skew = (pl.col("q90") - pl.col("q50")) / (pl.col("q50") - pl.col("q10") + 1)

    def lifted(name: str) -> pl.Expr:
        return ((pl.col(name) - base) / lift).clip(-1, 1.5)

    return (
        (pl.col("excess") / followers).log().alias("share"),
        pl.col("n_days").cast(pl.Float64).log().alias("length"),
        ((pl.col("q75") - pl.col("q25")) / pl.col("q50").clip(1)).clip(0, 3).alias("unevenness"),
        skew.clip(0, 10).log1p().alias("skew"),
        lifted("least").alias("least"),
        lifted("q10").alias("low_days"),
        (pl.col("most") / pl.col("q50").clip(1)).clip(1, 20).log().alias("best_day"),
        ((lift + base.clip(0) + 2) / (base.clip(0) + 2)).log().alias("lift"),
        (lift / pl.col("quiet")).clip(0.3, 100).log().alias("lift_z"),
        lifted("edge_before").fill_null(0.0).alias("before"),
        lifted("edge_after").fill_null(0.0).alias("after"),
        ((pl.col("season").clip(0) * 28 / followers).clip(0, 2) + 0.005).log().alias("pace"),
        followers.clip(1e3, 3e5).log().alias("size"),
    )
