"""What befalls honest creators and looks odd: a viral post, a giveaway, television, paid reach, clean-ups, bad data.

How large and how long such things are is chosen; public data name no cause of a rise. The ranges hold the organic
VTuber channels' rises: the largest day of 90 brings 4 to 30 % of what the window brings (5 %-95 %).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from zhenfen.simulate.organic import Posts, Reals, spread_after
from zhenfen.simulate.world import Between, World

DAYS_BEFORE = 21
GIVEAWAY_LEAVES = (0.1, 0.5)
"""Part of those who came for the prize."""
PROMOTED_LIKES = (0.1, 1.0)
"""Rise of the other counts by that of the views: campaigns are paid for views, likes or visits alike (chosen)."""
PURGE_OF_BOUGHT = (0.5, 0.9)
"""A platform's clean-up takes this part of the bought followers: one that took no more of them would be none."""
GLITCHES = (10.0, 0.1, 0.5, 0.75, 1.5)
"""Factors of a wrong reading: a digit too many or too few, a partial count, two accounts added up."""


@dataclass(frozen=True, slots=True)
class Shock:
    """An innocent event as it stands in the data.

    Attributes:
        posts: The posts with what it did to them.
        gains: Followers it brings or takes by day, real-valued, shape (n_days,).
        events: Declared events: day and kind.
    """

    posts: Posts
    gains: Reals
    events: tuple[tuple[int, str], ...] = field(default=())


def make_shock(
    name: str | None,
    posts: Posts,
    n_followers: int,
    world: World,
    rng: np.random.Generator,
    *,
    n_days: int,
    day: int | None = None,
) -> Shock:
    """The effect of the shock `name` on posts and followers; that of clean-ups and bad data is made elsewhere.

    Args:
        name: Name in roles.SHOCKS, or None.
        posts: The creator's posts; `at` in days since the first.
        n_followers: At the beginning.
        world: What is chosen of the shocks.
        rng: Source of chance.
        n_days: Days simulated.
        day: Day on which it comes, from 0; None: drawn.
    """
    none = Shock(posts, np.zeros(n_days))
    if name == "viral_post":
        return replace(none, posts=_go_viral(posts, world.viral_factor, rng, n_days=n_days, day=day))
    if name is None or name not in world.declared:
        return none
    if day is None:
        earliest = min(DAYS_BEFORE, n_days - 1)
        day = int(rng.integers(earliest, max(n_days - 3, earliest + 1)))
    makers = {"giveaway": _giveaway, "tv_mention": _broadcast, "advert": _paid_reach, "promotion": _promotion}
    shock = makers[name](posts, day, n_followers, world, rng, n_days=n_days)
    return shock if rng.random() < world.declared[name] else replace(shock, events=())


def _log_uniform(between: Between, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(between))))


def _go_viral(posts: Posts, viral_factor: Between, rng: np.random.Generator, *, n_days: int, day: int | None) -> Posts:
    """One post with a multiple of the counts of the best; strangers like less than fans, by up to a half (chosen)."""
    if len(posts.at) == 0:
        _log_uniform(viral_factor, rng)  # What comes after is the same with posts and without.
        return posts
    # The first post from `day` on, or a post of the days that can be judged, or any.
    if day is not None:
        which = int(np.searchsorted(posts.at[:-1], day))
    else:
        within = np.flatnonzero((posts.at >= DAYS_BEFORE) & (posts.at < n_days - 3))
        which = int(rng.choice(within if len(within) else len(posts.at)))
    factor = _log_uniform(viral_factor, rng)
    best = int(np.argmax(posts.counts["n_views"]))
    counts = {name: values.copy() for name, values in posts.counts.items()}
    beside = rng.uniform(0.5, 1.0)
    for name, values in counts.items():
        values[which] = np.rint(posts.counts[name][best] * factor * (1.0 if name == "n_views" else beside))
    return replace(posts, counts=counts)


def _at_event(posts: Posts, day: int, factors: dict[str, float]) -> Posts:
    """The first post from `day` on with its counts multiplied."""
    which = int(np.searchsorted(posts.at, day))
    if which == len(posts.at):
        return posts
    counts = {name: values.copy() for name, values in posts.counts.items()}
    for name, factor in factors.items():
        if name in counts:
            counts[name][which] = np.rint(counts[name][which] * factor)
    return replace(posts, counts=counts)


