"""Likes that come in packets: posts on one and the same number, and likes that no other count of the post shares."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD
from zhenfen.features.growth.days import MAD_TO_SIGMA

LEAST_LIKES = 60
"""Below, counting noise alone (1 / sqrt(60), 13 %) spreads a packet wider than the window."""
PACKET_WIDTH = 0.1
"""Natural log: a packet's likes lie within 10 % of each other."""
LEAST_SPREAD, LEAST_RATIO_SPREAD = 0.05, 0.15
"""Added to the robust spreads of the log likes and of the log ratios: what is even by nature is not divided by 0."""
NORMAL_DENSITY = 2.507
"""sqrt(2 pi): a normal spread's width by its densest part."""
N_POSTS_FOR_RATIOS = 10
SHOWN_SHARE = 0.7
OTHERS = ("comments", "shares", "views")
LEAST_WITNESSES = 2
"""One other count may be odd by itself."""
UPPER = 0.9
"""One post in ten: as `evenness.TAIL`."""


def measure_packets(posts: pl.DataFrame) -> pl.DataFrame:
    """creator_id, engagement_likes_packet_deviations and engagement_likes_alone_deviations.

    The first: posts whose likes lie within 10 % of each other, in Poisson deviations beyond what the spread of the
    creator's own likes gives; null below N_POSTS_FOR_SPREAD posts of 60 likes. The second: by how many robust
    deviations the likes of the upper tenth of the posts are too many beside *every* other count (comments, shares,
    views) that is shown with them; null below two such counts or ten posts.

    Args:
        posts: The creator's own, ripe posts: creator_id, n_likes, n_comments, n_shares, n_views.
    """
    liked = posts.filter(pl.col("n_likes") > LEAST_LIKES).select("creator_id", log=pl.col("n_likes").log1p())
    rows = liked.sort("creator_id", "log").with_columns(creator=pl.col("creator_id").rle_id())
    # As in evenness: each creator's logs on a stretch of their own, so that one search does all.
    places = rows["creator"].to_numpy() * 64.0 + rows["log"].to_numpy()
    ends = np.searchsorted(places, places + PACKET_WIDTH + 1e-9, side="right")
    counted = rows.with_columns(n_near=pl.Series(ends - np.arange(len(places)), dtype=pl.Int64))
    spread = MAD_TO_SIGMA * (pl.col("log") - pl.col("log").median()).abs().median() + LEAST_SPREAD
    usual = pl.len() * PACKET_WIDTH / (spread * NORMAL_DENSITY)
    beyond = (pl.col("n_near").max() - usual) / (usual + 1).sqrt()
    enough = pl.len() >= N_POSTS_FOR_SPREAD
    packets = counted.group_by("creator_id").agg(engagement_likes_packet_deviations=pl.when(enough).then(beyond))
    return packets.join(_alone(posts), on="creator_id", how="full", coalesce=True)


def _alone(posts: pl.DataFrame) -> pl.DataFrame:
    """creator_id and engagement_likes_alone_deviations."""
    likes = pl.col("n_likes").log1p()
    known = posts.filter(pl.col("n_likes").is_not_null())
    ratios = {count: likes - pl.col(f"n_{count}").log1p() for count in OTHERS}
    rows = known.select(
        "creator_id",
        *(ratio.alias(count) for count, ratio in ratios.items()),
        *((pl.col(f"n_{count}") > 0).alias(f"has_{count}") for count in OTHERS),
    )
    by_creator = rows.group_by("creator_id").agg(
        pl.len().alias("n"),
        *(pl.col(count).median().alias(f"middle_{count}") for count in OTHERS),
        # A count that a post lacks, or that most posts have none of, is no witness.
        *(
            ((pl.col(count).null_count() == 0) & (pl.col(f"has_{count}").mean() > SHOWN_SHARE)).alias(f"sees_{count}")
            for count in OTHERS
        ),
    )
    n_seen = pl.sum_horizontal(pl.col(f"sees_{count}").cast(pl.Int64) for count in OTHERS)
    usable = by_creator.filter(pl.col("n") >= N_POSTS_FOR_RATIOS, n_seen >= LEAST_WITNESSES)
    joined = rows.join(usable, on="creator_id").with_columns(
        pl.when(f"sees_{count}").then(pl.col(count) - pl.col(f"middle_{count}")).alias(count) for count in OTHERS
    )
    spreads = joined.group_by("creator_id").agg(
        (pl.col(count).abs().median() * MAD_TO_SIGMA + LEAST_RATIO_SPREAD).alias(f"spread_{count}") for count in OTHERS
    )
    least = pl.min_horizontal(pl.col(count) / pl.col(f"spread_{count}") for count in OTHERS)
    return (
        joined.join(spreads, on="creator_id")
        .group_by("creator_id")
        .agg(engagement_likes_alone_deviations=least.quantile(UPPER, "linear"))
    )
