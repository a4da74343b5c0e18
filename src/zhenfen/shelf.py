"""The shelf: everything that a program wrote and scores rest on, one folder a name and version, checked when read.

Models are described in `estimators.shelved`; what is no model (the growth scorecards, the panel, what simulated
creators are like) is listed here, since rooms below the estimators read it.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zhenfen.config import Strict, models_dir, read_config
from zhenfen.errors import ConfigError

FILE_NAME = "model.yaml"
CHOICE = "ZHENFEN_MODELS"
"""Variable that chooses versions: of the shelf for what is no model (panel/1), of the registry for models."""
STAMPED, STAMP_CHARS = "@", 8


class TrainingSource(Strict):
    """One data set that something was made from."""

    source: str
    rows: int
    sha256: str
    terms: str


class ShelfManifest(Strict):
    """What every model.yaml says.

    Attributes:
        name: The shelf's folder.
        version: Version number, the folder within.
        trained_on: Data sets with their terms.
        metrics: Figures, for people.
        files: File name → SHA-256.
        seed: Seed of every draw.
        git_commit: Commit of the code that made it.
        package_version: Version of this package then.
    """

    name: str
    version: int
    trained_on: tuple[TrainingSource, ...]
    metrics: dict[str, Any]
    files: dict[str, str]
    seed: int
    git_commit: str
    package_version: str

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name}/{self.version}"

    @property
    def sha256(self) -> str:
        """Of all files of the folder: over their hashes, in the order of model.yaml."""
        return hashlib.sha256("".join(self.files.values()).encode()).hexdigest()

    @property
    def stamp(self) -> str:
        """Name, version and the head of the hash, as the column `model` of scores says who made them."""
        return f"{self.label}{STAMPED}{self.sha256[:STAMP_CHARS]}"


AnyManifest = TypeVar("AnyManifest", bound=ShelfManifest)


@dataclass(frozen=True)
class Artefact:
    """What a training script writes that is no model.

    Attributes:
        name: The shelf's folder.
        file: What is read of it.
    """

    name: str
    file: str


GROWTH = Artefact("growth", "growth.yaml")
PANEL = Artefact("panel", "panel.csv")
SIMULATION = Artefact("simulation", "simulate.yaml")
ENCODER = Artefact("encoder", "weights.npz")
ARTEFACTS = {one.name: one for one in (GROWTH, PANEL, SIMULATION, ENCODER)}
_CHOSEN = re.compile(rf"({'|'.join(ARTEFACTS)})/([1-9][0-9]{{0,8}})")


def read_shelf_manifest(folder: Path, kind: type[AnyManifest]) -> AnyManifest:
    """The manifest of a shelf folder whose files are unchanged, as `kind`.

    Raises:
        ConfigError: model.yaml is absent or wrong, or a file is missing or was changed.
    """
    manifest = read_config(folder / FILE_NAME, kind)
    for name, sha256 in manifest.files.items():
        if "/" in name or name.startswith("."):
            raise ConfigError(f"{folder / FILE_NAME}: files: expected plain names, found {name!r}")
        path = folder / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
        if found != sha256:
            raise ConfigError(f"{path}: expected SHA-256 {sha256[:12]}…, found {found[:12]}…: the file was changed")
    return manifest


def may_be_same(stamp: str, other: str) -> bool:
    """Whether two stamps can be of one model: files from before the hash stood there say name and version alone."""
    labels = [one.partition(STAMPED)[0] for one in (stamp, other)]
    return stamp == other or (labels[0] == labels[1] and bool({stamp, other} & set(labels)))


def list_versions(folder: Path) -> list[Path]:
    """The version folders of a name on the shelf, oldest first; none where there is no such folder."""
    return sorted((one for one in folder.glob("*") if one.name.isdigit()), key=lambda one: int(one.name))


def parse_version(text: str) -> tuple[str, str] | None:
    """Name and version of `panel/1` and the like; None for anything else, such as a model of the registry."""
    match = _CHOSEN.fullmatch(text)
    return (match[1], match[2]) if match else None


def find_folder(artefact: Artefact) -> Path:
    """The version that ZHENFEN_MODELS chooses, else the newest.

    Raises:
        ConfigError: It is not there.
    """
    named = (parse_version(one) for one in re.split(r"[,\s]+", os.environ.get(CHOICE, "")))
    chosen = dict(one for one in named if one)
    versions = {one.name: one for one in list_versions(models_dir() / artefact.name)}
    wanted = chosen.get(artefact.name) or next(reversed(versions), None)
    if wanted not in versions:
        place = models_dir() / artefact.name
        raise ConfigError(f"{place}: expected version {wanted or 1}, found {', '.join(versions) or 'none'}")
    return versions[wanted]


def find_file(artefact: Artefact) -> Path:
    """What is read of an artefact, in the version of `find_folder`, checked.

    Raises:
        ConfigError: It is not there, or a file beside it or itself was changed.
    """
    folder = find_folder(artefact)
    if artefact.file not in read_shelf_manifest(folder, ShelfManifest).files:
        raise ConfigError(f"{folder / FILE_NAME}: files: expected {artefact.file}")
    return folder / artefact.file
