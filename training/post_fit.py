"""Fitting the post model and scoring what it has not seen; and the plain baselines beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.fit import balance
from training.inner import across_sources
from training.posts import UNDECIDED, weigh
from training.shelf import ShelfPlace
from training.split import Mask, Names, Parts, outside, score_parts
from training.tune import Chooser, keep
from zhenfen.estimators.calibration import Calibration, fit_calibration
from zhenfen.estimators.post_classifier import PostClassifier, fit_weights
from zhenfen.estimators.post_text import LISTS, make_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]
Score = Callable[[pl.DataFrame, pl.DataFrame], Array]
"""Training rows and held-out rows → scores of the latter, shape (n,)."""

THRESHOLD_SOURCES = ("product_posts", "notes")
BASELINE_C = 10.0
"""Of TF-IDF: the best of .1, 1, 10, 100 on the whole."""


class PostConfig(ShelfPlace):
    """configs/models/post.yaml.

    Attributes:
        penalty: Inverse strength of the penalty.
        n_folds: Folds of the cross-validation.
        calibrated_on: Sources whose left-out scores make the probabilities.
        most_false_alarms: Share of organic posts of THRESHOLD_SOURCES that may be flagged.
    """

    penalty: float = Field(gt=0)
    n_folds: int = Field(ge=2)
    calibrated_on: tuple[str, ...]
    most_false_alarms: float = Field(gt=0, lt=1)


def fit_classifier(rows: pl.DataFrame, X: csr_matrix, config: PostConfig) -> PostClassifier:
    """The classifier of `config` on all rows; rows as `load_posts` gives them, X what `make_matrix` makes of them."""
    kinds = rows.select(pl.when(pl.col("y") >= UNDECIDED).then("kind")).to_series()
    return PostClassifier.fit(X, rows["y"].to_numpy(), weigh(rows), kinds, config.penalty)


def score_left_out(
    rows: pl.DataFrame,
    X: csr_matrix,
    parts: Parts,
    config: PostConfig,
    choose: Chooser[PostConfig] = keep,
) -> tuple[Array, Names]:
    """Log-odds of every row from a model trained without its part and its twins, and the part's name, shape (n,).

    NaN where a row is in no part. `choose` gives the configuration of each model, from the rows that train it.
    """

    def score(held: Mask) -> Array:
        taught = outside(rows, held)
        part = rows.filter(pl.Series(taught))
        penalty = choose(part, config).penalty
        weights, base = fit_weights(X[taught], part["y"].to_numpy(), weigh(part), penalty, n_rising=len(LISTS))
        return np.asarray(X[held] @ weights + base, dtype=np.float64)

    return score_parts(parts, rows.height, score)


def judge_across(rows: pl.DataFrame) -> Callable[[PostConfig], float]:
    """What `--tune` goes by: AUC on the sources of `calibrated_on` left out of these rows, where the readers agree."""
    X, is_undecided = make_matrix(rows["text"]), (rows["y"] == UNDECIDED).to_numpy()

    def judge(config: PostConfig) -> float:
        def score(parts: Parts) -> Array:
            return np.where(is_undecided, np.nan, score_left_out(rows, X, parts, config)[0])

        return across_sources(rows, score, config.n_folds, config.seed, config.calibrated_on)

    return judge


def score_baseline(rows: pl.DataFrame, parts: Parts, score: Score) -> Array:
    """Scores of every row by a baseline that has not seen its part or its twins, shape (n,)."""

    def score_part(held: Mask) -> Array:
        return score(rows.filter(pl.Series(outside(rows, held))), rows.filter(pl.Series(held)))

    return score_parts(parts, rows.height, score_part)[0]


def calibrate(rows: pl.DataFrame, within: Array, across: Array, config: PostConfig) -> Calibration:
    """The map from scores to probabilities at even shares, by the decided rows of `calibrated_on`.

    Half of it by scores of models that knew the source and not the creator, half by models that did not know the
    source: a post of tomorrow is of either sort.
    """
    rows, scores = pl.concat((rows, rows)), np.concatenate((within, across))
    used = rows.select(pl.col("source").is_in(config.calibrated_on) & (pl.col("y") != UNDECIDED)).to_series()
    part, mask = rows.filter(used), used.to_numpy()
    return fit_calibration(scores[mask], part["is_fake"].to_numpy(), balance(part))


def calibrate_apart(rows: pl.DataFrame, within: Array, across: Array, parts: Names, config: PostConfig) -> Array:
    """Probabilities of the scores `across`, shape (n,), each part's by a map that was fitted without it."""
    probas = np.full(rows.height, np.nan)
    for part in np.unique(parts):
        held = parts == part
        calibration = calibrate(rows.filter(pl.Series(~held)), within[~held], across[~held], config)
        probas[held] = calibration.apply(across[held])
    return probas


def is_organic(rows: pl.DataFrame) -> Mask:
    """Rows of which at most `most_false_alarms` may be flagged, shape (n,)."""
    mask = pl.col("source").is_in(THRESHOLD_SOURCES) & (pl.col("y") < UNDECIDED)
    return np.asarray(rows.select(mask).to_series().to_numpy(), dtype=np.bool_)


def by_length(_: pl.DataFrame, held: pl.DataFrame) -> Array:
    """Longer is more sponsored."""
    return held["text"].str.len_chars().to_numpy().astype(np.float64)


def by_words(_: pl.DataFrame, held: pl.DataFrame) -> Array:
    """How many words of calls to action, discounts and means to buy stand there."""
    from zhenfen.features.posts.facts import count_column, count_words

    counted = count_words(held["text"])
    sold_by = ("call_to_action", "discount", "purchase_means")
    return counted.select(pl.sum_horizontal(count_column(name) for name in sold_by)).to_series().to_numpy()


def by_tfidf(taught: pl.DataFrame, held: pl.DataFrame) -> Array:
    """Character 1–3-gram TF-IDF of the raw text and logistic regression, sources and labels even."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    decided = taught.filter(pl.col("y") != UNDECIDED)
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32)
    line = LogisticRegression(C=BASELINE_C, max_iter=200, tol=1e-3)
    line.fit(
        vectors.fit_transform(decided["text"].to_list()),
        decided["is_fake"].to_numpy(),
        sample_weight=balance(decided),
    )
    return np.asarray(line.decision_function(vectors.transform(held["text"].to_list())), dtype=np.float64)


BASELINES: dict[str, Score] = {"length": by_length, "words counted": by_words, "TF-IDF + LR": by_tfidf}
