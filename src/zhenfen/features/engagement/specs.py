"""The measurements of the engagement family: what each means, where it comes from and which side asks for a look.

Of several that see the same thing one asks for a look and the others are context, for the creator model: with a concern
for each, 20 % of held-out Douyin creators were out of line, with one 12 %, without these 10 %.
"""

from __future__ import annotations

from zhenfen.features.specs import Concern, FeatureSpec

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


def _spread(count: str, concern: Concern) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{count}_log_spread",
        "ratio",
        f"Robust standard deviation of the natural log of the {count} (0.7: posts differ by a factor of two).",
        "bought packs have one size; likes of the last ten Douyin videos: median .56, 5 % below .17 (857 creators)",
        concern=concern,
    )


def _tail(part: str, whole: str, concern: Concern) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{part}_by_{whole}_tail_ratio",
        "multiple",
        f"{part.capitalize()} by {whole} in the upper tenth of the posts, by the same on the creator's middle post.",
        "one kind of count bought for some of the posts leaves the other kind behind on those posts",
        concern=concern,
    )


def _surplus(count: str, other: str) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{count}_even_surplus_ratio",
        "multiple",
        f"Spread of the {other} by the spread of the surplus of {count} over them, on the posts with most {count} for "
        f"their {other}; above 1 the surplus is more even than the posts are.",
        "attention multiplies all counts of a post, a packet adds the same number to one; see docs/experiments",
    )


def _sponsored(statistic: str, concern: Concern) -> FeatureSpec:
    return FeatureSpec(
        f"engagement_{statistic}_sponsored_by_organic_ratio",
        "multiple",
        f"{statistic.capitalize()} interactions of posts labelled or disclosed as adverts by those of the other posts.",
        "新红 fashion creators: median 1.02, 90 % between .17 and 4.6; far more asks whether adverts were pushed",
        concern=concern,
    )


ENGAGEMENT_SPECS: tuple[FeatureSpec, ...] = (
    *(_by_followers("median", count) for count in ("interactions", "likes", "comments", "views")),
    *(_by_followers("mean", count) for count in ("interactions", "likes", "comments", "saves")),
    FeatureSpec(
        "engagement_median_interactions_by_views_ratio",
        "quotient",
        "Median interactions by median views, over the posts that show both.",
        "low: views without viewers; high: interactions without viewers",
        concern="both",
    ),
    *(
        FeatureSpec(
            f"engagement_{count}_by_likes_ratio",
            "quotient",
            f"All {count} by all likes, over the posts that show both.",
            _BETWEEN_COUNTS,
            concern="both",
        )
        for count in ("comments", "saves", "shares")
    ),
    _spread("likes", "low"),
    _spread("comments", "none"),
    _spread("views", "none"),
    FeatureSpec(
        "engagement_even_likes_share",
        "share",
        "Largest part of the posts with 100 likes or more whose likes lie within 20 % of each other.",
        "likes bought up to a level stand on it; organic posts seldom meet. Poisson noise at 100 likes is 10 %",
        concern="high",
        high=1.0,
    ),
    FeatureSpec(
        "engagement_likes_packet_deviations",
        "ratio",
        "Posts whose likes lie within 10 % of each other, in deviations beyond what the spread of the likes gives.",
        "packets have one size; for the creator model, see engagement/packets.py",
        low=None,
    ),
    FeatureSpec(
        "engagement_likes_alone_deviations",
        "ratio",
        "Deviations by which the likes of the upper tenth of the posts are too many beside every other count.",
        "attention lifts all counts of a post, bought likes only their own; see engagement/packets.py",
        low=None,
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
        "engagement_likes_by_views_log_spread",
        "ratio",
        "Robust standard deviation of the natural log of likes by views over the posts.",
        "likes made from views are too straight, views bought for some posts scatter",
    ),
    FeatureSpec(
        "engagement_hit_share",
        "share",
        "Posts with at least three times the interactions of the creator's middle post.",
        "context: what agencies call the hit rate, by the creator's own measure and not by a platform-wide count",
        high=1.0,
    ),
    _tail("likes", "comments", "high"),
    _tail("views", "likes", "none"),
    _tail("comments", "likes", "none"),
    _surplus("likes", "other interactions"),
    _surplus("views", "likes"),
    _surplus("comments", "likes"),
    _sponsored("median", "none"),
    _sponsored("mean", "high"),
    FeatureSpec(
        "engagement_half_life_days",
        "days",
        "Days after which a post has half of the interactions it will have; median over posts read more than once.",
        "bought interactions come at once; exponential arrival, Bilibili trending 2023 (see engagement/lifetime.py)",
        concern="low",
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
"""All of them, in the order of the columns."""
