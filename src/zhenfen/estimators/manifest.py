"""model.yaml: what a model of the shelf says of itself, and whether its files are the ones it was shelved with."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from zhenfen.config import Strict
from zhenfen.estimators.text_encoder import EncoderConfig
from zhenfen.shelf import ShelfManifest, read_shelf_manifest


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


class EncoderManifest(Strict):
    """Which encoder the heads of a model were fitted for, and when it is asked.

    Attributes:
        config: The encoder and how it is read.
        low: Probability by the letters alone from which the encoder is asked.
        high: Probability by the letters alone up to which it is.
    """

    config: EncoderConfig
    low: float
    high: float


class Manifest(ShelfManifest):
    """What model.yaml of a model says beside what every one does.

    Attributes:
        features: Columns the model reads, in order.
        feature_code: SHA-256 of the file that makes them.
        threshold: Probability from which a row is flagged.
        training_share: Share of positives that the probabilities are calibrated to.
        platforms: Platforms it was validated on.
        domain: Feature → the range that holds all but 1 % of the training rows.
        validations: Counts within the sources, by cross-validation.
        validations_across: Counts on each source by a model that never saw it.
        kinds: Kind → what is said of it, for a model of several kinds; the fields above of that name are the first's.
        encoder: The encoder behind the letters; None without one.
    """

    features: tuple[str, ...]
    feature_code: str
    threshold: float
    training_share: float
    platforms: tuple[str, ...]
    domain: dict[str, tuple[float, float]]
    validations: tuple[ValidationCounts, ...]
    validations_across: tuple[ValidationCounts, ...]
    kinds: dict[str, KindManifest] = Field(default_factory=dict)
    encoder: EncoderManifest | None = None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model's shelf folder whose files are unchanged.

    Raises:
        ConfigError: model.yaml is absent or wrong, or a file is missing or was changed.
    """
    return read_shelf_manifest(folder, Manifest)
