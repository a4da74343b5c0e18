"""The creator model of the shelf: P(something was bought), from what all families measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from zhenfen.config import Strict, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.surprise import Surprise, family_of
from zhenfen.estimators.tabular import TabularClassifier

Array = npt.NDArray[np.float64]

TREES, CALIBRATION, SURPRISE, LINES = "model.txt", "calibration.json", "surprise.json", "lines.json"
BASE = "c_base"
LEAST_WEIGHT = 1e-3
"""Keeps the parts of a family whose measurements are all usual defined: they share evenly."""


class Lines(Strict):
    """From P(manipulated) to a level, by this model's own false alarms; they travel with it.

    Attributes:
        elevated_from: Reached by at most 5 % of the simulated creators with an innocent shock who bought nothing.
        high_from: By at most 1 %.
    """

    elevated_from: float = Field(gt=0, lt=1)
    high_from: float = Field(gt=0, lt=1)


@dataclass(frozen=True)
class CreatorModel:
    """Trees over how surprising each family's measurements are, with a calibration and a manifest.

    Null is a value of its own to the trees, and they have seen creators of whom whole families are unknown: what is
    absent leaves the probability near the share of manipulated creators in training, it does not lower it.
    """

    surprise: Surprise
    classifier: TabularClassifier
    calibration: Calibration
    lines: Lines
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of its trees, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[TREES][:12]}"

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """P(manipulated) of every creator and which family it comes from.

        Args:
            features: creator_id and the features as columns (`verdict.creator.make_inputs`); an absent column is a
                column of nulls.

        Returns:
            creator_id, p_manipulated in [0, 1], c_<family> for every family the model reads, and c_base: log-odds that
            sum to logit(p_manipulated). Row order kept.
        """
        parts = self._parts(self.surprise.by_family(features))
        log_odds = pl.sum_horizontal(pl.all())
        probability = parts.select(p_manipulated=1 / (1 + (-log_odds).exp()))
        return pl.concat((features.select("creator_id"), probability, parts), how="horizontal")

    def contributions(self, features: pl.DataFrame) -> pl.DataFrame:
        """creator_id, what each feature adds to the calibrated log-odds (one column a feature), and c_base.

        A family's part is shared out by how surprising its features are, so that the parts sum to the log-odds.
        """
        by_family = self._parts(self.surprise.by_family(features))
        weights = self.surprise.score(features).select(pl.all().fill_null(0.0) + LEAST_WEIGHT)
        whole = {
            family: weights.select(
                pl.sum_horizontal([n for n in weights.columns if family_of(n) == family])
            ).to_series()
            for family in self.surprise.families
        }
        shared = [
            (weights[name] / whole[family_of(name)] * by_family[f"c_{family_of(name)}"]).alias(name)
            for name in self.surprise.features
        ]
        return features.select("creator_id").with_columns(*shared, by_family[BASE])

    def _parts(self, surprises: pl.DataFrame) -> pl.DataFrame:
        """c_<family> and c_base, in calibrated log-odds."""
        columns = self.surprise.columns
        slope, intercept = self.calibration.scores
        parts = self.classifier.contributions(surprises.select(columns)) * slope
        named = pl.DataFrame(parts, schema=[*columns, BASE], orient="row")
        return named.select(
            *(
                pl.sum_horizontal([name for name in columns if family_of(name) == family]).alias(f"c_{family}")
                for family in self.surprise.families
            ),
            pl.col(BASE) + intercept,
        )


def load_creator_model(folder: Path) -> CreatorModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file was changed, its calibration is not a rising line in log-odds, or its parts do not fit.
    """
    manifest = read_manifest(folder)
    calibration = Calibration.from_dict(_read_json(folder / CALIBRATION))
    if calibration.kind != "platt":
        raise ConfigError(f"{folder / CALIBRATION}: expected kind platt, whose parts add up, found {calibration.kind}")
    surprise, classifier = Surprise.from_dict(_read_json(folder / SURPRISE)), TabularClassifier.load(folder / TREES)
    if classifier.feature_names_ != surprise.columns:
        raise ConfigError(f"{folder}: the trees read other columns than {SURPRISE} makes")
    return CreatorModel(surprise, classifier, calibration, read_config(folder / LINES, Lines), manifest)


def _read_json(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found
