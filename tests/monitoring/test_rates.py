"""Intervals of shares and of their change: published values, coverage, laws."""

from __future__ import annotations

import numpy as np
import pytest

from zhenfen.monitoring.rates import Interval, difference, quotient, wilson


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    # Newcombe (1998), Stat Med 17:873-890, table II, method 10.
    [
        ((48, 80), (56, 70), (0.0524, 0.3339)),
        ((3, 10), (9, 10), (0.1705, 0.8090)),
        ((0, 10), (10, 10), (0.6075, 1.0)),
        ((0, 20), (0, 10), (-0.1611, 0.2775)),
    ],
)
def test_published_intervals(first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float]) -> None:
    found = difference(wilson(*first, 0.95), wilson(*second, 0.95))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-4)


def test_the_other_way_round_is_the_negative() -> None:
    one, two = wilson(5, 40, 0.9), wilson(30, 60, 0.9)
    there, back = difference(one, two), difference(two, one)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


@pytest.mark.parametrize(
    ("change", "skill"), [((0.1, 0.05, 0.15), (0.8, 0.7, 0.9)), ((0.0, -0.1, 0.2), (0.5, 0.4, 0.6))]
)
def test_a_better_detector_needs_less_correction(
    change: tuple[float, float, float], skill: tuple[float, float, float]
) -> None:
    found = quotient(Interval(*change), Interval(*skill))
    assert found is not None
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(change[0] / skill[0])
    assert found.high - found.low > change[2] - change[1]
    perfect = quotient(Interval(*change), Interval(1, 1, 1))
    assert perfect == Interval(*change)


@pytest.mark.parametrize("low", [0.0, -0.2])
def test_a_detector_that_may_be_a_coin_corrects_nothing(low: float) -> None:
    assert quotient(Interval(0.1, 0.0, 0.2), Interval(0.3, low, 0.6)) is None


def test_a_corrected_change_covers_the_truth() -> None:
    rng = np.random.default_rng(7)
    sensitivity, specificity, shares, n = 0.8, 0.9, (0.1, 0.25), 800
    covered = 0
    for _ in range(300):
        flagged = [rng.binomial(n, share * sensitivity + (1 - share) * (1 - specificity)) for share in shares]
        rates = [wilson(hits, n, 0.975) for hits in flagged]
        hits = rng.binomial(200, sensitivity), rng.binomial(200, 1 - specificity)
        skill = difference(wilson(hits[1], 200, 0.975), wilson(hits[0], 200, 0.975))
        found = quotient(difference(*rates), skill)
        covered += found is not None and found.low <= shares[1] - shares[0] <= found.high
    assert covered / 300 >= 0.95
