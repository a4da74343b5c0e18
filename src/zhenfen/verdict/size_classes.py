"""Small creators against large ones on one roster: engagement, reach and cost by size class of a platform."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhenfen.config import load_platforms
from zhenfen.tables import Tables
from zhenfen.verdict.roster import CONFIDENCE_LEVEL, Interval, Reach
from zhenfen.verdict.roster_followers import measure_followers


@dataclass(frozen=True, slots=True)
class RosterMember:
    """One creator of a roster.

    Attributes:
        creator_id: Who.
        platform: Platform id.
        n_followers: Followers.
        engagement: Median interactions of a post by followers; None where unknown.
        cost_cny: Fee by the median interactions: what a genuine one costs at least; None where unknown.
        cost_high_cny: What a genuine one costs at most; None where the share of fakes is not assessed.
    """

    creator_id: str
    platform: str
    n_followers: int
    engagement: float | None = None
    cost_cny: float | None = None
    cost_high_cny: float | None = None


@dataclass(frozen=True, slots=True)
class Median:
    """A median over n creators; no ends where they are too few, None all where nobody has a value."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SizeClass:
    """The creators of one size class of a platform.

    Attributes:
        platform: Platform id.
        name: Name of the tier in configs/platforms.
        creator_ids: Who, in the order asked for.
        n_followers: Their followers, added up.
        engagement: Of a creator.
        cost: What a genuine interaction costs at least.
        cost_high: What it costs at most; over those whose share of fakes is assessed.
        reach: Their followers counted once; None of a single creator.
    """

    platform: str
    name: str
    creator_ids: tuple[str, ...]
    n_followers: int
    engagement: Median
    cost: Median
    cost_high: Median
    reach: Reach | None


def take_median(values: Sequence[float | None]) -> Median:
    """The median of the known values with an interval from the order of the values alone.

    Whatever their distribution is, the median of all such creators lies between the r-th smallest and the r-th largest
    as often as a binomial of n and 1/2 lies between (Thompson 1936, Ann Math Stat 7:122-128). Of five creators even
    the smallest and the largest miss it more often than one time in twenty: six are needed.
    """
    from scipy.stats import binom

    known = np.sort([value for value in values if value is not None])
    n = len(known)
    if n == 0:
        return Median(0, None, None, None)
    # Values to leave out at each end; -1 where even the outermost are too near.
    outside = int(binom.ppf((1 - CONFIDENCE_LEVEL) / 2, n, 0.5)) - 1
    if outside < 0:
        return Median(n, float(np.median(known)), None, None)
    return Median(n, float(np.median(known)), float(known[outside]), float(known[n - 1 - outside]))


def compare_classes(tables: Tables, members: Sequence[RosterMember], shares: Mapping[str, Interval]) -> list[SizeClass]:
    """The size classes that have creators, platforms in the order met, smallest class first.

    Args:
        tables: As for `measure_followers`.
        members: The chosen creators with a known number of followers.
        shares: Least and largest share of fakes among the followers, by creator, where it was assessed.
    """
    classes = []
    for platform in dict.fromkeys(member.platform for member in members):
        config = load_platforms().get(platform)
        tiers = () if config is None else config.tiers
        ends = [*(tier.at_least for tier in tiers[1:]), math.inf]
        for tier, end in zip(tiers, ends, strict=False):
            of_class = [one for one in members if one.platform == platform and tier.at_least <= one.n_followers < end]
            if not of_class:
                continue
            ids = tuple(one.creator_id for one in of_class)
            classes.append(
                SizeClass(
                    platform,
                    tier.name,
                    ids,
                    sum(one.n_followers for one in of_class),
                    take_median([one.engagement for one in of_class]),
                    take_median([one.cost_cny for one in of_class]),
                    take_median([one.cost_high_cny for one in of_class]),
                    measure_followers(tables, ids, shares, {}),
                )
            )
    return classes
