"""scipy.special says what scipy.stats says, to the last bit: intervals are made with the one, whose import is light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from zhenfen.features.audience.patterns import most_by_chance
from zhenfen.features.comments.bursts import betabinomial_tails

N = 2_000
RNG = np.random.default_rng(5)
PROBAS = np.concatenate([RNG.uniform(size=N), np.repeat([0.0125, 0.025, 0.05, 0.95, 0.975], 20)])
LARGE = RNG.lognormal(2, 2, len(PROBAS))


def are_same(found: npt.ArrayLike, wanted: npt.ArrayLike) -> bool:
    return np.asarray(found, np.float64).tobytes() == np.asarray(wanted, np.float64).tobytes()


def test_quantiles_are_those_of_the_distributions() -> None:
    others = LARGE[::-1].copy()
    assert are_same(special.betaincinv(LARGE, others, PROBAS), stats.beta.ppf(PROBAS, LARGE, others))
    assert are_same(special.stdtrit(LARGE, PROBAS), stats.t.ppf(PROBAS, LARGE))
    assert are_same(2 * special.gammaincinv(LARGE / 2, PROBAS), stats.chi2.ppf(PROBAS, LARGE))


def test_tails_of_a_beta_binomial_are_those_of_the_distribution() -> None:
    n = np.concatenate([RNG.integers(10, 80, 400), RNG.integers(100, 9_000, 40)]).astype(np.float64)
    k = np.floor(RNG.uniform(size=len(n)) ** 2 * (n + 1))
    k[:3], k[3:6] = 0, n[3:6]
    size, share = RNG.uniform(0.5, 20, len(n)), RNG.uniform(0.01, 0.99, len(n))
    shapes = (n, share * size, (1 - share) * size)
    assert are_same(betabinomial_tails(k, *shapes), stats.betabinom.sf(k - 1, *shapes))
    assert betabinomial_tails(*(np.empty(0) for _ in range(4))).shape == (0,)


def test_what_chance_exceeds_is_the_distributions() -> None:
    for false_alarm in (0.001, 0.01, 0.05, 0.5):
        assert are_same(most_by_chance(LARGE, false_alarm), stats.poisson.isf(false_alarm, LARGE))
