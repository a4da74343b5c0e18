"""Tail scores: quantiles of innocents, an exponential tail beyond them, floors of real data."""

from __future__ import annotations

import numpy as np
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.tail_scores import LEVELS, MOST, TailScore, fit_tail, tail_of_quantiles


def draw(n: int = 200_000, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).exponential(1.0, n)


def test_score_is_the_share_that_shows_as_much() -> None:
    tail = fit_tail(draw())
    asked = np.array([0.0, 1.0, 2.0, 4.0, 6.0])
    # Of an exponential the share beyond x is exp(-x).
    np.testing.assert_allclose(tail(asked), asked / np.log(10), atol=0.08)


def test_tail_goes_on_beyond_the_sample() -> None:
    tail = fit_tail(draw(2_000))
    assert tail(np.array([np.log(10) * 3.6]))[0] == pytest.approx(3.6, abs=0.4)


@pytest.mark.parametrize("shift", [0.3, 1.0, 5.0])
def test_more_never_scores_less(shift: float) -> None:
    tail, asked = fit_tail(draw(500)), np.linspace(-1, 30, 200)
    assert (tail(asked + shift) >= tail(asked)).all()
    assert tail(asked).max() <= MOST


def test_innocents_reach_a_level_as_often_as_it_says() -> None:
    tail, others = fit_tail(draw()), draw(seed=2)
    for level in (1.0, 2.0, 3.0):
        assert np.mean(tail(others) >= level) == pytest.approx(10.0**-level, rel=0.35)


def test_what_most_innocents_have_scores_nothing() -> None:
    zeros = np.r_[np.zeros(900), np.linspace(0.1, 1, 100)]
    tail = fit_tail(zeros)
    assert tail(np.array([0.0]))[0] == 0.0
    assert tail(np.array([0.5]))[0] > 1.0


def test_unknown_stays_unknown() -> None:
    assert np.isnan(fit_tail(draw(100))(np.array([np.nan]))[0])


def test_too_few_innocents_say_nothing() -> None:
    assert fit_tail(draw(39))(np.array([1e9]))[0] == 0.0


def test_a_sample_claims_no_more_than_ten_times_its_size() -> None:
    assert fit_tail(draw(100))(np.array([1e9]))[0] <= 3.0


def test_innocents_who_all_have_one_value() -> None:
    tail = fit_tail(np.full(200, 0.5))
    assert tail(np.array([0.5]))[0] == 0.0
    assert np.isfinite(tail(np.array([0.6]))[0])


def test_row_order_changes_nothing() -> None:
    values = draw(1_000)
    assert fit_tail(values).knots == fit_tail(values[::-1]).knots


def test_floor_lets_no_value_be_rarer_than_in_life() -> None:
    simulated = fit_tail(draw() / 10)
    real = tail_of_quantiles({0.5: 0.69, 0.9: 2.3, 0.95: 3.0, 0.99: 4.6})
    raised = simulated.raised_to(real)
    asked = np.linspace(0, 20, 100)
    assert (raised(asked) <= simulated(asked)).all()
    assert raised(np.array([4.6]))[0] == pytest.approx(2.0, abs=0.05)
    # Beyond the last quantile the slope before it goes on.
    assert raised(np.array([6.9]))[0] == pytest.approx(3.0, abs=0.1)


def test_floor_of_rarer_values_changes_nothing() -> None:
    tail = fit_tail(draw())
    assert tail.raised_to((-np.inf,) * len(LEVELS)) == tail


@pytest.mark.parametrize("knots", [(0.0,) * 3, tuple(np.arange(len(LEVELS), 0, -1.0))])
def test_knots_that_are_none_are_refused(knots: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="rising knots"):
        TailScore(knots)
