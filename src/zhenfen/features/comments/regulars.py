"""How many of a creator's posts the busiest commenters stand under.

Loyal fans comment often, and a handful of them everywhere; a dozen accounts under nearly every post is a pod's habit.
So the eighth and the twelfth busiest are looked at, not the first: whoever has a best friend is not made to answer.
"""

from __future__ import annotations

import polars as pl

PLACES = (8, 12)
"""A pod has ten to thirty members; a creator's friends who comment under everything are fewer. Taken over with the
recipe they were measured in; without the twelfth the model finds as much."""
N_POSTS_NEEDED = 5
"""With four posts, two comments of one account already are a half of them."""
N_COMMENTS_NEEDED = 30
"""With fewer than thirty comments the twelfth busiest account has one of them, whoever it is."""
SOON_MINUTES = 120
"""Members of a pod are told when a post appears."""
REGULAR_FROM_POSTS = 3


def measure_regulars(comments: pl.DataFrame, delays: pl.DataFrame) -> pl.DataFrame:
    """creator_id and, of creators with N_POSTS_NEEDED posts under which N_COMMENTS_NEEDED comments name their author:

    comments_8th_regular_share and comments_12th_regular_share: posts that the eighth and the twelfth busiest account
    stand under, by posts with comments, 0 to 1 (0 where there are fewer accounts); comments_8th_soon_share: the same of
    accounts that came within two hours (null where no times are known); comments_regulars_share: part of the accounts
    under posts that are of accounts under three posts or more, each counted once a post.

    Args:
        comments: Comments by others: creator_id, post_id, author_id.
        delays: Result of `bursts.measure_delays` of the same, with author_id.
    """
    known = comments.drop_nulls(["author_id", "post_id"])
    sizes = known.group_by("creator_id").agg(n_posts=pl.col("post_id").n_unique(), n=pl.len())
    enough = sizes.filter(pl.col("n_posts") >= N_POSTS_NEEDED, pl.col("n") >= N_COMMENTS_NEEDED)
    is_regular = pl.col("under") >= REGULAR_FROM_POSTS
    eighth, twelfth = PLACES
    often = (
        _count_posts(known)
        .group_by("creator_id")
        .agg(
            comments_8th_regular_share=_busiest(eighth),
            comments_12th_regular_share=_busiest(twelfth),
            comments_regulars_share=pl.col("under").filter(is_regular).sum() / pl.col("under").sum(),
        )
    )
    soon = _count_posts(delays.filter(pl.col("seconds") <= SOON_MINUTES * 60).drop_nulls("author_id"))
    timed = delays.select("creator_id").unique()
    early = timed.join(
        soon.group_by("creator_id").agg(comments_8th_soon_share=_busiest(eighth)), on="creator_id", how="left"
    ).with_columns(pl.col("comments_8th_soon_share").fill_null(0))
    by_posts = (pl.col(name) / pl.col("n_posts") for name in _BY_POSTS)
    return (
        enough.join(often, on="creator_id")
        .join(early, on="creator_id", how="left")
        .select("creator_id", "comments_regulars_share", *by_posts)
    )


_BY_POSTS = ("comments_8th_regular_share", "comments_12th_regular_share", "comments_8th_soon_share")


def _count_posts(comments: pl.DataFrame) -> pl.DataFrame:
    """creator_id, author_id and `under`: how many of the creator's posts the account stands under."""
    pairs = comments.select("creator_id", "author_id", "post_id").unique()
    return pairs.group_by("creator_id", "author_id").agg(under=pl.len().cast(pl.Int64))


def _busiest(place: int) -> pl.Expr:
    """Posts of the account at this place, the busiest being 1; 0 where there are fewer accounts."""
    return pl.col("under").top_k(place).min().fill_null(0) * (pl.len() >= place)
