"""Interactions of posts, each platform by its own set (configs/platforms/), for every family that weighs posts."""

from __future__ import annotations

import polars as pl

from zhenfen.config import load_platforms


def add_interactions(posts: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """Own posts of known creators with what their platform counts as an interaction.

    Reposts are left out: their counts belong to someone else's post. Where nothing says whether a post is a repost it
    is taken as the creator's own.

    Args:
        posts: Table `posts`.
        creators: Table `creators`; posts of others are left out.

    Returns:
        The columns of `posts` with platform, n_interactions (sum of the counts of the platform's set that are known, so
        a lower bound where one is missing; null when none is known) and n_components, n_components_known (how many
        counts the set has and how many of them this post shows).
    """
    own = posts.filter(pl.col("is_repost").not_() | pl.col("is_repost").is_null())
    # Who wrote it says which platform, also where a post that could stand alone says it too.
    own = own.drop("platform", strict=False).join(
        creators.select("creator_id", "platform"), on="creator_id", how="inner", maintain_order="left"
    )
    # Each term is null on posts of other platforms.
    sums, sizes, known = [], [], []
    for name, platform in load_platforms().items():
        here = pl.col("platform") == name
        shown = pl.sum_horizontal(pl.col(count).is_not_null().cast(pl.Int64) for count in platform.interactions)
        sums.append(pl.when(here).then(pl.sum_horizontal(platform.interactions)))
        sizes.append(pl.when(here).then(pl.lit(len(platform.interactions), dtype=pl.Int64)))
        known.append(pl.when(here).then(shown))
    return own.with_columns(
        n_interactions=pl.coalesce(sums), n_components=pl.coalesce(sizes), n_components_known=pl.coalesce(known)
    ).with_columns(n_interactions=pl.when(pl.col("n_components_known") > 0).then("n_interactions"))
