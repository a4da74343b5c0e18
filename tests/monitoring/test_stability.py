"""The stability index and its tests against closed forms, other implementations and chance itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy, ks_2samp

from zhenfen.monitoring.stability import (
    count_bins,
    index_by_chance,
    make_edges,
    shift_of_categories,
    shift_of_numbers,
    stability_index,
)


def counts(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("reference", "new", "expected"),
    [
        (counts(50, 50), counts(500, 500), 0.0),
        # Half a row in each bin: 60.5/101 and 20.5/101 against 40.5/101 and 80.5/101.
        (counts(60, 40), counts(20, 80), (60.5 - 20.5) / 101 * np.log(60.5 / 20.5) + 40 / 101 * np.log(80.5 / 40.5)),
    ],
)
def test_the_index_in_closed_form(reference: np.ndarray, new: np.ndarray, expected: float) -> None:
    assert stability_index(reference, new) == pytest.approx(expected, abs=1e-12)


def test_the_index_is_both_relative_entropies_together() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = rng.integers(0, 50, (2, 8))
        shares = [(one + 0.5) / (one + 0.5).sum() for one in (first, second)]
        assert stability_index(first, second) == pytest.approx(entropy(*shares) + entropy(*shares[::-1]))
        assert stability_index(first, second) == pytest.approx(stability_index(second, first))


@pytest.mark.parametrize(("n", "m"), [(200, 200), (2000, 300)])
def test_chance_stays_below_its_line_in_nineteen_of_twenty(n: int, m: int) -> None:
    rng = np.random.default_rng(4)
    shares = np.full(10, 0.1)
    pairs = [(rng.multinomial(n, shares), rng.multinomial(m, shares)) for _ in range(2000)]
    below = np.mean([stability_index(*pair) <= index_by_chance(*pair) for pair in pairs])
    assert 0.93 < below < 0.97


def test_bins_hold_every_row_once_and_what_the_reference_never_had_apart() -> None:
    reference = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 3.0])
    edges = make_edges(reference)
    assert count_bins(reference, edges).sum() == len(reference)
    assert count_bins(reference, edges)[[0, -1]].tolist() == [0, 0]
    assert count_bins(np.array([-5.0, 9.0, 1.0]), edges)[[0, -1]].tolist() == [1, 1]


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_constant_that_becomes_another_has_moved(value: float) -> None:
    reference, new = np.full(300, 2.0), np.full(300, value)
    assert shift_of_numbers(reference, new, make_edges(reference)).psi > 1


def test_numbers_are_tested_by_their_values() -> None:
    rng = np.random.default_rng(2)
    reference, new = rng.normal(size=800), rng.normal(0.1, size=700)
    found = shift_of_numbers(reference, new, make_edges(reference))
    assert found.p == pytest.approx(ks_2samp(reference, new, method="exact").pvalue, rel=0.15)


def test_rare_categories_count_together() -> None:
    reference, new = counts(500, 480, 1, 0, 2, 1, 1, 0), counts(510, 470, 0, 2, 0, 1, 0, 1)
    assert shift_of_categories(reference, new).p > 0.5
    assert shift_of_categories(counts(500, 500, 0), counts(500, 0, 500)).p < 1e-10


def test_one_category_alone_cannot_move() -> None:
    found = shift_of_categories(counts(40, 0), counts(90, 0))
    assert (found.p, found.psi_by_chance) == (1.0, 0.0)
    assert found.psi == pytest.approx(0, abs=0.01)
