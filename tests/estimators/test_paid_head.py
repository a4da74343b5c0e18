"""Cases of like scores: as many as were counted, and only of scores that no model had learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.paid_head import AlikeCases, PaidHead
from zhenfen.estimators.post_classifier import N_COLUMNS


def test_cases_are_counted_in_classes_of_like_scores() -> None:
    scores = np.arange(10.0)
    cases = AlikeCases.count(scores, scores >= 8, 5)
    assert cases.n_posts.tolist() == [2] * 5
    assert cases.n_marked.tolist() == [0, 0, 0, 0, 2]
    assert cases.find(np.array([-100.0, 8.5, 100.0])).rows() == [(2, 0), (2, 2), (2, 2)]
    assert cases.find(np.array([])).height == 0


def test_it_is_read_as_it_was_saved(tmp_path: Path) -> None:
    cases = AlikeCases(np.array([0.5]), np.array([3, 4]), np.array([0, 2]))
    PaidHead(np.zeros(N_COLUMNS), np.ones(3), cases, cases).save(tmp_path / "paid.npz")
    found = PaidHead.load(tmp_path / "paid.npz")
    assert found.by_both.n_marked.tolist() == [0, 2]
    assert found.score_vectors(np.ones((2, 3), np.float32)).tolist() == [3.0, 3.0]
    PaidHead(np.zeros(5), np.ones(3), cases, cases).save(tmp_path / "paid.npz")
    with pytest.raises(ConfigError, match=f"expected {N_COLUMNS} weights"):
        PaidHead.load(tmp_path / "paid.npz")
    torn = AlikeCases(np.array([0.5]), np.array([3]), np.array([0, 2]))
    PaidHead(np.zeros(N_COLUMNS), np.ones(3), torn, cases).save(tmp_path / "paid.npz")
    with pytest.raises(ConfigError, match="not the paid head"):
        PaidHead.load(tmp_path / "paid.npz")
