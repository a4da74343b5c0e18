"""The letters of posts in linear heads: n-grams and words of the lists; the lists can only raise the score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.post_heads import HEADS, Int, pick_heads
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
_TOLERANCE = 1e-6
"""Relative change of the loss at which fitting stops; 1e-7 takes four times as long and moves no AUC of
docs/experiments/post.md by .001."""
_DTYPE = np.float32


@dataclass(frozen=True)
class PostClassifier:
    """Lines over the columns of `make_matrix`, one for each head, and one for each kind.

    Attributes:
        weights: Of "sounds sponsored", shape (len(HEADS), N_COLUMNS); those of the lists are at least 0.
        bases: Log-odds of a text in which nothing stands, shape (len(HEADS),).
        kind_weights: Of each kind among what sounds sponsored, shape (len(KINDS), N_COLUMNS).
        kind_bases: Shape (len(KINDS),).
    """

    weights: Array
    bases: Array
    kind_weights: Array
    kind_bases: Array

    def decision_function(self, X: csr_matrix, heads: Int) -> Array:
        """What the letters add to the score of each row, shape (n,), by the head of each, shape (n,)."""
        return pick_heads(np.asarray(X @ self.weights.T + self.bases), heads)

    def predict_kind(self, X: csr_matrix) -> pl.Series:
        """The likeliest of KINDS, whether or not the post sounds sponsored; shape (n,)."""
        scores = np.asarray(X @ self.kind_weights.T + self.kind_bases)
        return pl.Series(KINDS).gather(scores.argmax(axis=1)) if len(scores) else pl.Series([], dtype=pl.String)

    def save(self, path: Path) -> None:
        """Write the weights, numbers only."""
        np.savez_compressed(
            path,
            weights=self.weights.astype(_DTYPE),
            bases=self.bases,
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
                names = ("weights", "bases", "kind_weights", "kind_bases")
                parts = {name: held[name].astype(np.float64) for name in names}
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f"{path}: not the weights of a post model ({error})") from error
        found = tuple(parts[name].shape for name in names)
        expected = ((len(HEADS), N_COLUMNS), (len(HEADS),), (len(KINDS), N_COLUMNS), (len(KINDS),))
        if found != expected:
            raise ConfigError(f"{path}: expected weights of shapes {expected}, found {found}")
        return cls(**parts)


def fit_kinds(X: csr_matrix, kinds: pl.Series, weight: Array, penalty: float) -> tuple[Array, Array]:
    """Weights and bases of each kind against the others, all kinds even.

    Args:
        X: Shape (n, N_COLUMNS).
        kinds: One of KINDS, or null where it is not known, for rows that sound sponsored; shape (n,).
        weight: Weight of each row, shape (n,), mean 1.
        penalty: Inverse strength, see `Penalty`.

    Returns:
        Shapes (len(KINDS), N_COLUMNS) and (len(KINDS),).
    """
    known = kinds.is_not_null().to_numpy()
    part, row_weight = X[known], weight[known]
    fitted = []
    for kind in KINDS:
        is_kind = (kinds.filter(kinds.is_not_null()) == kind).to_numpy().astype(np.float64)
        n_kind, n_rest = max(row_weight @ is_kind, 1e-9), max(row_weight @ (1 - is_kind), 1e-9)
        even = row_weight * np.where(is_kind > 0, 0.5 / n_kind, 0.5 / n_rest)
        fitted.append(fit_weights(part, is_kind, even / max(even.mean(), 1e-9), Penalty(penalty)))
    return round_weights(np.stack([found for found, _ in fitted])), np.array([found for _, found in fitted])


@dataclass(frozen=True)
class Penalty:
    """How weights are held down.

    Attributes:
        inverse: Inverse strength of the penalty on squared weights (scikit-learn's C).
        n_rising: Columns, counted from the end, whose weights may not be negative.
    """

    inverse: float
    n_rising: int = 0


def fit_weights(
    X: csr_matrix, y: Array, weight: Array, penalty: Penalty, start: tuple[Array, float] | None = None
) -> tuple[Array, float]:
    """Weights and base of a logistic regression over sparse columns; one that a single text has gets none.

    Args:
        X: Shape (n, d).
        y: Wanted share, 0 to 1, shape (n,).
        weight: Shape (n,), mean 1.
        penalty: On the weights.
        start: Weights and base to begin with, where those of a like fit are known; zeros where none are given.
    """
    is_used = np.bincount(X.indices, minlength=X.shape[1]) >= FEWEST_TEXTS
    is_used[X.shape[1] - penalty.n_rising :] = True
    used = np.flatnonzero(is_used)
    part = X[:, used].tocsr()
    weights = np.zeros(X.shape[1])
    first = None if start is None else (start[0][used], start[1])
    weights[used], base = fit_line((part, part.T.tocsr()), y, weight, penalty, first)
    return weights, base


def fit_line(
    columns: tuple[Any, Any], y: Array, weight: Array, penalty: Penalty, start: tuple[Array, float] | None = None
) -> tuple[Array, float]:
    """`fit_weights` over all columns, given as a matrix, sparse or dense, and turned."""
    from scipy.optimize import minimize
    from scipy.special import expit

    part, turned = columns
    n_columns = part.shape[1]

    def loss(values: Array) -> tuple[float, Array]:
        w, scores = values[:-1], part @ values[:-1] + values[-1]
        residual = penalty.inverse * weight * (expit(scores) - y)
        total = penalty.inverse * weight @ (np.logaddexp(0, scores) - y * scores) + w @ w / 2
        return float(total), np.append(turned @ residual + w, residual.sum())

    first = np.zeros(n_columns + 1) if start is None else np.append(*start)
    free, rising = (None, None), (0, None)
    bounds = [free] * (n_columns - penalty.n_rising) + [rising] * penalty.n_rising + [free]
    options = {"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return found[:-1], float(found[-1])


def round_weights(weights: Array) -> Array:
    """As they will stand on the shelf, so that a model scores the same before and after."""
    return weights.astype(_DTYPE).astype(np.float64)
