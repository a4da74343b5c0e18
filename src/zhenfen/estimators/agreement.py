"""How far two people who labelled the same things agree beyond chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa of two people.

    Attributes:
        n: Things that both labelled.
        n_alike: Of these, how many they labelled alike.
        kappa: 1 where they always agree, 0 where they do as often as chance alone would have it; None where chance
            alone would have them agree always, because both gave one label to all.
        low: Lower end of its interval; None with kappa.
        high: Upper end.
    """

    n: int
    n_alike: int
    kappa: float | None
    low: float | None
    high: float | None


def cohens_kappa(first: Sequence[Hashable], second: Sequence[Hashable], confidence_level: float = 0.95) -> Agreement:
    """Cohen's kappa (1960, Educ Psychol Meas 20:37-46) with an interval.

    The interval is Wilson's (1927) for the share of agreement, with the agreement by chance held as it was found, as
    Cohen's own error has it: it does not shrink to a point where few labels all agree.

    Args:
        first: Labels of one person, length n.
        second: Labels of the other for the same things in the same order.
        confidence_level: In (0, 1).

    Raises:
        ValueError: The labels are not of the same things.
    """
    if len(first) != len(second):
        raise ValueError("both people must have labelled the same things")
    n, n_alike = len(first), sum(one == other for one, other in zip(first, second, strict=True))
    labels = {label: place for place, label in enumerate(dict.fromkeys((*first, *second)))}
    shares = [np.bincount([labels[one] for one in given], minlength=len(labels)) / n for given in (first, second) if n]
    by_chance = float(shares[0] @ shares[1]) if n else 1.0
    if by_chance >= 1:
        return Agreement(n, n_alike, None, None, None)
    from scipy.stats import binomtest

    ends = binomtest(n_alike, n).proportion_ci(confidence_level, method="wilson")
    kappa, low, high = ((share - by_chance) / (1 - by_chance) for share in (n_alike / n, ends.low, ends.high))
    return Agreement(n, n_alike, float(kappa), float(low), float(high))
