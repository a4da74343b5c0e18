"""What may innocently explain a span of growth: a gap, an event, the platform, a post. The first that fits stands."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth_days import MAD_TO_SIGMA
from zhenfen.features.growth_spans import EXTEND_Z
from zhenfen.features.post_counts import add_interactions
from zhenfen.tables import Tables

EVENT_LEAD_DAYS = 1
EVENT_LAG_DAYS = 3
"""A giveaway is announced the evening before; three days after the peak of an organic rise 1.3 % of it is left (median
of 257 rises of the VTuber channels)."""
POST_LAG_DAYS = 2
"""A post's own day and two more: on the second day after the peak 3 % of an organic rise is left (same channels)."""
LEAST_OTHERS = 3
"""With fewer other creators of the platform, "most of them moved" would be one or two coincidences."""
LEAST_POSTS = 5
"""The range of five posts holds a creator's own median with 94 % probability (1 - 2 / 2^5)."""
STANDS_OUT_Z = 2.0
LEAST_LEAD = 2.0
"""A post stands out two robust deviations above the creator's posts on the log scale, and at twice their median, so
that near-equal posts do not stand out by a hair."""
VIEWS_PER_INTERACTION = 10.0
"""Likes, coins, favourites, shares and replies together come to a tenth of the views (Bilibili trending, 2023)."""
FOLLOWERS_PER_INTERACTION = 1.0
"""A post cannot bring more followers than interactions: creators of Xiaohongshu gain .10 an interaction over 90 days
(median; 95 % stay below .46, 99 % below 1.2; 新红, 3,000 creators, 2024)."""


def explain_spans(spans: pl.DataFrame, steps: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Add what explains each span.

    Args:
        spans: Result of `growth_spans.find_spans`.
        steps: Result of `growth_spans.mark_runs`, all creators: others of the platform are looked up there.
        tables: creators, events and posts.

    Returns:
        `spans` with explanation (gap | event | platform | post | none), explained_by (kind of the event, post_id;
        null otherwise) and is_unexplained.
    """
    found = (
        spans.join(_find_events(spans, tables["events"]), on="run", how="left", maintain_order="left")
        .join(_find_platform_days(spans, steps, tables["creators"]), on="run", how="left", maintain_order="left")
        .join(_find_posts(spans, tables), on="run", how="left", maintain_order="left")
    )
    by_event, by_post = pl.col("event_kind").is_not_null(), pl.col("post_id").is_not_null()
    ordered = (
        ("gap", pl.col("shape") == "gap", pl.lit(None, dtype=pl.String)),
        ("event", by_event, pl.col("event_kind")),
        ("platform", pl.col("is_platform_wide").fill_null(False), pl.lit(None, dtype=pl.String)),
        ("post", by_post, pl.col("post_id")),
    )
    return found.with_columns(
        explanation=pl.coalesce([pl.when(fits).then(pl.lit(name)) for name, fits, _ in ordered] + [pl.lit("none")])
    ).select(
        *spans.columns,
        "explanation",
        explained_by=pl.coalesce(pl.when(pl.col("explanation") == name).then(by) for name, _, by in ordered),
        is_unexplained=pl.col("explanation") == "none",
    )


def _find_events(spans: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Per run the first declared event whose reach the span begins in: run, event_kind."""
    near = spans.select("run", "creator_id", "starts_on").join(events, on="creator_id")
    late = (pl.col("starts_on") - pl.col("starts_at").dt.date()).dt.total_days()
    return (
        near.filter(late.is_between(-EVENT_LEAD_DAYS, EVENT_LAG_DAYS))
        .sort("run", "starts_at", "kind")
        .unique("run", keep="first", maintain_order=True)
        .select("run", event_kind="kind")
    )


def _find_platform_days(spans: pl.DataFrame, steps: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """Whether at least half of the other creators moved the same way on the peak day: run, is_platform_wide."""
    platform = creators.select("creator_id", "platform")
    peaks = spans.join(platform, on="creator_id").select("run", "platform", "direction", day="peak_on", own="shape")
    near = steps.filter(pl.col("day").is_in(peaks["day"].unique().implode()), pl.col("n_days") == 1)
    days = (
        near.filter(pl.col("z").is_not_null())
        .join(platform, on="creator_id")
        .group_by("platform", "day")
        .agg(n=pl.len(), up=(pl.col("z") >= EXTEND_Z).sum(), down=(pl.col("z") <= -EXTEND_Z).sum())
    )
    itself = (pl.col("own") != "gap").cast(pl.Int64)
    n_others = pl.col("n") - itself
    n_moved = pl.when(pl.col("direction") > 0).then("up").otherwise("down") - itself
    wide = (n_others >= LEAST_OTHERS) & (n_moved * 2 >= n_others)
    return peaks.join(days, on=("platform", "day")).select("run", is_platform_wide=wide)


def _find_posts(spans: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Per run that rose the post of the days before that stands out most and is large enough: run, post_id."""
    rises = spans.filter(pl.col("direction") > 0)
    mine = tables["posts"].join(rises, on="creator_id", how="semi")
    posts = _standing_out(add_interactions(mine, tables["creators"]))
    near = rises.select("run", "creator_id", "starts_on", "peak_on", "excess").join(posts, on="creator_id")
    published_on = pl.col("published_at").dt.date()
    in_time = published_on.is_between(pl.col("starts_on") - pl.duration(days=POST_LAG_DAYS), pl.col("peak_on"))
    enough = pl.col("reach") * FOLLOWERS_PER_INTERACTION >= pl.col("excess")
    return (
        near.filter(in_time & enough)
        .sort("run", -pl.col("reach"), "post_id")
        .unique("run", keep="first", maintain_order=True)
        .select("run", "post_id")
    )


def _standing_out(posts: pl.DataFrame) -> pl.DataFrame:
    """Posts far above the creator's own: creator_id, post_id, published_at, reach (in interactions)."""
    views = pl.col("n_views") / VIEWS_PER_INTERACTION
    reach = pl.max_horizontal("n_interactions", views)
    return posts.filter(_stands_out("n_interactions") | _stands_out("n_views")).select(
        "creator_id", "post_id", "published_at", reach=reach
    )


def _stands_out(count: str) -> pl.Expr:
    logs = pl.col(count).log1p()
    above = logs - logs.median().over("creator_id")
    spread = MAD_TO_SIGMA * above.abs().median().over("creator_id")
    enough = pl.col(count).count().over("creator_id") >= LEAST_POSTS
    least = pl.max_horizontal(STANDS_OUT_Z * spread, pl.lit(LEAST_LEAD).log())
    return (enough & (above >= least)).fill_null(False)
