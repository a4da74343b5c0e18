"""Shares with intervals: published examples, independent arithmetic, laws, and coverage by simulation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm

from zhenfen.estimators.audit_sample import draw_sample
from zhenfen.estimators.prevalence import (
    Prevalence,
    Validation,
    adjusted_count,
    adjusted_counts,
    classify_and_count,
    expectation_maximised,
    prediction_powered,
    probabilistic_count,
    worst_case,
)

GOOD = Validation("good", "weibo", n_fake=200, n_fake_flagged=190, n_genuine=300, n_genuine_flagged=15)
POOR = Validation("poor", "instagram", n_fake=100, n_fake_flagged=60, n_genuine=100, n_genuine_flagged=30)
BLIND = Validation("blind", "x", n_fake=50, n_fake_flagged=10, n_genuine=50, n_genuine_flagged=10)
COVERAGE = 0.93
"""What the project promises of an interval of nominal 95 %."""


def make_audience(rng: np.random.Generator, n: int, share: float, auc: float, shift: float = 0.0):
    """Labels and scores of a detector of the stated AUC, calibrated at even odds, then shifted in log-odds."""
    is_fake = rng.random(n) < share
    distance = np.sqrt(2) * norm.ppf(auc)
    signal = rng.normal(size=n) + distance * is_fake
    return is_fake.astype(float), 1 / (1 + np.exp(-(distance * (signal - distance / 2) + shift)))


def audit(probas: np.ndarray, is_fake: np.ndarray, n_labels: int, seed: int) -> Prevalence:
    drawn = draw_sample(probas, n_labels, seed)
    is_labelled = np.isin(np.arange(len(probas)), drawn.indices)
    labels = np.where(is_labelled, is_fake, np.nan)
    return prediction_powered(probas, is_labelled, labels, drawn.inclusion, drawn.strata)


def label_all(probas: np.ndarray, labels: np.ndarray, strata: np.ndarray, **kwargs: float) -> Prevalence:
    """Every profile of an endless frame labelled at the same rate."""
    inclusion = np.full(len(probas), 0.5)
    return prediction_powered(probas, ~np.isnan(labels), labels, inclusion, strata, **kwargs)


def assert_covers(hits: int, n: int, promised: float = COVERAGE) -> None:
    """Fails when the share of hits is below the promise by more than chance (1 in 10,000)."""
    assert hits >= binom.ppf(1e-4, n, promised), f"{hits} of {n}"


def width(prevalence: Prevalence) -> float:
    return prevalence.high - prevalence.low


# Lang & Reiczigel (2014), examples 1, 2 and 4, as printed in the paper: flagged of profiles, validation, interval.
@pytest.mark.parametrize(
    ("flagged", "validation", "interval", "digits"),
    [
        ((4060, 11284), (179, 178, 359, 1), (0.349, 0.372), 3),
        ((51, 2971), (33, 32, 20, 0), (0.0, 0.053), 3),
        ((259, 509), (127, 84, 109, 13), (0.58, 0.87), 2),
        ((51, 509), (41, 23, 195, 8), (0.037, 0.195), 3),
    ],
)
def test_adjusted_count_gives_the_published_intervals(flagged, validation, interval, digits) -> None:
    found = adjusted_count(*flagged, Validation("paper", "-", *validation))
    assert (round(found.low, digits), round(found.high, digits)) == interval


def test_adjusted_count_inverts_the_errors_exactly_when_they_are_known() -> None:
    sure = Validation("sure", "-", 10**8, 9 * 10**7, 10**8, 2 * 10**7)
    # Share .3 gives .3 · .9 + .7 · .2 = .41 flagged.
    found = adjusted_count(41_000, 100_000, sure)
    assert found.share == pytest.approx(0.3)
    # With known errors the interval is that of the flagged share, stretched by the detector's skill.
    low, high = binomtest(41_000, 100_000).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx(((low - 0.2) / 0.7, (high - 0.2) / 0.7), abs=2e-4)


def test_a_detector_no_better_than_a_coin_says_nothing() -> None:
    found = adjusted_count(20, 100, BLIND)
    assert (found.low, found.high) == (0.0, 1.0)


def test_adjusted_counts_join_the_intervals_of_every_validation() -> None:
    each = [adjusted_count(60, 200, one) for one in (GOOD, POOR)]
    found = adjusted_counts(60, 200, [GOOD, POOR])
    assert (found.low, found.high) == (min(one.low for one in each), max(one.high for one in each))
    assert found.share == pytest.approx((each[0].share + each[1].share) / 2)
    assert adjusted_counts(60, 200, [POOR, GOOD]) == found
    assert adjusted_counts(60, 200, [GOOD]) == each[0]


def make_domains(rng: np.random.Generator, n: int, spread: float) -> list[Validation]:
    """Domains whose sensitivity and specificity scatter in log-odds about .95."""
    rates = 1 / (1 + np.exp(-rng.normal(np.log(0.95 / 0.05), spread, (n, 2))))
    counts = rng.binomial(400, rates).tolist()
    return [Validation(f"{at}", "-", 400, fake, 400, 400 - genuine) for at, (fake, genuine) in enumerate(counts)]


def test_worst_case_is_wider_than_what_the_domains_say_and_more_so_the_more_they_differ() -> None:
    rng = np.random.default_rng(3)
    alike, unlike = make_domains(rng, 6, 0.1), make_domains(rng, 6, 0.6)
    assert 0.14 < width(worst_case(60, 200, alike)) < 0.3
    for domains in (alike, unlike):
        known, found = adjusted_counts(60, 200, domains), worst_case(60, 200, domains)
        assert found.low <= known.low
        assert found.high >= known.high
        assert found.share == known.share
    assert width(worst_case(60, 200, unlike)) > 1.5 * width(worst_case(60, 200, alike))
    assert width(worst_case(60, 200, alike[::-1])) == pytest.approx(width(worst_case(60, 200, alike)))


def test_worst_case_of_two_unlike_domains_says_nothing() -> None:
    found = worst_case(60, 200, [GOOD, POOR])
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("spread", [0.2, 0.8])
def test_worst_case_intervals_hold_the_truth_in_one_more_domain(share: float, spread: float) -> None:
    rng, n_repeats, hits = np.random.default_rng(15), 300, 0
    for _ in range(n_repeats):
        *known, new = make_domains(rng, 5, spread)
        sensitivity, false_alarms = new.n_fake_flagged / 400, new.n_genuine_flagged / 400
        n_flagged = int(rng.binomial(200, share * sensitivity + (1 - share) * false_alarms))
        found = worst_case(n_flagged, 200, known)
        hits += found.low <= share <= found.high
    assert_covers(hits, n_repeats)


@pytest.mark.parametrize(("n_flagged", "n_profiles"), [(17, 120), (0, 50), (50, 50), (1, 10_000)])
def test_classify_and_count_is_wilsons_interval(n_flagged: int, n_profiles: int) -> None:
    low, high = binomtest(n_flagged, n_profiles).proportion_ci(method="wilson")
    found = classify_and_count(n_flagged, n_profiles)
    assert (found.share, found.low, found.high) == pytest.approx((n_flagged / n_profiles, low, high), abs=1e-12)


def test_probabilistic_count_is_the_interval_of_a_mean() -> None:
    probas = np.array([0.1, 0.2, 0.3, 0.4])
    found = probabilistic_count(probas)
    error = np.sqrt(np.var(probas, ddof=1) / 4)
    assert (found.share, found.high) == pytest.approx((0.25, 0.25 + 1.959964 * error))


def make_calibrated(rng: np.random.Generator, n: int, share: float, distance: float = 2.0):
    is_fake = rng.random(n) < share
    return 1 / (1 + np.exp(-distance * (rng.normal(size=n) + distance * is_fake - distance / 2)))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_expectation_maximised_finds_a_share_that_training_did_not_have(share: float) -> None:
    probas = make_calibrated(np.random.default_rng(1), 50_000, share)
    assert expectation_maximised(probas, 0.5) == pytest.approx(share, abs=0.01)
    assert abs(probas.mean() - share) > 0.03


def test_expectation_maximised_is_the_share_of_greatest_likelihood() -> None:
    probas = make_calibrated(np.random.default_rng(2), 300, 0.2)
    shares = np.linspace(0.001, 0.999, 999)
    likelihood = [np.log(s * probas / 0.4 + (1 - s) * (1 - probas) / 0.6).sum() for s in shares]
    assert expectation_maximised(probas, 0.4) == pytest.approx(shares[np.argmax(likelihood)], abs=1e-3)


@pytest.mark.parametrize(("score", "expected"), [(0.0, 0.0), (1.0, 1.0)])
def test_expectation_maximised_stands_certain_scores(score: float, expected: float) -> None:
    assert expectation_maximised(np.full(10, score), 0.5) == pytest.approx(expected, abs=1e-5)


def test_prediction_powered_is_the_stratified_mean_when_scores_carry_nothing() -> None:
    rng = np.random.default_rng(1)
    strata = np.repeat([0, 1, 2], [100, 200, 300])
    labels = (rng.random(600) < np.array([0.1, 0.3, 0.6])[strata]).astype(float)
    drawn = np.r_[0:20, 100:130, 300:350]
    known = np.where(np.isin(np.arange(600), drawn), labels, np.nan)
    expected = sum(size / 600 * np.nanmean(known[strata == one]) for one, size in enumerate((100, 200, 300)))
    found = prediction_powered(np.full(600, 0.4), ~np.isnan(known), known, np.full(600, 0.2), strata)
    assert found.share == pytest.approx(expected)
    assert (found.n_labels, found.n_profiles) == (100, 600)


def test_prediction_powered_without_scores_or_strata_is_close_to_clopper_pearson() -> None:
    n_profiles, n = 1_000_000, 200
    labels = np.full(n_profiles, np.nan)
    labels[:n] = np.arange(n) < 30
    found = label_all(np.full(n_profiles, 0.4), labels, np.zeros(n_profiles, dtype=int))
    low, high = binomtest(30, n).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.002)
    assert width(found) > high - low


@pytest.mark.parametrize("seed", range(8))
def test_prediction_powered_agrees_with_least_squares_on_stratum_dummies(seed: int) -> None:
    """λ and the regression estimator by another road: scaled rows, one column a stratum, one for the score."""
    is_fake, probas = make_audience(np.random.default_rng(seed), 500, 0.5, 0.8)
    drawn = draw_sample(probas, 100, seed)
    rows, strata = drawn.indices, drawn.strata[drawn.indices]
    n, sizes = np.bincount(strata), np.bincount(drawn.strata)
    scale = np.sqrt((sizes / 500) ** 2 * (1 - n / sizes) / (n * (n - 1)))[strata]
    columns = np.c_[np.eye(5)[strata], probas[rows]]
    power = np.clip(np.linalg.lstsq(columns * scale[:, None], is_fake[rows] * scale, rcond=None)[0][5], 0, 1)
    missed = np.bincount(drawn.strata, probas) / sizes - np.bincount(strata, probas[rows]) / n
    expected = sizes / 500 @ (np.bincount(strata, is_fake[rows]) / n + power * missed)
    assert audit(probas, is_fake, 100, seed).share == pytest.approx(expected)


def test_prediction_powered_with_every_profile_labelled_is_what_they_say() -> None:
    is_fake, probas = make_audience(np.random.default_rng(6), 400, 0.2, 0.9)
    found = audit(probas, is_fake, 400, 1)
    low, high = binomtest(int(is_fake.sum()), 400).proportion_ci(method="exact")
    assert found.share == pytest.approx(is_fake.mean())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.004)


def test_good_scores_narrow_the_interval_and_useless_ones_do_no_harm() -> None:
    rng = np.random.default_rng(7)
    is_fake, good = make_audience(rng, 1000, 0.3, 0.97)
    noise = rng.random(1000)
    widths = [width(audit(probas, is_fake, 100, 1)) for probas in (good, noise, np.full(1000, 0.5))]
    assert widths[0] < 0.8 * widths[2]
    assert widths[1] < 1.1 * widths[2]


@pytest.mark.parametrize("auc", [0.6, 0.9, 0.99])
@pytest.mark.parametrize("seed", range(5))
def test_one_more_fake_among_the_labels_never_lowers_the_share(auc: float, seed: int) -> None:
    is_fake, probas = make_audience(np.random.default_rng(seed), 500, 0.3, auc)
    drawn = draw_sample(probas, 60, seed)
    before = audit(probas, is_fake, 60, seed)
    for row in drawn.indices[is_fake[drawn.indices] == 0]:
        more = is_fake.copy()
        more[row] = 1
        assert audit(probas, more, 60, seed).share >= before.share - 1e-12


@pytest.mark.parametrize("estimate", [partial(adjusted_count, validation=GOOD), classify_and_count])
def test_more_flagged_profiles_never_lower_share_or_interval(estimate: Callable[..., Prevalence]) -> None:
    found = [estimate(n, 100) for n in range(101)]
    for name in ("share", "low", "high"):
        values = [getattr(one, name) for one in found]
        assert values == sorted(values)


@pytest.mark.parametrize("n_flagged", [0, 1, 50, 199, 200])
@pytest.mark.parametrize("validation", [GOOD, POOR, BLIND])
def test_adjusted_counts_stay_within_zero_and_one(n_flagged: int, validation: Validation) -> None:
    found = adjusted_count(n_flagged, 200, validation)
    assert 0 <= found.low <= found.share <= found.high <= 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("auc", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("n_labels", [4, 30, 100])
def test_audited_shares_stay_within_zero_and_one_and_are_never_certain(share, auc, n_labels) -> None:
    is_fake, probas = make_audience(np.random.default_rng(8), 300, share, auc)
    found = audit(probas, is_fake, n_labels, 1)
    assert 0 <= found.low <= found.share <= found.high <= 1
    # Three by n is what the upper end of a plain sample without a single fake would be, of all 300 profiles labelled.
    assert width(found) > 3 / 300


def test_no_fake_among_the_labels_gives_about_three_by_n() -> None:
    found = audit(np.linspace(0.01, 0.9, 5000), np.zeros(5000), 100, 1)
    assert found.share == 0
    assert found.low == 0
    assert 0.03 < found.high < 0.08


def test_fewer_labels_and_fewer_profiles_give_wider_intervals() -> None:
    rng = np.random.default_rng(9)
    audiences = [make_audience(rng, 500, 0.2, 0.9) for _ in range(30)]
    widths = [np.mean([width(audit(p, y, n, 1)) for y, p in audiences]) for n in (30, 50, 100, 300)]
    assert widths == sorted(widths, reverse=True)
    assert width(adjusted_count(30, 100, GOOD)) > width(adjusted_count(300, 1000, GOOD))
    small = Validation("small", "-", n_fake=20, n_fake_flagged=19, n_genuine=20, n_genuine_flagged=1)
    assert width(adjusted_count(30, 100, small)) > width(adjusted_count(30, 100, GOOD))


def test_a_higher_level_of_confidence_is_wider() -> None:
    is_fake, probas = make_audience(np.random.default_rng(10), 300, 0.2, 0.9)
    labels = np.where(np.arange(300) % 3 == 0, is_fake, np.nan)
    strata = np.zeros(300, dtype=int)
    widths = [width(label_all(probas, labels, strata, confidence_level=level)) for level in (0.8, 0.95, 0.99)]
    assert widths == sorted(widths)


def test_row_order_and_the_names_of_strata_change_nothing() -> None:
    rng = np.random.default_rng(11)
    is_fake, probas = make_audience(rng, 300, 0.2, 0.9)
    drawn = draw_sample(probas, 60, 1)
    is_labelled = np.isin(np.arange(300), drawn.indices)
    order = rng.permutation(300)
    one, other = (
        prediction_powered(
            probas[rows], is_labelled[rows], is_fake[rows], drawn.inclusion[rows], 7 * drawn.strata[rows] + 3
        )
        for rows in (np.arange(300), order)
    )
    plain = prediction_powered(probas, is_labelled, is_fake, drawn.inclusion, drawn.strata)
    for name in ("share", "low", "high"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)
        assert getattr(one, name) == pytest.approx(getattr(plain, name), rel=1e-9)


def test_labels_that_are_missing_from_a_stratum_join_it_with_its_neighbour() -> None:
    strata = np.repeat([0, 1, 2], 100)
    labels = np.full(300, np.nan)
    labels[[0, 1, 2, 3]] = [0, 0, 0, 1]
    labels[250] = 1
    found = label_all(np.full(300, 0.5), labels, strata)
    joined = label_all(np.full(300, 0.5), labels, np.zeros(300, dtype=int))
    assert found == joined


@pytest.mark.parametrize("labels", [[1.0, np.nan, np.nan], [0.0, 2.0, np.nan], [0.0, 0.5, np.nan]])
def test_labels_that_are_too_few_or_no_labels_are_refused(labels: list[float]) -> None:
    with pytest.raises(ValueError, match="two or more labels"):
        label_all(np.full(3, 0.5), np.array(labels), np.zeros(3, dtype=int))


@pytest.mark.parametrize(("share", "n_labels"), [(0.02, 100), (0.1, 100), (0.5, 100), (0.05, 30)])
@pytest.mark.parametrize(("auc", "shift"), [(0.6, 0.0), (0.9, -2.0), (0.99, 0.0)])
def test_audited_intervals_hold_the_truth(share: float, n_labels: int, auc: float, shift: float) -> None:
    rng, n_repeats, hits = np.random.default_rng(12), 200, 0
    for seed in range(n_repeats):
        is_fake, probas = make_audience(rng, 500, share, auc, shift)
        found = audit(probas, is_fake, n_labels, seed)
        hits += found.low <= share <= found.high
    assert_covers(hits, n_repeats)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.97), (0.7, 0.9)])
def test_adjusted_intervals_hold_the_truth(share: float, sensitivity: float, specificity: float) -> None:
    rng, n_repeats = np.random.default_rng(13), 500
    n_flagged = rng.binomial(200, share * sensitivity + (1 - share) * (1 - specificity), n_repeats)
    n_fake, n_genuine = rng.binomial(100, sensitivity, n_repeats), rng.binomial(100, 1 - specificity, n_repeats)
    found = [
        adjusted_count(int(one), 200, Validation("-", "-", 100, int(fake), 100, int(genuine)))
        for one, fake, genuine in zip(n_flagged, n_fake, n_genuine, strict=True)
    ]
    assert_covers(sum(one.low <= share <= one.high for one in found), n_repeats)


def test_the_naive_interval_misses_the_truth_of_a_detector_with_errors() -> None:
    """Why the rest of this room exists: sensitivity .7, specificity .9, half of the profiles fake."""
    n_flagged = np.random.default_rng(14).binomial(200, 0.5 * 0.7 + 0.5 * 0.1, 200)
    found = [classify_and_count(int(one), 200) for one in n_flagged]
    assert np.mean([one.low <= 0.5 <= one.high for one in found]) < 0.5
