"""The models there are, on the shelf and in the registry, and whether they are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import load_folder, load_kinds
from zhenfen.model_registry import ModelReference, Registered, Registry, check_name, parse_reference
from zhenfen.model_store import SHORT_HASH_CHARS
from zhenfen.shelf import ARTEFACTS, ShelfManifest, list_versions, read_shelf_manifest
from zhenfen.shelf import find_folder as find_folder_of


@dataclass(frozen=True)
class Listed:
    """One model that could score.

    Attributes:
        name: Of its kind, such as audience.
        place: Its shelf folder's name ("audience/1") or its registry URI.
        scores_as: Version string of its scores; empty where the folder is not whole.
        aliases: Of the registry.
        git_commit: Commit of the code that trained it; empty where it is not known.
        is_used: Whether scoring takes it: the newest of the shelf where nothing else is chosen.
        problem: What is wrong with it; empty when nothing is.
    """

    name: str
    place: str
    scores_as: str = ""
    aliases: tuple[str, ...] = ()
    git_commit: str = ""
    is_used: bool = False
    problem: str = ""


def list_shelf() -> list[Listed]:
    """Every version on the shelf, oldest first, models first; each is opened, so that a broken one is told of."""
    listed = []
    for name in (*load_kinds(), *ARTEFACTS):
        versions = list_versions(models_dir() / name)
        chosen = find_folder_of(ARTEFACTS[name]) if name in ARTEFACTS and versions else None
        for one in versions:
            bare = Listed(name, f"{name}/{one.name}", is_used=one == (chosen or versions[-1]))
            listed.append(_checked(bare, partial(Path, one)))
    return listed


def list_registry(registry: Registry) -> list[Listed]:
    """Every registered version, oldest first; nothing is downloaded."""
    return [_describe(one) for name in load_kinds() for one in registry.list_versions(name)]


def mark_used(listed: Sequence[Listed], references: Iterable[ModelReference]) -> list[Listed]:
    """The same, where `references` (of ZHENFEN_MODELS) choose from the registry what the shelf gives otherwise."""
    chosen = {
        one.place: one.name
        for one in listed
        for reference in references
        if one.name == reference.name and (one.place == str(reference) or reference.alias in one.aliases)
    }
    return [
        replace(one, is_used=one.place in chosen or (one.is_used and one.name not in chosen.values())) for one in listed
    ]


def check_registry(registry: Registry) -> Iterator[Listed]:
    """Every registered version, downloaded and opened."""
    for name in load_kinds():
        for one in registry.list_versions(name):
            yield _checked(_describe(one), partial(registry.fetch, one))


def find_folder(asked: str, open_registry: Callable[[], Registry]) -> Path:
    """The folder of one model.

    Args:
        asked: A name (the newest of the shelf), a name and a version ("audience/1"), or a URI of the registry.
        open_registry: Called for a URI only.

    Raises:
        ConfigError: There is no such model.
    """
    if asked.startswith("models:"):
        reference = parse_reference(asked)
        registry = open_registry()
        return registry.fetch(registry.find(reference))
    name, _, version = asked.partition("/")
    versions = list_versions(models_dir() / (name if name in ARTEFACTS else check_name(name)))
    wanted = [folder for folder in versions if folder.name == version] if version else versions[-1:]
    if not wanted:
        known = ", ".join(f"{name}/{folder.name}" for folder in versions) or "none"
        champion = "" if name in ARTEFACTS else f" or {ModelReference(name, alias='champion')}"
        raise ConfigError(f"model {asked!r}: expected one of the shelf ({known}){champion}")
    return wanted[0]


def read_folder(folder: Path) -> ShelfManifest:
    """The manifest of what is whole and can be used: a model's is a `Manifest`, which says more than others.

    Raises:
        ConfigError: It is not.
    """
    if folder.parent.name in ARTEFACTS:
        return read_shelf_manifest(folder, ShelfManifest)
    return load_folder(folder).manifest


def _describe(one: Registered) -> Listed:
    return Listed(one.name, str(one), one.scores_as, one.aliases)


def _checked(listed: Listed, fetch: Callable[[], Path]) -> Listed:
    """The same with what its folder says, or with what is wrong with it."""
    try:
        if artefact := ARTEFACTS.get(listed.name):
            manifest = read_shelf_manifest(fetch(), ShelfManifest)
            version = f"{manifest.label} {manifest.files[artefact.file][:SHORT_HASH_CHARS]}"
        else:
            model = load_folder(fetch())
            manifest, version = model.manifest, model.version
    except ConfigError as error:
        return replace(listed, scores_as="", problem=str(error))
    return replace(listed, scores_as=version, git_commit=manifest.git_commit)
