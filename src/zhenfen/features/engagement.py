"""Engagement: what the creator's own posts receive, by followers, by views, and one kind of count by another.

An interaction is what the platform's configuration counts as one. Medians stand beside means because vendors publish
means and single posts that took off carry them.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.base import Family, FeatureSpec, Inputs, Measured, make_reasons
from zhenfen.features.growth_days import MAD_TO_SIGMA
from zhenfen.features.post_counts import add_interactions

N_POSTS_NEEDED = 5
"""The range of five posts holds the creator's own median with 94 % probability (1 - 2 / 2^5); with four it is 88 %."""
N_POSTS_FOR_SPREAD = 8
"""With eight the middle half still has four posts; below that the spread of honest creators reaches 0 by chance."""
RIPE_DAYS = 2
"""Younger posts are left out: half of a week's interactions come within two days (Bilibili trending, 2023), so a fresh
post would pull the medians down. A post without a time is taken as ripe; counts without a time of reading were read at
the moment that all tables are read at."""

_PER_FOLLOWERS = "engagement rate by followers, the agencies' usual measure; peers by platform and size"
_BETWEEN_COUNTS = (
    "bought likes come without comments and saves, bought comments without likes: both sides ask for a look"
)


def _by_followers(statistic: str, count: str) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{statistic}_{count}_by_followers_ratio",
        "quotient",
        f"{statistic.capitalize()} {count} of a post by followers.",
        _PER_FOLLOWERS,
        concern="low",
    )


def _by_likes(count: str) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{count}_by_likes_ratio",
        "quotient",
        f"All {count} by all likes, over the posts that show both.",
        _BETWEEN_COUNTS,
        concern="both",
    )


_SPECS = (
    *(_by_followers("median", count) for count in ("interactions", "likes", "comments", "views")),
    *(_by_followers("mean", count) for count in ("interactions", "likes", "comments", "saves")),
    FeatureSpec(
        "engagement_median_interactions_by_views_ratio",
        "quotient",
        "Median interactions by median views, over the posts that show both.",
        "low: views without viewers; high: interactions without viewers",
        concern="both",
    ),
    *(_by_likes(count) for count in ("comments", "saves", "shares")),
    FeatureSpec(
        "engagement_likes_log_spread",
        "ratio",
        "Robust standard deviation of the natural log of the likes (0.7: posts differ by a factor of two).",
        "bought likes come in packs of one size; last ten Douyin videos: median .56, 5 % below .17 (857 creators)",
        concern="low",
    ),
    FeatureSpec(
        "engagement_views_likes_correlation",
        "ratio",
        "Correlation of the logs of views and likes over the posts.",
        "likes follow views: Bilibili trending median .93, quartiles .87 and .97 (284 creators); bought ones do not",
        concern="low",
        low=-1.0,
        high=1.0,
    ),
    FeatureSpec(
        "engagement_posts_per_day",
        "per_day",
        "Posts a day from the first post to the last.",
        "context; 新红 fashion creators: median .57, 90 % between .18 and 2.1",
    ),
    FeatureSpec(
        "engagement_cost_per_interaction_cny",
        "cny",
        "Fee asked by median interactions of a post.",
        "context: what an interaction costs at the price on the list",
    ),
    FeatureSpec(
        "engagement_known_components_share",
        "share",
        "Part of the counts of the platform's interactions that posts show; below 1, interactions are a lower bound.",
        "context: null is unknown, never 0",
        high=1.0,
    ),
)


class Engagement(Family, name="engagement"):
    """What the creator's own, ripe posts receive.

    Details: `posts` (creator_id, post_id, published_at, n_interactions, n_views, n_likes, is_measured: false for posts
    too fresh to count).
    """

    specs = _SPECS

    def measure(self, inputs: Inputs) -> Measured:
        """Features over the posts older than two days; reposts are left out."""
        creators = inputs.tables["creators"]
        posts = mark_ripe(add_interactions(inputs.tables["posts"], creators), inputs)
        sizes = find_followers(creators, inputs.tables["follower_counts"])
        measured = measure_posts(posts.filter("is_measured"), sizes).filter(pl.col("n_measured") >= N_POSTS_NEEDED)
        values = creators.select("creator_id").join(measured, on="creator_id", how="left", maintain_order="left")
        return Measured(
            values.select("creator_id", *(spec.name for spec in _SPECS)),
            _find_reasons(creators, posts),
            {"posts": show_posts(posts)} if inputs.with_details else {},
        )


