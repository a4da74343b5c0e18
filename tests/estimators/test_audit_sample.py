"""The draw for an audit: probabilities that are what they say, and every profile within reach."""

from __future__ import annotations

import numpy as np
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.audit_sample import draw_sample


def make_probas(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.4, 0.8, n)


@pytest.mark.parametrize(("n_profiles", "n"), [(500, 100), (500, 30), (500, 500), (7, 7), (1, 1), (9, 1), (103, 50)])
def test_draws_exactly_so_many_different_profiles(n_profiles: int, n: int) -> None:
    indices, strata, inclusion = draw_sample(make_probas(n_profiles), n, rng_seed=3)
    assert len(np.unique(indices)) == len(indices) == n
    assert strata.shape == inclusion.shape == (n_profiles,)
    assert (inclusion > 0).all()
    assert (inclusion <= 1).all()


@pytest.mark.parametrize("n", [30, 50, 100, 200])
def test_the_inclusion_probabilities_sum_to_the_draw_and_match_what_was_drawn(n: int) -> None:
    indices, strata, inclusion = draw_sample(make_probas(500), n, rng_seed=3)
    assert inclusion.sum() == pytest.approx(n)
    drawn = np.bincount(strata[indices], minlength=5)
    np.testing.assert_allclose(drawn, np.bincount(strata, inclusion))
    assert drawn.min() >= 4


def test_profiles_are_drawn_as_often_as_their_probability_says() -> None:
    probas, n_repeats = make_probas(60), 600
    times = np.zeros(60)
    for seed in range(n_repeats):
        times[draw_sample(probas, 20, seed).indices] += 1
    inclusion = draw_sample(probas, 20, 0).inclusion
    error = np.sqrt(inclusion * (1 - inclusion) / n_repeats)
    assert (np.abs(times / n_repeats - inclusion) < 4.5 * error).all()


def test_strata_follow_the_scores() -> None:
    probas = make_probas(500)
    strata = draw_sample(probas, 100, rng_seed=1).strata
    assert np.bincount(strata).tolist() == [100] * 5
    assert all(probas[strata == one].max() <= probas[strata == one + 1].min() for one in range(4))


def test_more_labels_go_where_the_scores_are_undecided_but_no_stratum_is_left_out() -> None:
    probas = np.r_[np.full(400, 0.001), np.full(100, 0.5)]
    inclusion = draw_sample(probas, 100, rng_seed=1).inclusion
    assert inclusion[-1] > 1.5 * inclusion[0]
    assert inclusion[0] >= 0.1


def test_equal_scores_are_drawn_like_a_plain_random_sample() -> None:
    inclusion = draw_sample(np.full(500, 0.3), 100, rng_seed=1).inclusion
    np.testing.assert_allclose(inclusion, 0.2)


def test_the_seed_decides() -> None:
    probas = make_probas(500)
    first, again, other = (draw_sample(probas, 100, seed).indices for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


@pytest.mark.parametrize("n", [0, -1, 11])
def test_a_draw_that_cannot_be_is_refused(n: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 10"):
        draw_sample(make_probas(10), n, rng_seed=1)


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1])
def test_a_score_that_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        draw_sample(np.array([0.1, bad]), 1, rng_seed=1)
