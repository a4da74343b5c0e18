"""Posts by kind, and the few that took off: described for a reader, beside no peers and in no level.

How long a video lives and how a promoted post differs from the others depends on what is compared; nothing here has
been measured on real creators whom nobody suspects, so nothing here may raise anything (docs/decisions.md).
"""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from zhenfen.features.audience.patterns import CONFIDENCE_LEVEL, wilson
from zhenfen.features.base import Schema
from zhenfen.features.engagement.evenness import HIT_MULTIPLE, N_POSTS_FOR_SPREAD

N_POSTS_OF_A_KIND = 5
"""The range of five posts holds their median with 94 % probability (1 - 2 / 2^5)."""
NATURAL, PROMOTED, LABELLED = "natural", "promoted", "labelled"
KINDS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "by": pl.String(),
    "kind": pl.String(),
    "n_posts": pl.Int64(),
    "n_needed": pl.Int64(),
    "median_interactions": pl.Float64(),
    "likes_by_comments_ratio": pl.Float64(),
    "n_read": pl.Int64(),
    "half_life_days": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}
"""by: media_kind, whose kinds are those of the table posts (null: unknown), or promotion: promoted (on record, see
`posts.promotion`), else labelled (an advert by the platform's label), else natural. n_read: posts with a half-life;
low, high: of the median half-life, 95 %. A figure of fewer than n_needed posts is null."""
HITS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "n_posts": pl.Int64(),
    "multiple": pl.Float64(),
    "n_hits": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "top_share": pl.Float64(),
    "n_half": pl.Int64(),
}
"""n_hits: posts at `multiple` times the creator's median or more, their share with Wilson's interval of 95 %;
top_share: of all interactions those of the best post; n_half: fewest posts that hold half of all interactions."""


def describe_kinds(posts: pl.DataFrame, half_lives: pl.DataFrame) -> pl.DataFrame:
    """KINDS_SCHEMA, of each creator the commonest kind first.

    Args:
        posts: The creators' own, ripe posts: creator_id, post_id, media_kind, is_promoted, is_labelled_ad,
            n_interactions, n_likes, n_comments.
        half_lives: Result of `lifetime.read_half_lives`.
    """
    labelled = pl.when("is_labelled_ad").then(pl.lit(LABELLED)).otherwise(pl.lit(NATURAL))
    promotion = pl.when("is_promoted").then(pl.lit(PROMOTED)).otherwise(labelled)
    read = posts.join(half_lives.select("post_id", "half_life_days"), on="post_id", how="left", maintain_order="left")
    ways = [
        read.with_columns(by=pl.lit(by), kind=kind)
        for by, kind in (("media_kind", pl.col("media_kind")), ("promotion", promotion))
    ]
    days = pl.col("half_life_days").drop_nulls().sort()
    # Ranks of the order statistics that hold the median (Conover 1999, Practical Nonparametric Statistics, 3.2).
    half = NormalDist().inv_cdf((1 + CONFIDENCE_LEVEL) / 2) * days.len().sqrt() / 2
    first, last = (days.len() / 2 - half).floor(), (days.len() / 2 + half + 1).ceil()
    ranks = {"low": first.clip(1, days.len()), "high": last.clip(1, days.len())}
    both = pl.col("n_likes").is_not_null() & pl.col("n_comments").is_not_null()
    likes, comments = (pl.col(name).filter(both) for name in ("n_likes", "n_comments"))
    counts, enough = pl.col("n_interactions").drop_nulls(), days.len() >= N_POSTS_OF_A_KIND
    described = (
        pl.concat(ways)
        .group_by("creator_id", "by", "kind")
        .agg(
            n_posts=pl.len().cast(pl.Int64),
            n_needed=pl.lit(N_POSTS_OF_A_KIND, dtype=pl.Int64),
            median_interactions=pl.when(counts.len() >= N_POSTS_OF_A_KIND).then(counts.median()),
            likes_by_comments_ratio=pl.when(likes.len() >= N_POSTS_OF_A_KIND, comments.sum() > 0).then(
                likes.sum() / comments.sum()
            ),
            n_read=days.len().cast(pl.Int64),
            half_life_days=pl.when(enough).then(days.median()),
            **{
                name: pl.when(enough).then(days.get((rank - 1).cast(pl.Int64), null_on_oob=True))
                for name, rank in ranks.items()
            },
        )
    )
    order = ["creator_id", "by", "n_posts", "kind"]
    return described.select(KINDS_SCHEMA.keys()).sort(order, descending=[False, False, True, False], nulls_last=True)


def describe_hits(posts: pl.DataFrame) -> pl.DataFrame:
    """HITS_SCHEMA of creators with N_POSTS_FOR_SPREAD counted posts whose middle one received anything.

    Args:
        posts: As measured by `evenness.measure_evenness`: ripe posts without a record of promotion.
    """
    n = pl.col("n_interactions")
    counted = posts.select("creator_id", "n_interactions").drop_nulls().group_by("creator_id")
    grouped = counted.agg(
        n_posts=pl.len().cast(pl.Int64),
        middle=n.median(),
        n_hits=(n >= HIT_MULTIPLE * n.median()).sum().cast(pl.Int64),
        top_share=n.max() / n.sum(),
        n_half=(n.sort(descending=True).cum_sum() * 2 >= n.sum()).arg_max().cast(pl.Int64) + 1,
    )
    low, high = wilson(pl.col("n_hits"), pl.col("n_posts"))
    known = grouped.filter(pl.col("n_posts") >= N_POSTS_FOR_SPREAD, pl.col("middle") > 0)
    shown = known.with_columns(
        multiple=pl.lit(float(HIT_MULTIPLE)), share=pl.col("n_hits") / pl.col("n_posts"), low=low, high=high
    )
    return shown.select(HITS_SCHEMA.keys()).sort("creator_id")
