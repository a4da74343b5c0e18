"""Evidence by family: from measurements to how rarely an innocent creator shows as much of one kind of purchase.

A family of evidence is what one kind of purchase leaves: a jump, a drip, a loss, likes, views, copied text, timing, the
volume of comments, people, audience. Its measurements see the same thing, so they are no independent witnesses: the
largest tail score counts, and a quarter of what the others exceed the usual by; what that sum is worth is read off
innocents again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.tail_scores import TailScore, fit_tail

Array = npt.NDArray[np.float64]

PEER_PREFIX = "peer_"
"""Before a feature's name: its place among peers of the same platform and size, in standard deviations (normal scores),
instead of its value."""
SET_PREFIX = "set_"
"""Before a feature's name: its place within the creators read together, see `verdict.admission.place_in_set`."""
AUDIENCE_SHARE = "audience_share_low"
"""Lower end of the estimated share of the audience that does not look real; no family measures it, an estimate does."""
USUAL = 1.0
"""Up to one innocent creator in ten shows as much: that adds nothing to the largest."""
OTHERS_WEIGHT = 0.25
"""What the others exceed the usual by counts a quarter: they see the same purchase (taken over with the recipe)."""


@dataclass(frozen=True)
class Measurement:
    """How one feature is read.

    Attributes:
        family: Family of evidence.
        sign: 1 where high values are suspicious, -1 where low ones are.
        value: Tail score of the value times the sign.
        place: Tail score of the place within the set times the sign; None where only the value counts.
    """

    family: str
    sign: int
    value: TailScore
    place: TailScore | None


@dataclass(frozen=True)
class CreatorEvidence:
    """What innocent creators show, by measurement and by family.

    Attributes:
        measurements: Feature → how it is read, in the order of the columns.
        families: Family → tail score of the sum of its measurements' tail scores.
    """

    measurements: Mapping[str, Measurement]
    families: Mapping[str, TailScore]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read: the features, and the places of those that have one."""
        placed = (SET_PREFIX + name for name, one in self.measurements.items() if one.place is not None)
        return (*self.measurements, *placed)

    def score(self, features: pl.DataFrame) -> dict[str, Array]:
        """Feature → tail score of each row, 0 to 4, NaN where the feature is null or absent; shape (n,) each.

        The mean of the tail scores of value and place; the value's alone where there is no place.
        """
        wanted = add_missing(features, self.columns)
        scores: dict[str, Array] = {}
        for name, one in self.measurements.items():
            of_value = one.value(one.sign * _numbers(wanted[name]))
            if one.place is not None:
                of_place = one.place(one.sign * _numbers(wanted[SET_PREFIX + name]))
                of_value = np.where(np.isnan(of_place), of_value, (of_value + of_place) / 2)
            scores[name] = of_value
        return scores

    def by_family(self, scores: Mapping[str, Array]) -> dict[str, Array]:
        """Family → tail score of each row, 0 to 4, NaN where none of its measurements is known; from `score`."""
        return {family: tail(sum_family(self._of(family, scores))) for family, tail in self.families.items()}

    def shares(self, scores: Mapping[str, Array], family: str) -> dict[str, Array]:
        """Measurement → its part of the family's evidence, 0 to 1, summing to 1; evenly where none scores."""
        own = {name: np.nan_to_num(scores[name]) for name, one in self.measurements.items() if one.family == family}
        is_known = {name: ~np.isnan(scores[name]) for name in own}
        whole = np.sum(list(own.values()), axis=0)
        n_known = np.maximum(np.sum(list(is_known.values()), axis=0), 1)
        evenly = {name: known / n_known for name, known in is_known.items()}
        return {
            name: np.where(whole > 0, score / np.where(whole > 0, whole, 1.0), evenly[name])
            for name, score in own.items()
        }

    def _of(self, family: str, scores: Mapping[str, Array]) -> list[Array]:
        return [scores[name] for name, one in self.measurements.items() if one.family == family]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; an infinite knot, which nothing reaches, is null."""
        return {
            "measurements": {
                name: {
                    "family": one.family,
                    "sign": one.sign,
                    "value": _to_list(one.value),
                    "place": None if one.place is None else _to_list(one.place),
                }
                for name, one in self.measurements.items()
            },
            "families": {family: _to_list(tail) for family, tail in self.families.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CreatorEvidence:
        """What `to_dict` wrote.

        Raises:
            ConfigError: A part is missing, or not what it must be.
        """
        try:
            measurements = {
                str(name): Measurement(
                    str(one["family"]),
                    int(one["sign"]),
                    _from_list(one["value"]),
                    None if one["place"] is None else _from_list(one["place"]),
                )
                for name, one in values["measurements"].items()
            }
            families = {str(family): _from_list(knots) for family, knots in values["families"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError("evidence: expected family, sign, value and place of every measurement") from error
        wrong = sorted(
            name for name, one in measurements.items() if one.sign not in (1, -1) or one.family not in families
        )
        if wrong:
            raise ConfigError(f"evidence: expected a sign and a known family of {', '.join(wrong)}")
        return cls(measurements, families)


def fit_families(measurements: Mapping[str, Measurement], innocent: pl.DataFrame) -> CreatorEvidence:
    """The evidence with families read off these innocents.

    Args:
        measurements: Read already.
        innocent: Their features, and places within the set, as columns.
    """
    names = dict.fromkeys(one.family for one in measurements.values())
    loose = CreatorEvidence(measurements, {})
    scores = loose.score(innocent)
    return CreatorEvidence(measurements, {family: fit_tail(sum_family(loose._of(family, scores))) for family in names})


def sum_family(scores: list[Array]) -> Array:
    """The largest score and OTHERS_WEIGHT of what the others exceed USUAL by, shape (n,); NaN where all are NaN."""
    known = np.array(scores)
    largest = np.fmax.reduce(known, axis=0)
    beyond = np.nan_to_num(np.clip(known - USUAL, 0, None)).sum(axis=0)
    return np.asarray(largest + OTHERS_WEIGHT * (beyond - np.clip(largest - USUAL, 0, None)), dtype=np.float64)


def add_missing(features: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The columns `names` of `features` as numbers; those that are not there are null."""
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in names if name not in features.columns]
    return features.with_columns(absent).select(pl.col(name).cast(pl.Float64) for name in names)


def feature_of(column: str) -> str:
    """The feature that a column of the model is read from."""
    return column.removeprefix(PEER_PREFIX).removeprefix(SET_PREFIX)


def family_of(column: str) -> str:
    """The feature family that a column of the model belongs to, as reports name it."""
    return feature_of(column).partition("_")[0]


def _numbers(values: pl.Series) -> Array:
    return values.fill_null(float("nan")).to_numpy().astype(np.float64)


def _to_list(tail: TailScore) -> list[float | None]:
    return [knot if np.isfinite(knot) else None for knot in tail.knots]


def _from_list(knots: list[float | None]) -> TailScore:
    return TailScore(tuple(np.inf if knot is None else float(knot) for knot in knots))
