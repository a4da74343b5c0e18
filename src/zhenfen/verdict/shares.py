"""What every corrected share has in common: the rules it is held to, and its figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import polars as pl

from zhenfen.config import Strict
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.prevalence import Validation
from zhenfen.estimators.share import ShareEstimate

FIGURES_SCHEMA: dict[str, pl.DataType] = {
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "method": pl.String(),
    "n_labels": pl.Int64(),
    "cross_check": pl.Float64(),
    "is_contradicted": pl.Boolean(),
    "reason": pl.String(),
}
"""share and interval in [0, 1]; method: function of estimators/prevalence.py; reason: message key, null if assessed."""


class ShareRules(Strict):
    """When an interval is an answer, with date and source."""

    version: int
    dated: str
    source: str
    confidence_level: float
    widest_interval: float


def to_figures(found: ShareEstimate, family: str) -> dict[str, object]:
    """The columns of FIGURES_SCHEMA; the reason is worded for `family`."""
    prevalence = found.prevalence
    counted = {} if prevalence is None else asdict(prevalence)
    kept = {name: counted.get(name) for name in ("share", "low", "high", "method", "n_labels")}
    reason = None if found.reason is None else f"{family}.{found.reason}"
    return {**kept, "cross_check": found.cross_check, "is_contradicted": found.is_contradicted, "reason": reason}


def to_validations(counts: Iterable[ValidationCounts]) -> list[Validation]:
    """A manifest's counts as the estimators take them, without sources that hold rows of one kind only."""
    return [Validation(**one.model_dump()) for one in counts if one.n_fake and one.n_genuine]
