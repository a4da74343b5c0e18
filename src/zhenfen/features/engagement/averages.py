"""Engagement from what a vendor states where there are no posts to count: averages over a window, which nobody checked.

The same measurements as from posts, as far as averages give them; they stand beside the same peers.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.base import Schema
from zhenfen.tables import TABLES

STATS = "creator_stats"
AVERAGES_SCHEMA: Schema = {**TABLES[STATS].schema, "is_used": pl.Boolean()}
"""Rows of `creator_stats`; is_used: the creator's engagement was measured from this one."""
_PARTS = ("likes", "comments", "saves", "shares")
_PREFIX = "engagement_"
_GIVEN = [f"{statistic}_{count}" for statistic in ("mean", "median") for count in (*_PARTS, "views", "interactions")]


def choose_averages(stats: pl.DataFrame) -> pl.DataFrame:
    """AVERAGES_SCHEMA: `stats`, in which one row a creator is used, none of creators without any average.

    The latest reading; of several the one over most days, which single posts move least; then by name, so that the
    order of rows changes nothing.

    Args:
        stats: Table `creator_stats`.
    """
    days = pl.col("window").str.extract(r"^(\d+)d$").cast(pl.Int64, strict=False)
    ordered = stats.with_columns(_days=days, _has=pl.any_horizontal(pl.col(_GIVEN).is_not_null())).sort(
        "creator_id",
        "_has",
        "observed_at",
        "_days",
        "source",
        "window",
        descending=[False, True, True, True, False, False],
        nulls_last=True,
    )
    return ordered.with_columns(is_used=pl.col("_has") & pl.col("creator_id").is_first_distinct()).select(
        AVERAGES_SCHEMA.keys()
    )


def measure_averages(averages: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    """creator_id and the measurements that averages give, of creators with any.

    All comments by all likes is the mean of the one by the mean of the other. An interaction is likes, comments, saves
    and shares together, as it is among the peers; where one of them is not stated, the vendor's own sum.

    Args:
        averages: Result of `choose_averages`.
        sizes: creator_id, fee_cny and n_followers, see `family.find_followers`.
    """
    used = averages.filter("is_used").join(sizes, on="creator_id", how="left", maintain_order="left")
    used = used.with_columns(
        pl.coalesce(
            pl.sum_horizontal([f"mean_{one}" for one in _PARTS], ignore_nulls=False), "mean_interactions"
        ).alias("mean_interactions")
    )
    by_followers = {
        f"{statistic}_{count}_by_followers_ratio": pl.col(f"{statistic}_{count}") / pl.col("n_followers")
        for statistic, counts in (("mean", ("likes", "comments", "saves")), ("median", ("likes", "comments", "views")))
        for count in ("interactions", *counts)
    }
    by_likes = {
        f"{count}_by_likes_ratio": _ratio(f"mean_{count}", "mean_likes") for count in ("comments", "saves", "shares")
    }
    others = {
        "median_interactions_by_views_ratio": _ratio("median_interactions", "median_views"),
        "cost_per_interaction_cny": _ratio("fee_cny", "median_interactions"),
    }
    # Under the names that the same measurements of posts have.
    ratios = {f"{_PREFIX}{name}": ratio for name, ratio in (by_followers | by_likes | others).items()}
    measured = used.select("creator_id", **ratios)
    return measured.filter(pl.any_horizontal(pl.exclude("creator_id").is_not_null()))


def _ratio(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
