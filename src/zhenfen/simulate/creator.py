"""One simulated creator, day by day: posts cause views, views cause interactions, interactions cause follows.

All arrays are numpy; day 0 is the first simulated day, a post stands at the day it was published on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zhenfen.simulate import kinds
from zhenfen.simulate.kinds import PLATFORM_RATES, Kind, Rates

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

VIRAL_FACTOR = 120.0
"""Views of a post that takes off by the creator's usual ones (chosen: exp(7 x VIEWS_LOG_SD), beyond all scatter)."""
GIVEAWAY_SHARE = 0.10
GIVEAWAY_LEAVES = 0.3
"""What a giveaway brings and what of it leaves again within a fortnight (chosen; no public figures)."""
BOUGHT_JITTER = 0.04
"""Scatter of a delivery from day to day (chosen: sellers deliver in even packets)."""
FARM_PACKET = (1.5, 4.0)
"""Bought comments on a farmed post by its own, from and to (chosen)."""


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts of one creator in time order; every array has one entry a post."""

    day: Ints
    minute: Ints
    views: Ints
    likes: Ints
    comments: Ints
    bought_comments: Ints
    saves: Ints
    shares: Ints
    coins: Ints
    danmaku: Ints
    is_advert: Flags
    is_labelled: Flags
    is_live: Flags
    organic_interactions: Ints


@dataclass(frozen=True, slots=True)
class Days:
    """Followers of one creator at the end of every day, and how many of the day's arrivals were bought."""

    n_followers: Ints
    n_bought: Ints


def simulate_posts(kind: Kind, platform: str, n_days: int, rng: np.random.Generator) -> Posts:
    """The posts of `n_days` days with their final counts."""
    rates = PLATFORM_RATES[platform]
    day, factor = _plan_posts(kind, n_days, rng)
    n = len(day)
    looks_at = kind.n_followers * (1 - kind.padded_share) * rng.lognormal(0.0, kinds.CREATOR_LOG_SD)
    views = _scattered(looks_at * rates.views * factor, kinds.VIEWS_LOG_SD, rng)
    likes = _scattered(views * rates.likes, kinds.LIKES_LOG_SD, rng)
    comments, saves, shares, coins, danmaku = (
        _scattered(likes * rate, kinds.OTHERS_LOG_SD, rng) for rate in _rates_by_likes(kind, rates)
    )
    is_advert = rng.random(n) < kind.advert_share
    bought = _farm_packets(kind, comments, rng) + _pod_comments(kind, n, rng)
    return Posts(
        day=day,
        # Evenings: a triangle from 8:00 to 23:00 Shanghai time with its top at 20:00, in minutes UTC.
        minute=rng.triangular(0, 12 * 60, 15 * 60 - 1, n).astype(np.int64),
        views=views,
        likes=likes + _pod_likes(kind, n, rng),
        comments=comments + bought,
        bought_comments=bought,
        saves=saves,
        shares=shares,
        coins=coins,
        danmaku=danmaku,
        is_advert=is_advert,
        is_labelled=is_advert & (rng.random(n) < kind.labelled_share),
        is_live=rng.random(n) < kind.live_share,
        organic_interactions=likes + comments + saves + shares + coins + danmaku,
    )


def _plan_posts(kind: Kind, n_days: int, rng: np.random.Generator) -> tuple[Ints, Reals]:
    """Day of every post and what its views are multiplied by; declared giveaways and viral posts have one for sure."""
    day = np.repeat(np.arange(n_days), rng.poisson(kinds.POSTS_PER_DAY, n_days))
    planned = [n_days - on for on in (kind.viral_on, kind.giveaway_on) if on is not None]
    day = np.sort(np.concatenate([day, planned]).astype(np.int64))
    factor = np.ones(len(day))
    if kind.viral_on is not None:
        factor[np.searchsorted(day, n_days - kind.viral_on)] = VIRAL_FACTOR
    kept = slice(None) if kind.max_posts is None else slice(-kind.max_posts, None)
    return day[kept], factor[kept]


def _scattered(level: npt.NDArray[Any], log_sd: float, rng: np.random.Generator) -> Ints:
    return rng.poisson(level * rng.lognormal(0.0, log_sd, len(level))).astype(np.int64)


