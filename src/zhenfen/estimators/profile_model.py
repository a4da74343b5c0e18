"""The audience model of the shelf: P(a profile is not a real person's), what it rests on, and scores of profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.mixture import Mixture, find_platform
from zhenfen.estimators.shelved import ShelvedModel, register
from zhenfen.estimators.tabular import to_columns
from zhenfen.features.audience.profile import PROFILE_SPECS, measure_profiles
from zhenfen.moment import read_moment
from zhenfen.tables import EPOCH, latest_time, time_columns

Array = npt.NDArray[np.float64]

AUDIENCE = "audience"
"""The table that profiles are rows of."""
DEFAULT = "default"
MOST_OUTSIDE_SHARE = 0.25
"""Each known feature lies outside its range, which holds 99 % of the training rows, by chance once in a hundred: a
quarter of them at once is another kind of profile."""


@dataclass(frozen=True)
class ProfileModel:
    """Classifiers of profiles, their calibrations and the manifest."""

    mixture: Mixture
    calibrations: Mapping[str, Calibration]
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of its files, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.sha256[:12]}"

    def predict_proba(self, features: pl.DataFrame, platforms: pl.Series) -> Array:
        """Calibrated probability of every row, shape (n,), by the platform's calibration where there is one."""
        scores = self.mixture.decision_function(features, platforms)
        probas = self.calibrations[DEFAULT].apply(scores)
        for platform, calibration in self.calibrations.items():
            here = find_platform(platforms, platform)
            if here.any():
                probas[here] = calibration.apply(scores[here])
        return probas

    def is_out_of_domain(self, features: pl.DataFrame, platforms: pl.Series) -> npt.NDArray[np.bool_]:
        """Rows of a platform the model was not validated on, or mostly outside of what it was trained on."""
        values = np.stack(list(to_columns(features, self.manifest.domain).values()))
        low, high = np.array(list(self.manifest.domain.values())).T[:, :, None]
        n_outside = ((values < low) | (values > high)).sum(axis=0)
        n_known = (~np.isnan(values)).sum(axis=0)
        validated = [find_platform(platforms, name) for name in self.manifest.platforms]
        is_strange = n_outside > MOST_OUTSIDE_SHARE * n_known
        return np.asarray(is_strange | ~np.any(validated, axis=0), dtype=np.bool_)

    def explain(self, features: pl.DataFrame, platforms: pl.Series, n: int) -> pl.Series:
        """The `n` largest contributions of every row, as a list of {feature, contribution}, largest first."""
        parts = self.contributions(features, platforms).with_row_index("row")
        long = parts.unpivot(index="row", variable_name="feature", value_name="contribution")
        top = long.sort("row", -pl.col("contribution").abs(), "feature").group_by("row", maintain_order=True).head(n)
        listed = top.group_by("row", maintain_order=True).agg(reasons=pl.struct("feature", "contribution"))
        return listed["reasons"]

    def contributions(self, features: pl.DataFrame, platforms: pl.Series) -> pl.DataFrame:
        """What each feature adds to the uncalibrated log-odds, one column a feature; with the base they sum to them."""
        parts = self.mixture.contributions(features, platforms)
        return pl.DataFrame(parts[:, :-1], schema=list(self.mixture.feature_names_), orient="row")


def load_profile_model(folder: Path) -> ProfileModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file was changed, or the model wants features that this code does not make.
    """
    manifest = read_manifest(folder)
    unknown = sorted(set(manifest.features) - {spec.name for spec in PROFILE_SPECS})
    if unknown:
        raise ConfigError(f"{folder}: the model wants features that this version does not make: {', '.join(unknown)}")
    calibrations = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    return ProfileModel(
        Mixture.load(folder),
        {name: Calibration.from_dict(values) for name, values in calibrations.items()},
        manifest,
    )


def score_profiles(audience: pl.DataFrame, model: ProfileModel, as_of: datetime, *, n_reasons: int = 0) -> pl.DataFrame:
    """P(inauthentic) of every profile, in the order given.

    Args:
        audience: Rows of the table `audience`; only profile_id and platform must be known.
        model: Audience model of the shelf.
        as_of: Moment that ages are counted at.
        n_reasons: How many of the largest contributions to list.

    Returns:
        profile_id, p_fake, model, out_of_domain, and with reasons `reasons` (list of feature, contribution).
    """
    features = measure_profiles(audience, as_of)
    platforms = audience["platform"]
    scored = pl.DataFrame(
        {
            "profile_id": audience["profile_id"],
            "p_fake": model.predict_proba(features, platforms),
            "model": pl.Series([model.manifest.stamp]).new_from_index(0, audience.height),
            "out_of_domain": model.is_out_of_domain(features, platforms),
        }
    )
    return scored.with_columns(reasons=model.explain(features, platforms, n_reasons)) if n_reasons else scored


def _score_at(model: ProfileModel, rows: pl.DataFrame, as_of: str | None) -> pl.DataFrame:
    if not as_of:
        return score_profiles(rows, model, latest_time(rows, time_columns(AUDIENCE)) or EPOCH)
    try:
        return score_profiles(rows, model, read_moment(as_of))
    except ValueError as error:
        raise ConfigError(f"as_of {as_of!r}: {error}") from None


PROFILE = register(
    ShelvedModel(
        name="audience",
        rank=1,
        rows="profiles",
        table=AUDIENCE,
        needed=("profile_id",),
        read=None,
        load=load_profile_model,
        score=_score_at,
        outputs={
            "profile_id": pl.String(),
            "p_fake": pl.Float64(),
            "model": pl.String(),
            "out_of_domain": pl.Boolean(),
        },
    )
)
