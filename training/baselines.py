"""What a model of profiles must beat: one ratio, a small tree, a line, a forest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.fit import balance
from training.split import Mask, Parts, score_parts

Array = npt.NDArray[np.float64]
RATIO = "profile_following_by_posts_log10"
TREE_DEPTH = 3
N_TREES = 300
LEAF_ROWS = 3
PENALTY = 0.1

Make = Callable[[int], Any]
BASELINES: dict[str, Make | None] = {
    "following/(posts+1)": None,
    "depth-3 tree": lambda seed: _sklearn("tree").DecisionTreeClassifier(max_depth=TREE_DEPTH, random_state=seed),
    "logistic regression": lambda _: _sklearn("linear_model").LogisticRegression(C=PENALTY, max_iter=5_000),
    "random forest": lambda seed: _sklearn("ensemble").RandomForestClassifier(
        N_TREES, min_samples_leaf=LEAF_ROWS, random_state=seed
    ),
}


def score_baseline(rows: pl.DataFrame, parts: Parts, features: tuple[str, ...], make: Make | None, seed: int) -> Array:
    """Probabilities of every row by the baseline trained on the other parts, shape (n,).

    Unknown values are the median of the training rows to scikit-learn's estimators. The ratio alone has no training:
    its probability is its rank among the training rows; unknown, one half.
    """

    def score(held: Mask) -> Array:
        kept, asked = rows.filter(~pl.Series(held)), rows.filter(pl.Series(held))
        if make is not None:
            impute, scale = _sklearn("impute"), _sklearn("preprocessing")
            steps = impute.SimpleImputer(strategy="median", keep_empty_features=True), scale.StandardScaler()
            pipeline = _sklearn("pipeline").make_pipeline(*steps, make(seed))
            X, y = kept.select(features).to_numpy(), kept["is_fake"].to_numpy()
            pipeline.fit(X, y, **{f"{pipeline.steps[-1][0]}__sample_weight": balance(kept)})
            return np.asarray(pipeline.predict_proba(asked.select(features).to_numpy())[:, 1], dtype=np.float64)
        known = np.sort(kept[RATIO].drop_nulls().to_numpy())
        ranks = np.searchsorted(known, asked[RATIO].to_numpy(), side="right") / len(known)
        return np.where(asked[RATIO].is_null().to_numpy(), 0.5, ranks)

    return score_parts(parts, rows.height, score)[0]


def forest_of_isolation(kept: pl.DataFrame, asked: pl.DataFrame, seed: int) -> Array:
    """How far from the rows `kept` each row of `asked` lies, shape (n,): scikit-learn's isolation forest, sign turned.

    Unknown values are the median of `kept`.
    """
    steps = _sklearn("impute").SimpleImputer(strategy="median", keep_empty_features=True)
    forest = _sklearn("ensemble").IsolationForest(n_estimators=N_TREES, random_state=seed)
    pipeline = _sklearn("pipeline").make_pipeline(steps, forest).fit(kept.to_numpy())
    return np.asarray(-pipeline.score_samples(asked.to_numpy()), dtype=np.float64)


def _sklearn(module: str) -> Any:
    import importlib

    return importlib.import_module(f"sklearn.{module}")