def _rates_by_likes(kind: Kind, rates: Rates) -> tuple[float, ...]:
    return (
        rates.comments * kind.comments_factor,
        rates.saves * kind.saves_factor,
        rates.shares,
        rates.coins,
        rates.danmaku,
    )


def _farm_packets(kind: Kind, comments: Ints, rng: np.random.Generator) -> Ints:
    """Bought comments on a post: never fewer than a packet of twenty, the least that is worth an order (chosen)."""
    is_farmed = rng.random(len(comments)) < kind.farm_share
    packet = np.maximum(20, comments * rng.uniform(*FARM_PACKET, len(comments)))
    return np.where(is_farmed, packet, 0).astype(np.int64)


def _pod_comments(kind: Kind, n: int, rng: np.random.Generator) -> Ints:
    """Nine in ten members turn up (chosen)."""
    return rng.binomial(kind.pod_members, 0.9, n).astype(np.int64)


def _pod_likes(kind: Kind, n: int, rng: np.random.Generator) -> Ints:
    return np.rint(kind.pod_likes * (1 + BOUGHT_JITTER * rng.standard_normal(n))).astype(np.int64)


def simulate_days(kind: Kind, posts: Posts, n_days: int, purged: float, rng: np.random.Generator) -> Days:
    """Followers at the end of every day.

    Args:
        kind: Kind of creator.
        posts: What `simulate_posts` returned.
        n_days: Number of days.
        purged: Part of the followers that leaves on the purge day `n_days // 2`; 0 for none.
        rng: Source of chance.
    """
    organic = rng.poisson(_follows_of_posts(posts, n_days) + _follows_of_old_posts(posts, n_days, rng))
    if kind.giveaway_on is not None:
        organic += _giveaway(kind, n_days)
    leaving = rng.poisson(kind.n_followers * kinds.UNFOLLOWS_PER_DAY, n_days)
    so_far = kind.n_followers + np.cumsum(organic - leaving)
    bought = _bought(kind, so_far, n_days, rng)
    n_followers = so_far + np.cumsum(bought)
    n_followers[n_days // 2 :] -= np.int64(purged * n_followers[n_days // 2])
    return Days(n_followers, bought)


def _follows_of_posts(posts: Posts, n_days: int) -> Reals:
    share = np.array(kinds.FOLLOW_DECAY) / sum(kinds.FOLLOW_DECAY)
    daily = np.bincount(posts.day, posts.organic_interactions * kinds.FOLLOWS_PER_INTERACTION, minlength=n_days)
    return (1 - kinds.OLD_POSTS_SHARE) * np.convolve(daily, share)[:n_days]


def _follows_of_old_posts(posts: Posts, n_days: int, rng: np.random.Generator) -> Reals:
    """The even part: as much as usual posts bring, by their median so that one viral post does not lift every day."""
    usual = np.median(posts.organic_interactions) if len(posts.day) else 0.0
    level = kinds.OLD_POSTS_SHARE * kinds.FOLLOWS_PER_INTERACTION * usual * kinds.POSTS_PER_DAY
    return level * rng.lognormal(0.0, kinds.DAY_LOG_SD, n_days)


def _giveaway(kind: Kind, n_days: int) -> Ints:
    gained = np.zeros(n_days)
    start = n_days - (kind.giveaway_on or 0)
    share = np.array(kinds.FOLLOW_DECAY) / sum(kinds.FOLLOW_DECAY)
    gained[start : start + len(share)] = share * GIVEAWAY_SHARE * kind.n_followers
    gained[start + 7 : start + 21] -= GIVEAWAY_LEAVES * GIVEAWAY_SHARE * kind.n_followers / 14
    return gained.astype(np.int64)


def _bought(kind: Kind, so_far: Ints, n_days: int, rng: np.random.Generator) -> Ints:
    bought = np.zeros(n_days)
    for rise in kind.bought_rises:
        start = n_days - rise.on
        bought[start : start + rise.n_days] += rise.share * so_far[start] / rise.n_days
    if kind.drip_days:
        bought[-kind.drip_days :] += kind.drip_share * kind.n_followers
    return np.rint(bought * (1 + BOUGHT_JITTER * rng.standard_normal(n_days))).astype(np.int64)
