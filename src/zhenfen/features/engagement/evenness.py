"""Whether a creator's posts differ from each other as people's attention does, and whether some of them stand out.

All over one creator's own posts: neither followers nor peers come in.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.features.growth.days import MAD_TO_SIGMA

N_POSTS_FOR_SPREAD = 8
"""With eight the middle half still has four posts; below that the spread of honest creators reaches 0 by chance."""
EVEN_WIDTH = 0.2
"""Likes are even that lie within 20 % of the smallest of them: ten to either side."""
LIKES_FOR_EVEN = 100
"""From here on, counting noise (sqrt(n), Poisson) is a tenth or less, so evenness is no matter of small numbers."""
TAIL = 0.9
"""The upper tenth: of ten posts the last but one, so that a single hit does not decide."""
HIT_MULTIPLE = 3
"""A hit reaches three times the creator's middle post: one post in nine for the median Weibo creator (2024)."""
SPREAD_OF = ("likes", "comments", "views")
TAILS = (("likes", "comments"), ("views", "likes"), ("comments", "likes"))


def measure_evenness(posts: pl.DataFrame) -> pl.DataFrame:
    """creator_id and the features of this module.

    Args:
        posts: The creator's own, ripe posts: creator_id, n_likes, n_comments, n_views, n_interactions.
    """
    measured: dict[str, pl.Expr] = {}
    for count in SPREAD_OF:
        logs = pl.col(f"n_{count}").log1p()
        measured[f"engagement_{count}_log_spread"] = _enough(_robust_spread(logs), logs.count())
    views, likes = (counts.log1p() for counts in shown_both("n_views", "n_likes"))
    # Equal counts on every post have no correlation; polars says NaN.
    straight = pl.corr(views, likes).fill_nan(None)
    measured["engagement_views_likes_correlation"] = _enough(straight, views.count())
    measured["engagement_likes_by_views_log_spread"] = _enough(_robust_spread(likes - views), views.count())
    for part, whole in TAILS:
        parts, wholes = shown_both(f"n_{part}", f"n_{whole}")
        # One is added to both counts, so that 0 has a place.
        ratio = (parts + 1) / (wholes + 1)
        upper = ratio.quantile(TAIL, "linear") / ratio.median()
        measured[f"engagement_{part}_by_{whole}_tail_ratio"] = _enough(upper, parts.count())
    # Null where the middle post received nothing: three times nothing is no hit.
    received = pl.col("n_interactions").drop_nulls()
    middle = received.median()
    hits = pl.when(middle > 0).then((received >= HIT_MULTIPLE * middle).mean())
    measured["engagement_hit_share"] = _enough(hits, received.count())
    grouped = posts.group_by("creator_id", maintain_order=True).agg(**measured)
    # The largest part of the posts whose likes are even, among posts with many.
    liked = posts.filter(pl.col("n_likes") >= LIKES_FOR_EVEN).select("creator_id", likes=pl.col("n_likes").log())
    rows = liked.sort("creator_id", "likes").with_columns(creator=pl.col("creator_id").rle_id())
    # Each creator's logs are moved to a stretch of their own (counts end at 1e13, log 30), so that one search does all.
    places = rows["creator"].to_numpy() * 64.0 + rows["likes"].to_numpy()
    ends = np.searchsorted(places, places + np.log1p(EVEN_WIDTH) + 1e-9, side="right")
    counted = rows.with_columns(n_even=pl.Series(ends - np.arange(len(places)), dtype=pl.Int64))
    largest = _enough(pl.col("n_even").max() / pl.len(), pl.len())
    even = counted.group_by("creator_id").agg(engagement_even_likes_share=largest)
    return grouped.join(even, on="creator_id", how="left", maintain_order="left")


def _robust_spread(values: pl.Expr) -> pl.Expr:
    return MAD_TO_SIGMA * (values - values.median()).abs().median()


def _enough(value: pl.Expr, n: pl.Expr) -> pl.Expr:
    return pl.when(n >= N_POSTS_FOR_SPREAD).then(value)


def shown_both(one: str, other: str) -> tuple[pl.Expr, pl.Expr]:
    """The two counts on the posts that show both."""
    shown = pl.col(one).is_not_null() & pl.col(other).is_not_null()
    return pl.col(one).filter(shown), pl.col(other).filter(shown)
