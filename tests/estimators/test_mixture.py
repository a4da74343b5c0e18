"""Mixtures of classifiers: who judges a row, sums that add up, files that load as they were saved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.mixture import ROUTES_FILE, Mixture, Route
from zhenfen.estimators.tabular import TabularClassifier, TabularParams

PARAMS = TabularParams(
    n_trees=10, n_leaves=4, learning_rate=0.2, min_leaf_rows=5, l2=1, feature_share=1, row_share=1, seed=1
)
ROUTES = (
    Route(platform="x", feature="followers", at_least=3, weights={"x": 1}),
    Route(platform="x", weights={"x": 0.75, "shared": 0.25}),
    Route(weights={"shared": 1}),
)


def fit(names: tuple[str, ...], seed: int) -> TabularClassifier:
    rng = np.random.default_rng(seed)
    X = pl.DataFrame({name: rng.normal(2, 1.5, 200) for name in names})
    y = (X[names[0]].to_numpy() + rng.normal(size=200) < 2).astype(int)
    return TabularClassifier.fit(X, y, np.ones(200), PARAMS)


MIXTURE = Mixture({"shared": fit(("followers", "posts"), 1), "x": fit(("created", "followers"), 2)}, ROUTES)
ROWS = pl.DataFrame(
    {
        "followers": [4.0, 1.0, None, 4.0, 1.0],
        "posts": [1.0, None, 2.0, 1.0, 3.0],
        "created": [1.0, 2.0, 3.0, None, None],
        "platform": ["x", "x", "x", "weibo", None],
    }
)


def scores(rows: pl.DataFrame = ROWS) -> np.ndarray:
    return MIXTURE.decision_function(rows, rows["platform"])


def test_the_first_route_that_fits_judges_a_row() -> None:
    shared, expert = (MIXTURE.members[name].decision_function(ROWS) for name in ("shared", "x"))
    mixed = 0.75 * expert + 0.25 * shared
    # A follower count that nobody knows does not reach a condition; a platform that nobody knows is no platform.
    np.testing.assert_allclose(scores(), [expert[0], mixed[1], mixed[2], shared[3], shared[4]])


def test_contributions_sum_to_the_score() -> None:
    assert MIXTURE.feature_names_ == ("followers", "posts", "created")
    parts = MIXTURE.contributions(ROWS, ROWS["platform"])
    np.testing.assert_allclose(parts.sum(axis=1), scores())
    # Rows of weibo are not judged by when they were made.
    assert parts[3, 2] == 0
    assert parts[0, 1] == 0


def test_rows_stand_alone() -> None:
    alone = np.concatenate([scores(ROWS[[at]]) for at in range(ROWS.height)])
    np.testing.assert_array_equal(alone, scores())
    assert scores(ROWS.clear()).shape == (0,)
    assert MIXTURE.contributions(ROWS.clear(), ROWS.clear()["platform"]).shape == (0, 4)


def test_what_was_written_scores_the_same(tmp_path: Path) -> None:
    for name, write in MIXTURE.writers.items():
        write(tmp_path / name)
    loaded = Mixture.load(tmp_path)
    np.testing.assert_array_equal(loaded.decision_function(ROWS, ROWS["platform"]), scores())
    assert loaded.routes == ROUTES


def test_a_route_to_nobody_and_rows_without_a_route_are_refused() -> None:
    members = MIXTURE.members
    with pytest.raises(ConfigError, match=r"expected members among shared, x, found weibo"):
        Mixture(members, [Route(weights={"weibo": 1})])
    with pytest.raises(ConfigError, match="the last to be for all rows"):
        Mixture(members, [Route(platform="x", weights={"x": 1})])


@pytest.mark.parametrize("text", ["", "{}", json.dumps({"routes": []}), json.dumps({"routes": [{"weights": {}}]})])
def test_routes_that_cannot_be_read_name_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / ROUTES_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=ROUTES_FILE):
        Mixture.load(tmp_path)
