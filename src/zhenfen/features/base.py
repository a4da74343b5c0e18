"""What a feature family is: named measurements of creators, made from the tables alone."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from zhenfen.features.inputs import Inputs

# Under these names here too: the bytes of profile.py are hashed into the model that was trained with it.
from zhenfen.features.specs import FeatureSpec as FeatureSpec  # noqa: PLC0414
from zhenfen.features.specs import Unit as Unit  # noqa: PLC0414

REASONS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "reason": pl.String(),
    "n_needed": pl.Int64(),
    "n_found": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a family found.

    Attributes:
        values: creator_id and one column a feature; one row a creator of the tables; null = not measured.
        reasons: Creators the family could not assess, for nothing that may ask for a look was measured, see
            REASONS_SCHEMA; `reason` is a key of the catalogue.
        details: Frames behind the values, by name, each with creator_id; empty unless details were asked for.
    """

    values: pl.DataFrame
    reasons: pl.DataFrame
    details: Mapping[str, pl.DataFrame] = field(default_factory=dict)


class Family(ABC):
    """A group of features read from the same tables; subclasses register themselves under their name."""

    registry: ClassVar[dict[str, type[Family]]] = {}
    name: ClassVar[str]
    specs: ClassVar[tuple[FeatureSpec, ...]]

    def __init_subclass__(cls, name: str) -> None:
        cls.name = name
        Family.registry[name] = cls

    @abstractmethod
    def measure(self, inputs: Inputs) -> Measured:
        """Measure every creator of `inputs.tables`; never raises for thin data, gives a reason instead."""


def load_families() -> dict[str, Family]:
    """One instance of every family in this package, in name order; a new file is found by itself."""
    package = importlib.import_module("zhenfen.features")
    for module in pkgutil.walk_packages(package.__path__, "zhenfen.features."):
        importlib.import_module(module.name)
    return {name: Family.registry[name]() for name in sorted(Family.registry)}


def make_reasons(creators: pl.DataFrame, reason: str, n_needed: int, n_found: str | int = 0) -> pl.DataFrame:
    """Reasons frame for the creators of `creators`; `n_found` is a number or the name of their count column."""
    found = pl.col(n_found) if isinstance(n_found, str) else pl.lit(n_found)
    return creators.select(
        "creator_id",
        reason=pl.lit(reason),
        n_needed=pl.lit(n_needed, dtype=pl.Int64),
        n_found=found.cast(pl.Int64),
    )
