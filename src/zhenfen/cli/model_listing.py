"""The models there are, on the shelf and in the registry, and whether they are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import load_folder, load_kinds
from zhenfen.model_registry import ModelReference, Registered, Registry, check_name, parse_reference


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
    """Every version on the shelf, oldest first; each is opened, so that a broken one is told of."""
    return [one for name in load_kinds() for one in _list_folders(name, models_dir() / name)]


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
    versions = _versions(models_dir() / check_name(name))
    wanted = [folder for folder in versions if folder.name == version] if version else versions[-1:]
    if not wanted:
        known = ", ".join(f"{name}/{folder.name}" for folder in versions) or "none"
        raise ConfigError(
            f"model {asked!r}: expected one of the shelf ({known}) or {ModelReference(name, alias='champion')}"
        )
    return wanted[0]


def read_folder(folder: Path) -> Manifest:
    """The manifest of a model that is whole and can be used.

    Raises:
        ConfigError: It is not.
    """
    load_folder(folder)
    return read_manifest(folder)


def _list_folders(name: str, folder: Path) -> Iterator[Listed]:
    versions = _versions(folder)
    for one in versions:
        yield _checked(Listed(name, f"{name}/{one.name}", is_used=one == versions[-1]), partial(Path, one))


def _versions(folder: Path) -> list[Path]:
    return sorted((one for one in folder.glob("*") if one.name.isdigit()), key=lambda one: int(one.name))


def _describe(one: Registered) -> Listed:
    return Listed(one.name, str(one), one.scores_as, one.aliases)


def _checked(listed: Listed, fetch: Callable[[], Path]) -> Listed:
    """The same with what its folder says, or with what is wrong with it."""
    try:
        model = load_folder(fetch())
    except ConfigError as error:
        return replace(listed, scores_as="", problem=str(error))
    return replace(listed, scores_as=model.version, git_commit=model.manifest.git_commit)
