"""Rows as other programs hand them over, scored by the model of a shelf folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import ShelvedModel, load_kinds
from zhenfen.tables import Column
from zhenfen.tables.foreign import take_columns

Scorer = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Rows and the moment that ages are counted at (ISO; None: the latest time among the rows) → scores, in that order."""


def input_columns(manifest: Manifest) -> tuple[Column, ...]:
    """What a model reads of a row; the first is the row's id, which must be there, as must a text.

    Raises:
        ConfigError: The manifest is of no model that scores rows.
    """
    return _kind_of(manifest).columns(manifest)


def open_scorer(folder: Path) -> Scorer:
    """What scores rows by the model of a shelf folder: an audience profile, a comment, a post, or a creator's features.

    A comment's cluster depends on the comments around it and is left out.

    Raises:
        ConfigError: A file was changed, or the model is of another kind.
    """
    manifest = read_manifest(folder)
    kind = _kind_of(manifest)
    columns, model = kind.columns(manifest), kind.load(folder)
    return lambda rows, as_of: kind.score(model, take_columns(rows, columns), as_of)


def _kind_of(manifest: Manifest) -> ShelvedModel[Any]:
    kinds = load_kinds()
    if manifest.name not in kinds:
        raise ConfigError(f"{manifest.label}: expected a model of {', '.join(kinds)}")
    return kinds[manifest.name]
