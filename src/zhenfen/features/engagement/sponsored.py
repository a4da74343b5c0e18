"""What posts that say they are paid for receive, beside the creator's other posts."""

from __future__ import annotations

import polars as pl

N_POSTS_NEEDED = 3
"""On either side; of fewer the median rests on one post."""


def measure_sponsored(posts: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """creator_id, and median and mean interactions of sponsored posts by those of the others.

    Sponsored is what the platform labels or the text discloses; what is neither is taken as organic, so hidden adverts
    pull the ratio towards one.

    Args:
        posts: The creator's own, ripe posts: creator_id, post_id, n_interactions.
        facts: post_id and is_disclosed (see `posts.facts.read_posts`), of these posts and perhaps others.
    """
    counted = posts.select("creator_id", "post_id", "n_interactions").drop_nulls("n_interactions")
    sponsored = facts.filter("is_disclosed").select("post_id", is_sponsored=pl.lit(value=True))
    marked = counted.join(sponsored, on="post_id", how="left", maintain_order="left")
    grouped = marked.with_columns(pl.col("is_sponsored").fill_null(value=False)).group_by("creator_id")
    return grouped.agg(_ratio("median"), _ratio("mean"))


def _ratio(statistic: str) -> pl.Expr:
    n, is_sponsored = pl.col("n_interactions"), pl.col("is_sponsored")
    paid, own = n.filter(is_sponsored), n.filter(~is_sponsored)
    parts = (paid.median(), own.median()) if statistic == "median" else (paid.mean(), own.mean())
    enough = (paid.len() >= N_POSTS_NEEDED) & (own.len() >= N_POSTS_NEEDED) & (parts[1] > 0)
    return pl.when(enough).then(parts[0] / parts[1]).alias(f"engagement_{statistic}_sponsored_by_organic_ratio")
