"""The audit loop with the audience model of the shelf: what the two audit commands call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from zhenfen.audit.loop import Applied, Sampled, apply_labels, make_sample
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import load_models
from zhenfen.scoring import estimate_labelled, latest_moment, score_profiles
from zhenfen.tables import Tables


def draw(folder: Path, creator: str, n: int, out: Path, *, seed: int, language: str) -> Sampled:
    """Draw profiles of a creator's audience into a workbook, see `audit.make_sample`."""
    model = load_models().need(PROFILE)

    def score(audience: pl.DataFrame, tables: Tables) -> pl.DataFrame:
        return score_profiles(audience, model, latest_moment(tables))

    return make_sample(folder, creator, n, out, score, seed=seed, language=language)


def apply(file: Path, folder: Path | None) -> Applied[pl.DataFrame]:
    """Check and store the labels of a workbook, see `audit.apply_labels`; estimates are rows of SHARES_SCHEMA."""
    models = load_models()

    def estimate(population: pl.DataFrame, tables: Tables) -> pl.DataFrame:
        # Labels are no observation: the profiles stay as old as they were when they were drawn.
        return estimate_labelled(population, models, latest_moment(tables))

    return apply_labels(file, folder, estimate, datetime.now(UTC))
