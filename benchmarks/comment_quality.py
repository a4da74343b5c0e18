"""How well comments are told apart, on sources never seen: the linear model, its variants, and plain baselines.

Every model is a function from training rows and test rows (`load_comments`) to scores of the test rows; `make_models`
names them. Figures are at even shares of adverts and genuine comments, with 95 % intervals over resampled comments
(near-duplicates together). F1 and recall are at the threshold that the other sources choose: 1 % of the genuine rows of
each, by a model that had not seen it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from training.card import show
from training.comment import NOISY
from training.comment_fit import AdvertConfig, CommentConfig, draw_rows, fit_advert, fit_talk
from training.comments import JD, load_comments, outside
from training.datasets import data_dir
from training.disguises import load_disguises
from training.evaluate import Figure, evaluate
from training.fillers import filler_signs, load_fillers
from training.split import Mask, leave_sources_out

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.comment_model import load_comment_model
from zhenfen.text.lexicons import load_lexicon
from zhenfen.text.ngrams import hash_ngrams
from zhenfen.text.normalise import cut_quoted, normalise_texts

Array = npt.NDArray[np.float64]
Scorer = Callable[[pl.DataFrame, pl.DataFrame], Array]
LABELLED = ("livechat", "gamechat", "qqgroup")
MOST_FALSE_ALARMS = 0.01
"""As configs/models/comment.yaml has it."""
DISGUISED_SHARE = 0.25
"""Of the training rows that come once more in disguise, where the table says so."""
N_TEST = 4_000
"""Adverts of a source that are disguised."""


def keyword_scores(train: pl.DataFrame, test: pl.DataFrame) -> Array:
    """How many words of the solicitation lexicon stand in a text; learns nothing."""
    del train
    words = load_lexicon("solicitation").values()
    counts = test.select(pl.sum_horizontal(pl.col("normalised").str.count_matches(one.regex) for one in words))
    return counts.to_series().cast(pl.Float64).to_numpy()


def length_scores(train: pl.DataFrame, test: pl.DataFrame) -> Array:
    """The length of a text; learns nothing."""
    del train
    return test["normalised"].str.len_chars().cast(pl.Float64).to_numpy()


def tfidf_scores(train: pl.DataFrame, test: pl.DataFrame) -> Array:
    """Character 1- to 3-grams, TF-IDF and logistic regression."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    weigher = TfidfTransformer(sublinear_tf=True)
    X = weigher.fit_transform(hash_ngrams(train["normalised"]))
    line = LogisticRegression(C=10, class_weight="balanced", solver="liblinear", tol=1e-3, random_state=0)
    line.fit(X, train["label"] == "advert")
    return np.asarray(line.decision_function(weigher.transform(hash_ngrams(test["normalised"]))), dtype=np.float64)


def linear_scores(config: AdvertConfig, seed: int) -> Scorer:
    """The linear model as `config` trains it."""
    return lambda train, test: fit_advert(train, config, seed).decision_function(test["normalised"])


def make_models(config: CommentConfig) -> Mapping[str, Scorer]:
    """Name → model: the baselines, the shipped way, and that way without one of its parts."""
    advert = config.advert
    changes: dict[str, dict[str, Any]] = {
        "linear": {},
        "without solicitations": {"n_solicitations": 0},
    }
    variants = {name: linear_scores(advert.model_copy(update=change), config.seed) for name, change in changes.items()}
    baselines = {"keyword count": keyword_scores, "length": length_scores, "TF-IDF + regression": tfidf_scores}
    return {**baselines, **variants}


def score_sources(rows: pl.DataFrame, model: Scorer, most_rows: int, seed: int) -> Array:
    """Scores of every row that ships by `model` trained without its source, shape (n,); of the others by all."""
    scores = np.full(rows.height, np.nan)
    for _, held in _parts(rows):
        train = draw_rows(rows.filter(pl.Series(outside(rows, held))), most_rows, seed)
        scores[held] = model(train, rows.filter(pl.Series(held)))
    return scores


