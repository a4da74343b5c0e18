"""A roster as one audience: what its creators share two by two, whom they reach together, and what each adds.

Two bases, never mixed. Followers: followers' ids, where a draw was random (or the list whole) with an interval of all
followers; of any other list only what was seen on both. Commenters: accounts under the posts at hand, whom they follow
or not. Accounts are compared within a platform alone: one person with accounts on two platforms is two accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhenfen.estimators.overlap import bound_genuine

FloatArray = NDArray[np.float64]

Basis = Literal["followers", "commenters"]
Interval = tuple[float, float]
CONFIDENCE_LEVEL = 0.95
MOST_SIDE_BY_SIDE = 8
"""Creators whose every pair is told; of more, the MOST_PAIRS that share most."""
MOST_PAIRS = 15
MOST_STEPS = 20
LEAST_FEE_CNY = 1e-9
"""Stands for a fee of nothing (barter), whose accounts come before all that cost."""
N_RIVALS = 3
"""Next best creators that the chosen one is held against: whether the order is settled."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known of one creator's accounts.

    Attributes:
        frame: Of what they are: a frame of the table `audience`, or "commenters"; None without a list.
        n_seen: Accounts on the list.
        n_total: Accounts that it stands for: the followers; on the basis of commenters those seen.
        n_posts: Posts that they stand under; 0 for followers.
        is_random: Whether it is a random draw, or whole, so that all followers can be spoken of.
    """

    frame: str | None
    n_seen: int
    n_total: int
    n_posts: int = 0
    is_random: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """What two creators share.

    Attributes:
        creators: The two ids, in the order asked for.
        n_seen: Accounts seen with both.
        value: Estimated accounts of both; None where nothing may be said past what was seen.
        low: Lower end; None without an interval.
        high: Upper end; None without.
        least: Commenters of both, those not seen among them: at least so many; None where too little was seen.
    """

    creators: tuple[str, str]
    n_seen: int
    value: float | None
    low: float | None
    high: float | None
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One creator taken in, after those before.

    Attributes:
        creator_id: Who.
        added: Accounts that nobody before has.
        interval: Its ends; None where posts are too few.
        genuine: Of these genuine, ends; None where the share is not assessed.
        fee_cny: Fee; None where unknown.
        total: Accounts of all so far, ends; None where posts are too few.
        is_settled: Whether the intervals of the next best lie below; None without an interval, and for the last.
    """

    creator_id: str
    added: float
    interval: Interval | None
    genuine: Interval | None
    fee_cny: float | None
    total: Interval | None
    is_settled: bool | None


@dataclass(frozen=True, slots=True)
class Reach:
    """A roster on one basis.

    Attributes:
        basis: followers or commenters.
        listings: By creator, those of whom the basis knows a number, in the order asked for.
        pairs: Of one platform, most shared first: every pair of few creators, else those that share most.
        n_summed: Accounts of all creators added up.
        union: Accounts counted once: ends; None where posts are too few.
        n_union: Commenters seen, counted once; None for followers, of whom there are only ends.
        genuine: Of these genuine, ends; None where somebody's share is not assessed.
        n_genuine_known: Creators whose share is assessed.
        steps: Greedy order, at most MOST_STEPS.
        is_by_fee: Whether the order is by fee (everybody has one), else by accounts alone.
    """

    basis: Basis
    listings: Mapping[str, Listing]
    pairs: tuple[Shared, ...]
    n_summed: int
    union: Interval | None
    n_union: int | None
    genuine: Interval | None
    n_genuine_known: int
    steps: tuple[Step, ...]
    is_by_fee: bool


class Ground(Protocol):
    """What the accounts of k creators are counted on; creators are places from 0."""

    @property
    def sizes(self) -> FloatArray:
        """Accounts of each, shape (k,)."""

    @property
    def is_thin(self) -> NDArray[np.bool_]:
        """Of whom too little is known for an interval, shape (k,): they follow those who can be ordered."""

    def worths(self, before: Sequence[int]) -> FloatArray:
        """Accounts that each would add to those before, shape (k,); anything for those before."""

    def add(self, place: int, before: Sequence[int]) -> tuple[float, Interval | None]:
        """Accounts that one adds to those before, with their ends."""

    def unite(self, places: Sequence[int]) -> Interval | None:
        """Ends of the accounts of several, counted once."""


