"""A roster by who comments: accounts under the posts at hand, each counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhenfen.estimators.sightings import N_POSTS_NEEDED, SeenCount, Sightings
from zhenfen.features.audience.people import COMMENTERS
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

FEWEST = 2


@dataclass(frozen=True, slots=True)
class CommentersGround:
    """Commenters of k creators.

    Attributes:
        seen: Who was seen under which post.
        persons: Of each person and creator seen together the person, shape (n,).
        places: And the creator, shape (n,).
        sizes: Commenters of each creator, shape (k,).
    """

    seen: Sightings
    persons: NDArray[np.int64]
    places: NDArray[np.int64]
    sizes: FloatArray

    @property
    def is_thin(self) -> NDArray[np.bool_]:
        """See `roster.Ground`."""
        return np.bincount(self.seen.creators, minlength=len(self.sizes)) < N_POSTS_NEEDED

    def worths(self, before: Sequence[int]) -> FloatArray:
        """See `roster.Ground`."""
        is_old = np.zeros(int(self.persons.max()) + 1, dtype=bool)
        is_old[self.persons[np.isin(self.places, before)]] = True
        fresh = self.places[~is_old[self.persons]]
        return np.bincount(fresh, minlength=len(self.sizes)).astype(np.float64)

    def add(self, place: int, before: Sequence[int]) -> tuple[float, Interval | None]:
        """See `roster.Ground`."""
        found = self.seen.count_added(place, before, CONFIDENCE_LEVEL)
        return float(found.value), _ends(found)

    def unite(self, places: Sequence[int]) -> Interval | None:
        """See `roster.Ground`."""
        return _ends(self.seen.count_union(places, CONFIDENCE_LEVEL))


def measure_commenters(
    tables: Tables, creator_ids: Sequence[str], shares: Mapping[str, Interval], fees: Mapping[str, float]
) -> Reach | None:
    """The roster by who commented; None where fewer than two creators have commenters with an id.

    A comment without its post counts as under one more post of its creator.

    Args:
        tables: creators and comments are read.
        creator_ids: The chosen creators; nobody else counts.
        shares: Least and largest share of fakes among the commenters, by creator, where it was assessed.
        fees: Fee in CNY by creator, where known.
    """
    platforms = tables["creators"].select("creator_id", pl.col("platform").fill_null(""))
    is_other = pl.col("author_id").is_not_null() & (pl.col("author_id") != pl.col("creator_id"))
    comments = tables["comments"].filter(pl.col("creator_id").is_in(creator_ids) & is_other)
    rows = comments.select("creator_id", "author_id", pl.col("post_id").fill_null("")).unique()
    present = set(rows["creator_id"].unique())
    ids = [one for one in creator_ids if one in present]
    if len(ids) < FEWEST:
        return None
    codes = pl.DataFrame({"creator_id": ids}).with_row_index("creator").with_columns(pl.col("creator").cast(pl.Int64))
    coded = (
        rows.join(codes, on="creator_id")
        .join(platforms, on="creator_id")
        .select(
            "creator",
            person=pl.struct("platform", "author_id").rank("dense").cast(pl.Int64) - 1,
            post=pl.struct("creator", "post_id").rank("dense").cast(pl.Int64) - 1,
        )
    )
    of_posts = coded.select("post", "creator").unique().sort("post")["creator"].to_numpy()
    seen = Sightings(coded["person"].to_numpy(), coded["post"].to_numpy(), of_posts)
    members = coded.select("person", "creator").unique()
    n_both, n_posts = count_both(members, len(ids)), np.bincount(of_posts, minlength=len(ids))
    sizes = np.diag(n_both).astype(np.float64)
    ground = CommentersGround(seen, members["person"].to_numpy(), members["creator"].to_numpy(), sizes)
    listings = {
        one: Listing(COMMENTERS, int(size), int(size), int(n)) for one, size, n in zip(ids, sizes, n_posts, strict=True)
    }
    platform_of = dict(platforms.iter_rows())
    of_ids = np.array([platform_of[one] for one in ids])
    pairs = _share(ids, seen, n_both, of_ids[:, None] == of_ids)
    n_union = members["person"].n_unique()
    return conclude("commenters", listings, pairs, ground, shares=shares, fees=fees, n_union=n_union)


def _share(ids: Sequence[str], seen: Sightings, n_both: NDArray[np.int64], is_alike: NDArray[np.bool_]) -> list[Shared]:
    """What two creators of a platform share, most first: of many creators only those that share most."""
    is_many = len(ids) > MOST_SIDE_BY_SIDE
    first, second = np.nonzero(np.triu(is_alike & (n_both > 0) if is_many else is_alike, 1))
    shown = sorted(zip(first.tolist(), second.tolist(), strict=True), key=lambda at: -n_both[at])
    pairs = []
    for one, other in shown[: MOST_PAIRS if is_many else None]:
        found = seen.count_shared(one, other, CONFIDENCE_LEVEL)
        least = seen.least_shared(one, other, CONFIDENCE_LEVEL)
        pairs.append(Shared((ids[one], ids[other]), found.value, found.value, found.low, found.high, least))
    return pairs


def _ends(found: SeenCount) -> Interval | None:
    return None if found.low is None or found.high is None else (found.low, found.high)
