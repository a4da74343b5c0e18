"""From rows of profiles, comments or posts to the columns that are watched: what the models read, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from zhenfen.estimators.comment_model import COMMENT, KINDS, CommentModel
from zhenfen.estimators.manifest import KindManifest, Manifest
from zhenfen.estimators.post_model import POST, PostModel, is_text_outside
from zhenfen.estimators.prevalence import Validation
from zhenfen.estimators.profile_model import PROFILE, ProfileModel
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.features.posts.facts import count_words
from zhenfen.model_store import Models
from zhenfen.monitoring.prevalence import DOMAIN, Detector
from zhenfen.scoring import group_comments, score_grouped, score_posts, score_profiles
from zhenfen.text.normalise import normalise_comments
from zhenfen.verdict.shares import to_validations

_SCRIPTS = {"han": r"\p{Han}", "latin": r"[A-Za-z]", "digit": r"[0-9]"}


@dataclass(frozen=True)
class MeasuredSample:
    """One sample.

    Attributes:
        columns: Numbers, flags and categories, null where unknown; one row a row.
        marks: platform, out_of_domain and text_group, where they are known, in the same order of rows.
    """

    columns: pl.DataFrame
    marks: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def marked(self) -> pl.DataFrame:
        """Columns and marks beside each other."""
        return self.columns.with_columns(self.marks) if self.marks.width else self.columns


@dataclass(frozen=True)
class Subject:
    """A kind of rows that can be watched.

    Attributes:
        measure: Rows and the moment that ages are counted at → columns.
        detectors: Probabilities whose flagged shares are compared.
        model: Name and version of the model that scores.
        domain: Column → range that holds all but 1 % of the training rows.
    """

    measure: Callable[[pl.DataFrame, datetime], MeasuredSample]
    detectors: tuple[Detector, ...]
    model: str
    domain: Mapping[str, tuple[float, float]]


def watch_profiles(models: Models) -> Subject:
    """Profiles, rows of the table `audience`: the model's features, platform, p_fake and out_of_domain.

    Raises:
        ConfigError: The shelf holds no audience model.
    """
    model = models.need(PROFILE)
    return Subject(
        lambda rows, as_of: _measure_profiles(rows, model, as_of),
        (make_detector("p_fake", model.manifest), DOMAIN),
        model.manifest.stamp,
        model.manifest.domain,
    )


def watch_comments(models: Models) -> Subject:
    """Comments with a text: length and scripts, the signs that the model looks for, p_advert, p_filler and p_praise.

    Raises:
        ConfigError: The shelf holds no comment model.
    """
    model = models.need(COMMENT)
    return Subject(
        lambda rows, _: _measure_comments(rows, model),
        comment_detectors(model.manifest),
        model.manifest.stamp,
        model.manifest.domain,
    )


def watch_posts(models: Models) -> Subject:
    """Posts with a text: the counted words, disclosure and means to buy, p_sponsored, kind and out_of_domain.

    Raises:
        ConfigError: The shelf holds no post model.
    """
    model = models.need(POST)
    return Subject(
        lambda rows, _: _measure_posts(rows, model),
        (make_detector("p_sponsored", model.manifest), DOMAIN),
        model.manifest.stamp,
        {},
    )


def make_detector(column: str, model: Manifest | KindManifest) -> Detector:
    """A model, or one kind of the comment model, as the detector behind a column of scores."""
    within: dict[str, list[Validation]] = {}
    for one in to_validations(model.validations):
        within.setdefault(one.platform, []).append(one)
    across = to_validations(model.validations_across)
    return Detector(column, model.threshold, model.training_share, within, across)


def comment_detectors(manifest: Manifest) -> tuple[Detector, ...]:
    """The comment model as a detector for each kind."""
    return tuple(make_detector(f"p_{kind}", manifest.kinds[kind]) for kind in KINDS)


def mark_groups(scored: pl.DataFrame) -> pl.DataFrame:
    """text_group of each comment: its cluster, a row without one for itself."""
    alone = pl.format("row {}", pl.int_range(pl.len()))
    return scored.select(text_group=pl.coalesce(pl.col("cluster_id").cast(pl.String), alone))


def _measure_profiles(rows: pl.DataFrame, model: ProfileModel, as_of: datetime) -> MeasuredSample:
    scored = score_profiles(rows, model, as_of)
    features = measure_profiles(rows, as_of).select(model.manifest.features)
    columns = features.with_columns(rows["platform"], scored["p_fake"], scored["out_of_domain"])
    return MeasuredSample(columns, columns.select("platform", "out_of_domain"))


def _measure_comments(rows: pl.DataFrame, model: CommentModel) -> MeasuredSample:
    texts = normalise_comments(rows.select("comment_id", "text"))
    scored = score_grouped(group_comments(texts), model)
    text = pl.col("text")
    n_chars = text.str.len_chars()
    shares = {
        f"comment_{name}_share": pl.when(n_chars > 0).then(text.str.count_matches(pattern) / n_chars)
        for name, pattern in _SCRIPTS.items()
    }
    # Whether each text shows each of the patterns that the classifiers were given by name.
    signs = []
    for kind, classifier in model.classifiers.items():
        signs += [
            texts["normalised"].str.contains(pattern).alias(f"comment_{kind}_{name}_flag")
            for name, pattern in classifier.signs.items()
        ]
    columns = rows.select(n_chars.alias("comment_chars"), **shares).with_columns(
        *signs, *(scored[f"p_{kind}"] for kind in KINDS)
    )
    return MeasuredSample(columns, mark_groups(scored))


def _measure_posts(rows: pl.DataFrame, model: PostModel) -> MeasuredSample:
    scored = score_posts(rows, model)
    names = ("is_disclosed", "has_purchase_means", "p_sponsored", "kind")
    is_outside = is_text_outside(rows["text"], model.manifest)
    columns = count_words(rows["text"]).with_columns(
        *(scored[name] for name in names), is_outside.alias("out_of_domain")
    )
    return MeasuredSample(columns, columns.select("out_of_domain"))
