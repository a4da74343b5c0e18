"""Engagement: what the creator's own posts receive, by followers, by views, and one kind of count by another.

An interaction is what the platform's configuration counts as one. Medians stand beside means because vendors publish
means and single posts that took off carry them.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.engagement.averages import AVERAGES_SCHEMA, STATS, choose_averages, measure_averages
from zhenfen.features.engagement.evenness import measure_evenness, shown_both
from zhenfen.features.engagement.kinds import HITS_SCHEMA, KINDS_SCHEMA, describe_hits, describe_kinds
from zhenfen.features.engagement.lifetime import measure_half_life, read_half_lives
from zhenfen.features.engagement.packets import measure_packets
from zhenfen.features.engagement.specs import ENGAGEMENT_SPECS
from zhenfen.features.engagement.sponsored import measure_sponsored
from zhenfen.features.engagement.surplus import measure_surplus
from zhenfen.features.engagement.what_ifs import PromotedPosts
from zhenfen.features.growth.explanations import PROMOTION
from zhenfen.features.inputs import Inputs
from zhenfen.features.posts.counts import add_interactions
from zhenfen.features.posts.promotion import mark_promoted, mark_standing_out
from zhenfen.features.what_ifs import DocumentedChange

N_POSTS_NEEDED = 5
"""The range of five posts holds the creator's own median with 94 % probability (1 - 2 / 2^5); with four it is 88 %."""
RIPE_DAYS = 2
"""Younger posts are left out: half of a week's interactions come within two days (Bilibili trending, 2023), so a fresh
post would pull the medians down. A post without a time is taken as ripe; counts without a time of reading were read at
the moment that all tables are read at."""
POSTS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "post_id": pl.String(),
    "published_at": pl.Datetime("us", "UTC"),
    "n_interactions": pl.Int64(),
    "n_views": pl.Int64(),
    "n_likes": pl.Int64(),
    "is_measured": pl.Boolean(),
    "is_promoted": pl.Boolean(),
    "stands_out": pl.Boolean(),
}


class Engagement(Family, name="engagement"):
    """What the creator's own, ripe posts receive; without enough of them, what a vendor's averages say they receive.

    Posts that are recorded as promoted count in what a post receives by followers, and are left out wherever one count
    is set against another and posts against each other: promotion makes the same differences as a purchase.

    Details: `posts` (is_measured: false for posts too fresh to count; is_promoted and stands_out: see
    `posts.promotion`); `averages`: what vendors state, see `averages.AVERAGES_SCHEMA`; `kinds` and `hits`: described
    alone, see `kinds`.
    """

    specs = ENGAGEMENT_SPECS
    details: ClassVar = {
        "posts": POSTS_SCHEMA,
        "averages": AVERAGES_SCHEMA,
        "kinds": KINDS_SCHEMA,
        "hits": HITS_SCHEMA,
    }
    what_ifs = (PromotedPosts(),)
    is_alone = True
    again_from = ("creators", "follower_counts", "posts", "post_counts", "creator_stats", "events")

    def measure(self, inputs: Inputs) -> Measured:
        """Features over the posts older than two days; reposts are left out."""
        creators = inputs.tables["creators"]
        own = mark_ripe(add_interactions(inputs.tables["posts"], creators), inputs)
        posts = mark_promoted(own, inputs.tables["events"])
        sizes = find_followers(creators, inputs.tables["follower_counts"])
        ripe = posts.filter("is_measured")
        natural = ripe.filter(~pl.col("is_promoted"))
        # Readings are those of `post_counts` and the one that stands with each post.
        own = posts.select(inputs.tables["posts"].columns)
        # Readings of who is in a room are minutes of it: they say nothing of how long a post lives.
        counted = inputs.tables["post_counts"].filter(pl.col("n_viewers").is_null())
        earlier = counted.join(own.select("post_id"), on="post_id", how="semi")
        own = own.join(earlier.select("post_id"), on="post_id", how="semi")
        readings = pl.concat((own.drop_nulls("observed_at"), earlier), how="diagonal")
        read = add_interactions(readings.unique(["post_id", "observed_at"], keep="first"), creators)
        half_lives = read_half_lives(read, own)
        measured = measure_posts(ripe, sizes).filter(pl.col("n_measured") >= N_POSTS_NEEDED)
        for part in (
            measure_ratios(natural),
            measure_evenness(natural),
            measure_packets(natural),
            measure_surplus(natural),
            measure_sponsored(natural, inputs.post_facts),
            measure_half_life(half_lives),
        ):
            measured = measured.join(part, on="creator_id", how="left", maintain_order="left")
        # Nobody's averages stand in for posts that were counted.
        stats = inputs.tables[STATS].join(creators.select("creator_id"), on="creator_id", how="semi")
        unmeasured = stats.join(measured.select("creator_id"), on="creator_id", how="anti")
        averages = choose_averages(unmeasured)
        stated = measure_averages(averages, sizes)
        measured = pl.concat((measured, stated), how="diagonal_relaxed")
        values = creators.select("creator_id").join(measured, on="creator_id", how="left", maintain_order="left")
        n_posts = posts.group_by("creator_id").agg(n_posts=pl.len(), n_measured=pl.col("is_measured").sum())
        counted = creators.select("creator_id").join(stated, on="creator_id", how="anti", maintain_order="left")
        counted = counted.join(n_posts, on="creator_id", how="left", maintain_order="left")
        without = counted.filter(pl.col("n_posts").is_null())
        # Posts without any count, or all of them fresh, are named apart: more posts would not help.
        countless = counted.filter(pl.col("n_measured") == 0, pl.col("n_posts") >= N_POSTS_NEEDED)
        few = counted.filter(pl.col("n_measured") < N_POSTS_NEEDED).join(countless, on="creator_id", how="anti")
        reasons = (
            make_reasons(without, "engagement.no_posts", N_POSTS_NEEDED),
            make_reasons(countless, "engagement.no_counts", N_POSTS_NEEDED),
            make_reasons(few, "engagement.too_few_posts", N_POSTS_NEEDED, "n_measured"),
        )
        return Measured(
            values.select("creator_id", *(spec.name for spec in ENGAGEMENT_SPECS)),
            pl.concat(reasons),
            {
                "posts": show_posts(posts),
                "averages": show_averages(stats, averages),
                "kinds": describe_kinds(ripe, half_lives),
                "hits": describe_hits(natural),
            }
            if inputs.with_details
            else {},
        )

    def reads(self, change: DocumentedChange) -> bool:
        """Promotions declared as events count as receipts of the posts around them."""
        return super().reads(change) or change.ref == PROMOTION


