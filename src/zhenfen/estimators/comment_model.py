"""The comment model of the shelf: P(a comment solicits), P(a comment says nothing), kept apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.cascade import CascadeClassifier
from zhenfen.estimators.manifest import CascadeManifest, Manifest, read_manifest
from zhenfen.estimators.text_encoder import FILES as ENCODER_FILES
from zhenfen.estimators.text_encoder import TextEncoder
from zhenfen.estimators.text_linear import LinearTextClassifier

Array = npt.NDArray[np.float64]

ADVERT = "advert"
KINDS = (ADVERT, "filler")
CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class CommentModel:
    """A classifier and a calibration for each kind of comment, and the manifest."""

    classifiers: Mapping[str, LinearTextClassifier | CascadeClassifier]
    calibrations: Mapping[str, Calibration]
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of the advert weights, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[file_name('advert')][:12]}"

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Kind → probability from which a comment counts as one."""
        return {kind: self.manifest.kinds[kind].threshold for kind in KINDS}

    def predict(self, normalised: pl.Series) -> pl.DataFrame:
        """p_advert and p_filler of each normalised text, calibrated, in [0, 1]; null for null; row order kept."""
        # Comments repeat each other: each distinct text is read once.
        texts = normalised.unique(maintain_order=True).drop_nulls().alias("normalised")
        columns = {f"p_{kind}": self._predict_one(texts, kind) for kind in KINDS}
        scored = pl.DataFrame({"normalised": texts, **columns})
        asked = normalised.alias("normalised").to_frame()
        return asked.join(scored, on="normalised", how="left", maintain_order="left").drop("normalised")

    def _predict_one(self, texts: pl.Series, kind: str) -> Array:
        return self.calibrations[kind].apply(self.classifiers[kind].decision_function(texts))

    def explain(self, normalised: pl.Series, n: int, kind: str = "advert") -> pl.Series:
        """The `n` pieces of each text that say most for or against `kind`, as a list of {piece, contribution}.

        Largest contribution to the uncalibrated log-odds first; empty for a null or empty text.
        """
        pieces = self.classifiers[kind].contributions(normalised).group_by("row", maintain_order=True).head(n)
        listed = pieces.group_by("row", maintain_order=True).agg(reasons=pl.struct("piece", "contribution"))
        rows = pl.DataFrame({"row": pl.int_range(len(normalised), eager=True)})
        reasons = rows.join(listed, on="row", how="left", maintain_order="left")["reasons"]
        return reasons.fill_null(pl.Series([[]], dtype=reasons.dtype).first())


def file_name(kind: str) -> str:
    """The file of a kind's weights."""
    return f"{kind}.npz"


def load_comment_model(folder: Path) -> CommentModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file is missing or was changed, or a kind lacks its threshold or calibration.
    """
    manifest = read_manifest(folder)
    wanted = {CALIBRATION, *map(file_name, KINDS), *(ENCODER_FILES if manifest.cascade else ())}
    if missing := sorted(wanted - manifest.files.keys() | set(KINDS) - manifest.kinds.keys()):
        raise ConfigError(f"{folder}: the comment model lacks {', '.join(missing)}")
    maps = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    if missing := sorted(set(KINDS) - maps.keys()):
        raise ConfigError(f"{folder / CALIBRATION}: expected a calibration of {', '.join(missing)}")
    lines = {kind: LinearTextClassifier.load(folder / file_name(kind)) for kind in KINDS}
    return CommentModel(
        {**lines, ADVERT: _with_encoder(lines[ADVERT], folder, manifest.cascade)},
        {kind: Calibration.from_dict(maps[kind]) for kind in KINDS},
        manifest,
    )


def _with_encoder(
    line: LinearTextClassifier, folder: Path, cascade: CascadeManifest | None
) -> LinearTextClassifier | CascadeClassifier:
    """The classifier of adverts, its second stage behind it where the manifest has one."""
    if cascade is None:
        return line
    return CascadeClassifier(line, TextEncoder.load(folder), cascade.low, cascade.blend)
