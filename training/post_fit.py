"""Fitting the heads of the post model and scoring what they have not seen; and the plain baselines beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.fit import balance
from training.inner import across_sources
from training.post_lessons import Lessons
from training.posts import UNDECIDED, weigh
from training.shelf import ShelfPlace
from training.split import Mask, Parts, outside, score_parts
from zhenfen.estimators.calibration import Calibration, fit_calibration
from zhenfen.estimators.post_classifier import Penalty, fit_kinds, fit_line, fit_weights
from zhenfen.estimators.post_heads import GENRES, SHARED
from zhenfen.estimators.post_text import LISTS, make_matrix

Array = npt.NDArray[np.float64]
Score = Callable[[pl.DataFrame, pl.DataFrame], Array]
"""Training rows and held-out rows → scores of the latter, shape (n,)."""

THRESHOLD_SOURCES = ("product_posts", "product_posts_2", "notes", "weibo_posts")
BASELINE_C = 10.0
"""Of TF-IDF: the best of .1, 1, 10, 100 on the whole."""


class PostConfig(ShelfPlace):
    """configs/models/post.yaml.

    Attributes:
        penalty: Inverse strength of the penalty on the letters' weights.
        vector_penalty: The same of the vectors', which are standardised and divided by the root of their width.
        boosts: Genre → how many times as much its own rows count for its head.
        n_folds: Folds of the cross-validation.
        calibrated_on: Sources whose scores make the probabilities of the shared head.
        most_false_alarms: Share of organic posts of THRESHOLD_SOURCES that may be flagged.
        band: Probabilities by the letters alone between which the encoder is asked.
        paid_penalty: Inverse strength of the penalties of the paid head.
        n_classes: Classes of like scores of the paid head.
    """

    penalty: float = Field(gt=0)
    vector_penalty: float = Field(gt=0)
    boosts: Mapping[str, float]
    n_folds: int = Field(ge=2)
    calibrated_on: tuple[str, ...]
    most_false_alarms: float = Field(gt=0, lt=1)
    band: tuple[float, float]
    paid_penalty: float = Field(gt=0)
    n_classes: int = Field(ge=2)


@dataclass(frozen=True)
class Lines:
    """Heads as they are fitted, before their scales are known.

    Attributes:
        letters: Weights, shape (n_heads, N_COLUMNS).
        letter_bases: Shape (n_heads,).
        vectors: Weights, shape (n_heads, width).
        vector_bases: Shape (n_heads,).
    """

    letters: Array
    letter_bases: Array
    vectors: Array
    vector_bases: Array

    def score(self, lessons: Lessons, held: Mask) -> Array:
        """Letters' and vectors' scores by every head of the lessons `held`, shape (n_held, 2, n_heads)."""
        here = np.flatnonzero(held)
        letters = np.asarray(lessons.X[here] @ self.letters.T + self.letter_bases)
        vectors = lessons.vectors[here].astype(np.float64) @ self.vectors.T + self.vector_bases
        return np.stack((letters, vectors), axis=1)


def fit_lines(rows: pl.DataFrame, lessons: Lessons, taught: Mask, config: PostConfig, heads: Sequence[str]) -> Lines:
    """The heads named, the shared one first, taught by the texts `taught` and their windows.

    A head of a genre begins where the shared one ended: they differ by weights alone.
    """
    used = taught[lessons.owner]
    y, X = rows["y"].to_numpy()[lessons.owner[used]], lessons.X[used]
    vectors = lessons.vectors[used].astype(np.float64)
    middle, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-9
    scale = spread * np.sqrt(vectors.shape[1])
    standard = (vectors - middle) / scale
    letters: list[tuple[Array, float]] = []
    lines: list[tuple[Array, float]] = []
    for head in heads:
        weight = lessons.weigh(rows, taught, head, config.boosts.get(head, 1.0))
        letters.append(fit_weights(X, y, weight, Penalty(config.penalty, len(LISTS)), next(iter(letters), None)))
        lines.append(
            fit_line((standard, standard.T), y, weight, Penalty(config.vector_penalty), next(iter(lines), None))
        )
    on_vectors = np.stack([weights for weights, _ in lines]) / scale
    return Lines(
        np.stack([weights for weights, _ in letters]),
        np.array([base for _, base in letters]),
        on_vectors,
        np.array([base for _, base in lines]) - on_vectors @ middle,
    )


def fit_kind_lines(rows: pl.DataFrame, lessons: Lessons, taught: Mask, config: PostConfig) -> tuple[Array, Array]:
    """Weights and bases of the kinds, from the texts `taught` that sound sponsored to a reader."""
    part = rows.filter(pl.Series(taught))
    kinds = part.select(pl.when(pl.col("y") >= UNDECIDED).then("kind")).to_series()
    return fit_kinds(lessons.X[np.flatnonzero(taught)], kinds, weigh(part), config.penalty)


def score_left_out(
    rows: pl.DataFrame,
    lessons: Lessons,
    parts: Parts,
    heads: Sequence[str],
    choose: Callable[[pl.DataFrame], PostConfig],
) -> Array:
    """Scores of every text and window by lines taught without its part and its twins: letters, vectors.

    `choose` gives the configuration of each fit, from the rows that teach it.

    Returns:
        Shape (n_texts + n_windows, 2, n_heads); NaN where a row is in no part.
    """
    scores = np.full((len(lessons.owner), 2, len(heads)), np.nan)
    for _, held in parts:
        taught = outside(rows, held)
        fitted = fit_lines(rows, lessons, taught, choose(rows.filter(pl.Series(taught))), heads)
        scores[held[lessons.owner]] = fitted.score(lessons, held[lessons.owner])
    return scores


def leave_genres_out(rows: pl.DataFrame) -> Iterator[tuple[str, Mask]]:
    """The name of each genre and which rows are its own, shape (n,)."""
    for genre in rows["genre"].unique(maintain_order=True):
        yield genre, (rows["genre"] == genre).to_numpy()


def find_spreads(rows: pl.DataFrame, scores: Array) -> Array:
    """Standard deviation of the scores of each head over its own genre, of the shared one over all; shape (2, n_heads).

    Args:
        rows: genre.
        scores: Result of `score_left_out`, heads as in HEADS.
    """
    texts = scores[: rows.height]
    own = [np.ones(rows.height, dtype=bool), *((rows["genre"] == genre).to_numpy() for genre in GENRES)]
    return np.stack([np.nanstd(texts[here, :, place], axis=0) for place, here in enumerate(own)], axis=1)


def judge_across(rows: pl.DataFrame) -> Callable[[PostConfig], float]:
    """What `--tune` goes by: AUC of the letters on genres left out of these rows, where the readers agree."""
    X, is_undecided = make_matrix(rows["text"]), (rows["y"] == UNDECIDED).to_numpy()

    def judge(config: PostConfig) -> float:
        def score_part(held: Mask) -> Array:
            taught = outside(rows, held)
            part = rows.filter(pl.Series(taught))
            weights, base = fit_weights(
                X[taught], part["y"].to_numpy(), weigh(part), Penalty(config.penalty, len(LISTS))
            )
            return np.asarray(X[held] @ weights + base, dtype=np.float64)

        def score(parts: Parts) -> Array:
            return np.where(is_undecided, np.nan, score_parts(parts, rows.height, score_part)[0])

        return across_sources(rows, score, config.n_folds, config.seed, config.calibrated_on)

    return judge


def score_baseline(rows: pl.DataFrame, parts: Parts, score: Score) -> Array:
    """Scores of every row by a baseline that has not seen its part or its twins, shape (n,)."""

    def score_part(held: Mask) -> Array:
        return score(rows.filter(pl.Series(outside(rows, held))), rows.filter(pl.Series(held)))

    return score_parts(parts, rows.height, score_part)[0]


def calibrate(rows: pl.DataFrame, scores: Array, shared: Array, config: PostConfig) -> dict[str, Calibration]:
    """Head → the map from scores to probabilities at even shares, by decided rows.

    A genre's own by its rows, scored by models that had not seen their creator. The shared one half by that, half by
    models that had not seen the genre either: what it is asked is of either sort.

    Args:
        rows: As `load_posts` gives them.
        scores: By every head, creators left out, shape (n, n_heads).
        shared: By the shared head, genres left out, shape (n,).
        config: Names the sources of the shared one.
    """
    decided = pl.col("y") != UNDECIDED
    maps = {}
    for place, genre in enumerate(GENRES, start=1):
        mine = rows.select(decided & (pl.col("genre") == genre)).to_series()
        part = rows.filter(mine).with_columns(source="genre")
        maps[genre] = fit_calibration(scores[mine.to_numpy(), place], part["is_fake"].to_numpy(), balance(part))
    return {SHARED: calibrate_shared(rows, scores[:, 0], shared, config), **maps}


def calibrate_shared(rows: pl.DataFrame, scores: Array, shared: Array, config: PostConfig) -> Calibration:
    """The map of the shared head, see `calibrate`; scores by that head alone, shape (n,)."""
    used = rows.select((pl.col("y") != UNDECIDED) & pl.col("source").is_in(config.calibrated_on)).to_series()
    mask, part = used.to_numpy(), rows.filter(used)
    both = pl.concat((part, part))
    found = np.concatenate((scores[mask], shared[mask]))
    return fit_calibration(found, both["is_fake"].to_numpy(), balance(both))


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
