"""What the post model is taught from: every text whole, and in windows, as letters and as vectors of the encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_matrix, vstack

from training.posts import weigh
from training.split import Mask
from zhenfen.estimators.post_heads import Vectors
from zhenfen.estimators.post_text import leave_out_disclosures, make_matrix
from zhenfen.estimators.post_windows import mean_vectors
from zhenfen.estimators.text_encoder import TextEncoder
from zhenfen.text.windows import cut_windows

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lessons:
    """Texts first, in the order of the rows, then their windows.

    Attributes:
        X: Letters, shape (n_texts + n_windows, N_COLUMNS).
        vectors: Shape (n_texts + n_windows, width).
        owner: The text that each belongs to, shape (n_texts + n_windows,).
        n_texts: How many texts.
    """

    X: csr_matrix
    vectors: Vectors
    owner: Int
    n_texts: int

    def weigh(self, rows: pl.DataFrame, taught: Mask, genre: str, boost: float) -> Array:
        """Weights of the lessons of the rows `taught`, mean 1: the windows of a text weigh together what it does.

        Args:
            rows: As `load_posts` gives them.
            taught: Which of them teach, shape (n_texts,).
            genre: Whose rows count `boost` times as much.
            boost: See there.
        """
        part = rows.filter(pl.Series(taught))
        of_text = np.zeros(self.n_texts)
        of_text[taught] = weigh(part) * np.where(part["genre"] == genre, boost, 1.0)
        n_windows = np.bincount(self.owner[self.n_texts :], minlength=self.n_texts)
        weight = of_text[self.owner]
        weight[self.n_texts :] /= n_windows[self.owner[self.n_texts :]]
        used = weight[taught[self.owner]]
        return np.asarray(used / used.mean(), dtype=np.float64)


def make_lessons(texts: pl.Series, encoder: TextEncoder) -> Lessons:
    """The lessons of raw texts, none null; the encoder reads for minutes."""
    windows = cut_windows(leave_out_disclosures(texts).texts, encoder.config.window)
    vectors, n_tokens = encoder.embed(windows["window"])
    row = windows["row"].to_numpy()
    return Lessons(
        X=vstack((make_matrix(texts), make_matrix(windows["window"])), format="csr"),
        vectors=np.concatenate((mean_vectors(vectors, n_tokens, row), vectors)),
        owner=np.concatenate((np.arange(len(texts)), row)),
        n_texts=len(texts),
    )
