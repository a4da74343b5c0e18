"""The tree classifier: same seed same bytes, additive contributions, signs kept, null a value of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.tabular import TabularClassifier, TabularParams

PARAMS = TabularParams(
    n_trees=30,
    n_leaves=7,
    learning_rate=0.2,
    min_leaf_rows=5,
    l2=1,
    feature_share=0.8,
    row_share=0.8,
    signs={"down": -1},
    seed=3,
)


def make_rows(n: int = 600) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pl.DataFrame({"up": rng.normal(size=n), "down": rng.normal(size=n), "noise": rng.normal(size=n)})
    y = (X["up"].to_numpy() - X["down"].to_numpy() + rng.normal(size=n) > 0).astype(int)
    gone = pl.Series(rng.random(n) < 0.2)
    return X.with_columns(pl.when(~gone).then(pl.col("up")).alias("up")), y


X, Y = make_rows()


@pytest.fixture(scope="module")
def fitted() -> TabularClassifier:
    return TabularClassifier.fit(X, Y, np.ones(len(Y)), PARAMS)


def test_it_learns(fitted: TabularClassifier) -> None:
    scores = fitted.decision_function(X)
    assert scores[Y == 1].mean() > scores[Y == 0].mean() + 1


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, params in (("a", PARAMS), ("b", PARAMS), ("c", TabularParams(**{**PARAMS.__dict__, "seed": 4}))):
        TabularClassifier.fit(X, Y, np.ones(len(Y)), params).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_what_was_saved_scores_the_same(fitted: TabularClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model.txt")
    loaded = TabularClassifier.load(tmp_path / "model.txt")
    assert loaded.feature_names_ == ("up", "down", "noise")
    np.testing.assert_array_equal(loaded.decision_function(X), fitted.decision_function(X))


def test_contributions_sum_to_the_score(fitted: TabularClassifier) -> None:
    parts = fitted.contributions(X)
    assert parts.shape == (X.height, 4)
    np.testing.assert_allclose(parts.sum(axis=1), fitted.decision_function(X), atol=1e-9)


def test_a_sign_holds_everywhere(fitted: TabularClassifier) -> None:
    grid = pl.DataFrame({"down": np.linspace(-4, 4, 200)}).join(X.select("up", "noise").head(20), how="cross")
    scores = grid.with_columns(score=fitted.decision_function(grid))
    steps = scores.sort("down").select(pl.col("score").diff().over("up", "noise")).drop_nulls()
    assert (steps.to_series() <= 1e-12).all()


def test_columns_are_found_by_name_and_rows_stand_alone(fitted: TabularClassifier) -> None:
    scores = fitted.decision_function(X)
    np.testing.assert_array_equal(fitted.decision_function(X.select("noise", "up", "down")), scores)
    np.testing.assert_array_equal(fitted.decision_function(X.reverse()), scores[::-1])


def test_null_is_not_zero(fitted: TabularClassifier) -> None:
    row = pl.DataFrame({"up": [None, 0.0, -3.0], "down": [0.0] * 3, "noise": [0.0] * 3})
    unknown, zero, low = fitted.decision_function(row)
    assert len({unknown, zero, low}) == 3


def test_no_rows_give_no_scores(fitted: TabularClassifier) -> None:
    assert fitted.decision_function(X.clear()).shape == (0,)
    assert fitted.contributions(X.clear()).shape == (0, 4)


@pytest.mark.parametrize("signs", [{"up": 2}, {"gone": 1}])
def test_wrong_signs_are_refused(signs: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(signs))):
        TabularClassifier.fit(X, Y, np.ones(len(Y)), TabularParams(**{**PARAMS.__dict__, "signs": signs}))


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("tree\n", encoding="utf-8")
    for name in ("other", "absent"):
        with pytest.raises(ConfigError, match=name):
            TabularClassifier.load(tmp_path / name)


def test_trees_of_too_many_leaves_are_refused() -> None:
    with pytest.raises(ConfigError, match="n_leaves: expected at most 64, found 65"):
        TabularClassifier.fit(X, Y, np.ones(len(Y)), TabularParams(**{**PARAMS.__dict__, "n_leaves": 65}))
