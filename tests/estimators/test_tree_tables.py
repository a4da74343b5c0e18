"""Scores by tables of leaves: LightGBM's own sums to the last bit, whatever is missing and however many rows."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.tree_tables import CHUNK_ROWS, SLICE_ROWS, TreeTables, read_trees

MISSING_SHARE = 0.3
N_TREES = 40


def make_rows(n: int, seed: int = 0) -> np.ndarray:
    """Numbers of several kinds: whole ones that meet the cuts, fractions, one feature always known."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(-3, 4, n), rng.normal(size=n), rng.integers(0, 2, n), rng.normal(size=n)])
    X = X.astype(np.float64)
    X[:, :3][rng.random((n, 3)) < MISSING_SHARE] = np.nan
    return X


def grow(n_leaves: int, y: np.ndarray | None = None) -> lightgbm.Booster:
    X = make_rows(2_000)
    labels = (np.nan_to_num(X[:, 0], nan=2) * X[:, 3] + np.nan_to_num(X[:, 1]) > 0).astype(int) if y is None else y
    settings = {"num_leaves": n_leaves, "min_data_in_leaf": 2, "objective": "binary", "verbosity": -1, "seed": 1}
    return lightgbm.train(settings, lightgbm.Dataset(X, labels), num_boost_round=N_TREES)


def score(booster: lightgbm.Booster, X: np.ndarray) -> np.ndarray:
    return TreeTables.make(read_trees(booster.model_to_string())).score(list(X.T))


@pytest.mark.parametrize("n_leaves", [2, 15, 16, 17, 31, 33, 64])
def test_scores_are_those_of_lightgbm_to_the_last_bit(n_leaves: int) -> None:
    booster, X = grow(n_leaves), make_rows(1_500, seed=1)
    # Beyond every cut, and missing where no row of the training was.
    X[:5, 3], X[5:10, 1], X[10:15, 1] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(score(booster, X), booster.predict(X, raw_score=True))


@pytest.mark.parametrize("n", [1, 2, CHUNK_ROWS, CHUNK_ROWS + 1, SLICE_ROWS + 1, 2 * SLICE_ROWS + 7])
def test_the_number_of_rows_does_not_matter(n: int) -> None:
    booster, X = grow(15), make_rows(n, seed=2)
    np.testing.assert_array_equal(score(booster, X), booster.predict(X, raw_score=True))


def test_a_feature_that_all_rows_have_alike_counts() -> None:
    booster, X = grow(15), make_rows(700, seed=3)
    for value in (np.nan, 0.0, 2.0):
        X[:, 0] = value
        np.testing.assert_array_equal(score(booster, X), booster.predict(X, raw_score=True))


def test_trees_without_a_split_add_their_one_leaf() -> None:
    booster, X = grow(15, y=np.ones(2_000, dtype=int)), make_rows(3)
    np.testing.assert_array_equal(score(booster, X), booster.predict(X, raw_score=True))


def test_trees_that_are_too_large_are_refused() -> None:
    with pytest.raises(ConfigError, match="at most 64 leaves, found"):
        read_trees(grow(100).model_to_string())


def test_cuts_by_category_and_zero_for_missing_are_refused() -> None:
    X, y = make_rows(500), np.random.default_rng(4).integers(0, 2, 500)
    settings = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 2, "min_data_per_group": 2}
    by_category = lightgbm.Dataset(np.nan_to_num(X) + 3, y, categorical_feature=[0])
    for data, more in ((by_category, {}), (lightgbm.Dataset(X, y), {"zero_as_missing": True})):
        booster = lightgbm.train({**settings, **more}, data, num_boost_round=20)
        with pytest.raises(ConfigError, match="expected cuts of numbers"):
            read_trees(booster.model_to_string())


@pytest.mark.parametrize(
    "text", ["", "tree\n", "tree\nfeature_names=a\n", "tree\nfeature_names=a\n\nTree=0\nnum_leaves=x"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="LightGBM"):
        read_trees(text)
