"""What a platform's own marks taught: of posts that read like this one, how many carry the mark.

Whether a post sounds paid and whether it was paid are two questions. This head answers the second, for the platform
whose marks taught it and for no other, and in cases, not in a probability: the marked posts that taught it were drawn
by nobody, so that their share is not that of the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.post_classifier import N_COLUMNS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PAID_PLATFORM = "douyin"
ALIKE_SCHEMA: dict[str, pl.DataType] = {"n_alike": pl.Int64(), "n_alike_marked": pl.Int64()}


@dataclass(frozen=True)
class AlikeCases:
    """Posts that no model had seen, in classes of like scores.

    Attributes:
        edges: Score at which each class but the first begins, ascending, shape (n - 1,).
        n_posts: Posts of each class, shape (n,).
        n_marked: Of these, those with the platform's mark, shape (n,).
    """

    edges: Array
    n_posts: Int
    n_marked: Int

    @classmethod
    def count(cls, scores: Array, is_marked: Mask, n_classes: int) -> AlikeCases:
        """Classes of equally many posts.

        Args:
            scores: By models that had not seen the post, shape (n,).
            is_marked: Shape (n,).
            n_classes: How many.
        """
        edges = np.quantile(scores, np.arange(1, n_classes) / n_classes)
        place = np.searchsorted(edges, scores, side="right")
        return cls(edges, np.bincount(place, minlength=n_classes), np.bincount(place[is_marked], minlength=n_classes))

    def find(self, scores: Array) -> pl.DataFrame:
        """ALIKE_SCHEMA of each score, shape (n,)."""
        place = np.searchsorted(self.edges, scores, side="right")
        return pl.DataFrame({"n_alike": self.n_posts[place], "n_alike_marked": self.n_marked[place]}, ALIKE_SCHEMA)


@dataclass(frozen=True)
class PaidHead:
    """A line over letters and one over vectors, and the cases by score of the first and of both.

    Attributes:
        weights: Of the columns of `make_matrix`, shape (N_COLUMNS,).
        vector_weights: Of the encoder's vector, shape (width,).
        by_letters: Cases by the letters' score.
        by_both: Cases by the sum of both scores.
    """

    weights: Array
    vector_weights: Array
    by_letters: AlikeCases
    by_both: AlikeCases

    def score_letters(self, X: csr_matrix) -> Array:
        """The letters' score, shape (n,), with no base: only its order is read."""
        return np.asarray(X @ self.weights)

    def score_vectors(self, vectors: npt.NDArray[np.float32]) -> Array:
        """The vectors' score, shape (n,)."""
        return np.asarray(vectors.astype(np.float64) @ self.vector_weights)

    def save(self, path: Path) -> None:
        """Write the numbers."""
        cases = {
            f"{name}_{part}": getattr(found, part)
            for name, found in (("letters", self.by_letters), ("both", self.by_both))
            for part in ("edges", "n_posts", "n_marked")
        }
        lines = {"weights": self.weights.astype(np.float32), "vector_weights": self.vector_weights.astype(np.float32)}
        np.savez_compressed(path, allow_pickle=False, **lines, **cases)

    @classmethod
    def load(cls, path: Path) -> PaidHead:
        """Read what `save` wrote.

        Raises:
            ConfigError: It is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                head = cls(
                    held["weights"].astype(np.float64),
                    held["vector_weights"].astype(np.float64),
                    _read_cases(held, "letters"),
                    _read_cases(held, "both"),
                )
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f"{path}: not the paid head of a post model ({error})") from error
        if head.weights.shape != (N_COLUMNS,):
            raise ConfigError(f"{path}: expected {N_COLUMNS} weights, found {head.weights.shape}")
        return head


def _read_cases(held: Mapping[str, npt.NDArray[np.generic]], name: str) -> AlikeCases:
    edges, n_posts, n_marked = (held[f"{name}_{part}"] for part in ("edges", "n_posts", "n_marked"))
    if not len(edges) + 1 == len(n_posts) == len(n_marked):
        raise ValueError(f"{name}: classes of different numbers")
    return AlikeCases(edges.astype(np.float64), n_posts.astype(np.int64), n_marked.astype(np.int64))
