"""A classifier of rows of numbers: trees grown by LightGBM, kept as its own text.

Null is a value of its own to the trees: a row that lacks a feature takes the branch that such rows took in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.tree_tables import MOST_LEAVES, TreeTables, read_trees

Array = npt.NDArray[np.float64]
SUPPORTED_SIGNS = (-1, 0, 1)


@dataclass(frozen=True)
class TabularParams:
    """How the trees are grown. LightGBM's name of each parameter stands in brackets.

    Attributes:
        n_trees: Number of trees [num_iterations].
        n_leaves: Most leaves of a tree [num_leaves], at most MOST_LEAVES; 2 makes a sum of one function a feature.
        learning_rate: Shrinkage of every tree.
        min_leaf_rows: Fewest rows of a leaf [min_data_in_leaf].
        l2: Penalty on leaf values [lambda_l2].
        feature_share: Features tried for each tree, 0 to 1 [feature_fraction].
        row_share: Rows drawn for each tree, 0 to 1 [bagging_fraction].
        node_feature_share: Features tried for each split, 0 to 1 [feature_fraction_bynode].
        draws_cuts: Whether each split tries one cut a feature, drawn at random, in place of all [extra_trees].
        signs: Feature → 1 where more of it may only raise the score, -1 only lower it [monotone_constraints].
        n_bins: Most steps a feature is cut into [max_bin].
        seed: Seed of all draws. The same rows, parameters and seed give the same trees on any number of cores.
    """

    n_trees: int
    n_leaves: int
    learning_rate: float
    min_leaf_rows: int
    l2: float
    feature_share: float
    row_share: float
    signs: Mapping[str, int] = field(default_factory=dict)
    n_bins: int = 255
    node_feature_share: float = 1.0
    draws_cuts: bool = False
    seed: int = 0

    def to_lightgbm(self, feature_names: tuple[str, ...]) -> dict[str, Any]:
        """The parameters in LightGBM's words."""
        return {
            "objective": "binary",
            "num_leaves": self.n_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_leaf_rows,
            "lambda_l2": self.l2,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": int(self.row_share < 1),
            "max_bin": self.n_bins,
            "feature_fraction_bynode": self.node_feature_share,
            "extra_trees": self.draws_cuts,
            "monotone_constraints": [self.signs.get(name, 0) for name in feature_names],
            # "advanced" lets steps against the sign through (LightGBM 4.7, seen on the profiles: .07 in log-odds).
            "monotone_constraints_method": "intermediate",
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            # Sums of floats depend on how rows are split between threads.
            "num_threads": 1,
            "verbosity": -1,
        }


class TabularClassifier:
    """Gradient-boosted trees over named features. Higher scores are more suspicious.

    Attributes:
        feature_names_: Features in the order of the trees.
    """

    def __init__(self, text: str) -> None:
        """Read LightGBM's text.

        Raises:
            ConfigError: It is none, or has trees that `read_trees` refuses.
        """
        self._text = text
        self._tables = TreeTables.make(read_trees(text))
        self.feature_names_ = self._tables.feature_names

    @classmethod
    def fit(
        cls, X: pl.DataFrame, y: npt.NDArray[Any], weight: npt.NDArray[Any], params: TabularParams
    ) -> TabularClassifier:
        """Grow the trees.

        Args:
            X: Numbers or null, shape (n, n_features).
            y: 1 for suspicious, 0 for not, shape (n,).
            weight: Weight of each row, above 0, shape (n,).
            params: How to grow them.

        Raises:
            ConfigError: A sign names no column of X, or is not -1, 0 or 1; or the trees are to have more than
                MOST_LEAVES leaves.
        """
        import lightgbm

        if params.n_leaves > MOST_LEAVES:
            raise ConfigError(f"n_leaves: expected at most {MOST_LEAVES}, found {params.n_leaves}")
        signs = params.signs.items()
        wrong = sorted(name for name, sign in signs if name not in X.columns or sign not in SUPPORTED_SIGNS)
        if wrong:
            raise ConfigError(f"signs: expected -1, 0 or 1 for columns of the features, found {', '.join(wrong)}")
        data = lightgbm.Dataset(_to_matrix(X, tuple(X.columns)), y, weight=weight, feature_name=list(X.columns))
        settings = params.to_lightgbm(tuple(X.columns))
        return cls(lightgbm.train(settings, data, num_boost_round=params.n_trees).model_to_string())

    def decision_function(self, X: pl.DataFrame) -> Array:
        """Log-odds of each row, before calibration, shape (n,). Columns of X are found by name."""
        return self.score(to_columns(X, self.feature_names_))

    def score(self, columns: Mapping[str, Array]) -> Array:
        """`decision_function` of what `to_columns` gave."""
        wanted = [columns[name] for name in self.feature_names_]
        return self._tables.score(wanted) if len(wanted[0]) else np.empty(0)

    def contributions(self, X: pl.DataFrame) -> Array:
        """What each feature adds to a row's log-odds (TreeSHAP, exact), shape (n, n_features + 1).

        The last column is the base; every row sums to its `decision_function`.
        """
        if X.is_empty():
            return np.empty((0, len(self.feature_names_) + 1))
        # Threads without a row of their own only wait for each other: a row took six times as long.
        n_threads = min(pl.thread_pool_size(), X.height)
        parts = self._booster.predict(_to_matrix(X, self.feature_names_), pred_contrib=True, num_threads=n_threads)
        return np.asarray(parts, dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write LightGBM's text."""
        path.write_text(self._text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> TabularClassifier:
        """Read LightGBM's text.

        Raises:
            ConfigError: The file cannot be read or is no LightGBM model.
        """
        try:
            return cls(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise ConfigError(f"{path}: expected a LightGBM model as text ({error})") from error

    @cached_property
    def _booster(self) -> Any:
        # Scores alone do not need LightGBM, whose import takes seconds on a cold machine.
        import lightgbm

        return lightgbm.Booster(model_str=self._text)


def to_columns(X: pl.DataFrame, feature_names: Iterable[str]) -> dict[str, Array]:
    """Feature → its numbers, NaN where unknown, shape (n,)."""
    return {name: X[name].cast(pl.Float64).to_numpy() for name in feature_names}


def _to_matrix(X: pl.DataFrame, feature_names: tuple[str, ...]) -> Array:
    # Row by row in memory: LightGBM copies what lies column by column.
    return np.column_stack(list(to_columns(X, feature_names).values()))
