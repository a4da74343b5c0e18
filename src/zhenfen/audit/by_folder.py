"""The audit loop with the audience model of the shelf: what the two audit commands call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from zhenfen.audit.batches import AuditState, make_batch, read_state
from zhenfen.audit.earlier import reuse_audits
from zhenfen.audit.loop import Applied, Sampled, ScoreProfiles, apply_labels, make_sample
from zhenfen.estimators.audit_plan import Goal
from zhenfen.estimators.profile_model import PROFILE, ProfileModel
from zhenfen.model_store import load_models
from zhenfen.scoring import estimate_labelled, latest_moment, score_profiles
from zhenfen.tables import Tables, read_tables


def make_scorer(model: ProfileModel) -> ScoreProfiles:
    """The audience model as audits ask it."""

    def score(audience: pl.DataFrame, tables: Tables) -> pl.DataFrame:
        return score_profiles(audience, model, latest_moment(tables))

    return score


def draw(folder: Path, creator: str, n: int, out: Path, *, seed: int, language: str) -> Sampled:
    """Draw profiles of a creator's audience into a workbook, see `audit.make_sample`."""
    score = make_scorer(load_models().need(PROFILE))
    return make_sample(folder, creator, n, out, score, seed=seed, language=language)


def state_of(folder: Path, creator: str, goal: Goal) -> AuditState:
    """Where an audit in batches stands, see `audit.batches.read_state`."""
    models = load_models()
    model = models.need(PROFILE)
    return read_state(
        read_tables(folder),
        creator,
        goal,
        make_scorer(model),
        training_share=model.manifest.training_share,
        confidence_level=models.audience_levels.rules.confidence_level,
    )


def draw_next(
    folder: Path, creator: str, n: int | None, out: Path, goal: Goal, *, seed: int, language: str
) -> tuple[AuditState, Sampled | None]:
    """Where an audit in batches stands, and its next batch in a workbook, see `audit.batches.make_batch`."""
    state = state_of(folder, creator, goal)
    return state, make_batch(state, folder, out, n=n, seed=seed, language=language)


def reuse(folder: Path, creator: str, earlier: Iterable[Path]) -> pl.DataFrame:
    """Store what earlier audits say of the model, see `audit.earlier.reuse_audits`."""
    model = load_models().need(PROFILE)
    return reuse_audits(folder, creator, earlier, make_scorer(model), model.manifest.training_share)


def apply(file: Path, folder: Path | None) -> Applied[pl.DataFrame]:
    """Check and store the labels of a workbook, see `audit.apply_labels`; estimates are rows of SHARES_SCHEMA."""
    models = load_models()

    def estimate(population: pl.DataFrame, tables: Tables) -> pl.DataFrame:
        # Labels are no observation: the profiles stay as old as they were when they were drawn.
        return estimate_labelled(population, models, latest_moment(tables), tables["earlier_audits"])

    return apply_labels(file, folder, estimate, datetime.now(UTC))
