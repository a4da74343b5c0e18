"""Shares of two samples, the change from one to the other, and their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the ends of its interval, low <= value <= high."""

    value: float
    low: float
    high: float


def wilson(n_hits: int, n: int, confidence_level: float) -> Interval:
    """A share in [0, 1] with Wilson's interval (1927, J Am Stat Assoc 22:209-212); n >= 1."""
    from scipy.stats import binomtest

    found = binomtest(n_hits, n).proportion_ci(confidence_level, method="wilson")
    return Interval(n_hits / n, float(found.low), float(found.high))


def difference(first: Interval, second: Interval) -> Interval:
    """second - first of two independent shares with `wilson` intervals, in [-1, 1].

    Newcombe (1998), Stat Med 17:873-890, method 10: holds its level where normal intervals don't, near 0 and 1.
    """
    change = second.value - first.value
    low = hypot(second.value - second.low, first.high - first.value)
    high = hypot(second.high - second.value, first.value - first.low)
    return Interval(change, change - low, change + high)


def quotient(change: Interval, skill: Interval) -> Interval | None:
    """change / skill, from all pairs of ends, cut to [-1, 1]; None where the skill may be 0 or less.

    A detector that flags a share Se of what it looks for and 1 - Sp of the rest answers a change d of the true share by
    a change d (Se + Sp - 1) of the flagged one (Rogan & Gladen 1978). Where each interval fails at most half of a rate,
    the result fails at most the whole of it (Bonferroni).
    """
    if skill.low <= 0:
        return None
    ends = [part / by for part in (change.low, change.high) for by in (skill.low, skill.high)]
    return Interval(*(max(-1.0, min(1.0, one)) for one in (change.value / skill.value, min(ends), max(ends))))