def mark_ripe(posts: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """`posts` with is_measured: shows a count, and was two days old when its counts were read (else at as_of)."""
    age = pl.col("observed_at").fill_null(pl.lit(inputs.as_of)) - pl.col("published_at")
    is_ripe = (age >= pl.duration(days=RIPE_DAYS)).fill_null(True)
    return posts.with_columns(
        is_measured=is_ripe & (pl.col("n_interactions").is_not_null() | pl.col("n_views").is_not_null())
    )


def find_followers(creators: pl.DataFrame, follower_counts: pl.DataFrame) -> pl.DataFrame:
    """creator_id, fee_cny and n_followers: of the creators row, else of the latest reading; null when 0 or unknown."""
    latest = (
        follower_counts.select("creator_id", "observed_at", n_latest="n_followers")
        .drop_nulls()
        .sort("creator_id", "observed_at", "n_latest")
        .unique("creator_id", keep="last")
        .drop("observed_at")
    )
    n_followers = pl.coalesce("n_followers", "n_latest")
    return creators.join(latest, on="creator_id", how="left", maintain_order="left").select(
        "creator_id", "fee_cny", n_followers=pl.when(n_followers > 0).then(n_followers)
    )


def measure_posts(posts: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    """All features of each creator with posts, and n_measured, how many posts they rest on.

    Args:
        posts: Result of `mark_ripe`, measured posts only.
        sizes: Result of `find_followers`.
    """
    grouped = posts.group_by("creator_id", maintain_order=True).agg(
        pl.len().alias("n_measured"), *_statistics(), *_ratios(), *_scatter(), _pace(), _known_share()
    )
    by_followers = {
        f"engagement_{statistic}_{count}_by_followers_ratio": pl.col(f"{statistic}_{count}") / pl.col("n_followers")
        for statistic, counts in _STATISTICS.items()
        for count in counts
    }
    median = pl.col("median_interactions")
    return grouped.join(sizes, on="creator_id", how="left", maintain_order="left").with_columns(
        **by_followers, engagement_cost_per_interaction_cny=pl.when(median > 0).then(pl.col("fee_cny") / median)
    )


_STATISTICS = {
    "median": ("interactions", "likes", "comments", "views"),
    "mean": ("interactions", "likes", "comments", "saves"),
}


def _statistics() -> list[pl.Expr]:
    medians = [pl.col(f"n_{count}").median().alias(f"median_{count}") for count in _STATISTICS["median"]]
    return medians + [pl.col(f"n_{count}").mean().alias(f"mean_{count}") for count in _STATISTICS["mean"]]


def _ratios() -> list[pl.Expr]:
    views, interactions = _both("n_views", "n_interactions")
    by_views = _ratio(interactions.median(), views.median())
    return [
        by_views.alias("engagement_median_interactions_by_views_ratio"),
        *(
            _sum_by_likes(count).alias(f"engagement_{count}_by_likes_ratio")
            for count in ("comments", "saves", "shares")
        ),
    ]


def _sum_by_likes(count: str) -> pl.Expr:
    likes, others = _both("n_likes", f"n_{count}")
    return _ratio(others.sum(), likes.sum())


def _both(one: str, other: str) -> tuple[pl.Expr, pl.Expr]:
    """The two counts on the posts that show both."""
    shown = pl.col(one).is_not_null() & pl.col(other).is_not_null()
    return pl.col(one).filter(shown), pl.col(other).filter(shown)


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _scatter() -> tuple[pl.Expr, pl.Expr]:
    likes = pl.col("n_likes").log1p()
    spread = MAD_TO_SIGMA * (likes - likes.median()).abs().median()
    views, liked = (counts.log1p() for counts in _both("n_views", "n_likes"))
    # Equal counts on every post have no correlation; polars says NaN.
    straight = pl.corr(views, liked).fill_nan(None)
    return (
        pl.when(likes.count() >= N_POSTS_FOR_SPREAD).then(spread).alias("engagement_likes_log_spread"),
        pl.when(views.count() >= N_POSTS_FOR_SPREAD).then(straight).alias("engagement_views_likes_correlation"),
    )


def _pace() -> pl.Expr:
    published = pl.col("published_at")
    days = (published.max() - published.min()).dt.total_seconds() / 86_400
    return _ratio(published.count() - 1, days).alias("engagement_posts_per_day")


def _known_share() -> pl.Expr:
    return (pl.col("n_components_known").sum() / pl.col("n_components").sum()).alias(
        "engagement_known_components_share"
    )


def _find_reasons(creators: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    counted = creators.select("creator_id").join(
        posts.group_by("creator_id").agg(n_posts=pl.len(), n_measured=pl.col("is_measured").sum()),
        on="creator_id",
        how="left",
        maintain_order="left",
    )
    without = counted.filter(pl.col("n_posts").is_null())
    # Posts without any count, or all of them fresh, are named apart: more posts would not help.
    countless = counted.filter(pl.col("n_measured") == 0, pl.col("n_posts") >= N_POSTS_NEEDED)
    few = counted.filter(pl.col("n_measured") < N_POSTS_NEEDED).join(countless, on="creator_id", how="anti")
    return pl.concat(
        (
            make_reasons(without, "engagement.no_posts", N_POSTS_NEEDED),
            make_reasons(countless, "engagement.no_counts", N_POSTS_NEEDED),
            make_reasons(few, "engagement.too_few_posts", N_POSTS_NEEDED, "n_measured"),
        )
    )


def show_posts(posts: pl.DataFrame) -> pl.DataFrame:
    """The posts as the details show them."""
    return posts.select("creator_id", "post_id", "published_at", "n_interactions", "n_views", "n_likes", "is_measured")
