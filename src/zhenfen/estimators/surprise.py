"""How rarely creators who bought nothing show as much: measurements of any unit on one scale, and by family.

A manipulation that nobody has seen yet shows as something unusual somewhere on the suspicious side, too. A model of
surprises finds it where a model of the measurements themselves waits for what it was taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]

PEER_PREFIX = "peer_"
"""Before a feature's name: its place among peers of the same platform and size, in standard deviations (normal scores),
instead of its value."""
LEVELS = np.arange(1, 25) / 8
"""Surprise, -log10 of the share that shows more, in steps of an eighth up to 3: one innocent creator in a thousand."""
USUAL = 1.0
"""Up to one innocent creator in ten shows as much: that adds nothing to a family's second column."""
MOST, MORE = "most", "more"
N_DECIMALS = 9
"""Values nearer than this to a knot are at it."""


@dataclass(frozen=True)
class Surprise:
    """What innocent creators show.

    Attributes:
        signs: Feature → 1 where high values are suspicious, -1 where low ones are.
        knots: Feature → for each of LEVELS the value (times the sign) that the share 10^-level of the innocent exceeds;
            never falling.
    """

    signs: Mapping[str, int]
    knots: Mapping[str, tuple[float, ...]]

    @property
    def features(self) -> tuple[str, ...]:
        """Features in their order."""
        return tuple(self.signs)

    @property
    def families(self) -> tuple[str, ...]:
        """Families of the features, in name order."""
        return tuple(sorted({family_of(name) for name in self.signs}))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that `by_family` makes."""
        return tuple(f"{family}_{what}" for family in self.families for what in (MOST, MORE))

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """Surprise of every feature, 0 to 3; null where the feature is null or its column absent."""
        wanted = add_missing(features, self.features)
        return wanted.select(
            pl.Series(name, _score(wanted[name], sign, self.knots[name]), nan_to_null=True)
            for name, sign in self.signs.items()
        )

    def by_family(self, features: pl.DataFrame) -> pl.DataFrame:
        """`<family>_most`: the largest surprise in it; `<family>_more`: the sum of what exceeds the usual."""
        scores = self.score(features)
        return scores.select(
            one
            for family in self.families
            for one in _summed(family, [n for n in scores.columns if family_of(n) == family])
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {name: {"sign": sign, "knots": list(self.knots[name])} for name, sign in self.signs.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Surprise:
        """What `to_dict` wrote.

        Raises:
            ConfigError: A sign or the knots of a feature are not what they must be.
        """
        try:
            signs = {name: int(one["sign"]) for name, one in values.items()}
            knots = {name: tuple(float(knot) for knot in one["knots"]) for name, one in values.items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError("surprise: expected sign and knots of every feature") from error
        wrong = sorted(name for name in signs if signs[name] not in (1, -1) or not _is_rising(knots[name]))
        if wrong:
            raise ConfigError(f"surprise: expected a sign and {len(LEVELS)} rising knots of {', '.join(wrong)}")
        return cls(signs, knots)


def fit_surprise(innocent: pl.DataFrame, signs: Mapping[str, int]) -> Surprise:
    """What these creators, who bought nothing, show.

    Args:
        innocent: Features as columns, one row a creator; nulls are left out. A feature nobody has never surprises.
        signs: Feature → suspicious side.
    """
    wanted = add_missing(innocent, tuple(signs))
    knots = {name: _quantiles(sign * wanted[name].drop_nulls().to_numpy()) for name, sign in signs.items()}
    return Surprise(dict(signs), knots)


def family_of(feature: str) -> str:
    """The family that a feature, or its place among peers, belongs to."""
    return feature.removeprefix(PEER_PREFIX).partition("_")[0]


def add_missing(features: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The columns `names` of `features` as numbers; those that are not there are null."""
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in names if name not in features.columns]
    return features.with_columns(absent).select(pl.col(name).cast(pl.Float64) for name in names)


def _quantiles(values: Array) -> tuple[float, ...]:
    if not len(values):
        return (float("inf"),) * len(LEVELS)
    # The next higher value, so that never more than the share exceeds the knot.
    return tuple(np.quantile(values, 1 - 10.0**-LEVELS, method="higher").tolist())


def _score(values: pl.Series, sign: int, knots: tuple[float, ...]) -> Array:
    # Sums of floats differ in their last bits with the order of rows; a step must not.
    numbers = np.round(sign * values.to_numpy().astype(np.float64), N_DECIMALS)
    n_exceeded = np.searchsorted(np.round(knots, N_DECIMALS), numbers, side="left")
    scores = np.r_[0.0, LEVELS][n_exceeded]
    return np.where(np.isnan(numbers), np.nan, scores)


def _summed(family: str, names: list[str]) -> tuple[pl.Expr, pl.Expr]:
    most = pl.max_horizontal(names)
    more = pl.sum_horizontal((pl.col(name) - USUAL).clip(0) for name in names)
    return most.alias(f"{family}_{MOST}"), pl.when(most.is_not_null()).then(more).alias(f"{family}_{MORE}")


def _is_rising(knots: tuple[float, ...]) -> bool:
    # inf - inf is no number: compared, not subtracted.
    return len(knots) == len(LEVELS) and all(a <= b for a, b in pairwise(knots))
