"""Files of scores as `zhenfen score` writes them: which columns are watched, and whether they hold what they should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from zhenfen.errors import InvalidTableError, Problem
from zhenfen.model_store import Models
from zhenfen.monitoring.measure import MeasuredSample, Subject, comment_detectors, make_detector, mark_groups
from zhenfen.monitoring.prevalence import DOMAIN, Detector

PROBA, FLAG, TEXT = "a probability from 0 to 1", "true or false", "a text"
_FITS: dict[str, Callable[[pl.DataType], bool]] = {
    PROBA: lambda dtype: dtype.is_float(),
    FLAG: lambda dtype: dtype == pl.Boolean,
    TEXT: lambda dtype: dtype in (pl.String, pl.Categorical),
}
MODEL = "model"


@dataclass(frozen=True)
class ScoreFile:
    """One kind of score file.

    Attributes:
        key: Column with the row's id.
        needed: Columns that make it this kind.
        columns: Column → what it holds; watched where it is there.
    """

    key: str
    needed: tuple[str, ...]
    columns: dict[str, str]


# Clusters are left out: how many rows find their like depends on how many rows there are.
SCORE_FILES: dict[str, ScoreFile] = {
    "profile_scores": ScoreFile("profile_id", ("p_fake",), {"p_fake": PROBA, "out_of_domain": FLAG}),
    "comment_scores": ScoreFile(
        "comment_id", ("p_advert", "p_filler"), {"p_advert": PROBA, "p_filler": PROBA, "p_praise": PROBA}
    ),
    "post_scores": ScoreFile(
        "post_id",
        ("p_sponsored",),
        {
            "p_sponsored": PROBA,
            "is_disclosed": FLAG,
            "has_purchase_means": FLAG,
            "kind": TEXT,
            "is_read_closely": FLAG,
        },
    ),
    "creator_scores": ScoreFile("creator_id", ("p_manipulated",), {"p_manipulated": PROBA, "level": TEXT}),
}


def watch_scores(name: str, models: Models) -> Subject:
    """A kind of SCORE_FILES; its detectors are those of the shelf's model, which need not be the one of the file.

    Without such a model on the shelf its stamp is empty and there are none.
    """
    stamp = ""
    detectors: tuple[Detector, ...] = ()
    if name == "profile_scores" and models.audience:
        manifest = models.audience.manifest
        stamp, detectors = manifest.stamp, (make_detector("p_fake", manifest), DOMAIN)
    elif name == "comment_scores" and models.comment:
        stamp, detectors = models.comment.manifest.stamp, comment_detectors(models.comment.manifest)
    elif name == "post_scores" and models.post:
        stamp, detectors = models.post.manifest.stamp, (make_detector("p_sponsored", models.post.manifest),)
    elif name == "creator_scores" and models.creator:
        of = models.creator.manifest
        # Validated on simulated creators: nothing follows for the share of real ones.
        stamp, detectors = of.stamp, (Detector("p_manipulated", of.threshold, of.training_share, {}, ()),)
    return Subject(lambda rows, _: _measure(rows, SCORE_FILES[name]), detectors, stamp, {})


def check_scores(rows: pl.DataFrame, name: str, path: str) -> None:
    """Raise what is wrong with a score file, all of it at once.

    Raises:
        InvalidTableError: A column is missing or has another type, or a probability lies outside of [0, 1].
    """
    absent = [column for column in SCORE_FILES[name].needed if column not in rows.columns]
    problems = [Problem("the column to be there", path, column=column) for column in absent]
    wanted = {column: want for column, want in SCORE_FILES[name].columns.items() if column in rows.columns}
    problems += [
        Problem(want, path, column=column, value=str(rows.schema[column]))
        for column, want in wanted.items()
        if not _FITS[want](rows.schema[column])
    ]
    probas = [column for column, want in wanted.items() if want == PROBA and rows.schema[column].is_float()]
    for column in probas:
        outside = (~rows[column].is_between(0, 1) & rows[column].is_not_null()).arg_true()
        problems += [
            Problem(PROBA, path, row=row + 1, column=column, value=str(rows[column][row])) for row in outside.head(1)
        ]
    if problems:
        raise InvalidTableError(problems)


def find_models(rows: pl.DataFrame) -> tuple[str, ...]:
    """Models that a score file names, in order."""
    return tuple(rows[MODEL].drop_nulls().unique().sort().to_list()) if MODEL in rows.columns else ()


def _measure(rows: pl.DataFrame, file: ScoreFile) -> MeasuredSample:
    columns = rows.select(name for name in file.columns if name in rows.columns)
    marks = columns.select(name for name in ("out_of_domain",) if name in columns.columns)
    if "cluster_id" in rows.columns:
        marks = mark_groups(rows)
    return MeasuredSample(columns, marks)
