"""Played creators as canonical tables, with what is true of them; all creators of a batch are written at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.audience_rows import moments, numbered
from zhenfen.simulate.audience_sample import show_audience, show_labels
from zhenfen.simulate.campaigns import Purchase
from zhenfen.simulate.crowds import make_comments, make_thread
from zhenfen.simulate.organic import COUNTS, READ_AT
from zhenfen.simulate.play import Played, Stage
from zhenfen.simulate.roles import Campaign

MEDIA = {"xiaohongshu": "image", "douyin": "video", "bilibili": "video", "weibo": "text"}
EVENT_HOUR = 11 / 24
"""Events begin at 19:00 in Shanghai."""
LABELS_ADVERTS = 0.6
"""Part of the adverts that carry the platform's label (chosen)."""

TRUTH_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "kind": pl.String(),
    "shock": pl.String(),
    "manipulation": pl.String(),
    "dose": pl.Float64(),
    "camouflage": pl.Float64(),
    "is_manipulated": pl.Boolean(),
    "what": pl.String(),
    "n_bought_followers": pl.Int64(),
    "n_bought_comments": pl.Int64(),
    "n_bought_likes": pl.Int64(),
    "n_bought_views": pl.Int64(),
    "bought_days": pl.List(pl.Date()),
    "bought_posts": pl.List(pl.String()),
    "bought_comments": pl.List(pl.String()),
    "bought_profiles": pl.List(pl.String()),
}


def show_numbers(ids: pl.Series, casts: Sequence[Played], stage: Stage) -> dict[str, pl.DataFrame]:
    """creators, follower_counts, posts and events, without words."""
    ends_at = stage.first_day + stage.n_days - 1 + READ_AT
    whose_reading = _whose([len(played.at) for played in casts])
    whose_event = _whose([len(played.events) for played in casts])
    events = [event for played in casts for event in played.events]
    return {
        "creators": pl.DataFrame(
            {
                "creator_id": ids,
                "platform": pl.Series([played.role.platform for played in casts], dtype=pl.String),
                "n_followers": pl.Series([int(played.n_followers[-1]) for played in casts], dtype=pl.Int64),
                "n_following": pl.Series([int(played.n_following[-1]) for played in casts], dtype=pl.Int64),
                "n_posts": pl.Series([len(played.posts.at) for played in casts], dtype=pl.Int64),
            }
        ).with_columns(snapshot_at=moments(np.array([ends_at]))[0]),
        "follower_counts": pl.DataFrame(
            {
                "creator_id": ids.gather(whose_reading),
                "observed_at": moments(np.concatenate([played.at for played in casts])),
                "n_followers": pl.Series(np.concatenate([played.n_followers for played in casts])),
                "n_following": pl.Series(np.concatenate([played.n_following for played in casts])),
            }
        ),
        "posts": _show_posts(ids, casts, ends_at),
        "events": pl.DataFrame(
            {
                "creator_id": ids.gather(whose_event),
                "starts_at": moments(np.array([day for day, _ in events], dtype=np.float64) + EVENT_HOUR),
                "kind": pl.Series([kind for _, kind in events], dtype=pl.String),
            }
        ),
    }


def _show_posts(ids: pl.Series, casts: Sequence[Played], ends_at: float) -> pl.DataFrame:
    whose = _whose([len(played.posts.at) for played in casts])
    owner = ids.gather(whose)
    number = np.arange(len(whose)) - np.searchsorted(whose, whose)
    adverts = np.concatenate([played.posts.is_advert for played in casts])
    shares = [played.role.fixed.labelled_share if played.role.fixed else LABELS_ADVERTS for played in casts]
    drawn = [played.rng.random(len(played.posts.at)) for played in casts]
    labelled = adverts & np.concatenate([one < share for one, share in zip(drawn, shares, strict=True)])
    live = pl.Series(np.concatenate([played.posts.is_live for played in casts]))
    media = pl.Series([MEDIA[played.role.platform] for played in casts], dtype=pl.String).gather(whose)
    # NaN, in the end null, where the platform shows no such count.
    counts = {
        name: np.concatenate([played.posts.counts.get(name, np.full(len(played.posts.at), np.nan)) for played in casts])
        for name in COUNTS
    }
    return pl.DataFrame(
        {
            "post_id": numbered(owner, "p", number),
            "creator_id": owner,
            "published_at": moments(np.concatenate([played.posts.at for played in casts])),
            "media_kind": pl.repeat("live", len(whose), eager=True).zip_with(live, media),
            **{name: pl.Series(values).fill_nan(None).cast(pl.Int64) for name, values in counts.items()},
            "is_labelled_ad": pl.Series(labelled),
            "has_purchase_link": pl.Series(adverts),
        }
    ).with_columns(observed_at=moments(np.array([ends_at]))[0])


