"""Shared accounts and unions: exact small cases, laws, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from zhenfen.estimators.overlap import bound_added, bound_genuine, bound_union, estimate_shared, sum_shared


def estimate(n_both: int, drawn: tuple[int, int], total: tuple[int, int], level: float = 0.95) -> list[int]:
    ends = estimate_shared(np.array([n_both]), np.array([drawn]), np.array([total]), level)
    return [int(end) for end in ends[0]]


def test_two_whole_lists_have_no_error() -> None:
    assert estimate(7, (20, 30), (20, 30)) == [7, 7, 7]
    assert estimate(0, (20, 30), (20, 30)) == [0, 0, 0]


def test_the_value_is_lincoln_and_petersen_s() -> None:
    assert estimate(12, (500, 500), (10_000, 20_000))[1] == 12 * 10_000 * 20_000 // (500 * 500)


def test_the_ends_are_those_of_the_binomial() -> None:
    from scipy.stats import binom

    low, _, high = estimate(3, (500, 500), (10_000, 20_000))
    p = 0.05 * 0.025
    assert binom.sf(2, low, p) > 0.025 >= binom.sf(2, low - 1, p)
    assert binom.cdf(3, high, p) > 0.025 >= binom.cdf(3, high + 1, p)


def test_nothing_seen_in_both_still_has_an_upper_end() -> None:
    low, value, high = estimate(0, (500, 500), (10_000, 20_000))
    # The rule of three, on two sides: 3.69 accounts were to be expected in both draws.
    assert (low, value) == (0, 0) and high == pytest.approx(3.69 / (0.05 * 0.025), rel=0.01)


@pytest.mark.parametrize(
    ("n_both", "drawn", "total", "most"),
    [
        (0, (5, 5), (100, 60), 60),
        # The second list is whole: 30 of the 40 drawn from the first do not stand on it.
        (10, (40, 50), (200, 50), 50),
        (10, (150, 50), (200, 50), 50),
        (10, (190, 500), (200, 500), 20),
    ],
)
def test_nothing_is_larger_than_it_can_be(
    n_both: int, drawn: tuple[int, int], total: tuple[int, int], most: int
) -> None:
    low, value, high = estimate(n_both, drawn, total)
    assert n_both <= low <= value <= high <= most


def test_more_seen_in_both_is_never_less_shared_and_larger_draws_are_never_wider() -> None:
    by_seen = np.array([estimate(m, (500, 500), (10_000, 20_000)) for m in range(40)])
    assert (np.diff(by_seen, axis=0) >= 0).all()
    widths = [np.ptp(estimate(3 * n * n // 10_000, (n, n), (10_000, 10_000))) for n in (100, 200, 400, 800)]
    assert widths == sorted(widths, reverse=True)


def test_which_of_the_two_comes_first_is_nothing() -> None:
    assert estimate(9, (300, 50), (4_000, 900)) == estimate(9, (50, 300), (900, 4_000))


@pytest.mark.parametrize(
    ("n_both", "drawn", "total"), [(1, (0, 5), (10, 10)), (6, (5, 9), (10, 10)), (1, (11, 5), (10, 10))]
)
def test_counts_that_cannot_be_are_refused(n_both: int, drawn: tuple[int, int], total: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="draws"):
        estimate(n_both, drawn, total)


@pytest.mark.parametrize(
    ("total", "n_shared", "drawn"),
    [
        ((10_000, 20_000), 3_000, (500, 500)),
        ((10_000, 8_000), 100, (1_000, 1_000)),
        ((50_000, 20_000), 8_000, (300, 20_000)),
        ((2_000, 3_000), 1_500, (1_000, 1_500)),
    ],
)
def test_intervals_hold_as_often_as_they_say(total: tuple[int, int], n_shared: int, drawn: tuple[int, int]) -> None:
    random = np.random.default_rng(4)
    held = random.hypergeometric(n_shared, total[0] - n_shared, drawn[0], 1_000)
    both = np.array([random.hypergeometric(one, total[1] - one, drawn[1]) for one in held])
    low, _, high = estimate_shared(both, np.tile(drawn, (1_000, 1)), np.tile(total, (1_000, 1))).T
    assert np.mean((low <= n_shared) & (n_shared <= high)) >= 0.95


def draw_sets(seed: int, k: int = 5) -> list[set[int]]:
    random = np.random.default_rng(seed)
    return [set(random.choice(60, random.integers(1, 40), replace=False).tolist()) for _ in range(k)]


def pairs_of(sets: list[set[int]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shared = np.array([[float(len(a & b)) for b in sets] for a in sets])
    return np.diag(shared).copy(), shared


@pytest.mark.parametrize("seed", range(30))
def test_a_union_lies_within_its_bounds_and_between_the_largest_and_the_sum(seed: int) -> None:
    sets = draw_sets(seed)
    sizes, shared = pairs_of(sets)
    low, high = bound_union(sizes, shared, shared)
    assert sizes.max() <= low <= len(set().union(*sets)) <= high <= sizes.sum()
    in_all = float(np.triu(shared, 1).sum())
    assert bound_union(sizes, shared, shared, (in_all, in_all)) == (low, high)
    loose_low, loose_high = bound_union(sizes, np.maximum(shared - 3, 0), shared + 3)
    assert loose_low <= low and high <= loose_high


def test_a_union_of_two_is_exact_and_of_apart_is_the_sum() -> None:
    sizes = np.array([10.0, 6.0])
    shared = np.array([[0.0, 4.0], [4.0, 0.0]])
    assert bound_union(sizes, shared, shared) == (12.0, 12.0)
    assert bound_union(sizes, np.zeros((2, 2)), np.zeros((2, 2))) == (16.0, 16.0)
    assert bound_union(np.array([5.0]), np.zeros((1, 1)), np.zeros((1, 1))) == (5.0, 5.0)


def test_the_sum_of_the_shared_bounds_where_one_after_the_other_does_not() -> None:
    # Six of ten each, every two share at most five: one after the other leaves 10 + 5, all at once 60 * 2/3 - 75 * 2/6.
    low, high = bound_union(np.full(6, 10.0), np.zeros((6, 6)), np.full((6, 6), 5.0))
    assert low == pytest.approx(2 * 60 / 4 - 2 * 75 / 12)
    assert high == 60.0


@pytest.mark.parametrize("seed", range(30))
def test_what_one_adds_lies_within_its_bounds(seed: int) -> None:
    first, *others = draw_sets(seed)
    shared = np.array([[len(first & other)] * 3 for other in others], dtype=float)
    low, value, high = bound_added(len(first), shared)
    assert low <= len(first - set().union(*others)) <= high
    assert low <= value <= high
    assert bound_added(len(first), shared[:1])[0] >= low


def test_who_comes_first_adds_everything() -> None:
    assert bound_added(50.0, np.zeros((0, 3))) == (50.0, 50.0, 50.0)


@pytest.mark.parametrize("seed", range(30))
def test_the_genuine_of_a_union_lie_within_their_bounds(seed: int) -> None:
    sets = draw_sets(seed)
    random = np.random.default_rng(seed + 100)
    fake = set(random.choice(60, 15, replace=False).tolist())
    union = set().union(*sets)
    shares = [
        (max(0.0, len(one & fake) / len(one) - 0.05), min(1.0, len(one & fake) / len(one) + 0.05)) for one in sets
    ]
    sizes, _ = pairs_of(sets)
    low, high = bound_genuine((len(union), len(union)), sizes, shares)
    assert low <= len(union - fake) <= high <= len(union)


def test_without_fakes_all_are_genuine() -> None:
    assert bound_genuine((70.0, 80.0), np.array([50.0, 40.0]), [(0.0, 0.0)] * 2) == (70.0, 80.0)


def test_pairs_added_up_are_known_nearer_than_each() -> None:
    both, drawn, total = np.array([20, 15, 30]), np.full((3, 2), 1_000), np.full((3, 2), 10_000)
    low, high = sum_shared(both, drawn, total)
    each = estimate_shared(both, drawn, total)
    assert each[:, 0].sum() < low < 65 * 100 < high < each[:, 2].sum()
    # One weight for all: Garwood's interval of 65 counts.
    assert (low, high) == pytest.approx((100 * 50.17, 100 * 82.85), rel=1e-3)
    exact = sum_shared(np.array([7]), np.array([[20, 30]]), np.array([[20, 30]]))
    assert exact == (7.0, 7.0)
    assert sum_shared(np.array([0]), np.array([[100, 100]]), np.array([[1_000, 1_000]]))[0] == 0.0


def test_the_sum_of_pairs_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(8)
    crowds = [np.arange(0, 3_000), np.arange(1_500, 3_500), np.arange(2_500, 6_000)]
    truth = sum(len(np.intersect1d(crowds[i], crowds[j])) for i, j in ((0, 1), (0, 2), (1, 2)))
    holds = []
    for _ in range(500):
        drawn = [random.choice(crowd, n, replace=False) for crowd, n in zip(crowds, (200, 300, 150), strict=True)]
        both = np.array([len(np.intersect1d(drawn[i], drawn[j])) for i, j in ((0, 1), (0, 2), (1, 2))])
        n_drawn, n_total = ([[len(of[i]), len(of[j])] for i, j in ((0, 1), (0, 2), (1, 2))] for of in (drawn, crowds))
        low, high = sum_shared(both, np.array(n_drawn), np.array(n_total))
        holds.append(low <= truth <= high)
    assert np.mean(holds) >= 0.95
