"""One organic creator day by day: posts cause views, views cause interactions, interactions cause follows.

Days are counted from 0 at the first simulated midnight (UTC); arrays are numpy, one entry a day or a post. What is
fitted stands in models/simulation; what sets one kind apart from another no public source shows, and is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zhenfen.simulate.parameters import GrowthParameters, Parameters

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

READ_AT = 15 / 24
"""Readings at 15:00 UTC, the last full hour of the day in Shanghai."""
SETTLES_IN_DAYS = 1 / 3
"""How long a post takes to bring its first day's followers; a post of the late evening brings some on the next day."""
MOST_BY_POST = 3.0
"""No post brings more followers than three times those already there: even a debut needs several posts (chosen)."""
LARGEST_RISE = 500.0
"""Size of the largest rise by a usual day: the VTuber channels' largest of 23,000 days is near 200."""
MOST_SPREAD = 2.0
"""Of the log views between posts: 95 % of the creators of Douyin (1.6) and Xiaohongshu (2.0) have less."""
POSTS_PER_DAY = (0.02, 8.0)
"""One in seven weeks, below which an account is not run, to eight a day (新红: 99 % below 7.3)."""
COUNTS = ("n_views", "n_likes", "n_comments", "n_saves", "n_shares", "n_coins", "n_danmaku")


@dataclass(frozen=True, slots=True)
class KindTraits:
    """What sets one organic kind apart.

    Attributes:
        followers: Least and most followers at the beginning; all sizes between are as likely on the log scale.
        views, posts, follows: Beside the platform's medians.
        comments, saves: By likes, beside the platform's.
        views_log_sd: Beside the platform's spread.
        advert_share: Posts that sell, from and to.
        live_share: Posts that are live rooms, from and to.
    """

    followers: tuple[float, float]
    views: float = 1.0
    posts: float = 1.0
    follows: float = 1.0
    comments: float = 1.0
    saves: float = 1.0
    views_log_sd: float = 1.0
    advert_share: tuple[float, float] = (0.0, 0.15)
    live_share: tuple[float, float] = (0.0, 0.0)


# Commercial posts by posts: 灰豚 .048, 新红 .010 in the middle, some above .5. The rest is chosen.
KIND_TRAITS: dict[str, KindTraits] = {
    "koc": KindTraits((1e3, 5e4)),
    "niche_expert": KindTraits((5e3, 3e5), posts=0.6, comments=2.0, saves=1.6, views_log_sd=0.8),
    "celebrity": KindTraits((1e6, 3e7), comments=1.6, saves=0.6, follows=0.7, advert_share=(0.1, 0.5)),
    "live_seller": KindTraits((3e4, 3e6), posts=1.5, advert_share=(0.4, 0.9), live_share=(0.3, 0.7)),
    "seasonal": KindTraits((5e3, 1e6)),
    "new_account": KindTraits((200, 1e4), follows=1.5),
    "dormant_and_back": KindTraits((5e3, 1e6)),
}


