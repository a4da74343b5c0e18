"""The shelf: one folder a model and version, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import yaml
from pydantic import Field

from zhenfen import __version__
from zhenfen.config import Strict
from zhenfen.estimators.manifest import Manifest
from zhenfen.files import replace_folder
from zhenfen.shelf import FILE_NAME, ShelfManifest, TrainingSource

ROOT = Path(__file__).parents[1]
CARD = "card.md"
DOMAIN_QUANTILES = (0.005, 0.995)
DOMAIN_DIGITS = 6
PERMISSIVE = 1e-6
"""Bounds are rounded outwards by this much, so that the row at the edge stays inside."""
ROUNDING = 1e-9
"""Numbers of two trainings are the same up to this share of them: what was seen between two processors is 1e-15."""


class TrainingFile(TrainingSource):
    """A data set that is one file.

    Attributes:
        path: Where it lies, for the tracking store; model.yaml does not say it.
    """

    path: Path = Field(exclude=True)


class ShelfPlace(Strict):
    """Where on the shelf something goes: the head of every training's settings.

    Attributes:
        name: The folder on the shelf.
        version: The folder within.
        seed: Of every draw.
    """

    name: str
    version: int = Field(ge=1)
    seed: int


@dataclass(frozen=True)
class Trained:
    """Everything a shelf folder is made of.

    Attributes:
        files: File name → what writes it to a path.
        manifest: What model.yaml says, but for the files and where the code came from.
        card: Markdown.
    """

    files: Mapping[str, Callable[[Path], object]]
    manifest: Mapping[str, Any]
    card: str


def write_shelf(trained: Trained, shelf: Path, place: ShelfPlace, kind: type[ShelfManifest] = Manifest) -> Path:
    """Write `shelf`/<name>/<version>/ and return it; a version that is there is never written over.

    Where that version holds these very files (`is_same_file`) it is left as it is. Where it holds others, as after a
    training with the labels of an audit, the next version is written: scores name the model they are of, and no two may
    share a name.

    Args:
        trained: What is written.
        shelf: The folder models/.
        place: Name, version and seed.
        kind: What model.yaml must say: what no model is, less than a model.

    Raises:
        ConfigError: The folder cannot be written or holds files of others.
        pydantic.ValidationError: The manifest breaks its contract.
    """
    with TemporaryDirectory() as made:
        for name, write in trained.files.items():
            write(Path(made) / name)
        version = place.version
        while (there := shelf / place.name / str(version)).exists():
            if all(is_same_file(there / name, Path(made) / name) for name in trained.files):
                return there
            version += 1
        return _write_version(trained, Path(made), shelf, place.model_copy(update={"version": version}), kind)


def _write_version(trained: Trained, made: Path, shelf: Path, place: ShelfPlace, kind: type[ShelfManifest]) -> Path:
    folder = shelf / place.name / str(place.version)
    own = {*trained.files, CARD, FILE_NAME}
    with replace_folder(folder, lambda path: path.name in own) as partial:
        for name in trained.files:
            shutil.copyfile(made / name, partial / name)
        # The card was written before its version was known.
        card = re.sub(r"\A# \S+ \d+$", f"# {place.name} {place.version}", trained.card, count=1, flags=re.MULTILINE)
        (partial / CARD).write_text(card, encoding="utf-8")
        files = {name: hash_file(partial / name) for name in (*trained.files, CARD)}
        origin = {"seed": place.seed, "git_commit": find_commit(), "package_version": __version__}
        said = {**trained.manifest, **origin, "version": place.version, "files": files}
        manifest = kind.model_validate(said)
        text = yaml.safe_dump(manifest.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
        (partial / FILE_NAME).write_text(text, encoding="utf-8")
    return folder


def is_same_file(there: Path, made: Path) -> bool:
    """Whether a file of the shelf says what was made now: the same bytes, or JSON whose numbers differ by rounding.

    Another processor adds in another order, and the last digits of a calibration with it.
    """
    if not there.is_file():
        return False
    same = there.read_bytes() == made.read_bytes()
    return same or (there.suffix == ".json" and _is_alike(*(json.loads(one.read_bytes()) for one in (there, made))))


def _is_alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=ROUNDING)
    return type(one) is type(other) and bool(one == other)


def find_domain(rows: pl.DataFrame, features: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Feature → the range that holds all but 1 % of the known values of the training rows."""
    low, high = DOMAIN_QUANTILES
    found = {name: (rows[name].quantile(low), rows[name].quantile(high)) for name in features}
    return {
        name: (round(first - PERMISSIVE, DOMAIN_DIGITS), round(last + PERMISSIVE, DOMAIN_DIGITS))
        for name, (first, last) in found.items()
        if first is not None and last is not None
    }


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_commit() -> str:
    """The commit of the code that trains, "-changed" behind it when files differ from it; "unknown" outside git."""
    try:
        commit = _git("rev-parse", "HEAD")
        is_changed = bool(_git("status", "--porcelain", "--", "src", "training", "configs"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-changed" if is_changed else commit


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
