"""A linear classifier of posts: n-grams and words of the lists; the lists can only raise the score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.post_text import LISTS
from zhenfen.text.ngrams import N_BUCKETS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]

KINDS = ("third_party", "own", "campaign")
N_COLUMNS = N_BUCKETS + len(LISTS)
FEWEST_TEXTS = 2
"""An n-gram of one text alone would only learn that text."""
_MAX_ITERATIONS = 200
_TOLERANCE = 1e-7
"""Relative change of the loss at which fitting stops; 1e-9 moves no AUC of docs/experiments/post.md by .001."""
_DTYPE = np.float32


@dataclass(frozen=True)
class PostClassifier:
    """Weights of the columns of `make_matrix`.

    Attributes:
        weights: Of "sounds sponsored", shape (N_COLUMNS,); those of the lists are at least 0.
        base: Log-odds of a text in which nothing stands.
        kind_weights: Of each kind among what sounds sponsored, shape (len(KINDS), N_COLUMNS).
        kind_bases: Shape (len(KINDS),).
    """

    weights: Array
    base: float
    kind_weights: Array
    kind_bases: Array

    @classmethod
    def fit(cls, X: csr_matrix, y: Array, weight: Array, kinds: pl.Series, penalty: float) -> PostClassifier:
        """Fit on the rows of `make_matrix`.

        Args:
            X: Shape (n, N_COLUMNS).
            y: Share of readers to whom the post sounds sponsored, 0 to 1, shape (n,).
            weight: Weight of each row, shape (n,), mean 1.
            kinds: One of KINDS, or null where it is not known, for rows that sound sponsored; shape (n,).
            penalty: Inverse strength of the penalty on squared weights (scikit-learn's C).
        """
        weights, base = fit_weights(X, y, weight, penalty, n_rising=len(LISTS))
        # One kind against the others, all kinds even.
        known = kinds.is_not_null().to_numpy()
        part, row_weight = X[known], weight[known]
        fitted = []
        for kind in KINDS:
            is_kind = (kinds.filter(kinds.is_not_null()) == kind).to_numpy().astype(np.float64)
            n_kind, n_rest = max(row_weight @ is_kind, 1e-9), max(row_weight @ (1 - is_kind), 1e-9)
            even = row_weight * np.where(is_kind > 0, 0.5 / n_kind, 0.5 / n_rest)
            fitted.append(fit_weights(part, is_kind, even / max(even.mean(), 1e-9), penalty))
        kind_weights = np.stack([found for found, _ in fitted])
        return cls(_rounded(weights), base, _rounded(kind_weights), np.array([found for _, found in fitted]))

    def decision_function(self, X: csr_matrix) -> Array:
        """Log-odds, shape (n,), before calibration."""
        return np.asarray(X @ self.weights + self.base)

    def predict_kind(self, X: csr_matrix) -> pl.Series:
        """The likeliest of KINDS, whether or not the post sounds sponsored; shape (n,)."""
        scores = np.asarray(X @ self.kind_weights.T + self.kind_bases)
        return pl.Series(KINDS).gather(scores.argmax(axis=1)) if len(scores) else pl.Series([], dtype=pl.String)

    def save(self, path: Path) -> None:
        """Write the weights, numbers only."""
        np.savez_compressed(
            path,
            weights=self.weights.astype(_DTYPE),
            base=self.base,
            kind_weights=self.kind_weights.astype(_DTYPE),
            kind_bases=self.kind_bases,
        )

    @classmethod
    def load(cls, path: Path) -> PostClassifier:
        """Read what `save` wrote.

        Raises:
            ConfigError: It is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                parts = {name: held[name].astype(np.float64) for name in ("weights", "kind_weights", "kind_bases")}
                base = float(held["base"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(f"{path}: not the weights of a post model ({error})") from error
        if parts["weights"].shape != (N_COLUMNS,) or parts["kind_weights"].shape != (len(KINDS), N_COLUMNS):
            raise ConfigError(f"{path}: expected {N_COLUMNS} weights, found {parts['weights'].shape}")
        return cls(base=base, **parts)


def fit_weights(X: csr_matrix, y: Array, weight: Array, penalty: float, n_rising: int = 0) -> tuple[Array, float]:
    """Weights and base of a logistic regression with a penalty on squared weights; the last `n_rising` are at least 0.

    Args:
        X: Shape (n, d).
        y: Wanted share, 0 to 1, shape (n,).
        weight: Shape (n,), mean 1.
        penalty: Inverse strength of the penalty.
        n_rising: Columns, counted from the end, whose weights may not be negative.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    is_used = np.bincount(X.indices, minlength=X.shape[1]) >= FEWEST_TEXTS
    is_used[X.shape[1] - n_rising :] = True
    used = np.flatnonzero(is_used)
    part = X[:, used].tocsr()
    turned = part.T.tocsr()

    def loss(values: Array) -> tuple[float, Array]:
        w, scores = values[:-1], part @ values[:-1] + values[-1]
        residual = penalty * weight * (expit(scores) - y)
        total = penalty * weight @ (np.logaddexp(0, scores) - y * scores) + w @ w / 2
        return float(total), np.append(turned @ residual + w, residual.sum())

    bounds = [(None, None)] * (len(used) - n_rising) + [(0, None)] * n_rising + [(None, None)]
    options = {"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE}
    found = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    weights = np.zeros(X.shape[1])
    weights[used] = found[:-1]
    return weights, float(found[-1])


def _rounded(weights: Array) -> Array:
    """As they will stand on the shelf, so that a model scores the same before and after."""
    return weights.astype(_DTYPE).astype(np.float64)
