"""Figures against scikit-learn, and counts at the threshold."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from training.evaluate import FIGURES, count_flagged, evaluate, measure


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    from sklearn import metrics

    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 200).astype(float)
    probas = np.round(np.clip(0.3 * labels + 0.7 * rng.random(200), 0, 1), 1)  # with ties
    weight = rng.integers(0, 4, 200) * rng.random(200)
    kept = weight > 0
    y, p, w = labels[kept], probas[kept], weight[kept]
    expected = (
        metrics.roc_auc_score(y, p, sample_weight=w),
        metrics.average_precision_score(y, p, sample_weight=w),
        metrics.matthews_corrcoef(y, p >= 0.5, sample_weight=w),
        metrics.brier_score_loss(y, p, sample_weight=w),
    )
    np.testing.assert_allclose(measure(labels, probas, weight, 0.5), expected)


def make_rows(n: int = 300) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    is_fake = rng.integers(0, 2, n)
    rows = pl.DataFrame({"source": "a", "platform": "weibo", "is_fake": is_fake, "twin": np.arange(n)})
    return rows, np.clip(0.2 * is_fake + 0.8 * rng.random(n), 0, 1)


def test_intervals_hold_the_value_and_widen_when_rows_are_twins() -> None:
    rows, probas = make_rows()
    apart = evaluate(rows, probas, 0.5, seed=1)["a"]
    grouped = evaluate(rows.with_columns(twin=pl.col("twin") // 15), probas, 0.5, seed=1)["a"]
    for name in FIGURES:
        value, low, high = apart[name]
        assert low <= value <= high
    spread = {name: grouped[name][2] - grouped[name][1] for name in ("auc", "brier")}
    assert all(width > 0 for width in spread.values())
    doubled = evaluate(pl.concat((rows, rows)), np.tile(probas, 2), 0.5, seed=1)["a"]
    assert doubled["auc"] == pytest.approx(apart["auc"])


def test_a_coin_has_auc_one_half_and_no_correlation() -> None:
    rows, _ = make_rows()
    found = evaluate(rows, np.full(rows.height, 0.4), 0.5, seed=1)["a"]
    assert found["auc"] == (0.5, 0.5, 0.5)
    assert found["mcc"] == (0.0, 0.0, 0.0)


def test_counts_at_the_threshold() -> None:
    rows = pl.DataFrame(
        {"source": ["a", "a", "a", "b", "b"], "platform": ["x", "x", "x", "weibo", "weibo"], "is_fake": [1, 1, 0, 0, 1]}
    )
    first, second = count_flagged(rows, np.array([0.9, 0.1, 0.5, 0.4, 0.5]), 0.5)
    assert (first.source, first.n_fake, first.n_fake_flagged, first.n_genuine, first.n_genuine_flagged) == (
        "a",
        2,
        1,
        1,
        1,
    )
    assert (second.platform, second.n_fake_flagged, second.n_genuine_flagged) == ("weibo", 1, 0)
