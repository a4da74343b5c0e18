"""When bought followers come and go: days of a delivery and what part comes on each.

Sellers' terms are not public data; what shapes and lengths are drawn from is chosen, wide enough to hold what tests of
sellers have described: packets in hours to days, slow "natural" delivery over weeks, and losses later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhenfen.simulate.organic import Ints, Reals

FOLLOW_BACK_SHARE = 0.15
"""Of the accounts followed in the hope of a follow back, how many do (chosen; the rest is unfollowed again)."""
FRIDAY = 4
WEEKDAY_LOG_SD = 0.25
"""Scatter from day to day of a drip made to look organic (chosen: half of the organic channels' own)."""
EVEN_SCATTER = 0.04
"""Scatter of packets from day to day (chosen: sellers deliver in even packets)."""
DELIVERED_FROM = (0.05, 0.3)
DELIVERED_FOR = (0.05, 0.3)
"""A day's packet begins between 1:00 and 7:00 UTC (9:00 to 15:00 in Shanghai) and takes one to seven hours, so that it
is complete before the evening's reading (chosen)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Parts of a purchase by day, counted from the first day of the delivery.

    Attributes:
        comes: Part that comes on each day; sums to 1; shape (n_days,).
        leaves: Part that leaves again on each day from the first day on, shape (n_later,), may be longer.
        begins, lasts: Within the day, in days.
    """

    comes: Reals
    leaves: Reals
    begins: float
    lasts: float

    def amounts(self) -> Reals:
        """What comes less what leaves, by day."""
        net = np.zeros(max(len(self.comes), len(self.leaves)))
        net[: len(self.comes)] += self.comes
        net[: len(self.leaves)] -= self.leaves
        return net

    def by_moment(self, at: Reals, first_day: int) -> Reals:
        """Part of the purchase that is there at the moments `at` (days), for a delivery from `first_day` on."""
        return arrived(at, first_day, self.amounts(), self.begins, self.lasts)


def arrived(at: Reals, first_day: int, amounts: Reals, begins: float = 0.0, lasts: float = 1.0) -> Reals:
    """Sum of the daily `amounts` up to the moments `at` (days), each coming evenly within its day's hours."""
    starts = first_day + begins + np.arange(len(amounts))
    knots = np.column_stack((starts, starts + lasts)).ravel()
    total = np.cumsum(amounts)
    levels = np.column_stack((total - amounts, total)).ravel()
    return np.interp(at, knots, levels)


def draw_delivery(manipulation: str, weekday: Ints, rng: np.random.Generator, n_days: int | None = None) -> Delivery:
    """A delivery of at most `len(weekday)` days.

    Args:
        manipulation: One of roles.FOLLOWER_MANIPULATIONS.
        weekday: 0 for Monday, of the days from the first of the delivery to the last of the series.
        rng: Source of chance.
        n_days: Days of even packets, where that is not left to chance.
    """
    drawn = _draw_comes(manipulation, weekday, rng) if n_days is None else _jitter(n_days, EVEN_SCATTER, rng)
    comes = drawn[: max(len(weekday), 1)]
    begins, lasts = rng.uniform(*DELIVERED_FROM), rng.uniform(*DELIVERED_FOR)
    # What leaves again: nobody, most of them on one later day, or half of them over one to three months.
    leaves = np.zeros(0)
    if manipulation == "bought_then_purged":
        leaves = np.zeros(len(comes) + int(rng.integers(7, 36)))
        leaves[-1] = rng.uniform(0.4, 0.95)
    elif manipulation in ("crowd_workers", "follow_unfollow"):
        rate = np.log(2) / rng.uniform(30, 90)
        leaves = np.concatenate((np.zeros(len(comes)), 0.5 * rate * np.exp(-rate * np.arange(90))))
    return Delivery(comes / comes.sum(), leaves, begins, lasts)


def _draw_comes(manipulation: str, weekday: Ints, rng: np.random.Generator) -> Reals:
    """What comes on each day from the first of the delivery on, in any unit."""
    if manipulation == "follower_drip":
        n_days = int(rng.integers(14, 61))
        return _jitter(n_days, rng.uniform(0.02, 0.15), rng)
    if manipulation == "follower_drip_weekday":
        # Fridays to Sundays a fifth above the others, as organic channels have it (fitted weekdays), and some scatter.
        n_days = min(int(rng.integers(14, 61)), len(weekday))
        week = np.where(weekday[:n_days] >= FRIDAY, 1.2, 0.95)
        return np.asarray(week * np.exp(WEEKDAY_LOG_SD * rng.standard_normal(n_days)))
    if manipulation == "crowd_workers":
        # People take up the job over two to seven days, most of them at first.
        n_days = int(rng.integers(2, 8))
        return np.asarray(np.exp(-np.arange(n_days) / rng.uniform(1, 3)) * _jitter(n_days, 0.2, rng))
    if manipulation == "follow_unfollow":
        # As many accounts a day as the platform lets one follow, for weeks.
        n_days = int(rng.integers(14, 46))
        return _jitter(n_days, rng.uniform(0.1, 0.3), rng)
    # Packets of a burst, on one to five days: at once, even ones, or a large first one.
    n_days = int(rng.choice([1, 1, 2, 3, 5]))
    falling = np.exp(-np.arange(n_days) * rng.choice([0.0, 0.0, 0.7]))
    return np.asarray(falling * _jitter(n_days, EVEN_SCATTER, rng))


def _jitter(n_days: int, scatter: float, rng: np.random.Generator) -> Reals:
    return np.maximum(1 + scatter * rng.standard_normal(n_days), 0.05)
