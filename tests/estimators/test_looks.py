"""Levels of looks: never below that of one look, rising with looks, and all looks together hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from zhenfen.estimators.looks import level_of_look, looks_of

LOOKS = (30, 45, 68, 100, 150, 225)


def test_a_look_costs_and_never_less_than_one_alone() -> None:
    assert level_of_look((1_000,)) == pytest.approx(0.95, abs=0.002)
    assert 0.95 < level_of_look((30,)) < 1
    again = [level_of_look(LOOKS[: n + 1]) for n in range(len(LOOKS))]
    assert min(again) > 0.95
    assert level_of_look((30, 100)) < level_of_look((30, 45, 68, 100))


def test_all_looks_together_hold() -> None:
    # Independent steps, a label each: what the levels are made for.
    rng = np.random.default_rng(7)
    steps = rng.normal(size=(20_000, LOOKS[-1]))
    sums = steps.cumsum(axis=1)[:, np.array(LOOKS) - 1] / np.sqrt(LOOKS)
    bounds = np.array([norm.ppf((1 + level_of_look(LOOKS[: n + 1])) / 2) for n in range(len(LOOKS))])
    held = (np.abs(sums) <= bounds).all(axis=1).mean()
    assert held == pytest.approx(0.95 + 0.05 * 0.7 * 30 / 225, abs=0.006)
    assert (np.abs(sums) <= norm.ppf(0.975)).all(axis=1).mean() < 0.9


def test_looks_are_counted_from_the_batches_of_labels() -> None:
    assert looks_of([1] * 30 + [2] * 15 + [3] * 5) == (30, 45, 50)
    assert looks_of([]) == ()
