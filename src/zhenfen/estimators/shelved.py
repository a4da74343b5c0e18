"""What a model of the shelf says of itself: its name, the rows it reads, how it is loaded and what it gives.

Each model's own file declares it, `KIND = register(ShelvedModel(...))` in estimators/<name>_model.py; the store, the
registry, the scorer of rows, monitoring and the doors ask here instead of naming models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import polars as pl

from zhenfen.discovery import import_modules
from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.tables import TABLES, Column

N_REASONS = 5
"""Contributions listed of a row where somebody asks for reasons: at every door the same."""


class LoadedModel(Protocol):
    """What all models say of themselves once their files are read."""

    @property
    def manifest(self) -> Manifest:
        """Its model.yaml."""

    @property
    def version(self) -> str:
        """Name, version and the hash of its weights, as reports print it."""


Loaded = TypeVar("Loaded", bound=LoadedModel)


@dataclass(frozen=True)
class ShelvedModel(Generic[Loaded]):
    """A kind of model.

    Attributes:
        name: The shelf's folder, and what doors call it.
        rank: Place in lists, smallest unit first.
        rows: What doors call its rows, such as profiles.
        table: Table of the contract that its rows are of; empty where a row is measurements, the manifest's features.
        needed: Columns that a row is nothing without, its id first.
        read: Columns of the table that it reads, the needed ones among them; None for all of the table's.
        load: Shelf folder → model; a ConfigError for a changed file or features that this version does not make.
        score: Model, rows and the moment that ages are counted at (ISO; None: the latest time among the rows) → a row
            of scores for each, in that order.
        outputs: Columns that every result has, with their types; others may follow from the manifest.
    """

    name: str
    rank: int
    rows: str
    table: str
    needed: tuple[str, ...]
    read: tuple[str, ...] | None
    load: Callable[[Path], Loaded]
    score: Callable[[Loaded, pl.DataFrame, str | None], pl.DataFrame]
    outputs: Mapping[str, pl.DataType]
    registry: ClassVar[dict[str, ShelvedModel[Any]]] = {}

    def columns(self, manifest: Manifest) -> tuple[Column, ...]:
        """What a model of this kind reads of a row, the row's id first."""
        if not self.table:
            return (Column(self.needed[0], "id"), *(Column(name, "real") for name in manifest.features))
        known = {column.name: column for column in TABLES[self.table].columns}
        return tuple(known[name] for name in dict.fromkeys((*self.needed, *(self.read or known))))


def register(kind: ShelvedModel[Loaded]) -> ShelvedModel[Loaded]:
    """`kind`, which everybody who asks is told of from now on."""
    ShelvedModel.registry[kind.name] = kind
    return kind


def load_kinds() -> dict[str, ShelvedModel[Any]]:
    """Name → kind of every model, smallest unit first; a new file <name>_model.py of this package is found by itself.

    What is heavy is imported where a model is loaded or scores, not here.
    """
    import_modules("zhenfen.estimators", "_model")
    return {kind.name: kind for kind in sorted(ShelvedModel.registry.values(), key=lambda kind: (kind.rank, kind.name))}


def find_kind_of(rows: str) -> ShelvedModel[Any]:
    """The kind whose rows doors call `rows`, such as profiles.

    Raises:
        KeyError: There is none.
    """
    return {kind.rows: kind for kind in load_kinds().values()}[rows]


def load_folder(folder: Path) -> LoadedModel:
    """The model of a shelf folder, of the kind that its manifest names.

    Raises:
        ConfigError: A file was changed, or this version of the program cannot make its features, or it is of no kind of
            ours.
    """
    name, kinds = read_manifest(folder).name, load_kinds()
    if name not in kinds:
        raise ConfigError(f"{folder}: expected a model named {', '.join(kinds)}, found {name!r}")
    loaded: LoadedModel = kinds[name].load(folder)
    return loaded
