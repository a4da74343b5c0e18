"""model.yaml: what a model of the shelf says of itself, and whether its files are the ones it was shelved with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import Field

from zhenfen.config import Strict, read_config
from zhenfen.errors import ConfigError

FILE_NAME = "model.yaml"


class TrainingSource(Strict):
    """One data set a model has seen."""

    source: str
    rows: int
    sha256: str
    terms: str


class ValidationCounts(Strict):
    """How the model did at its threshold on rows it had not seen; see `prevalence.Validation`."""

    source: str
    platform: str
    n_fake: int
    n_fake_flagged: int
    n_genuine: int
    n_genuine_flagged: int


class KindManifest(Strict):
    """One of the kinds that a model tells apart, where it gives more than one probability.

    Attributes:
        threshold: Probability from which a row is flagged.
        training_share: Share of positives that the probabilities are calibrated to.
        validations: Counts within the sources; n_fake are the positives of this kind.
        validations_across: Counts on each source by a model that never saw it.
    """

    threshold: float
    training_share: float
    validations: tuple[ValidationCounts, ...] = ()
    validations_across: tuple[ValidationCounts, ...] = ()


class CascadeManifest(Strict):
    """When an encoder is asked behind the linear classifier of adverts; see `estimators.cascade`."""

    low: float
    blend: float


class Manifest(Strict):
    """What stands in model.yaml.

    Attributes:
        name: Model name, the shelf's folder.
        version: Version number, the folder within.
        trained_on: Data sets with their terms.
        features: Columns the model reads, in order.
        feature_code: SHA-256 of the file that makes them.
        threshold: Probability from which a row is flagged.
        training_share: Share of positives that the probabilities are calibrated to.
        platforms: Platforms it was validated on.
        domain: Feature → the range that holds all but 1 % of the training rows.
        validations: Counts within the sources, by cross-validation.
        validations_across: Counts on each source by a model that never saw it.
        metrics: Quality figures with intervals, for people.
        files: File name → SHA-256.
        kinds: Kind → what is said of it, for a model of several kinds; the fields above of that name are the first's.
        cascade: When the encoder beside the linear classifier is asked; None without an encoder.
        seed: Seed of the training.
        git_commit: Commit of the code that trained it.
        package_version: Version of this package then.
    """

    name: str
    version: int
    trained_on: tuple[TrainingSource, ...]
    features: tuple[str, ...]
    feature_code: str
    threshold: float
    training_share: float
    platforms: tuple[str, ...]
    domain: dict[str, tuple[float, float]]
    validations: tuple[ValidationCounts, ...]
    validations_across: tuple[ValidationCounts, ...]
    metrics: dict[str, Any]
    files: dict[str, str]
    kinds: dict[str, KindManifest] = Field(default_factory=dict)
    cascade: CascadeManifest | None = None
    seed: int
    git_commit: str
    package_version: str

    @property
    def label(self) -> str:
        """Name and version, as scores and reports print it."""
        return f"{self.name}/{self.version}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a shelf folder whose files are unchanged.

    Raises:
        ConfigError: model.yaml is absent or wrong, or a file is missing or was changed.
    """
    manifest = read_config(folder / FILE_NAME, Manifest)
    for name, sha256 in manifest.files.items():
        if "/" in name or name.startswith("."):
            raise ConfigError(f"{folder / FILE_NAME}: files: expected plain names, found {name!r}")
        _check_file(folder / name, sha256)
    return manifest


def _check_file(path: Path, sha256: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if found != sha256:
        raise ConfigError(f"{path}: expected SHA-256 {sha256[:12]}…, found {found[:12]}…: the file was changed")
