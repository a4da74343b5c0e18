"""What a creator can document about a family's findings, and the tables as they would be with it on record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

import polars as pl

from zhenfen.tables import Tables

Kind = Literal["event_confirmed", "posts_promoted", "posts_labelled", "share_at"]
"""Kinds of evidence, those that a person can most easily check first."""


@dataclass(frozen=True, slots=True)
class DocumentedChange:
    """One piece of evidence that would be on record.

    Attributes:
        kind: An event in a span is confirmed; posts that stand out have receipts of paid promotion; posts with means to
            buy bear a label; an audit begins the interval of the inauthentic share at a value.
        starts_at: First day of the span, and of the event.
        ends_at: Last day of the span.
        ref: Kind of the event.
        n: Followers or posts concerned.
        value: The share that would do.
        unit: Unit of the value.
    """

    kind: Kind
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ref: str | None = None
    n: int | None = None
    value: float | None = None
    unit: str | None = None


Changes = tuple[DocumentedChange, ...]
Details = Mapping[str, pl.DataFrame]


class WhatIf(ABC):
    """One kind of evidence that a creator can bring against a family's finding.

    Attributes:
        kind: Of everything that `find` returns.
    """

    kind: ClassVar[Kind]

    @abstractmethod
    def find(self, details: Details) -> list[Changes]:
        """What could be documented, by group: each is tried piece by piece, largest first, and as a whole.

        Args:
            details: Frames behind the family's values, of one creator.
        """

    @abstractmethod
    def record(self, tables: Tables, creator_id: str, changes: Changes, details: Details) -> Tables:
        """The tables with the changes of this kind on record.

        Args:
            tables: Of the creator, perhaps among others.
            creator_id: Whose evidence it is.
            changes: Some of those that `find` returned; all of this kind.
            details: As for `find`.
        """
