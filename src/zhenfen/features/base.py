"""What a feature family is: named measurements of creators, made from the tables alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from zhenfen.discovery import import_modules
from zhenfen.features.inputs import Inputs, Surroundings

# Under these names here too: the bytes of profile.py are hashed into the model that was trained with it.
from zhenfen.features.specs import FeatureSpec as FeatureSpec  # noqa: PLC0414
from zhenfen.features.specs import Unit as Unit  # noqa: PLC0414
from zhenfen.features.what_ifs import DocumentedChange, WhatIf

Schema = dict[str, pl.DataType]
"""Column → type, in the order of the columns."""
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
        details: Frames behind the values, those that `Family.details` declares; empty unless they were asked for.
    """

    values: pl.DataFrame
    reasons: pl.DataFrame
    details: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def only(self, creator_id: str) -> Measured:
        """What was found of one creator."""
        details = {name: frame.filter(creator_id=creator_id) for name, frame in self.details.items()}
        return Measured(self.values.filter(creator_id=creator_id), self.reasons.filter(creator_id=creator_id), details)


class Family(ABC):
    """A group of features read from the same tables; subclasses register themselves under their name.

    Attributes:
        registry: Every family there is, by name.
        name: As results, configs and catalogues spell it.
        specs: What it measures.
        details: Frames behind the values, by name, with their schemas; each begins with creator_id.
        what_ifs: What a creator can document about its findings, to be measured again with it.
        is_alone: Whether a creator is measured the same without the other creators' rows.
        again_from: Tables that it is measured again from, where something that it reads can be documented.
    """

    registry: ClassVar[dict[str, type[Family]]] = {}
    name: ClassVar[str]
    specs: ClassVar[tuple[FeatureSpec, ...]]
    details: ClassVar[Mapping[str, Schema]] = {}
    what_ifs: ClassVar[tuple[WhatIf, ...]] = ()
    is_alone: ClassVar[bool] = False
    again_from: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, name: str) -> None:
        cls.name = name
        Family.registry[name] = cls

    @abstractmethod
    def measure(self, inputs: Inputs) -> Measured:
        """Measure every creator of `inputs.tables`; never raises for thin data, gives a reason instead."""

    def surround(self, inputs: Inputs) -> Surroundings | None:
        """What all creators of `inputs` show of which a creator measured again stands among; None for who is alone."""
        return None

    def reads(self, change: DocumentedChange) -> bool:
        """Whether measurements may change when this is on record."""
        return any(change.kind == one.kind for one in self.what_ifs)


def load_families() -> dict[str, Family]:
    """One instance of every family in this package, in name order; a new file is found by itself."""
    import_modules("zhenfen.features")
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