@dataclass(frozen=True, slots=True)
class Traits:
    """One creator's own numbers.

    Attributes:
        n_followers: At the beginning.
        posts_per_day, views: Posts a day; median views of a post.
        views_log_sd, likes_log_sd, others_log_sd: Spread between posts of the logs.
        likes: By views, of the median post.
        likes_power: Power of the views that likes follow.
        by_likes: Other counts by likes.
        follows: Followers that an interaction brings.
        leaves: Part of the followers that leaves a day.
        advert_share, live_share: Parts of the posts.
        curve: Level of each day beside the usual one, shape (n_days,).
        activity: Posts of each day beside the usual ones, shape (n_days,).
        shows_views: Whether others see the views.
    """

    n_followers: int
    posts_per_day: float
    views: float
    views_log_sd: float
    likes: float
    likes_power: float
    likes_log_sd: float
    by_likes: Mapping[str, float]
    others_log_sd: float
    follows: float
    leaves: float
    advert_share: float
    live_share: float
    curve: Reals
    activity: Reals
    shows_views: bool


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts in time order, one entry a post.

    Attributes:
        at: Days since the first midnight.
        counts: By column of table `posts`; a count that the platform lacks is absent. Real-valued until shown.
        is_advert, is_live: Flags.
    """

    at: Reals
    counts: dict[str, Reals]
    is_advert: Flags
    is_live: Flags

    @property
    def interactions(self) -> Reals:
        """All counts but the views, summed."""
        total = np.zeros(len(self.at))
        for name, values in self.counts.items():
            if name != "n_views":
                total += values
        return total


def draw_followers(kind: str, rng: np.random.Generator) -> int:
    """How many followers one creator of a kind begins with."""
    low, high = KIND_TRAITS[kind].followers
    return int(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_traits(
    kind: str, platform: str, n_days: int, parameters: Parameters, rng: np.random.Generator, *, n_followers: int
) -> Traits:
    """One creator of a kind and size on a platform."""
    of, beside = parameters.platforms[platform], KIND_TRAITS[kind]
    curve, activity = _draw_curve(kind, n_days, rng)
    beside_by_likes = {"n_comments": beside.comments, "n_saves": beside.saves}
    return Traits(
        n_followers=n_followers,
        posts_per_day=float(np.clip(of.posts_per_day.draw(n_followers, rng) * beside.posts, *POSTS_PER_DAY)),
        views=n_followers * of.views_by_followers.draw(n_followers, rng) * beside.views,
        views_log_sd=min(of.views_log_sd.draw(n_followers, rng) * beside.views_log_sd, MOST_SPREAD),
        likes=min(of.likes_by_views.draw(n_followers, rng), 0.5),
        likes_power=of.likes_power,
        likes_log_sd=of.likes_log_sd.draw(n_followers, rng),
        by_likes={
            name: rate.draw(n_followers, rng) * beside_by_likes.get(name, 1.0) for name, rate in of.by_likes.items()
        },
        others_log_sd=of.others_log_sd.draw(n_followers, rng),
        follows=of.follows_per_interaction.draw(n_followers, rng) * beside.follows,
        leaves=of.leaves_per_day.draw(n_followers, rng),
        advert_share=rng.uniform(*beside.advert_share),
        live_share=rng.uniform(*beside.live_share),
        curve=curve,
        activity=activity,
        shows_views=of.shows_views,
    )


def _draw_curve(kind: str, n_days: int, rng: np.random.Generator) -> tuple[Reals, Reals]:
    """Level and activity of every day: a season, a debut, or a silence with a return (all chosen)."""
    day, flat = np.arange(n_days, dtype=np.float64), np.ones(n_days)
    if kind == "seasonal":
        phase, period, depth = rng.uniform(0, 2 * np.pi), rng.uniform(45, 365), rng.uniform(0.4, 1.2)
        season = np.exp(depth * np.cos(2 * np.pi * day / period + phase))
        return season, np.sqrt(season)
    if kind == "new_account":
        return 1 + rng.uniform(1, 8) * np.exp(-day / rng.uniform(7, 30)), flat
    if kind == "dormant_and_back":
        start = int(rng.integers(0, max(n_days // 3, 1)))
        back = min(start + int(rng.integers(25, 60)), n_days - 1)
        away = (day >= start) & (day < back)
        welcome = 1 + rng.uniform(0.5, 4) * np.exp(-(day - back) / 5) * (day >= back)
        return np.where(away, 0.3, welcome), np.where(away, 0.0, 1.0)
    return flat, flat


def make_posts(traits: Traits, rng: np.random.Generator) -> Posts:
    """The posts of all days with their final counts."""
    n_days = len(traits.activity)
    day = np.repeat(np.arange(n_days), rng.poisson(traits.posts_per_day * traits.activity))
    n = len(day)
    # Evenings: a triangle from 8:00 to 23:00 Shanghai time with its top at 20:00, in days UTC.
    at = np.sort(day + rng.triangular(0, 0.5, READ_AT - 1 / 1440, n))
    usual = traits.views * traits.curve[day]
    views = _scatter(usual, traits.views_log_sd, rng)
    likes = _scatter(traits.likes * usual * (views / usual) ** traits.likes_power, traits.likes_log_sd, rng)
    by_likes = {name: _scatter(likes * rate, traits.others_log_sd, rng) for name, rate in traits.by_likes.items()}
    return Posts(
        at=at,
        counts={"n_views": np.maximum(views, likes), "n_likes": likes, **by_likes},
        is_advert=rng.random(n) < traits.advert_share,
        is_live=rng.random(n) < traits.live_share,
    )


def _scatter(level: Reals, log_sd: float, rng: np.random.Generator) -> Reals:
    return rng.poisson(level * np.exp(log_sd * rng.standard_normal(len(level)))).astype(np.float64)


def make_gains(
    traits: Traits, posts: Posts, weekday: Ints, growth: GrowthParameters, rng: np.random.Generator
) -> tuple[Ints, Reals]:
    """Followers won and lost day by day.

    Args:
        traits: The creator.
        posts: What `make_posts` returned, with what happened to them since.
        weekday: 0 for Monday, shape (n_days,).
        growth: Fitted parameters.
        rng: Source of chance.

    Returns:
        Arrivals less departures of every day, and the usual arrivals of a day without a rise; shapes (n_days,).
    """
    n_days = len(traits.curve)
    # What the posts of a usual day bring, by their mean; far tails are left to the posts themselves.
    by_views = traits.likes * (1 + sum(traits.by_likes.values()))
    mean = np.exp(min(traits.likes_power * traits.views_log_sd, 1.0) ** 2 / 2)
    usual = float(traits.follows * traits.posts_per_day * traits.views * by_views * mean)
    # Ebb and flow of the even part: slow (an autoregression), from day to day, and by weekday; mean about 1.
    keep = np.exp(-1 / growth.slow_days)
    steps = growth.slow_log_sd * np.sqrt(1 - keep**2) * rng.standard_normal(n_days)
    steps[0] = growth.slow_log_sd * rng.standard_normal()
    power = keep ** np.arange(n_days)
    # x[t] = keep x[t - 1] + step[t], solved at once; n_days of a few hundred keep the powers in range.
    slow = power * np.cumsum(steps / power)
    day_log_sd = growth.day_log_sd.draw(1, rng)
    daily = np.exp(slow + day_log_sd * rng.standard_normal(n_days))
    even = growth.even_share * usual * traits.curve * (daily * np.array(growth.weekdays)[weekday])
    # Rises that nothing in the tables explains, as every creator has: clips of others, recommendation.
    typical = growth.rise_size.draw(1, rng) * usual
    n_rises = rng.poisson(growth.rises_per_day, n_days)
    size = (1 - rng.random(int(n_rises.sum()))) ** (-1 / growth.rise_tail)
    risen = np.bincount(np.repeat(np.arange(n_days), n_rises), np.minimum(size, LARGEST_RISE), minlength=n_days)
    rises = typical * np.convolve(risen, growth.decay)[:n_days]
    # The part of a post's first day that the reading misses comes on the next.
    share = np.array(growth.decay) / sum(growth.decay)
    brought = np.minimum(posts.interactions * traits.follows, MOST_BY_POST * traits.n_followers)
    by_posts = (1 - growth.even_share) * spread_after(posts.at, brought, share, n_days)
    leaves = rng.poisson(traits.leaves * traits.n_followers, n_days)
    arrivals = rng.poisson(even + rises + by_posts) - leaves
    return arrivals.astype(np.int64), usual * traits.curve


def spread_after(at: Reals, amount: Reals, share: Reals, n_days: int) -> Reals:
    """`amount` beginning `at`, spread by `share` over the days that follow, shape (n_days,)."""
    day = np.floor(at).astype(np.int64)
    seen = np.clip((READ_AT - (at - day)) / SETTLES_IN_DAYS, 0, 1)
    first = np.bincount(day, amount * seen, minlength=n_days + 1)
    later = np.bincount(day + 1, amount * (1 - seen), minlength=n_days + 1)
    return np.convolve((first[: n_days + 1] + later[: n_days + 1]), share)[:n_days]
