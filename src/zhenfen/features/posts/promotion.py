"""Posts that the platform was paid to show (投流, Dou+, 薯条, 粉丝头条): the commonest innocent cause of many views.

A record of it is evidence: paid views beside the post, or a declared event. Without a record nothing tells a promoted
post from one whose views or likes were bought, so the posts that received too much are named, to be asked about.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD, TAILS
from zhenfen.features.growth.explanations import MOST_COVERED_SHARE, PROMOTION

DAYS_BEFORE = 3
"""Posts are promoted while they are fresh: one published up to three days before the order may be what it was for."""
DAYS_AFTER = 1
"""An order written down on the eve, or in a time zone where it was still the day before."""
PROMOTES = frozenset({"views", "likes"})
"""What promotion brings more of than of what each is set against in TAILS; people who comment more came otherwise."""

LEAST_FAR = 3.0
"""Times the creator's usual ratio, chosen: with a handful of comments one more or less makes twice of it by chance."""


def mark_promoted(posts: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """`posts` with is_promoted: some of its views are recorded as paid for, or a promotion was declared around its day.

    Promotions declared so often that more than MOST_COVERED_SHARE of a creator's posts lie around one tell nothing of
    any of them; paid views still do. Where nothing is recorded a post counts as not promoted.

    Args:
        posts: creator_id, post_id, published_at, n_paid_views.
        events: Table `events`.
    """
    orders = events.filter(kind=PROMOTION).select("creator_id", "starts_at").drop_nulls()
    late = pl.col("starts_at").dt.date() - pl.col("published_at").dt.date()
    pairs = posts.select("creator_id", "post_id", "published_at").join(orders, on="creator_id")
    near = pairs.filter(late.is_between(-timedelta(days=DAYS_AFTER), timedelta(days=DAYS_BEFORE)))
    is_near = pl.col("post_id").is_in(near["post_id"].unique().implode())
    is_routine = is_near.mean().over("creator_id") > MOST_COVERED_SHARE
    return posts.with_columns(is_promoted=(pl.col("n_paid_views") > 0).fill_null(value=False) | (is_near & ~is_routine))


def mark_standing_out(posts: pl.DataFrame) -> pl.DataFrame:
    """`posts` with stands_out: no promotion is recorded, and its views or likes are far beyond what else it received.

    Far is: LEAST_FAR times the median of the creator's posts by the ratio of the two (`evenness.TAILS`);
    false with fewer than N_POSTS_FOR_SPREAD posts.

    Args:
        posts: creator_id, is_measured, is_promoted, n_views, n_likes, n_comments.
    """
    is_asked = pl.col("is_measured") & ~pl.col("is_promoted")
    far = []
    for part, whole in TAILS:
        if part in PROMOTES:
            ratio = pl.when(is_asked).then((pl.col(f"n_{part}") + 1) / (pl.col(f"n_{whole}") + 1))
            least = LEAST_FAR * ratio.median().over("creator_id")
            enough = ratio.count().over("creator_id") >= N_POSTS_FOR_SPREAD
            far.append((enough & (ratio >= least)).fill_null(value=False))
    return posts.with_columns(stands_out=pl.any_horizontal(far))