def mark_ripe(posts: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """`posts` with is_measured: shows a count, and was two days old when its counts were read (else at as_of)."""
    age = pl.col("observed_at").fill_null(pl.lit(inputs.as_of)) - pl.col("published_at")
    is_ripe = (age >= pl.duration(days=RIPE_DAYS)).fill_null(True)
    return posts.with_columns(
        is_measured=is_ripe & (pl.col("n_interactions").is_not_null() | pl.col("n_views").is_not_null())
    )


def find_followers(creators: pl.DataFrame, follower_counts: pl.DataFrame) -> pl.DataFrame:
    """creator_id, fee_cny and n_followers: of the creators row, else of the latest reading; null when 0 or unknown."""
    unknown = creators.filter(pl.col("n_followers").is_null())
    latest = (
        follower_counts.join(unknown, on="creator_id", how="semi")
        .select("creator_id", "observed_at", n_latest="n_followers")
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
    """What each creator's posts receive, and n_measured, how many posts that rests on.

    Args:
        posts: Result of `mark_ripe`, measured posts only.
        sizes: Result of `find_followers`.
    """
    published = pl.col("published_at")
    days = (published.max() - published.min()).dt.total_seconds() / 86_400
    grouped = posts.group_by("creator_id", maintain_order=True).agg(
        pl.len().alias("n_measured"),
        *(pl.col(f"n_{count}").median().alias(f"median_{count}") for count in _STATISTICS["median"]),
        *(pl.col(f"n_{count}").mean().alias(f"mean_{count}") for count in _STATISTICS["mean"]),
        engagement_posts_per_day=_ratio(published.count() - 1, days),
        engagement_known_components_share=pl.col("n_components_known").sum() / pl.col("n_components").sum(),
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


def measure_ratios(posts: pl.DataFrame) -> pl.DataFrame:
    """creator_id and one kind of count by another, over N_POSTS_NEEDED posts and more.

    Args:
        posts: Result of `mark_ripe`, measured posts that are not recorded as promoted.
    """
    views, interactions = shown_both("n_views", "n_interactions")
    ratios = {}
    for count in ("comments", "saves", "shares"):
        likes, others = shown_both("n_likes", f"n_{count}")
        ratios[f"engagement_{count}_by_likes_ratio"] = _ratio(others.sum(), likes.sum())
    grouped = posts.group_by("creator_id", maintain_order=True).agg(
        pl.len().alias("n_natural"),
        engagement_median_interactions_by_views_ratio=_ratio(interactions.median(), views.median()),
        **ratios,
    )
    return grouped.filter(pl.col("n_natural") >= N_POSTS_NEEDED).drop("n_natural")


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def show_averages(stats: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """All that vendors state as the details show it, AVERAGES_SCHEMA; beside posts that were counted none is used."""
    beside = stats.join(averages.select("creator_id"), on="creator_id", how="anti").with_columns(
        is_used=pl.lit(value=False)
    )
    return pl.concat((averages, beside.select(AVERAGES_SCHEMA.keys()))).sort("creator_id", "source", "window")


def show_posts(posts: pl.DataFrame) -> pl.DataFrame:
    """The posts as the details show them: POSTS_SCHEMA."""
    return mark_standing_out(posts).select(POSTS_SCHEMA.keys())