def _parts(rows: pl.DataFrame) -> Iterator[tuple[str, Mask]]:
    judges = (~rows["ships"]).to_numpy()
    yield from leave_sources_out(rows.filter("ships")) if not judges.any() else _with_judges(rows, judges)


def _with_judges(rows: pl.DataFrame, judges: Mask) -> Iterator[tuple[str, Mask]]:
    for name, held in leave_sources_out(rows):
        if not (held & judges).any():
            yield name, held
    yield "judges", judges


def print_quality(name: str, rows: pl.DataFrame, scores: Array, seed: int) -> None:
    """A line a labelled source: AUC, AP, then F1 and recall at the threshold of the other sources."""
    is_labelled = rows["source"].is_in(LABELLED)
    figures = evaluate(rows.filter(is_labelled), scores[is_labelled.to_numpy()], 0, seed)
    for source, found in figures.items():
        here = (rows["source"] == source).to_numpy()
        flagged = scores[here] >= choose_elsewhere(rows, scores, source)
        f1, recall = _at_threshold(rows["is_fake"].to_numpy()[here], flagged)
        print(f"{name:<26}{source:<12}{show(found['auc']):<24}{show(found['ap']):<24}{f1:<8.3f}{recall:.3f}")


def choose_elsewhere(rows: pl.DataFrame, scores: Array, source: str) -> float:
    """The lowest score from which at most 1 % of the genuine rows of every other source that ships are flagged."""
    is_genuine = (pl.col("is_fake") == 0) & pl.col("ships")
    asked = rows.select(is_genuine & ~pl.col("source").is_in([source, NOISY])).to_series()
    frame = rows.filter(asked).select("source", score=pl.Series(scores[asked.to_numpy()]))
    ends = frame.group_by("source").agg(pl.col("score").quantile(1 - MOST_FALSE_ALARMS, "higher"))
    return float(np.nextafter(ends["score"].to_numpy().max(), np.inf))


def _at_threshold(labels: npt.NDArray[np.int8], flagged: Mask) -> tuple[float, float]:
    """F1 at even shares, and recall."""
    recall, alarms = float(flagged[labels == 1].mean()), float(flagged[labels == 0].mean())
    return 2 * recall / (1 + recall + alarms), recall


def print_false_alarms(rows: pl.DataFrame, scores: Array) -> None:
    """Genuine rows of each source flagged at the threshold that the others choose."""
    print(f"\n{'source left out':<16}{'part':<28}{'comments':<12}flagged at the threshold of the others")
    genuine = rows.select("source", "part", score=pl.Series(scores)).filter(rows["is_fake"] == 0)
    for source, part in genuine.select("source", "part").unique(maintain_order=True).iter_rows():
        own = genuine.filter(source=source, part=part)
        flagged = (own["score"].to_numpy() >= choose_elsewhere(rows, scores, source)).mean()
        print(f"{source:<16}{part:<28}{own.height:<12,}{flagged:.2%}")


def print_disguises(rows: pl.DataFrame, config: CommentConfig) -> None:
    """What each change costs on adverts of a source left out, without and with disguised copies in the training."""
    print(f"\n{'adverts in disguise':<18}" + "".join(f"{one:<34}" for one in LABELLED))
    print(f"{'':<18}" + f"{'AUC    recall  with copies      ':<34}" * len(LABELLED))
    tables = [_disguise_source(rows, source, config) for source in LABELLED]
    for kind in tables[0]:
        print(f"{kind:<18}" + "".join(f"{table[kind]:<34}" for table in tables))


