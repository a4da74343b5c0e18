"""What a model of profiles must beat: two ratios, a small tree, a line, a forest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.fit import balance
from training.split import Mask, Parts, outside, score_parts
from zhenfen.features.audience.profile import PROFILE_FEATURES

Array = npt.NDArray[np.float64]
RATIOS = {
    "following/(posts+1)": "profile_following_by_posts_log10",
    "following/(followers+1)": "profile_following_by_followers_log10",
}
TREE_DEPTH = 3
N_TREES = 300
LEAF_ROWS = 3
PENALTY = 0.1

Make = Callable[[int], Any]
BASELINES: dict[str, Make | None] = {
    **dict.fromkeys(RATIOS),
    "depth-3 tree": lambda seed: _sklearn("tree").DecisionTreeClassifier(max_depth=TREE_DEPTH, random_state=seed),
    "logistic regression": lambda _: _sklearn("linear_model").LogisticRegression(C=PENALTY, max_iter=5_000),
    "random forest": lambda seed: _sklearn("ensemble").RandomForestClassifier(
        N_TREES, min_samples_leaf=LEAF_ROWS, random_state=seed
    ),
}


def score_baseline(name: str, rows: pl.DataFrame, parts: Parts, teaching: Mask, seed: int) -> Array:
    """Probabilities of every row by a baseline trained on the other parts, shape (n,).

    Unknown values are the median of the training rows to scikit-learn's estimators, which read all features there are.
    A ratio alone has no training: its probability is its rank among the training rows; unknown, one half.

    Args:
        name: Key of BASELINES.
        rows: source, twin, is_fake and PROFILE_FEATURES.
        parts: What is held out.
        teaching: Rows that may teach, shape (n,).
        seed: Of the estimator.
    """
    make = BASELINES[name]

    def score(held: Mask) -> Array:
        kept, asked = rows.filter(pl.Series(outside(rows, held) & teaching)), rows.filter(pl.Series(held))
        if make is not None:
            impute, scale = _sklearn("impute"), _sklearn("preprocessing")
            steps = impute.SimpleImputer(strategy="median", keep_empty_features=True), scale.StandardScaler()
            pipeline = _sklearn("pipeline").make_pipeline(*steps, make(seed))
            X, y = kept.select(PROFILE_FEATURES).to_numpy(), kept["is_fake"].to_numpy()
            pipeline.fit(X, y, **{f"{pipeline.steps[-1][0]}__sample_weight": balance(kept)})
            proba = pipeline.predict_proba(asked.select(PROFILE_FEATURES).to_numpy())[:, 1]
            return np.asarray(proba, dtype=np.float64)
        known = np.sort(kept[RATIOS[name]].drop_nulls().to_numpy())
        ratio = asked[RATIOS[name]]
        ranks = np.searchsorted(known, ratio.to_numpy(), side="right") / len(known)
        return np.where(ratio.is_null().to_numpy(), 0.5, ranks)

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
