"""One simulated creator as rows of the canonical tables, with what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.creator import Days, Posts, simulate_days, simulate_posts
from zhenfen.simulate.crowd import post_ids, simulate_audience, simulate_comments
from zhenfen.simulate.kinds import KINDS, PLATFORM_RATES, PURGE_SHARE
from zhenfen.simulate.shortlist import Member

MEDIA = {"xiaohongshu": "image", "douyin": "video", "bilibili": "video", "weibo": "text"}
TRUTH_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "kind": pl.String(),
    "is_manipulated": pl.Boolean(),
    "what": pl.String(),
    "n_bought_followers": pl.Int64(),
    "n_bought_comments": pl.Int64(),
    "bought_days": pl.List(pl.Date()),
    "bought_posts": pl.List(pl.String()),
    "bought_comments": pl.List(pl.String()),
    "bought_profiles": pl.List(pl.String()),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all creators of one simulation share.

    Attributes:
        seed: Source of all chance, together with the creator's place.
        ends_at: Moment of the last reading.
        n_days: Days simulated.
        purged_platforms: Platforms that remove followers everywhere on one day.
    """

    seed: int
    ends_at: datetime
    n_days: int
    purged_platforms: frozenset[str]

    def at(self, day: np.ndarray) -> pl.Series:
        """Moments of the readings of `day`, counted from 0."""
        back = pl.Series((self.n_days - 1 - day) * 86_400e6).cast(pl.Duration("us"))
        return pl.select(pl.lit(self.ends_at).cast(pl.Datetime("us", "UTC")) - back).to_series()


def simulate_member(member: Member, place: int, setting: Setting) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Frames by table name, and one row of TRUTH_SCHEMA."""
    kind = KINDS[member.kind]
    rng = np.random.default_rng((setting.seed, place))
    creator_id = f"sim{setting.seed}_{place:03d}"
    posts = simulate_posts(kind, member.platform, setting.n_days, rng)
    is_purged = member.platform in setting.purged_platforms
    # Creators lose between half and one and a half times the platform's share (chosen).
    purged = PURGE_SHARE * rng.uniform(0.5, 1.5) if is_purged else 0.0
    days = simulate_days(kind, posts, setting.n_days, purged, rng)
    shown = _show_posts(creator_id, member.platform, posts, _texts(member, posts, rng), setting)
    comments, is_bought = simulate_comments(creator_id, kind, posts, shown["published_at"], rng)
    in_time = comments["created_at"] <= setting.ends_at
    frames = {
        "creators": _show_creator(creator_id, member, days, posts, setting),
        "follower_counts": _show_days(creator_id, days, kind.n_days or setting.n_days, setting),
        "posts": shown,
        "comments": comments.filter(in_time),
        "events": _show_events(creator_id, kind.giveaway_on, posts, setting),
    }
    touched = np.flatnonzero((posts.bought_comments > 0) | (kind.pod_likes > 0))
    bought = {
        "days": setting.at(np.flatnonzero(days.n_bought)).dt.date(),
        "posts": post_ids(creator_id, touched),
        "comments": comments.filter(in_time & is_bought)["comment_id"],
        "profiles": pl.Series(dtype=pl.String),
    }
    if kind.audience_frame:
        share = kind.padded_share + float(days.n_bought.sum() / days.n_followers[-1])
        sample = simulate_audience(creator_id, member, share, setting.ends_at, rng)
        frames["audience"] = sample[0]
        bought["profiles"] = sample[0].filter(sample[1])["profile_id"]
    return frames, _truth(creator_id, member, int(days.n_bought.sum()), bought)


def _texts(member: Member, posts: Posts, rng: np.random.Generator) -> pl.Series:
    return texts.post_texts(rng, len(posts.day), member.category, posts.is_advert)


def _show_creator(creator_id: str, member: Member, days: Days, posts: Posts, setting: Setting) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "creator_id": creator_id,
            "platform": member.platform,
            "display_name": member.display_name,
            "bio": f"{member.category}｜样例账号，数据为模拟",
            "category": member.category,
            "snapshot_at": setting.ends_at,
            "n_followers": int(days.n_followers[-1]),
            "n_posts": len(posts.day),
            "fee_cny": member.fee_cny,
            "found_by": "list",
        }
    )


def _show_days(creator_id: str, days: Days, n_shown: int, setting: Setting) -> pl.DataFrame:
    day = np.arange(setting.n_days)[-n_shown:]
    return pl.DataFrame(
        {
            "creator_id": pl.repeat(creator_id, len(day), eager=True),
            "observed_at": setting.at(day),
            "n_followers": pl.Series(days.n_followers[day]),
        }
    )


def _show_posts(creator_id: str, platform: str, posts: Posts, text: pl.Series, setting: Setting) -> pl.DataFrame:
    rates, n = PLATFORM_RATES[platform], len(posts.day)
    # The readings are at 15:00 UTC and `minute` counts from midnight.
    midnight = setting.at(posts.day) - timedelta(hours=setting.ends_at.hour)
    hidden = {"n_views": rates.shows_views, "n_saves": rates.saves, "n_coins": rates.coins, "n_danmaku": rates.danmaku}
    counts = {
        "n_views": posts.views,
        "n_likes": posts.likes,
        "n_comments": posts.comments,
        "n_saves": posts.saves,
        "n_shares": posts.shares,
        "n_coins": posts.coins,
        "n_danmaku": posts.danmaku,
    }
    live = pl.Series(posts.is_live)
    return pl.DataFrame(
        {
            "post_id": post_ids(creator_id, np.arange(n)),
            "creator_id": pl.repeat(creator_id, n, eager=True),
            "published_at": midnight + pl.Series(posts.minute * 60e6).cast(pl.Duration("us")),
            "observed_at": pl.repeat(setting.ends_at, n, eager=True),
            "text": text,
            "media_kind": pl.repeat("live", n, eager=True).zip_with(live, pl.repeat(MEDIA[platform], n, eager=True)),
            **{name: pl.Series(values) for name, values in counts.items() if hidden.get(name, True)},
            "is_labelled_ad": pl.Series(posts.is_labelled),
            "has_purchase_link": pl.Series(posts.is_advert),
        }
    )


def _show_events(creator_id: str, giveaway_on: int | None, posts: Posts, setting: Setting) -> pl.DataFrame:
    started = np.unique(posts.day[posts.is_live])
    kinds = ["live"] * len(started)
    notes = ["直播专场"] * len(started)
    if giveaway_on is not None:
        started = np.append(started, setting.n_days - giveaway_on)
        kinds.append("giveaway")
        notes.append("粉丝福利抽奖")
    schema = {
        "creator_id": pl.String(),
        "starts_at": pl.Datetime("us", "UTC"),
        "kind": pl.String(),
        "note": pl.String(),
    }
    at = setting.at(started) - timedelta(hours=4)
    return pl.DataFrame(
        {"creator_id": [creator_id] * len(kinds), "starts_at": at, "kind": kinds, "note": notes}, schema
    )


def _truth(creator_id: str, member: Member, n_followers: int, bought: Mapping[str, pl.Series]) -> pl.DataFrame:
    kind = KINDS[member.kind]
    row: dict[str, Any] = {
        "creator_id": creator_id,
        "kind": member.kind,
        "is_manipulated": kind.is_manipulated,
        "what": kind.what,
        "n_bought_followers": n_followers,
        "n_bought_comments": len(bought["comments"]),
        **{f"bought_{what}": which.to_list() for what, which in bought.items()},
    }
    return pl.DataFrame([row], schema=TRUTH_SCHEMA)
