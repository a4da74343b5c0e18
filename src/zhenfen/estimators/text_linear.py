"""A linear classifier of texts: hashed character n-grams, and signs (patterns) that no single source has to itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.ngram_shares import share_ngrams
from zhenfen.text.characters import cut_out, to_characters
from zhenfen.text.ngrams import N_BUCKETS, count_buckets, map_parts, number_rows, split_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]
Uint32 = npt.NDArray[np.uint32]
Int = npt.NDArray[np.int64]

LENGTH_POWER = 0.25
"""A text's n-grams are divided by their number to this power: 0 lets long texts say most, .5 takes length away. In
between was best on sources left out."""


@dataclass(frozen=True)
class LinearTextClassifier:
    """Log-odds of a text as a sum.

    Every n-gram counts once a text, however often it stands there, and every digit counts as 0: which digits a code is
    made of says nothing.

    Attributes:
        weights: Of each bucket, shape (n_buckets,).
        signs: Name → regular expression (Rust's), counted as log(1 + matches).
        sign_weights: Of each sign, shape (n_signs,).
        kinds_weight: Of the number of different signs that a text shows.
        intercept: Log-odds of a text without anything.
    """

    weights: npt.NDArray[np.float32]
    signs: Mapping[str, str]
    sign_weights: Array
    kinds_weight: float
    intercept: float

    @classmethod
    def fit(
        cls,
        texts: pl.Series,
        y: npt.NDArray[np.int64],
        weight: Array,
        *,
        signs: Mapping[str, str],
        penalty: float,
        sign_scale: float,
        n_buckets: int = N_BUCKETS,
    ) -> LinearTextClassifier:
        """Logistic regression with an L2 penalty.

        Args:
            texts: Normalised, shape (n,).
            y: 1 for what is looked for, 0 for the rest, shape (n,).
            weight: Of each row, mean 1, shape (n,).
            signs: Name → regular expression.
            penalty: Inverse of the strength of the penalty (scikit-learn's C).
            sign_scale: How much cheaper a sign is to the penalty than an n-gram.
            n_buckets: Of the hash, a power of two.
        """
        from scipy.sparse import csr_matrix, hstack
        from sklearn.linear_model import LogisticRegression

        counted = sign_scale * count_signs(texts, signs)
        X = hstack((weigh_ngrams(texts, n_buckets), csr_matrix(counted)), format="csr")
        line = LogisticRegression(C=penalty, solver="liblinear", tol=1e-2, random_state=0)
        line.fit(X, y, sample_weight=weight)
        found = line.coef_[0]
        # Rounded to what is stored: a loaded classifier gives the same bits as the fitted one.
        weights = found[:n_buckets].astype(np.float16).astype(np.float32)
        on_signs = sign_scale * found[n_buckets:]
        return cls(weights, dict(signs), on_signs[:-1], float(on_signs[-1]), float(line.intercept_[0]))

    def decision_function(self, texts: pl.Series) -> Array:
        """Log-odds of each normalised text, shape (n,); NaN for null."""
        return np.asarray(score_together([self], texts)[0], dtype=np.float64)

    def contributions(self, texts: pl.Series) -> pl.DataFrame:
        """What the pieces of each text add to its log-odds; they and the intercept sum to them.

        An n-gram's share goes to the characters it stands on, and neighbours that pull the same way are one piece. So
        a bucket that several n-grams share is told by what stands in this very text.

        Returns:
            row, piece, contribution; a piece that stands twice in a text comes once.
        """
        schema = {"row": pl.Int64, "piece": pl.String, "contribution": pl.Float64}
        parts, first = [pl.DataFrame(schema=schema)], 0
        for pieces, n_texts in map_parts(self._find_pieces, texts, len(self.weights)):
            parts.append(pieces.with_columns(pl.col("row") + first))
            first += n_texts
        # The matches of a sign share what the sign adds.
        frame = pl.DataFrame({"text": texts}).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        for pattern, weight in zip(self.signs.values(), self.sign_weights, strict=True):
            matches = frame.select("row", piece=pl.col("text").str.extract_all(pattern)).drop_nulls()
            counted = matches.with_columns(n=pl.col("piece").list.len()).filter(pl.col("n") > 0)
            whole = weight * pl.col("n").log1p() + self.kinds_weight
            each = counted.with_columns(contribution=whole / pl.col("n")).explode("piece")
            parts.append(each.select("row", "piece", "contribution"))
        together = pl.concat(parts).group_by("row", "piece").agg(pl.col("contribution").sum())
        return together.sort("row", pl.col("contribution").abs(), "piece", descending=[False, True, False])

    def _find_pieces(self, texts: pl.Series) -> tuple[pl.DataFrame, int]:
        """Runs of characters of one sign, of one part of the texts; and how many texts that part has."""
        characters, offsets = _shape(texts)
        rows = number_rows(offsets).astype(np.int64)
        adds = share_ngrams(characters, offsets, self.weights, _length)
        is_first = np.ones(len(adds), dtype=bool)
        is_first[1:] = (rows[1:] != rows[:-1]) | ((adds[1:] > 0) != (adds[:-1] > 0))
        starts = np.flatnonzero(is_first)
        row, ends = rows[starts], np.append(starts[1:], len(adds))[: len(starts)]
        piece = cut_out(texts, row, starts - offsets[row], ends - offsets[row])
        sums = np.add.reduceat(adds, starts) if len(starts) else np.empty(0)
        return pl.DataFrame({"row": row, "piece": piece, "contribution": pl.Series(sums, dtype=pl.Float64)}), len(texts)

    def save(self, path: Path) -> None:
        """Write the weights as arrays (npz, half precision, no pickle)."""
        names, patterns = (np.array(list(part), dtype=np.str_) for part in (self.signs, self.signs.values()))
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                weights=self.weights.astype(np.float16),
                sign_names=names,
                sign_patterns=patterns,
                sign_weights=self.sign_weights,
                rest=np.array([self.kinds_weight, self.intercept]),
            )

    @classmethod
    def load(cls, path: Path) -> LinearTextClassifier:
        """The classifier that `save` wrote.

        Raises:
            ConfigError: The file is not one of those.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                signs = dict(zip(arrays["sign_names"].tolist(), arrays["sign_patterns"].tolist(), strict=True))
                kinds_weight, intercept = (float(one) for one in arrays["rest"])
                weights = arrays["weights"].astype(np.float32)
                return cls(weights, signs, arrays["sign_weights"], kinds_weight, intercept)
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(f"{path}: expected the arrays of a text classifier ({error})") from error


def score_together(classifiers: Sequence[LinearTextClassifier], texts: pl.Series) -> Array:
    """Log-odds by each of the classifiers, shape (n_classifiers, n); NaN for null.

    Their buckets are as many and their signs the same, so each text's n-grams and signs are counted once for all.
    """
    from scipy.sparse import csr_matrix

    n_buckets, signs = len(classifiers[0].weights), classifiers[0].signs
    weights = [one.weights.astype(np.float64) for one in classifiers]

    def score(part: pl.Series) -> Array:
        characters, offsets = _shape(part)
        rows, buckets = split_keys(count_buckets(characters, offsets, n_buckets)[0], n_buckets)
        n_kinds = np.bincount(rows, minlength=len(part))
        ends = np.concatenate(([0], np.cumsum(n_kinds)), dtype=np.int32)
        # A product with a sparse matrix adds up in the order of its entries, as counting does, in a third of the time.
        shown = csr_matrix((np.ones(len(buckets)), buckets, ends), shape=(len(part), n_buckets))
        length = _length(n_kinds)
        return np.stack([one.intercept + shown @ own / length for one, own in zip(classifiers, weights, strict=True)])

    scores = np.concatenate([np.empty((len(classifiers), 0)), *map_parts(score, texts, n_buckets)], axis=1)
    counted = count_signs(texts, signs)
    for row, one in enumerate(classifiers):
        scores[row] += counted @ np.append(one.sign_weights, one.kinds_weight)
    scores[:, texts.is_null().to_numpy()] = np.nan
    return scores


def weigh_ngrams(texts: pl.Series, n_buckets: int = N_BUCKETS) -> csr_matrix:
    """What `fit` learns from: each n-gram's part of its text, shape (n_texts, n_buckets)."""
    from scipy.sparse import csr_matrix, vstack

    def weigh(part: pl.Series) -> csr_matrix:
        characters, offsets = _shape(part)
        rows, buckets = split_keys(count_buckets(characters, offsets, n_buckets)[0], n_buckets)
        n_kinds = np.bincount(rows, minlength=len(part))
        ends = np.concatenate(([0], np.cumsum(n_kinds)))
        return csr_matrix((1 / _length(n_kinds)[rows], buckets, ends), shape=(len(part), n_buckets))

    return vstack(map_parts(weigh, texts, n_buckets), format="csr")


def count_signs(texts: pl.Series, signs: Mapping[str, str]) -> Array:
    """log(1 + matches) of each sign, and last how many of them a text shows; shape (n, n_signs + 1); 0 for null."""
    text = pl.col("text").str
    # A dot is any character but a line's end: to count characters takes a tenth of the time.
    n_dots = text.len_chars() - text.count_matches("\n", literal=True)
    matches = (n_dots if pattern == "." else text.count_matches(pattern) for pattern in signs.values())
    named = (one.fill_null(0).alias(name) for name, one in zip(signs, matches, strict=True))
    counts = [one.to_numpy() for one in texts.alias("text").to_frame().select(named)]
    table = np.stack(counts, axis=1) if counts else np.zeros((len(texts), 0))
    return np.column_stack((np.log1p(table), (table > 0).sum(axis=1)))


def _shape(texts: pl.Series) -> tuple[Uint32, Int]:
    """The characters of all texts, every digit as 0."""
    characters, offsets = to_characters(texts)
    is_digit = (characters >= ord("0")) & (characters <= ord("9"))
    return np.where(is_digit, np.uint32(ord("0")), characters), offsets


def _length(n_kinds: Int) -> Array:
    return np.maximum(n_kinds, 1) ** LENGTH_POWER
