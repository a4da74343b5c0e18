"""How well the post model hears what sounds paid, beside plain baselines, the readers and the platforms' own labels.

Within: creators (series of videos, near-duplicates) left out. Across: a whole source, which is a genre, left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from training.card import show
from training.datasets import data_dir
from training.evaluate import EVEN, FIGURES, evaluate
from training.post import confuse_kinds, evaluate_decided, show_kinds, show_table
from training.post_fit import BASELINES, PostConfig, by_tfidf, score_baseline, score_left_out
from training.post_truth import agree, compare
from training.posts import UNDECIDED, load_posts
from training.split import Mask, leave_sources_out, make_folds

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.post_model import load_post_model
from zhenfen.estimators.post_text import make_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]
Parts = Callable[[], Iterator[tuple[str, Mask]]]
SEEDS = (7, 8, 9)
"""Of the folds."""
N_POSTS = 20_000
"""Posts of the speed run."""
LOUD = 0.9
"""Share of characters behind which a disguise puts a sign."""


def print_figures(name: str, rows: pl.DataFrame, scores: Array, seed: int) -> None:
    """One line a source."""
    for source, found in evaluate_decided(rows, scores, EVEN, seed).items():
        print(f"{name:<22}{source:<18}" + "".join(f"{show(found[one]):<24}" for one in FIGURES[:2]))


def print_quality(rows: pl.DataFrame, X: csr_matrix, config: PostConfig) -> None:
    """Both tables: the model by seed of the folds, then the baselines."""
    for seed in SEEDS:
        scores, _ = score_left_out(rows, X, make_folds(rows, config.n_folds, seed), config)
        print_figures(f"within, folds {seed}", rows, scores, seed)
    across, _ = score_left_out(rows, X, leave_sources_out(rows), config)
    print_figures("across", rows, across, config.seed)
    tables: dict[str, Parts] = {
        "within": lambda: make_folds(rows, config.n_folds, config.seed),
        "across": lambda: leave_sources_out(rows),
    }
    for title, parts in tables.items():
        for name, score in BASELINES.items():
            print_figures(f"{title}, {name}", rows, score_baseline(rows, parts(), score), config.seed)


def print_transcripts(rows: pl.DataFrame, X: csr_matrix, config: PostConfig) -> None:
    """Transcripts left out by video: other videos of the series teach, as in the figure that is often quoted."""
    here = rows["source"] == "transcripts"
    by_video = rows.filter(here).with_columns(twin=pl.col("part").rank("dense").cast(pl.Int64))
    alone, mask = X[here.to_numpy()], list(make_folds(by_video, config.n_folds, config.seed))
    scores, _ = score_left_out(by_video, alone, mask, config)
    print_figures("by video, alone", by_video, scores, config.seed)
    print_figures("by video, TF-IDF", by_video, score_baseline(by_video, mask, by_tfidf), config.seed)


def print_truth(rows: pl.DataFrame, X: csr_matrix, config: PostConfig) -> None:
    """What sounds paid, what was paid, and what a model that is taught by the platform's flags makes of them."""
    scores, _ = score_left_out(rows, X, make_folds(rows, config.n_folds, config.seed), config)
    print(show_table(agree(rows, scores, EVEN, config.seed)))
    print(show_table(compare(rows, scores, EVEN, config.seed)))
    here = (rows["platform"] == "douyin") & rows["truth"].is_not_null()
    paid = (pl.col("truth") != "not_flagged_platform").cast(pl.Int64)
    flagged = rows.filter(here).with_columns(is_fake=paid, y=paid.cast(pl.Float64))
    folds = list(make_folds(flagged, config.n_folds, config.seed))
    taught, _ = score_left_out(flagged, X[here.to_numpy()], folds, config)
    judges: dict[str, Array] = {"model": taught, "TF-IDF + LR": score_baseline(flagged, folds, by_tfidf)}
    for name, one in judges.items():
        figure = evaluate(flagged, one, EVEN, config.seed)["product_posts"]["auc"]
        print(f"Douyin's flags, taught by them: {name:<14}{show(figure)}")


def print_disguises(rows: pl.DataFrame) -> None:
    """Sponsored-sounding posts that the shipped model flags, and after changes that readers do not mind."""
    model = load_post_model(models_dir() / "post" / "1")
    loud = rows.filter(pl.col("y") > UNDECIDED, pl.col("platform").is_in(["douyin", "xiaohongshu", "weibo"]))["text"]
    for name, disguise in disguises().items():
        probas = model.predict(pl.DataFrame({"text": disguise(loud)}))["p_sponsored"]
        flagged = (probas >= model.threshold).to_numpy().mean()
        print(f"{name:<14}mean {probas.to_numpy().mean():.3f}  flagged {flagged:.3f}")


def disguises() -> dict[str, Callable[[pl.Series], pl.Series]]:
    """Name → what it does to raw texts."""
    import opencc

    rng = np.random.default_rng(1)
    traditional = opencc.OpenCC("s2t")

    def scatter(texts: pl.Series, sign: str) -> pl.Series:
        return pl.Series(["".join(one + sign * bool(rng.random() < LOUD) for one in text) for text in texts])

    return {
        "plain": lambda texts: texts,
        "blanks": lambda texts: scatter(texts, " "),
        "dots": lambda texts: scatter(texts, "·"),
        "emoji": lambda texts: scatter(texts, "✨"),
        "traditional": lambda texts: pl.Series([traditional.convert(text) for text in texts]),
    }


def print_speed(rows: pl.DataFrame) -> None:
    """Posts a second from texts to probabilities."""
    model = load_post_model(models_dir() / "post" / "1")
    some = rows.filter(pl.col("source").is_in(["product_posts", "notes"]))
    posts = some.select("text").sample(N_POSTS, with_replacement=True, seed=1).rechunk()
    start = time.perf_counter()
    model.predict(posts)
    print(f"{N_POSTS:,} posts, {os.cpu_count()} cores: {N_POSTS / (time.perf_counter() - start):,.0f} a second")


def main() -> None:
    """Print quality and speed."""
    config = read_config(config_dir() / "models" / "post.yaml", PostConfig)
    rows = load_posts(data_dir())
    X = make_matrix(rows["text"])
    print_quality(rows, X, config)
    print_transcripts(rows, X, config)
    print_truth(rows, X, config)
    print(show_kinds(confuse_kinds(rows, X, config)))
    print_disguises(rows)
    print_speed(rows)


if __name__ == "__main__":
    main()
