"""The heads of the post model: one for each genre that was labelled, one shared by all others.

What sounds like an advert differs between a caption, a note and a spoken paragraph; a head knows its own genre best and
the others a little. A genre is told by platform and length, the only things that are known of every post.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

SHARED = "shared"
GENRES = ("products", "notes", "weibo", "transcripts", "titles", "english")
HEADS = (SHARED, *GENRES)
LONG_NOTE = 200
"""Characters from which a note of Xiaohongshu is read as a note of a search (median 438), not as a product post (144):
of 150, 200, 300 and 400 none was better by more than .003 AUC on both."""
LONG_SPEECH = 60
"""Characters from which a text of Bilibili is read as speech, and below which one of WeChat is read as a title: chosen,
between the labelled titles (median 18) and windows of speech (80)."""
_DTYPE = np.float32


def choose_heads(platforms: pl.Series, texts: pl.Series) -> Int:
    """The place in HEADS of the head that reads each post, shape (n,).

    Args:
        platforms: Of each post, null where it is not known.
        texts: Raw.
    """
    n_chars = pl.col("text").str.len_chars().fill_null(0)
    platform = pl.col("platform")
    # Of the video platforms read in English only; letters of Han there make it another genre.
    is_english = (platform == "youtube") & ~pl.col("text").str.contains(r"\p{Han}")
    head = (
        pl.when(platform == "weibo")
        .then(pl.lit("weibo"))
        .when((platform == "xiaohongshu") & (n_chars >= LONG_NOTE))
        .then(pl.lit("notes"))
        .when(platform.is_in(["douyin", "xiaohongshu"]))
        .then(pl.lit("products"))
        .when((platform == "bilibili") & (n_chars >= LONG_SPEECH))
        .then(pl.lit("transcripts"))
        .when((platform == "wechat") & (n_chars < LONG_SPEECH))
        .then(pl.lit("titles"))
        .when(is_english)
        .then(pl.lit("english"))
        .otherwise(pl.lit(SHARED))
    )
    frame = pl.DataFrame({"platform": platforms.cast(pl.String), "text": texts.cast(pl.String)})
    places = {name: place for place, name in enumerate(HEADS)}
    return frame.select(head.replace_strict(places, return_dtype=pl.Int64)).to_series().to_numpy()


def pick_heads(scores: Array, heads: Int) -> Array:
    """Of the scores of all heads, shape (n, len(HEADS)), each row's own, shape (n,)."""
    return np.asarray(scores[np.arange(len(scores)), heads], dtype=np.float64)


@dataclass(frozen=True)
class VectorHeads:
    """Lines over the vectors of a text encoder, one for each head.

    Attributes:
        weights: Shape (len(HEADS), width).
        bases: Shape (len(HEADS),).
        probe: The encoder's vector of PROBE, shape (width,), by which another encoder is known.
    """

    weights: Array
    bases: Array
    probe: Array

    def decision_function(self, vectors: Vectors, heads: Int) -> Array:
        """What the vectors add to the score, shape (n,).

        Args:
            vectors: Of texts or of windows, shape (n, width).
            heads: See `choose_heads`, shape (n,).
        """
        return pick_heads(vectors.astype(np.float64) @ self.weights.T + self.bases, heads)

    def save(self, path: Path) -> None:
        """Write the weights, numbers only."""
        np.savez_compressed(path, weights=self.weights.astype(_DTYPE), bases=self.bases, probe=self.probe)

    @classmethod
    def load(cls, path: Path) -> VectorHeads:
        """Read what `save` wrote.

        Raises:
            ConfigError: It is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                found = cls(*(held[name].astype(np.float64) for name in ("weights", "bases", "probe")))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f"{path}: not the heads of a post model ({error})") from error
        if found.weights.shape != (len(HEADS), len(found.probe)) or found.bases.shape != (len(HEADS),):
            raise ConfigError(f"{path}: expected weights of {len(HEADS)} heads, found {found.weights.shape}")
        return found
