"""From comments to the two classifiers of the comment model, their calibrations and thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training import split
from training.comments import outside, weigh
from training.disguises import disguise
from training.fillers import filler_signs, make_fillers
from training.inner import across_sources
from training.shelf import ShelfPlace
from training.solicitations import make_praises, make_solicitations
from training.split import Mask, Parts, score_parts
from training.text_audits import AUDITS
from training.tune import Chooser, keep
from training.under_posts import UNDER_POSTS
from zhenfen.config import Strict
from zhenfen.estimators.calibration import Calibration, CalibrationKind, fit_calibration
from zhenfen.estimators.text_linear import LinearTextClassifier
from zhenfen.text.lexicons import load_lexicon
from zhenfen.text.normalise import cut_quoted, normalise_texts

Array = npt.NDArray[np.float64]

BY_PEOPLE = (*UNDER_POSTS, AUDITS)
"""Sources of which every comment was labelled where it stands."""


class AdvertConfig(Strict):
    """How the advert classifier is trained.

    Attributes:
        most_rows: Of one source and label; more are drawn from.
        n_buckets: Of the n-grams' hash.
        penalty: Inverse of the strength of the penalty.
        sign_scale: How much cheaper a sign is than an n-gram.
        n_solicitations: Made-up adverts.
        solicitation_weight: Their weight beside that of the labelled adverts.
        disguised_share: Share of the rows that come once more in disguise.
        doubtful_above: Log-odds above which a first fit sees an advert in a genuine line of a chat that has both;
            such lines are left out.
        under_posts_weight: How much more the labelled comments under posts weigh than their number would have it.
        calibration: Form of the map.
        most_false_alarms: Share of the comments under posts labelled genuine that may be flagged, all together.
        most_of_a_source: Share of the genuine rows of any source that may be flagged.
    """

    most_rows: int = Field(ge=1)
    n_buckets: int = Field(ge=1)
    penalty: float = Field(gt=0)
    sign_scale: float = Field(gt=0)
    n_solicitations: int = Field(ge=0)
    solicitation_weight: float = Field(ge=0)
    disguised_share: float = Field(ge=0, le=1)
    doubtful_above: float
    under_posts_weight: float = Field(ge=0)
    calibration: CalibrationKind
    most_false_alarms: float = Field(gt=0, lt=1)
    most_of_a_source: float = Field(gt=0, lt=1)


class TalkConfig(Strict):
    """How the classifiers of fillers and of short praise are trained.

    Attributes:
        most_rows: Texts of one kind, of one source.
        n_praises: Made-up praises.
        under_posts_weight: What a labelled comment under posts weighs; the others weigh 1.
        n_buckets: Of the n-grams' hash.
        penalty: Inverse of the strength of the penalty.
        sign_scale: How much cheaper a sign is than an n-gram.
        calibration: Form of the map.
        most_false_alarms: Share of the texts that stand once in a source left out that may be flagged.
    """

    most_rows: int = Field(ge=1)
    n_praises: int = Field(ge=1)
    under_posts_weight: float = Field(gt=0)
    n_buckets: int = Field(ge=1)
    penalty: float = Field(gt=0)
    sign_scale: float = Field(gt=0)
    calibration: CalibrationKind
    most_false_alarms: float = Field(gt=0, lt=1)


class CommentConfig(ShelfPlace):
    """configs/models/comment.yaml."""

    n_folds: int = Field(ge=2)
    advert: AdvertConfig
    filler: TalkConfig
    praise: TalkConfig


class Lesson(NamedTuple):
    """Normalised texts, 1 for an advert, and what each row weighs; all of shape (n,)."""

    texts: pl.Series
    y: npt.NDArray[np.int64]
    weight: Array


def fit_advert(rows: pl.DataFrame, config: AdvertConfig, seed: int) -> LinearTextClassifier:
    """The advert classifier on rows of `load_comments`: text, normalised, source, label."""
    return _fit_line(gather(rows, config, seed), config)


def gather(rows: pl.DataFrame, config: AdvertConfig, seed: int) -> Lesson:
    """What the classifiers of adverts learn from: rows drawn, copies in disguise and made-up solicitations.

    Genuine lines of sources that hold both labels are left out where a first fit takes them for adverts.
    """
    rng = np.random.default_rng(seed)
    drawn = draw_rows(rows, config.most_rows, seed)
    # Copies of some rows, each with one change.
    some = drawn.filter(pl.Series(rng.random(drawn.height) < config.disguised_share))
    own = some.select(cut_quoted(pl.col("text"))).to_series()
    disguised = some.with_columns(normalised=normalise_texts(disguise(own, rng)))
    asking = normalise_texts(make_solicitations(config.n_solicitations, rng)).unique(maintain_order=True)
    extra = (disguised, pl.DataFrame({"normalised": asking, "label": ["advert"] * len(asking)}))
    first = _fit_line(_weigh_together(drawn, *extra, config), config)
    # Readers labelled the comments under posts and at the desk one by one: their genuine ones are.
    has_both = (pl.col("label").n_unique().over("source") > 1) & ~pl.col("source").is_in(BY_PEOPLE)
    doubtful = pl.Series(first.decision_function(drawn["normalised"]) > config.doubtful_above)
    is_kept = drawn.select((pl.col("label") == "advert") | ~has_both | ~doubtful).to_series()
    return _weigh_together(drawn.filter(is_kept), *extra, config)


def fit_talk(rows: pl.DataFrame, kind: str, config: TalkConfig, seed: int) -> LinearTextClassifier:
    """The classifier of a kind of `load_fillers` (filler, praise) on its rows: source, normalised, kind.

    Made-up texts of the other kind are among what it is not.
    """
    rng = np.random.default_rng(seed)
    drawn = draw_rows(rows.with_columns(label="kind"), config.most_rows, seed)
    praises = normalise_texts(make_praises(config.n_praises, rng)).unique(maintain_order=True)
    made = {"filler": make_fillers(rng), "praise": praises}
    texts = pl.concat([one.alias("normalised") for one in (drawn["normalised"], *made.values())])
    kinds = np.concatenate((drawn["kind"].to_numpy(), *(np.repeat(name, len(one)) for name, one in made.items())))
    y = (kinds == kind).astype(np.int64)
    weight = np.ones(len(y))
    weight[: drawn.height][drawn["source"].is_in(BY_PEOPLE).to_numpy()] = config.under_posts_weight
    weight *= np.where(y == 1, 0.5 / weight[y == 1].sum(), 0.5 / weight[y == 0].sum()) * len(y)
    return LinearTextClassifier.fit(
        texts,
        y,
        weight,
        signs=filler_signs(),
        penalty=config.penalty,
        sign_scale=config.sign_scale,
        n_buckets=config.n_buckets,
    )


def draw_rows(rows: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """At most `most` rows of each source and label, in the order given."""
    place = pl.int_range(pl.len()).shuffle(seed=seed).over("source", "label")
    return rows.filter(place < most)


def score_left_out(
    rows: pl.DataFrame, parts: Parts, config: AdvertConfig, seed: int, choose: Chooser[AdvertConfig] = keep
) -> Array:
    """Log-odds of each row of the parts by a classifier that saw neither the part nor its near-duplicates, shape (n,).

    NaN where a row is in no part. `choose` gives the configuration of each classifier, from the rows that train it.
    """

    def score(held: Mask) -> Array:
        rest, asked = rows.filter(pl.Series(outside(rows, held))), rows.filter(pl.Series(held))
        return fit_advert(rest, choose(rest, config), seed).decision_function(asked["normalised"])

    return score_parts(parts, rows.height, score)[0]


def score_talk_left_out(
    rows: pl.DataFrame, parts: Parts, config: TalkConfig, seed: int, *, kind: str, choose: Chooser[TalkConfig] = keep
) -> Array:
    """Log-odds of each row of the parts by a classifier of `kind` that saw neither the part nor its near-duplicates."""

    def score(held: Mask) -> Array:
        rest, asked = rows.filter(pl.Series(split.outside(rows, held))), rows.filter(pl.Series(held))
        return fit_talk(rest, kind, choose(rest, config), seed).decision_function(asked["normalised"])

    return score_parts(parts, rows.height, score)[0]


def judge_adverts(rows: pl.DataFrame, n_folds: int, seed: int) -> Callable[[AdvertConfig], float]:
    """What `--tune` goes by: AUC on sources left out of these rows."""

    def judge(config: AdvertConfig) -> float:
        return across_sources(rows, lambda parts: score_left_out(rows, parts, config, seed), n_folds, seed)

    return judge


def judge_talk(rows: pl.DataFrame, n_folds: int, seed: int, kind: str) -> Callable[[TalkConfig], float]:
    """The same of a kind of `load_fillers`."""
    marked = mark_kind(rows, kind)

    def judge(config: TalkConfig) -> float:
        return across_sources(
            marked, lambda parts: score_talk_left_out(marked, parts, config, seed, kind=kind), n_folds, seed
        )

    return judge


def mark_kind(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """`rows` with is_fake: 1 where they are of that kind."""
    return rows.with_columns(is_fake=(pl.col("kind") == kind).cast(pl.Int8))


def calibrate(rows: pl.DataFrame, scores: Array, kind: CalibrationKind) -> Calibration:
    """The map at even shares; every source of a label weighs the same.

    Args:
        rows: source and is_fake.
        scores: Of rows held out, shape (n,).
        kind: Form of the map.
    """
    weight = rows.select(
        1 / (pl.len().over("source", "is_fake") * pl.col("source").n_unique().over("is_fake"))
    ).to_series()
    return fit_calibration(scores, rows["is_fake"].to_numpy().astype(np.int64), weight.to_numpy() * rows.height, kind)


def _weigh_together(
    drawn: pl.DataFrame, disguised: pl.DataFrame, solicitations: pl.DataFrame, config: AdvertConfig
) -> Lesson:
    columns = ("source", "normalised", "label")
    labelled = pl.concat((drawn.select(columns), disguised.select(columns)))
    weight = weigh(labelled, config.under_posts_weight)
    is_advert = (labelled["label"] == "advert").to_numpy()
    made_weight = config.solicitation_weight * weight[is_advert].sum() / max(solicitations.height, 1)
    together = pl.concat((labelled.drop("source"), solicitations))
    y = (together["label"] == "advert").to_numpy().astype(np.int64)
    return Lesson(together["normalised"], y, np.concatenate((weight, np.full(solicitations.height, made_weight))))


def _fit_line(lesson: Lesson, config: AdvertConfig) -> LinearTextClassifier:
    return LinearTextClassifier.fit(
        *lesson,
        signs={name: words.regex for name, words in load_lexicon("solicitation").items()},
        penalty=config.penalty,
        sign_scale=config.sign_scale,
        n_buckets=config.n_buckets,
    )