def _giveaway(
    posts: Posts, day: int, n_followers: int, world: World, rng: np.random.Generator, *, n_days: int
) -> Shock:
    """Comments are the ticket; part of those who came for the prize leaves within a fortnight."""
    gained = _log_uniform(world.giveaway_gain, rng) * n_followers
    share = np.exp(-np.arange(5) / rng.uniform(0.5, 2))
    gains = spread_after(np.array([day + 0.2]), np.array([gained]), share / share.sum(), n_days)
    leaving = np.zeros(n_days)
    leaving[day + 5 : day + 19] = rng.uniform(*GIVEAWAY_LEAVES) * gained / 14
    lifted = _at_event(posts, day, {"n_comments": rng.uniform(4, 20), "n_shares": rng.uniform(2, 10), "n_likes": 2.0})
    return Shock(lifted, gains - leaving, ((day, "giveaway"),))


def _broadcast(
    posts: Posts, day: int, n_followers: int, world: World, rng: np.random.Generator, *, n_days: int
) -> Shock:
    """People come on the evening of the broadcast and, repeats and clips, for a week after."""
    gained = np.array([_log_uniform(world.tv_gain, rng) * n_followers])
    share = np.exp(-np.arange(10) / rng.uniform(0.7, 3))
    return Shock(posts, spread_after(np.array([day + 0.5]), gained, share / share.sum(), n_days), ((day, "news"),))


def _paid_reach(
    posts: Posts, day: int, n_followers: int, world: World, rng: np.random.Generator, *, n_days: int
) -> Shock:
    """Reach bought from the platform itself: views of a post, and followers while the budget lasts."""
    length = int(rng.integers(2, 8))
    share = np.full(length, 1 / length) * np.exp(0.3 * rng.standard_normal(length))
    gained = np.array([_log_uniform(world.advert_gain, rng) * n_followers])
    gains = spread_after(np.array([day + 0.3]), gained, share / share.sum(), n_days)
    return Shock(_at_event(posts, day, {"n_views": rng.uniform(2, 10)}), gains, ((day, "advert"),))


def _promotion(
    posts: Posts, day: int, n_followers: int, world: World, rng: np.random.Generator, *, n_days: int
) -> Shock:
    """Reach bought from the platform for the next posts: many views, fewer likes and comments, and those who stay."""
    low, high = world.promoted_posts
    first = int(np.searchsorted(posts.at, day))
    which = np.arange(first, min(first + int(rng.integers(low, high + 1)), len(posts.at)))
    least, most = np.log(world.promotion_factor)
    factor = np.exp(rng.uniform(least, most, len(which)))
    likes = 1 + (factor - 1) * rng.uniform(*PROMOTED_LIKES)
    counts = {name: values.copy() for name, values in posts.counts.items()}
    for name, values in counts.items():
        values[which] = np.rint(values[which] * (factor if name == "n_views" else likes))
    days = np.unique(np.floor(posts.at[which]).astype(np.int64))
    return Shock(replace(posts, counts=counts), np.zeros(n_days), tuple((int(one), "promotion") for one in days))


def keep_readings(name: str | None, n_days: int, rng: np.random.Generator) -> np.ndarray:
    """Which days have a reading (bool): all but those of one or two gaps in a data_gap."""
    kept = np.ones(n_days, dtype=np.bool_)
    if name == "data_gap":
        for _ in range(int(rng.integers(1, 3))):
            start = int(rng.integers(1, max(n_days - 5, 2)))
            kept[start : start + int(rng.integers(3, 26))] = False
    kept[-1] = True
    return kept


def spoil_readings(n_followers: Reals, rng: np.random.Generator) -> Reals:
    """The readings with one or two wrong ones, right again on the next day."""
    spoilt = n_followers.copy()
    if len(spoilt) > 2:  # noqa: PLR2004 (a reading before and one after)
        which = rng.choice(np.arange(1, len(spoilt) - 1), min(int(rng.integers(1, 3)), len(spoilt) - 2), replace=False)
        spoilt[which] = np.rint(spoilt[which] * rng.choice(GLITCHES, len(which)))
    return spoilt
