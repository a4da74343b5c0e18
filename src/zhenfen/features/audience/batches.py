"""Batches: followers in a row whose accounts were made within a few days, beyond what a shuffle would give.

Followers near each other in the follow order whose accounts were made at nearly the same time are linked; a component
of links is a run. Shuffling the dates over the places keeps both (how many followed, when accounts were made) and
breaks what ties them, so the longest run of each shuffle says how long runs get by chance (a permutation scan test).
Where it is known when they followed, the ages at that moment are shuffled too: newcomers whom a platform sends to a
creator on their first day are alike in date as well as in place, and their ages say why.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zhenfen.config import Strict
from zhenfen.text.near_duplicates import connect

Int = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]

_CELLS_AT_ONCE = 500_000
"""Shuffled dates held at a time: some 25 MB with their links."""
_APART = 1e9
"""Days between two shuffles laid end to end: more than any two dates are apart."""


class BatchRule(Strict):
    """When followers make a batch; see configs/features/audience.yaml."""

    days_apart: int
    places_apart: int
    n_shuffles: int
    seed: int


class Batches(NamedTuple):
    """Runs that no shuffle reached.

    Attributes:
        runs: Number of its run for every follower, -1 for none, shape (n,).
        limit: Size from which a run counts; where none has it, more than the largest has.
    """

    runs: Int
    limit: int


def find_batches(places: Real, created: Real, followed: Real, rule: BatchRule, fewest: int) -> Batches:
    """The runs of one sample. Followers in any order; those on the same place have no order among themselves.

    Args:
        places: Place in the follow order, shape (n,).
        created: Day the account was made, in days since any day, shape (n,).
        followed: Day of following on the same scale, shape (n,); NaN where unknown.
        rule: What links followers, and how many shuffles; the same seed for every sample.
        fewest: Smallest run worth naming.

    Returns:
        A sample without batches has a run by chance at most once in `n_shuffles` + 1 times.
    """
    order = np.lexsort((created, places))
    roots = _link(created[order], rule)
    sizes = np.bincount(roots, minlength=len(roots))
    limit = fewest
    largest = int(sizes.max(initial=0))
    if largest >= fewest:
        # The longest run of all shuffles of the dates and, where it is known of all when they followed, of the ages.
        # One as long as the sample's ends the search: no run of the sample can count then.
        placed, dates, came = places[order], created[order], followed[order]
        ages = None if np.isnan(came).any() else came - dates
        rng, n = np.random.default_rng(rule.seed), len(dates)
        n_at_once, longest = max(1, _CELLS_AT_ONCE // n), 0
        for done in range(0, rule.n_shuffles, n_at_once):
            n_some = min(n_at_once, rule.n_shuffles - done)
            shuffled = rng.permuted(np.tile(np.arange(n), (n_some, 1)), axis=1)
            longest = max(longest, _longest_run(dates[shuffled], placed, rule))
            if ages is not None:
                longest = max(longest, _longest_run(came - ages[shuffled], placed, rule))
            if longest >= largest:
                break
        limit = max(limit, 1 + longest)
    runs = np.full(len(created), -1, dtype=np.int64)
    runs[order] = np.where(sizes[roots] >= limit, roots, -1)
    return Batches(runs, limit)


def _link(created: Real, rule: BatchRule) -> Int:
    """The first member of each one's run, shape (n,); `created` in the follow order."""
    first, second = [], []
    for lag in range(1, rule.places_apart + 1):
        near = np.flatnonzero(np.abs(created[lag:] - created[:-lag]) <= rule.days_apart)
        first.append(near)
        second.append(near + lag)
    return connect(np.arange(len(created), dtype=np.int64), np.concatenate(first), np.concatenate(second))


def _longest_run(created: Real, places: Real, rule: BatchRule) -> int:
    """Longest run of shuffles laid end to end; `created` has the shape (n_some, n)."""
    if (np.diff(places) == 0).any():
        created = np.take_along_axis(created, np.lexsort((created, np.broadcast_to(places, created.shape))), axis=1)
    apart = created + _APART * np.arange(len(created))[:, None]
    return int(np.bincount(_link(apart.ravel(), rule)).max())
