"""A classifier in two stages: a linear one reads every text, an encoder those that might be what is looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.estimators.text_encoder import TextEncoder
from zhenfen.estimators.text_linear import LinearTextClassifier

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CascadeClassifier:
    """Log-odds of the linear classifier, and from `low` on a part of the encoder's added to them.

    Attributes:
        line: First stage.
        encoder: Second stage.
        low: Log-odds of the first stage from which on the second is asked.
        blend: What the second stage's log-odds count beside the first's, > 0.
    """

    line: LinearTextClassifier
    encoder: TextEncoder
    low: float
    blend: float

    def decision_function(self, texts: pl.Series) -> Array:
        """Log-odds of each normalised text, shape (n,); NaN for null."""
        scores = self.line.decision_function(texts)
        asked = np.flatnonzero(self.is_asked(scores))
        scores[asked] += self.blend * self.encoder.decision_function(texts.gather(asked))
        return scores

    def is_asked(self, scores: Array) -> npt.NDArray[np.bool_]:
        """Which texts reach the encoder, by the first stage's log-odds, shape (n,)."""
        return np.asarray(scores >= self.low, dtype=np.bool_)

    def contributions(self, texts: pl.Series) -> pl.DataFrame:
        """What the pieces of each text add to the first stage's log-odds; the encoder's part has no pieces."""
        return self.line.contributions(texts)
