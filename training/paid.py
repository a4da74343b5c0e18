"""The paid head: taught by the marks that Douyin itself puts on posts, and judged on creators it had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_matrix

from training.datasets import LabelledSet
from training.evaluate import EVEN, Figure, evaluate
from training.fit import balance
from training.post_fit import PostConfig, by_length, by_tfidf, score_baseline
from training.post_lessons import Lessons
from training.posts import group_texts, join_titles
from training.split import make_folds, outside
from zhenfen.estimators.paid_head import PAID_PLATFORM, AlikeCases, PaidHead
from zhenfen.estimators.post_classifier import Penalty, fit_line, fit_weights, round_weights

Array = npt.NDArray[np.float64]

MARKED = ("sponsored_platform", "commerce_platform")
"""Order of the platform's market, advert, or shopping link."""
UNMARKED = "not_flagged_platform"
BY_BOTH = "letters and encoder"
"""The judge that ships."""


def _read_marked(raw: pl.DataFrame) -> pl.DataFrame:
    here = (pl.col("platform") == PAID_PLATFORM) & pl.col("sponsor_label").is_in([*MARKED, UNMARKED])
    read = raw.filter(here).with_columns(text=join_titles()).filter(pl.col("text") != "")
    is_marked = pl.col("sponsor_label").is_in(MARKED)
    return read.select("text", creator="creator_id", truth="sponsor_label", y=is_marked.cast(pl.Float64))


MARKS = LabelledSet(
    "douyin_marks",
    PAID_PLATFORM,
    "engagement/creator_posts.parquet",
    "scraped, no terms; marks of the platform: order, advert or shopping link against none",
    _read_marked,
)


@dataclass(frozen=True)
class FittedPaid:
    """The head, and what it does on creators it had not seen.

    Attributes:
        head: Taught by all rows.
        figures: Judge → AUC.
    """

    head: PaidHead
    figures: dict[str, Figure]


def load_marks(folder: Path) -> pl.DataFrame:
    """text, y, is_fake (1 where marked), truth, source, platform, twin (of one creator, or nearly the same text)."""
    rows = MARKS.load(folder).with_columns(genre=pl.lit("products"), is_fake=pl.col("y").cast(pl.Int64))
    return rows.with_columns(twin=pl.Series(group_texts(rows))).drop("creator")


def fit_paid(rows: pl.DataFrame, lessons: Lessons, config: PostConfig) -> FittedPaid:
    """The head of all rows, its cases by score out of folds, and its figures beside plain baselines.

    Args:
        rows: Result of `load_marks`.
        lessons: Of the same texts; only the whole ones are read.
        config: paid_penalty, n_classes, n_folds, seed.
    """
    X, vectors = lessons.X[: rows.height], lessons.vectors[: rows.height].astype(np.float64)
    every = np.ones(rows.height, dtype=bool)
    letters, both = np.full(rows.height, np.nan), np.full(rows.height, np.nan)
    for _, held in make_folds(rows, config.n_folds, config.seed):
        taught = outside(rows, held)
        on_letters, on_vectors = _fit(rows, X, vectors, taught, config)
        letters[held] = X[held] @ on_letters
        both[held] = letters[held] + vectors[held] @ on_vectors
    marked = rows["is_fake"].to_numpy() == 1
    on_letters, on_vectors = _fit(rows, X, vectors, every, config)
    head = PaidHead(
        on_letters,
        on_vectors,
        AlikeCases.count(letters, marked, config.n_classes),
        AlikeCases.count(both, marked, config.n_classes),
    )
    folds = list(make_folds(rows, config.n_folds, config.seed))
    judges = {
        BY_BOTH: both,
        "letters": letters,
        "TF-IDF + LR": score_baseline(rows, folds, by_tfidf),
        "length": score_baseline(rows, folds, by_length),
    }
    figures = {name: evaluate(rows, one, EVEN, config.seed)[MARKS.name]["auc"] for name, one in judges.items()}
    orders = (rows["truth"] != MARKED[1]).to_numpy()
    part = rows.filter(pl.Series(orders))
    figures[f"{BY_BOTH}, orders and adverts alone"] = evaluate(part, both[orders], EVEN, config.seed)[MARKS.name]["auc"]
    return FittedPaid(head, figures)


def _fit(
    rows: pl.DataFrame, X: csr_matrix, vectors: Array, taught: npt.NDArray[np.bool_], config: PostConfig
) -> tuple[Array, Array]:
    """Weights of letters and of vectors, each divided by the spread of its scores."""
    part = rows.filter(pl.Series(taught))
    y, weight = part["y"].to_numpy(), balance(part)
    weight = weight / weight.mean()
    scale = (vectors[taught].std(axis=0) + 1e-9) * np.sqrt(vectors.shape[1])
    standard = (vectors[taught] - vectors[taught].mean(axis=0)) / scale
    penalty = Penalty(config.paid_penalty)
    on_letters, _ = fit_weights(X[taught], y, weight, penalty)
    on_vectors, _ = fit_line((standard, standard.T), y, weight, penalty)
    on_vectors = on_vectors / scale
    # Spread of the scores of the very rows that taught: the same for both, so that neither outweighs the other.
    spreads = (np.std(X[taught] @ on_letters), np.std(vectors[taught] @ on_vectors))
    return round_weights(on_letters / spreads[0]), round_weights(on_vectors / spreads[1])