def _disguise_source(rows: pl.DataFrame, source: str, config: CommentConfig) -> dict[str, str]:
    held = (rows["source"] == source).to_numpy()
    train = rows.filter(pl.Series(outside(rows, held)))
    with_copies = config.advert.model_copy(update={"disguised_share": DISGUISED_SHARE})
    models = [fit_advert(train, one, config.seed) for one in (config.advert, with_copies)]
    asked = rows.filter(pl.Series(held))
    adverts = draw_rows(asked.filter(label="advert"), N_TEST, config.seed)
    genuine = [model.decision_function(asked.filter(label="genuine")["normalised"]) for model in models]
    raw = adverts.select(cut_quoted(pl.col("text"))).to_series()
    kinds = {"as they are": lambda texts, _: texts, **load_disguises()}
    found = {}
    for kind, change in kinds.items():
        texts = normalise_texts(change(raw, np.random.default_rng(config.seed)))
        parts = [_compare(model.decision_function(texts), own) for model, own in zip(models, genuine, strict=True)]
        found[kind] = "   ".join(f"{auc:.3f}  {recall:.3f}" for auc, recall in parts)
    return found


def _compare(adverts: Array, genuine: Array) -> tuple[float, float]:
    """AUC, and recall at 1 % false alarms among these."""
    ranks = np.searchsorted(np.sort(genuine), adverts)
    return float(ranks.mean() / len(genuine)), float((adverts >= np.quantile(genuine, 1 - MOST_FALSE_ALARMS)).mean())


def print_fillers(config: CommentConfig, comments: pl.DataFrame) -> None:
    """Fillers: the labels of sources left out, and jd's own; the lexicon rule and the length beside."""
    fillers = load_fillers(data_dir())
    jd = comments.filter(source=JD.name).select(
        "source",
        "normalised",
        pl.when(pl.col("part") == "1").then(pl.lit("filler")).otherwise(pl.lit("other")).alias("kind"),
        "twin",
    )
    rows = pl.concat((fillers, jd), how="diagonal_relaxed")
    rows = rows.with_columns(is_fake=(pl.col("kind") == "filler").cast(pl.Int8))
    scores = np.full(rows.height, np.nan)
    for source, held in leave_sources_out(rows):
        train = fillers.filter(pl.col("source") != source)
        scores[held] = fit_talk(train, "filler", config.filler, config.seed).decision_function(
            rows.filter(pl.Series(held))["normalised"]
        )
    rule = rows["normalised"].str.contains(filler_signs()["stock"]).cast(pl.Float64).to_numpy()
    print(f"\n{'fillers':<26}{'':<12}{'AUC':<24}{'AP'}")
    candidates = {"linear": scores, "lexicon rule": rule, "shortness": -length_scores(rows, rows)}
    for name, own in candidates.items():
        found: Mapping[str, Mapping[str, Figure]] = evaluate(rows, own, 0, config.seed)
        for source, figures in found.items():
            print(f"{name:<26}{source:<12}{show(figures['auc']):<24}{show(figures['ap'])}")


def print_speed(comments: pl.DataFrame) -> None:
    """Normalised comments a second, to two probabilities."""
    model = load_comment_model(models_dir() / "comment" / "2")
    start = time.perf_counter()
    model.predict(comments["normalised"])
    print(f"\n{comments.height / (time.perf_counter() - start):,.0f} normalised comments a second")


def main() -> None:
    """Print all tables."""
    config = read_config(config_dir() / "models" / "comment.yaml", CommentConfig)
    rows = load_comments(data_dir(), with_judges=True)
    rows = rows.with_columns(is_fake=(pl.col("label") == "advert").cast(pl.Int8))
    print(f"{'sources never seen':<38}{'AUC':<24}{'AP':<24}{'F1':<8}recall at 1 % false alarms elsewhere")
    for name, model in make_models(config).items():
        scores = score_sources(rows, model, config.advert.most_rows, config.seed)
        print_quality(name, rows, scores, config.seed)
        if name == "linear":
            linear = scores
    print_false_alarms(rows, linear)
    print_disguises(rows, config)
    print_fillers(config, rows)
    print_speed(rows)


if __name__ == "__main__":
    main()