def _whose(lengths: Sequence[int]) -> np.ndarray:
    return np.repeat(np.arange(len(lengths)), lengths)


def show_words(
    frames: dict[str, pl.DataFrame], ids: pl.Series, casts: Sequence[Played], stage: Stage
) -> dict[str, pl.DataFrame]:
    """`frames` with names and texts, comments, samples of followers and their labels; truth stands beside the rows."""
    rng = np.random.default_rng((stage.seed, 1_000_001))
    ends_at = stage.first_day + stage.n_days - 1 + READ_AT
    fixed = [played.role.fixed for played in casts]
    told, names = (
        pl.Series([getattr(one, name, None) for one in fixed], dtype=pl.String) for name in ("category", "display_name")
    )
    category = told.fill_null(texts.draw(rng, sorted(texts.TOPICS), len(ids)))
    threads = [make_thread(played, stage.world, ends_at) for played in casts]
    display_name = names.fill_null(texts.person_names(rng, len(ids)))
    # The topics of a post are those of its creator's category.
    posts = frames["posts"]
    named = posts.select("creator_id").join(
        pl.DataFrame({"creator_id": ids, "category": category}), on="creator_id", how="left", maintain_order="left"
    )
    topics, adverts = named["category"].to_numpy(), posts["has_purchase_link"].to_numpy()
    written = np.empty(len(posts), dtype=object)
    for one in sorted(texts.TOPICS):
        which = np.flatnonzero(topics == one)
        written[which] = texts.post_texts(rng, len(which), one, adverts[which]).to_numpy()
    comments, audience = make_comments(ids, casts, threads, stage), show_audience(ids, casts, stage.world, ends_at, rng)
    return {
        **frames,
        "creators": frames["creators"].with_columns(
            display_name=display_name,
            bio=texts.join_parts(category, "｜样例账号，数据为模拟"),
            category=category,
        ),
        "posts": posts.with_columns(text=pl.Series(written, dtype=pl.String)),
        "comments": comments,
        "audience": audience,
        "audit_labels": show_labels(audience, ids, casts, ends_at, rng),
    }


def tell_purchase(campaign: Campaign | None, purchase: Purchase) -> dict[str, Any]:
    """What a row of TRUTH_SCHEMA says of a campaign and of what it brought; "nothing bought" without one."""
    totals = {name: int(np.nansum(values)) for name, values in purchase.counts.items()}
    return {
        "manipulation": campaign.manipulation if campaign else None,
        "dose": campaign.dose if campaign else None,
        "camouflage": campaign.camouflage if campaign else None,
        "is_manipulated": purchase.is_any,
        "what": campaign.manipulation if campaign else "nothing bought",
        "n_bought_followers": purchase.n_followers,
        "n_bought_comments": int(purchase.comments.sum()),
        "n_bought_likes": totals.get("n_likes", 0),
        "n_bought_views": totals.get("n_views", 0),
        "bought_days": [date(1970, 1, 1) + timedelta(days=int(day)) for day in purchase.days],
    }


def tell_truth(ids: pl.Series, casts: Sequence[Played], frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """One row of TRUTH_SCHEMA a creator."""
    bought_ids: dict[str, dict[str, list[str]]] = {"comments": {}, "audience": {}}
    for table, key in (("comments", "comment_id"), ("audience", "profile_id")):
        if table in frames:
            bought = frames[table].filter("is_bought").group_by("creator_id").agg(pl.col(key).sort())
            bought_ids[table] = dict(bought.iter_rows())
    rows = []
    for creator_id, played in zip(ids, casts, strict=True):
        row = {
            "creator_id": creator_id,
            "kind": played.role.kind,
            "shock": played.role.shock,
            **tell_purchase(played.role.campaign, played.purchase),
            "bought_posts": [f"{creator_id}_p{at:05d}" for at in np.flatnonzero(played.purchase.concerned)],
            "bought_comments": bought_ids["comments"].get(creator_id, []),
            "bought_profiles": bought_ids["audience"].get(creator_id, []),
        }
        rows.append(row)
    return pl.DataFrame(rows, schema=TRUTH_SCHEMA)
