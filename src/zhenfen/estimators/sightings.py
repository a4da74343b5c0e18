"""Commenters of several creators, counted once: from who was seen under which post.

The frame is what was seen: accounts under the posts at hand. Posts are the sampling units, so that people who comment
together, and the first comments of a post that a crawler takes, count as one draw. Intervals are of the number under as
many posts again; what nobody saw is only ever "at least".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_POSTS_NEEDED = 5
"""Of a creator: the spread between fewer posts is a guess, see `tests/estimators/test_sightings.py`."""
N_SHARED_NEEDED = 10
"""Shared accounts from which those not seen are estimated."""


@dataclass(frozen=True, slots=True)
class SeenCount:
    """Accounts seen, and the interval of what as many posts again would show; no ends where posts are too few."""

    value: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Sightings:
    """Who was seen under which post, each once.

    Attributes:
        persons: Code of the account, from 0, shape (n,).
        posts: Code of the post, from 0, shape (n,).
        creators: Code of each post's creator, from 0, shape (n_posts,).
    """

    persons: IntArray
    posts: IntArray
    creators: IntArray

    def count_shared(self, first: int, second: int, confidence_level: float = 0.95) -> SeenCount:
        """Accounts seen under both of two creators."""
        by_first, by_second = self._posts_of([first]), self._posts_of([second])
        in_both = (by_first > 0) & (by_second > 0)
        changes = {
            first: self._lone(in_both, by_first, [first]),
            second: self._lone(in_both, by_second, [second]),
        }
        return self._count(int(in_both.sum()), changes, confidence_level)

    def count_union(self, chosen: Collection[int], confidence_level: float = 0.95) -> SeenCount:
        """Accounts seen under any of the creators `chosen`."""
        n_posts = self._posts_of(chosen)
        changes = {one: self._lone(n_posts > 0, n_posts, [one]) for one in chosen}
        return self._count(int((n_posts > 0).sum()), changes, confidence_level)

    def count_added(self, creator: int, chosen: Collection[int], confidence_level: float = 0.95) -> SeenCount:
        """Accounts seen under `creator` and under none of `chosen`.

        The accounts of those of `chosen` with fewer than N_POSTS_NEEDED posts are taken as they were seen.
        """
        mine, theirs = self._posts_of([creator]), self._posts_of(chosen)
        changes = {creator: self._lone(theirs == 0, mine, [creator])}
        # Without the one post of theirs that an account stands under, it would be new.
        n_posts = np.bincount(self.creators)
        changes |= {one: self._lone(mine > 0, theirs, [one]) for one in chosen if n_posts[one] >= N_POSTS_NEEDED}
        return self._count(int(((mine > 0) & (theirs == 0)).sum()), changes, confidence_level)

    def least_shared(self, first: int, second: int, confidence_level: float = 0.95) -> int | None:
        """Accounts under both, those not seen among them: at least so many; None where too little was seen.

        The lower end of Pan, Chao & Foissner (2009, J Agric Biol Environ Stat 14:452-468; their lower bound for
        replicated incidence, bias-corrected), whose error is of the posts left out one by one, on the log scale of what
        is unseen (Chao 1987, Biometrics 43:783-791). Their figure is itself a lower bound where people comment
        unequally often, which they do: it has no upper end, and none is given.
        """
        n_posts = [int((self.creators == one).sum()) for one in (first, second)]
        by_first, by_second = self._posts_of([first]), self._posts_of([second])
        in_both = (by_first > 0) & (by_second > 0)
        seen = int(in_both.sum())
        if min(n_posts) < N_POSTS_NEEDED or seen < N_SHARED_NEEDED:
            return None
        x, y = np.minimum(by_first, 3), np.minimum(by_second, 3)
        whole = _kinds(x[in_both], y[in_both]).sum(axis=0)
        variance = 0.0
        for creator, n in zip((first, second), n_posts, strict=True):
            rows = np.isin(self.creators[self.posts], creator) & in_both[self.persons]
            at, (mine, other) = self.persons[rows], (by_first, by_second) if creator == first else (by_second, by_first)
            less, same = np.minimum(mine[at] - 1, 3), np.minimum(other[at], 3)
            now, before = (less, same) if creator == first else (same, less), (x[at], y[at])
            lost = _kinds(*now) - _kinds(*before)
            posts = np.flatnonzero(self.creators == creator)
            by_post = np.zeros((len(self.creators), lost.shape[1]))
            np.add.at(by_post, self.posts[rows], lost)
            sizes = [n - 1 if one == creator else m for one, m in zip((first, second), n_posts, strict=True)]
            without = np.array([_pan(whole + change, sizes) for change in by_post[posts]])
            variance += (n - 1) / n * float(((without - without.mean()) ** 2).sum())
        unseen = _pan(whole, n_posts) - seen
        if unseen <= 0:
            return seen
        z = NormalDist().inv_cdf((1 + confidence_level) / 2)
        return seen + int(unseen / np.exp(z * np.sqrt(np.log1p(variance / unseen**2))))

    def _posts_of(self, chosen: Collection[int]) -> IntArray:
        """Posts of the creators `chosen` that each account was seen under, shape (n_persons,)."""
        rows = np.isin(self.creators[self.posts], list(chosen))
        return np.bincount(self.persons[rows], minlength=int(self.persons.max(initial=-1)) + 1)

    def _lone(self, counted: NDArray[np.bool_], n_posts: IntArray, creators: Sequence[int]) -> FloatArray:
        """By post of `creators`: accounts counted that no other of the posts of `n_posts` shows."""
        rows = np.isin(self.creators[self.posts], creators) & (counted & (n_posts == 1))[self.persons]
        by_post = np.bincount(self.posts[rows], minlength=len(self.creators))
        return by_post[np.isin(self.creators, creators)].astype(np.float64)

    def _count(self, value: int, changes: dict[int, FloatArray], confidence_level: float) -> SeenCount:
        """The count with an interval: posts left out one by one within each creator (Efron & Stein 1981, Ann Stat
        9:586-596: on average too wide, never too narrow), as a Poisson interval (Garwood 1936) of as many effective
        counts, so that a count of none has an upper end.

        Args:
            value: What was seen.
            changes: By how much the count changes without each of a creator's posts.
            confidence_level: In (0, 1).
        """
        from scipy.special import gammaincinv, stdtrit

        if min(map(len, changes.values()), default=0) < N_POSTS_NEEDED:
            return SeenCount(value, None, None)
        parts = np.array([(len(one) - 1) * float(one.var()) for one in changes.values()])
        tail, variance = (1 - confidence_level) / 2, max(float(parts.sum()), 1e-12)
        # Welch & Satterthwaite: how many posts the spread really rests on.
        freedom = variance**2 / max(float((parts**2 / [len(one) - 1 for one in changes.values()]).sum()), 1e-24)
        ratio = float(stdtrit(freedom, 1 - tail)) / NormalDist().inv_cdf(1 - tail) if parts.sum() > 0 else 1.0
        spread = max(1.0, variance / max(value, 1) * ratio**2)
        low = float(gammaincinv(value / spread, tail)) * spread if value > 0 else 0.0
        return SeenCount(value, low, float(gammaincinv(value / spread + 1, 1 - tail)) * spread)


def _kinds(x: IntArray, y: IntArray) -> FloatArray:
    """Of accounts seen under x and y posts (3: three or more): which kinds each is of, shape (n, 7).

    In both; once, twice in the second; once, twice in the first; once in both; twice in both.
    """
    in_both = (x > 0) & (y > 0)
    kinds = (in_both, y == 1, y == 2, x == 1, x == 2, (x == 1) & (y == 1), (x == 2) & (y == 2))  # noqa: PLR2004
    return np.stack([kind & in_both for kind in kinds], axis=-1).astype(np.float64)


def _pan(kinds: FloatArray, n_posts: Sequence[int]) -> float:
    """The bias-corrected lower bound of accounts in both, from the counts of `_kinds` and the posts of each creator."""
    both, once_second, twice_second, once_first, twice_first, once, twice = kinds
    first, second = ((n - 1) / n for n in n_posts)
    return float(
        both
        + second * once_second * (once_second - 1) / (2 * (twice_second + 1))
        + first * once_first * (once_first - 1) / (2 * (twice_first + 1))
        + first * second * once * (once - 1) / (4 * (twice + 1))
    )
