"""The creator model of the shelf: P(something was bought), from evidence a family, combined without dilution.

score = sum over the families known of log((1 - m) + m a p^(a - 1)), p = 10^-(tail score of the family): the log-odds of
a mixture in which a family shows a purchase with probability m, and then p-values of density a p^(a - 1). One family
far out is enough, a clean family costs little (-.12), a missing one nothing. Nothing of it is fitted on purchases, so a
kind that nobody has seen counts like any other; only the line from score to probability is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from zhenfen.config import Strict, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.creator_evidence import AUDIENCE_SHARE, CreatorEvidence, feature_of
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import ShelvedModel, register
from zhenfen.features.base import load_families

Array = npt.NDArray[np.float64]

EVIDENCE, CALIBRATION, LINES, COMBINATION = "evidence.json", "calibration.json", "lines.json", "combination.json"
BASE = "c_base"
N_DECIMALS = 12
"""A vector's exponentials differ in the last bit with its length; rounded, a creator's parts and probability do not."""
SHOWS_SHARE = 0.15
"""m: how often a family shows a purchase where there is one (on simulated rosters .05 to .5 differ by .004 of AUC)."""
POWER = 0.25
"""a: how p-values of a purchase crowd near 0 (Sellke, Bayarri and Berger 2001 bound evidence by the same family)."""


class Lines(Strict):
    """From P(manipulated) to a level, by this model's own false alarms; they travel with it.

    Attributes:
        elevated_from: Reached by at most 5 % of the simulated creators with an innocent shock who bought nothing.
        high_from: By at most 1 %.
    """

    elevated_from: float = Field(gt=0, lt=1)
    high_from: float = Field(gt=0, lt=1)


class Combination(Strict):
    """How the families' tail scores become one score.

    Attributes:
        kind: mixture (see the module), or linear: the challenger, a logistic regression that took over.
        weights: Family of evidence → log-odds by tail score, never below 0; of linear.
    """

    kind: Literal["mixture", "linear"] = "mixture"
    weights: dict[str, float] = Field(default_factory=dict)

    def weigh(self, tails: Mapping[str, Array]) -> dict[str, Array]:
        """Family → log-odds that it adds before calibration, shape (n,); 0 where it is not known."""
        if self.kind == "linear":
            return {family: np.nan_to_num(self.weights[family] * tail) for family, tail in tails.items()}
        least = 1 - SHOWS_SHARE
        return {
            family: np.nan_to_num(np.log(least + SHOWS_SHARE * POWER * 10.0 ** ((1 - POWER) * tail)))
            for family, tail in tails.items()
        }


@dataclass(frozen=True)
class CreatorModel:
    """Evidence a family, how it is combined, a calibrated line, lines of the levels and a manifest."""

    evidence: CreatorEvidence
    combination: Combination
    calibration: Calibration
    lines: Lines
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of its evidence, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[EVIDENCE][:12]}"

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """P(manipulated) of every creator and which family of evidence it comes from.

        Args:
            features: creator_id and the columns of `evidence.columns` (`verdict.creator.make_inputs`); an absent column
                is a column of nulls.

        Returns:
            creator_id, p_manipulated in [0, 1], c_<family of evidence>, and c_base: log-odds that sum to
            logit(p_manipulated); 0 for a family of which nothing is known. Row order kept.
        """
        slope, intercept = self.calibration.scores
        parts = self.combination.weigh(self.evidence.by_family(self.evidence.score(features)))
        columns = {f"c_{family}": slope * part for family, part in parts.items()}
        columns[BASE] = np.full(features.height, intercept)
        log_odds = np.sum(list(columns.values()), axis=0)
        return features.select("creator_id").with_columns(
            pl.Series("p_manipulated", np.round(1 / (1 + np.exp(-log_odds)), N_DECIMALS), dtype=pl.Float64),
            *(pl.Series(name, part, dtype=pl.Float64) for name, part in columns.items()),
        )

    def contributions(self, features: pl.DataFrame) -> pl.DataFrame:
        """creator_id, what each measurement adds to the calibrated log-odds (one column each), and c_base.

        A family's part is shared out by the tail scores of its measurements, so that the parts sum to the log-odds.
        """
        slope, intercept = self.calibration.scores
        scores = self.evidence.score(features)
        parts = self.combination.weigh(self.evidence.by_family(scores))
        shared = {
            name: slope * share * parts[family]
            for family in parts
            for name, share in self.evidence.shares(scores, family).items()
        }
        return features.select("creator_id").with_columns(
            *(
                pl.Series(name, np.round(shared[name], N_DECIMALS), dtype=pl.Float64)
                for name in self.evidence.measurements
            ),
            pl.lit(intercept, dtype=pl.Float64).alias(BASE),
        )


def load_creator_model(folder: Path) -> CreatorModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file was changed, or its calibration is not a rising line in log-odds.
    """
    manifest = read_manifest(folder)
    calibration = Calibration.from_dict(_read_json(folder / CALIBRATION))
    if calibration.kind != "platt":
        raise ConfigError(f"{folder / CALIBRATION}: expected kind platt, whose parts add up, found {calibration.kind}")
    evidence = CreatorEvidence.from_dict(_read_json(folder / EVIDENCE))
    if tuple(manifest.features) != evidence.columns:
        raise ConfigError(f"{folder}: {EVIDENCE} reads other columns than the manifest names")
    combination = read_config(folder / COMBINATION, Combination)
    if combination.kind == "linear" and set(combination.weights) != set(evidence.families):
        raise ConfigError(f"{folder / COMBINATION}: expected a weight of {', '.join(evidence.families)}")
    return CreatorModel(evidence, combination, calibration, read_config(folder / LINES, Lines), manifest)


def _read_json(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _load_checked(folder: Path) -> CreatorModel:
    """An absent column is a column of nulls: a feature that is no longer made would go unnoticed."""
    model = load_creator_model(folder)
    made = {spec.name for family in load_families().values() for spec in family.specs} | {AUDIENCE_SHARE}
    unknown = sorted({feature_of(name) for name in model.manifest.features} - made)
    if unknown:
        raise ConfigError(f"{folder}: the model wants features that this version does not make: {', '.join(unknown)}")
    return model


CREATOR = register(
    ShelvedModel(
        name="creator",
        rank=4,
        rows="creators",
        table="",
        needed=("creator_id",),
        read=(),
        load=_load_checked,
        score=lambda model, rows, _: model.predict(rows).with_columns(model=pl.lit(model.manifest.stamp)),
        outputs={"creator_id": pl.String(), "p_manipulated": pl.Float64(), "model": pl.String()},
    )
)
