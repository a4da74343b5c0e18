"""A shelf folder, wherever it lies, as the model that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest

_LOADERS = {
    "audience": ("profile_model", "load_profile_model"),
    "comment": ("comment_model", "load_comment_model"),
    "post": ("post_model", "load_post_model"),
    "creator": ("creator_model", "load_creator_model"),
}
"""Model name → module of the estimators and its loader; imported when asked for, since some are heavy."""


class ShelvedModel(Protocol):
    """What all models of the shelf say of themselves."""

    @property
    def manifest(self) -> Manifest:
        """Its model.yaml."""

    @property
    def version(self) -> str:
        """Name, version and the hash of its weights, as reports print it."""


def load_folder(folder: Path) -> ShelvedModel:
    """The model of a shelf folder, of the kind that its manifest names.

    Raises:
        ConfigError: A file was changed, or this version of the program cannot make its features, or it is of no kind of
            ours.
    """
    name = read_manifest(folder).name
    if name not in _LOADERS:
        raise ConfigError(f"{folder}: expected a model named {', '.join(_LOADERS)}, found {name!r}")
    module, loader = _LOADERS[name]
    loaded: ShelvedModel = getattr(import_module(f"zhenfen.estimators.{module}"), loader)(folder)
    if name == "creator":
        _check_creator_features(loaded.manifest.features, folder)
    return loaded


def _check_creator_features(wanted: Sequence[str], folder: Path) -> None:
    """An absent column is a column of nulls: a feature that is no longer made would go unnoticed."""
    from zhenfen.estimators.creator_evidence import AUDIENCE_SHARE, feature_of
    from zhenfen.features.base import load_families

    made = {spec.name for family in load_families().values() for spec in family.specs} | {AUDIENCE_SHARE}
    unknown = sorted({feature_of(name) for name in wanted} - made)
    if unknown:
        raise ConfigError(f"{folder}: the model wants features that this version does not make: {', '.join(unknown)}")