def conclude(
    basis: Basis,
    listings: Mapping[str, Listing],
    pairs: Sequence[Shared],
    ground: Ground,
    *,
    shares: Mapping[str, Interval],
    fees: Mapping[str, float],
    n_union: int | None = None,
) -> Reach:
    """The roster on one ground: all together, and in greedy order.

    Args:
        basis: What the accounts are.
        listings: By creator, in the order of the ground's places.
        pairs: What is told of two creators each.
        ground: What is counted on.
        shares: Least and largest share of fakes by creator, where it was assessed for these very accounts.
        fees: Fee in CNY by creator, where known.
        n_union: Accounts of all counted once, where they were counted.
    """
    union = ground.unite(range(len(listings)))
    counted = union if n_union is None else (float(n_union), float(n_union))
    known = [one for one in listings if one in shares]
    genuine = None
    if len(known) == len(listings) and counted is not None:
        genuine = bound_genuine(counted, ground.sizes, [shares[one] for one in listings])
    is_by_fee = all(one in fees for one in listings)
    return Reach(
        basis=basis,
        listings=listings,
        pairs=tuple(pairs),
        n_summed=int(ground.sizes.sum()),
        union=union,
        n_union=n_union,
        genuine=genuine,
        n_genuine_known=len(known),
        steps=tuple(_order_greedily(list(listings), ground, shares, fees, union, is_by_fee=is_by_fee)),
        is_by_fee=is_by_fee,
    )


def count_both(members: pl.DataFrame, n_creators: int) -> NDArray[np.int64]:
    """Persons of each two creators, shape (k, k); on the diagonal those of each.

    Args:
        members: person, and creator as a place from 0; each pair once.
        n_creators: k.
    """
    from scipy.sparse import csr_array

    codes = members["person"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(codes.max(initial=-1)) + 1, n_creators)
    held = csr_array((np.ones(len(codes), dtype=np.int64), (codes, members["creator"].to_numpy())), shape=shape)
    return np.asarray((held.T @ held).todense(), dtype=np.int64)


def _order_greedily(
    ids: Sequence[str],
    ground: Ground,
    shares: Mapping[str, Interval],
    fees: Mapping[str, float],
    union: Interval | None,
    *,
    is_by_fee: bool,
) -> list[Step]:
    """Each time whoever adds most: by fee where all fees are known, genuine accounts where all shares are."""
    weights = np.ones(len(ids))
    if all(one in shares for one in ids):
        weights = np.array([1 - sum(shares[one]) / 2 for one in ids])
    if is_by_fee:
        weights /= np.array([max(fees[one], LEAST_FEE_CNY) for one in ids])
    steps: list[Step] = []
    before: list[int] = []
    while len(before) < min(len(ids), MOST_STEPS):
        worths = ground.worths(before) * weights
        left = [one for one in np.lexsort((-worths, ground.is_thin)).tolist() if one not in before]
        best, rivals = left[0], [one for one in left[1 : 1 + N_RIVALS] if not ground.is_thin[one]]
        added, interval = ground.add(best, before)
        tops = [(weights[one], ground.add(one, before)[1]) for one in rivals]
        is_settled = None
        if interval is not None and tops:
            most = max(weight * ends[1] for weight, ends in tops if ends is not None)
            is_settled = bool(interval[0] * weights[best] > most)
        before = [*before, best]
        one, genuine = ids[best], None
        if one in shares and interval is not None:
            least, largest = (ground.sizes[best] * share for share in shares[one])
            genuine = (max(0.0, interval[0] - largest), min(interval[1], ground.sizes[best] - least))
        steps.append(Step(one, added, interval, genuine, fees.get(one), ground.unite(before), is_settled))
    totals = [step.total for step in steps]
    if union is None or any(total is None for total in totals):
        return steps
    # A larger set never has fewer accounts: the ends of one hold for those before and after it.
    lows = np.maximum.accumulate([total[0] for total in totals if total is not None])
    highs = np.array([*(total[1] for total in totals if total is not None), union[1]])
    highs = np.minimum.accumulate(highs[::-1])[::-1]
    return [
        replace(step, total=(float(low), max(float(low), float(high))))
        for step, low, high in zip(steps, lows, highs, strict=False)
    ]
