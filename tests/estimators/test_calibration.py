"""Calibration: probabilities that are what they say, on maps that never fall and survive a trip through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration, CalibrationKind, fit_calibration

KINDS: list[CalibrationKind] = ["platt", "isotonic"]


def make_rows(n: int, seed: int = 1, slope: float = 0.5, intercept: float = -1.0):
    """Scores whose true probability is expit(slope * score + intercept)."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=3, size=n)
    return scores, (rng.random(n) < expit(slope * scores + intercept)).astype(int)


@pytest.mark.parametrize("kind", KINDS)
def test_calibrated_probabilities_come_true(kind: CalibrationKind) -> None:
    calibration = fit_calibration(*make_rows(5_000), kind=kind)
    scores, labels = make_rows(50_000, seed=2)
    probas = calibration.apply(scores)
    for tenth in np.array_split(np.argsort(scores), 10):
        assert probas[tenth].mean() == pytest.approx(labels[tenth].mean(), abs=0.04)


def test_platt_finds_the_line_that_made_the_labels() -> None:
    calibration = fit_calibration(*make_rows(50_000))
    assert calibration.scores == pytest.approx((0.5, -1.0), abs=0.03)


def test_platt_has_the_least_log_loss_of_all_lines() -> None:
    scores, labels = make_rows(200)
    n_fake, n_genuine = labels.sum(), (1 - labels).sum()
    soft = np.where(labels == 1, (n_fake + 1) / (n_fake + 2), 1 / (n_genuine + 2))

    def loss(line: np.ndarray) -> float:
        log_odds = line[0] * scores + line[1]
        return float((np.logaddexp(0, log_odds) - soft * log_odds).sum())

    assert fit_calibration(scores, labels).scores == pytest.approx(minimize(loss, [0.0, 0.0]).x, abs=1e-3)


def test_isotonic_agrees_with_scikit_learn_between_its_bounds() -> None:
    scores, labels = make_rows(500)
    ours = fit_calibration(scores, labels, kind="isotonic")
    oracle = IsotonicRegression().fit(scores, labels).predict(scores)
    np.testing.assert_allclose(ours.apply(scores), np.clip(oracle, 1 / 502, 501 / 502), atol=1e-9)
    np.testing.assert_allclose(ours.apply(np.array([-99.0, 99.0])), [1 / 502, 501 / 502])


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_never_fall_and_are_never_certain(kind: CalibrationKind) -> None:
    grid = np.linspace(-20, 20, 500)
    probas = fit_calibration(*make_rows(300), kind=kind).apply(grid)
    assert (np.diff(probas) >= 0).all()
    assert probas.min() > 0
    assert probas.max() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_split_gives_finite_maps(kind: CalibrationKind) -> None:
    scores = np.r_[np.linspace(-5, -1, 20), np.linspace(1, 5, 20)]
    probas = fit_calibration(scores, scores > 0, kind=kind).apply(scores)
    assert 0 < probas[0] < 0.1
    assert 0.9 < probas[-1] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_detector_that_points_the_wrong_way_gets_a_flat_map(kind: CalibrationKind) -> None:
    scores, labels = make_rows(2_000)
    probas = fit_calibration(-scores, labels, kind=kind).apply(np.array([-5.0, 0.0, 5.0]))
    np.testing.assert_allclose(probas, labels.mean(), atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_two_is_the_row_twice(kind: CalibrationKind) -> None:
    scores, labels = make_rows(200)
    twice = np.arange(200) % 3 == 0
    weighted = fit_calibration(scores, labels, 1.0 + twice, kind)
    repeated = fit_calibration(np.r_[scores, scores[twice]], np.r_[labels, labels[twice]], kind=kind)
    grid = np.linspace(-4, 4, 50)
    # Isotonic bounds count rows, not weights.
    np.testing.assert_allclose(weighted.apply(grid), repeated.apply(grid), atol=0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_row_order_changes_nothing(kind: CalibrationKind) -> None:
    scores, labels = make_rows(400)
    order = np.random.default_rng(4).permutation(400)
    one, other = (fit_calibration(scores[rows], labels[rows], kind=kind) for rows in (np.arange(400), order))
    np.testing.assert_allclose(one.apply(scores), other.apply(scores), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_survives_json_to_the_last_bit(kind: CalibrationKind) -> None:
    calibration = fit_calibration(*make_rows(300), kind=kind)
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


def test_applying_a_line_is_that_line() -> None:
    found = Calibration("platt", (2.0, -1.0)).apply(np.array([0.5, 3.0, np.nan]))
    np.testing.assert_allclose(logit(found[:2]), [0.0, 5.0], atol=1e-12)
    assert np.isnan(found[2])
    assert Calibration("platt", (1.0, 0.0)).apply(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "platt", "scores": [1.0, 0.0]},
        {"kind": "platt", "scores": [-1.0, 0.0], "probas": []},
        {"kind": "platt", "scores": [1.0], "probas": []},
        {"kind": "platt", "scores": ["a", 0.0], "probas": []},
        {"kind": "platt", "scores": [float("nan"), 0.0], "probas": []},
        {"kind": "spline", "scores": [1.0, 0.0], "probas": []},
        {"kind": "isotonic", "scores": [], "probas": []},
        {"kind": "isotonic", "scores": [0.0, 1.0], "probas": [0.5]},
        {"kind": "isotonic", "scores": [0.0, 1.0], "probas": [0.5, 0.4]},
        {"kind": "isotonic", "scores": [1.0, 0.0], "probas": [0.4, 0.5]},
        {"kind": "isotonic", "scores": [0.0, 1.0], "probas": [0.4, 1.5]},
    ],
)
def test_a_map_that_is_none_is_refused(values: dict) -> None:
    with pytest.raises(ConfigError, match="calibration"):
        Calibration.from_dict(values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("scores", "labels"), [([0.0, 1.0], [1, 1]), ([0.0, 1.0], [0, 0]), ([0.0, np.nan], [0, 1]), ([0.0, np.inf], [0, 1])]
)
def test_rows_that_cannot_calibrate_are_refused(kind: CalibrationKind, scores: list, labels: list) -> None:
    with pytest.raises(ValueError, match="both fake and genuine"):
        fit_calibration(np.array(scores), np.array(labels), kind=kind)
