"""What a feature family is: named measurements of creators, made from the tables alone."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Literal

import polars as pl

from zhenfen.tables import Tables

Unit = Literal[
    "share",
    "ratio",
    "quotient",
    "multiple",
    "count",
    "days",
    "minutes",
    "chars",
    "per_day",
    "log10",
    "rarity",
    "cny",
    "flag",
]
Concern = Literal["high", "low", "both", "none"]

REASONS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "reason": pl.String(),
    "n_needed": pl.Int64(),
    "n_found": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One measurement of a creator.

    Attributes:
        name: Column name, `<family>_<what>_<unit or window>`.
        unit: Unit the value is in; shares lie in [0, 1], a flag is 0 or 1, a quotient is a by b and may exceed 1; a
            multiple is how many times the usual; a rarity of r says that one in 10 to the r is as unusual.
        meaning: One English sentence for engineers; readers get the message catalogue's.
        source: Paper, platform rule or reasoning behind the measurement.
        concern: Which side of the peers' range asks for a look; "none" for context only.
        low: Smallest possible value, None for no bound.
        high: Largest possible value, None for no bound.
        sample: Feature of the same family that counts what a share rests on: it is judged by the lower end of its
            interval. None where the value is judged as it is.
        travels: Whether it asks the same of every platform and year, so that peers of another may stand beside it:
            copied text, and what is set against the creator's own days. Habits do not travel.
    """

    name: str
    unit: Unit
    meaning: str
    source: str
    concern: Concern = "none"
    low: float | None = 0.0
    high: float | None = None
    sample: str | None = None
    travels: bool = False


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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all creators of a set show together, for measuring a part of them as among all.

    Attributes:
        n_creators: How many there are.
        moves: See `growth_explanations.count_moves`.
        drops: See `growth_drops.compare_losses`.
        clusters: cluster_id, n_creators: clusters of comments under two creators and more.
        authors: author_id, n_creators: commenters under two creators and more.
    """

    n_creators: int
    moves: pl.DataFrame
    drops: pl.DataFrame
    clusters: pl.DataFrame
    authors: pl.DataFrame


@dataclass(frozen=True)
class Inputs:
    """The tables and the moment they are read at; dear intermediate results are made once and shared.

    Attributes:
        tables: The canonical tables.
        as_of: Moment they are read at.
        with_details: Whether families return the frames behind the values.
        around: What the whole set shows, where the tables hold a part of it; None: they hold all of it.
    """

    tables: Tables
    as_of: datetime
    with_details: bool = True
    around: Surroundings | None = None

    @cached_property
    def comment_texts(self) -> pl.DataFrame:
        """comment_id and normalised (see text.normalise; null without a text), rows as in the table."""
        from zhenfen.text.normalise import normalise_comments

        return normalise_comments(self.tables["comments"])

    @cached_property
    def comment_clusters(self) -> pl.DataFrame:
        """comment_id and cluster_id (null: in no cluster), over all creators together; rows as in the table."""
        from zhenfen.text.near_duplicates import cluster_normalised

        return cluster_normalised(self.comment_texts)

    @cached_property
    def post_facts(self) -> pl.DataFrame:
        """The creators' own posts with what their texts say, see `posts.read_posts`."""
        from zhenfen.features.posts import read_posts
        from zhenfen.features.sponsorship import own_posts

        return read_posts(own_posts(self))

    def with_clusters(self, grouped: pl.DataFrame) -> Inputs:
        """The same with its comments normalised and grouped already, as they are among more of them.

        Args:
            grouped: comment_id, normalised and cluster_id, rows as in the table.
        """
        return self._with(grouped.select("comment_id", "normalised"), grouped.select("comment_id", "cluster_id"))

    def among(self, around: Surroundings) -> Inputs:
        """The same as a part of a set that shows `around`."""
        placed = Inputs(self.tables, self.as_of, self.with_details, around)
        return placed._with(self.comment_texts, self.comment_clusters)

    def _with(self, texts: pl.DataFrame, clusters: pl.DataFrame) -> Inputs:
        same = Inputs(self.tables, self.as_of, self.with_details, self.around)
        # Where a cached property keeps its value; the frozen class forbids the plain way.
        same.__dict__["comment_texts"] = texts
        same.__dict__["comment_clusters"] = clusters
        return same


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
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"zhenfen.features.{module.name}")
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
