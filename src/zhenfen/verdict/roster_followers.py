"""A roster by its followers: lists compared within a platform, all followers spoken of where a draw was random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhenfen.estimators.overlap import bound_added, bound_union, estimate_shared, sum_shared
from zhenfen.features.audience.people import OTHER_AUDIENCES
from zhenfen.tables import Tables
from zhenfen.verdict.roster import (
    CONFIDENCE_LEVEL,
    MOST_PAIRS,
    MOST_SIDE_BY_SIDE,
    FloatArray,
    Interval,
    Listing,
    Reach,
    Shared,
    conclude,
    count_both,
)

WHOLE_FRAME, RANDOM_FRAME = "authorised_export", "random"
FEWEST = 2


@dataclass(frozen=True, slots=True)
class FollowersGround:
    """Followers of k creators, of whom pairs say what is shared.

    Attributes:
        sizes: Followers of each, shape (k,).
        shared: Low, value and high of what each two share, shape (k, k, 3).
        in_pairs: Ends of what all pairs share, added up.
    """

    sizes: FloatArray
    shared: FloatArray
    in_pairs: Interval

    @property
    def is_thin(self) -> NDArray[np.bool_]:
        """See `roster.Ground`: bounds are there of anybody."""
        return np.zeros(len(self.sizes), dtype=bool)

    def worths(self, before: Sequence[int]) -> FloatArray:
        """See `roster.Ground`."""
        return np.array([self.add(place, before)[0] for place in range(len(self.sizes))])

    def add(self, place: int, before: Sequence[int]) -> tuple[float, Interval]:
        """See `roster.Ground`."""
        low, value, high = bound_added(float(self.sizes[place]), self.shared[place][list(before)])
        return value, (low, high)

    def unite(self, places: Sequence[int]) -> Interval:
        """See `roster.Ground`."""
        at = np.ix_(places, places)
        in_pairs = self.in_pairs if len(places) == len(self.sizes) else None
        return bound_union(self.sizes[list(places)], self.shared[..., 0][at], self.shared[..., 2][at], in_pairs)


def measure_followers(
    tables: Tables, creator_ids: Sequence[str], shares: Mapping[str, Interval], fees: Mapping[str, float]
) -> Reach | None:
    """The roster by its followers; None where fewer than two creators have a known number of them.

    Args:
        tables: creators and audience are read.
        creator_ids: The chosen creators; nobody else counts.
        shares: Least and largest share of fakes among all followers, by creator, where it was assessed.
        fees: Fee in CNY by creator, where known.
    """
    rows = tables["creators"].filter(pl.col("creator_id").is_in(creator_ids)).drop_nulls("n_followers")
    known = {row["creator_id"]: row for row in rows.filter(pl.col("n_followers") > 0).iter_rows(named=True)}
    ids = [one for one in creator_ids if one in known]
    if len(ids) < FEWEST:
        return None
    is_follower = pl.col("creator_id").is_in(ids) & ~pl.col("frame").is_in(OTHER_AUDIENCES)
    sampled = tables["audience"].with_columns(pl.col("frame").fill_null("unknown")).filter(is_follower)
    lists = {str(key[0]): part for key, part in sampled.partition_by("creator_id", as_dict=True).items()}
    chosen = [_choose_list(lists.get(one, sampled.clear()), known[one]["n_followers"]) for one in ids]
    members = pl.concat(
        people.select(person="profile_id", creator=pl.lit(place, dtype=pl.Int64))
        for place, (_, people) in enumerate(chosen)
    )
    listings = dict(zip(ids, (listing for listing, _ in chosen), strict=True))
    platforms = np.array([known[one]["platform"] or "" for one in ids])
    n_both = count_both(members, len(ids))
    told, shared, can, in_pairs = _share(list(listings.values()), n_both, platforms[:, None] == platforms)
    first, second = np.nonzero(np.triu(platforms[:, None] == platforms, 1))
    is_listed = np.array([listing.n_seen > 0 for listing in listings.values()])
    shown = [at for at in zip(first.tolist(), second.tolist(), strict=True) if is_listed[list(at)].all()]
    shown.sort(key=lambda at: -told[at][1])
    pairs = []
    for at in shown[: MOST_PAIRS if len(ids) > MOST_SIDE_BY_SIDE else None]:
        low, value, high = told[at].tolist() if can[at] else (None, None, None)
        pairs.append(Shared((ids[at[0]], ids[at[1]]), int(n_both[at]), value, low, high))
    sizes = np.array([listing.n_total for listing in listings.values()], dtype=np.float64)
    return conclude("followers", listings, pairs, FollowersGround(sizes, shared, in_pairs), shares=shares, fees=fees)


def _share(
    listings: Sequence[Listing], n_both: NDArray[np.int64], is_alike: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_], Interval]:
    """What each two share: low, value, high of one pair, and of all at once; which can be estimated; all added up.

    Of others: at least those seen on both, at most the smaller; accounts of two platforms are never the same.
    """
    totals = np.array([listing.n_total for listing in listings], dtype=np.int64)
    drawn = np.array([listing.n_seen for listing in listings], dtype=np.int64)
    is_random = np.array([listing.is_random for listing in listings])
    first, second = np.nonzero(np.triu(is_alike, 1))
    told = np.zeros((len(listings), len(listings), 3))
    seen = n_both[first, second]
    told[first, second] = np.stack([seen, seen, np.minimum(totals[first], totals[second])], axis=1)
    shared, can = told.copy(), np.zeros_like(is_alike)
    pair = tuple(places[is_random[first] & is_random[second]] for places in (first, second))
    low = high = 0.0
    if len(pair[0]):
        n_drawn, n_total = (np.stack([counts[places] for places in pair], axis=1) for counts in (drawn, totals))
        told[pair] = estimate_shared(n_both[pair], n_drawn, n_total, CONFIDENCE_LEVEL)
        can[pair] = True
        # What is said of the whole roster holds as often as what is said of one pair (Bonferroni): of each pair, and of
        # their sum.
        level = 1 - (1 - CONFIDENCE_LEVEL) / (len(pair[0]) + 1)
        shared[pair] = estimate_shared(n_both[pair], n_drawn, n_total, level)
        low, high = sum_shared(n_both[pair], n_drawn, n_total, level)
    others = shared[~can].sum(axis=0)
    in_pairs = (low + others[0], high + others[2])
    return told, shared + shared.transpose(1, 0, 2), can, in_pairs


def _choose_list(rows: pl.DataFrame, n_followers: int) -> tuple[Listing, pl.DataFrame]:
    """The list to compare a creator by: a whole one, else a random draw, else all that is known of followers."""
    for frame, least in ((WHOLE_FRAME, n_followers), (RANDOM_FRAME, 1)):
        # An export that lists fewer than all says nothing of how it chose.
        drawn = rows.filter(pl.col("frame") == frame)
        if drawn.height >= least:
            return Listing(frame, drawn.height, max(n_followers, drawn.height), is_random=True), drawn
    counts = rows["frame"].value_counts().sort("count", "frame", descending=[True, False])
    people = rows.unique("profile_id", maintain_order=True)
    frame_seen = None if counts.is_empty() else counts["frame"][0]
    return Listing(frame_seen, people.height, max(n_followers, people.height)), people
