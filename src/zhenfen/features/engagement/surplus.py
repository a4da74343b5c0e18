"""Whether what some posts have too much of one count is the same number on each of them, as a packet is.

More attention multiplies a post's counts, a purchase adds to one of them. Beside the creator's own lower quarter of
posts the surplus of organic ones is as uneven as the posts are; bought in packets it is even, however large it is.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD
from zhenfen.features.growth.days import MAD_TO_SIGMA

USUAL = 0.25
"""The lower quarter of the ratios is taken as not bought: a purchase for three posts in four leaves it alone."""
LEAST_SPREAD = 0.1
"""Poisson noise of the log at a count of 100; added to both spreads, so that nothing is divided by next to none."""
SURPLUS_OF = {"likes": "n_others", "views": "n_likes", "comments": "n_likes"}
"""What each count is set against; n_others are the interactions that are not likes."""


def measure_surplus(posts: pl.DataFrame) -> pl.DataFrame:
    """creator_id and `engagement_<count>_even_surplus_ratio` of each count in SURPLUS_OF.

    The surplus of a post is its count less what the creator's usual ratio to the other count would give; one is added
    to both counts, so that 0 has a place. Over the upper half of the posts by that ratio: robust spread of the logs of
    the other count by that of the surplus, each plus LEAST_SPREAD; null below N_POSTS_FOR_SPREAD posts with both.

    Args:
        posts: The creator's own, ripe posts: creator_id, n_likes, n_comments, n_views, n_interactions.
    """
    with_others = posts.with_columns(n_others=pl.col("n_interactions") - pl.col("n_likes"))
    measured = posts.select(pl.col("creator_id").unique(maintain_order=True))
    for count, other in SURPLUS_OF.items():
        seen = with_others.select("creator_id", part=pl.col(f"n_{count}") + 1, whole=pl.col(other) + 1).drop_nulls()
        seen = seen.with_columns(ratio=pl.col("part") / pl.col("whole"))
        usual = seen.group_by("creator_id").agg(
            pl.len().alias("n"), usual=pl.col("ratio").quantile(USUAL, "linear"), middle=pl.col("ratio").median()
        )
        upper = seen.join(usual.filter(pl.col("n") >= N_POSTS_FOR_SPREAD), on="creator_id")
        surplus = pl.col("part") - pl.col("usual") * pl.col("whole")
        # The surplus of a post with the usual ratio is 0 and has no log.
        has_more = (pl.col("ratio") >= pl.col("middle")) & (surplus >= 1)
        logs = {"log_whole": pl.col("whole").log(), "log_surplus": surplus.log()}
        found = upper.filter(has_more).select("creator_id", **logs)
        by_creator = found.group_by("creator_id").agg(
            pl.len().alias("n"),
            whole_middle=pl.col("log_whole").median(),
            surplus_middle=pl.col("log_surplus").median(),
        )
        joined = found.join(by_creator.filter(pl.col("n") >= N_POSTS_FOR_SPREAD // 2), on="creator_id")
        distances = joined.select(
            "creator_id",
            whole=(pl.col("log_whole") - pl.col("whole_middle")).abs(),
            surplus=(pl.col("log_surplus") - pl.col("surplus_middle")).abs(),
        )
        # The median absolute deviation, made of plain columns: inside the groups it takes three times as long.
        spread = pl.col("whole", "surplus").median() * MAD_TO_SIGMA + LEAST_SPREAD
        evenness = (pl.col("whole") / pl.col("surplus")).alias(f"engagement_{count}_even_surplus_ratio")
        one = distances.group_by("creator_id").agg(spread).select("creator_id", evenness)
        measured = measured.join(one, on="creator_id", how="left", maintain_order="left")
    return measured
