"""An audit in batches: where it stands, by the tables alone, and the next batch; whoever holds the tables goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.audit.loop import Sampled, ScoreProfiles, check_new, open_audience, write_sample
from zhenfen.errors import ConfigError, InputError, Problem
from zhenfen.estimators.audit_plan import Goal, Progress, plan_audit
from zhenfen.estimators.audit_sample import AuditSample, cut_strata, draw_batch, draw_sample
from zhenfen.estimators.looks import looks_of
from zhenfen.estimators.pooled import find_offsets, make_prior
from zhenfen.estimators.share import N_LABELS_NEEDED
from zhenfen.tables import Tables

LABELS = "audit_labels"


@dataclass(frozen=True)
class AuditState:
    """An audit as its tables have it.

    Attributes:
        scored: The profiles of `open_audience` with is_fake (null: no label), stratum and batch.
        progress: Whether the question is answered, and how many labels more will do it.
        n_batches: Batches there were.
        n_earlier: Earlier audits of the platform that the interval learns from.
        labelled_by: labelled_by, n_labels: who gave the labels that count.
        contradicted: profile_id and labelled_by, a row a label, of the profiles that people disagree on.
    """

    scored: pl.DataFrame
    progress: Progress
    n_batches: int
    n_earlier: int
    labelled_by: pl.DataFrame
    contradicted: pl.DataFrame


def read_state(
    tables: Tables,
    creator_id: str,
    goal: Goal,
    score_profiles: ScoreProfiles,
    *,
    training_share: float,
    confidence_level: float,
) -> AuditState:
    """Where the audit of a creator's largest frame stands.

    Args:
        tables: With the labels so far, and what was stored of earlier audits.
        creator_id: The tables' id of the creator, or the platform's.
        goal: What the audit is to find out; may change from batch to batch.
        score_profiles: The audience model that the first batch was drawn with.
        training_share: Share of fakes that its scores are calibrated to.
        confidence_level: Of the interval, in (0, 1).

    Raises:
        UnknownCreatorError: The creator is not in the tables.
        MissingTableError: The creator has fewer than 30 profiles of one frame.
        InputError: The labels are of other profiles, or were drawn by other scores.
    """
    scored = open_audience(tables, creator_id, score_profiles)
    creator, model = scored["creator_id"][0], scored["model"][0]
    probas = scored["p_fake"].to_numpy()
    labels = tables[LABELS].filter(creator_id=creator).drop_nulls("inclusion").sort("labelled_at", "labelled_by")
    latest = labels.unique("profile_id", keep="last", maintain_order=True)
    strata = scored.select("profile_id", stratum=pl.Series(cut_strata(probas)))
    strange = latest.join(strata, on=("profile_id", "stratum"), how="anti").height
    if strange:
        expected = (
            f"the strata that {model} cuts these profiles into: the audit was begun with another model or other "
            "profiles; begin anew (audit sample --n, without --width and --line)"
        )
        raise InputError(Problem(expected, LABELS, column="stratum", value=f"{strange} labels of others"))
    given = latest.select("profile_id", "is_fake", batch=pl.col("batch").fill_null(1))
    joined = scored.join(strata, on="profile_id", how="left", maintain_order="left")
    joined = joined.join(given, on="profile_id", how="left", maintain_order="left")
    prior = make_prior(probas, training_share, find_offsets(tables["earlier_audits"], creator, model))
    looks = looks_of(given["batch"].to_list())
    is_labelled, values = joined["is_fake"].is_not_null().to_numpy(), joined["is_fake"].cast(pl.Float64).to_numpy()
    progress = plan_audit(
        probas,
        is_labelled,
        values,
        looks,
        goal,
        confidence_level=confidence_level,
        prior=prior,
    )
    labelled_by = latest.group_by("labelled_by").agg(n_labels=pl.len()).sort("labelled_by")
    torn = labels.filter(pl.col("is_fake").n_unique().over("profile_id") > 1).sort("profile_id", "labelled_by")
    n_earlier = 0 if prior is None else prior.n_audits
    contradicted = torn.select("profile_id", "labelled_by")
    return AuditState(joined, progress, len(looks), n_earlier, labelled_by, contradicted)


def make_batch(
    state: AuditState, tables_dir: Path, out: Path, *, n: int | None, seed: int, language: str
) -> Sampled | None:
    """Write the workbook of the next batch; None when the question is answered, or nobody is left to label.

    The same tables and seed give the same batch: one that was lost is drawn again.

    Args:
        state: Of `read_state`, of these tables.
        tables_dir: Folder of tables, or a database file.
        out: XLSX file to write; never overwritten, for it may hold somebody's labels.
        n: How many to draw; None for as many as the question needs.
        seed: Seed of the audit; each batch makes its own of it.
        language: zh, en or fr.

    Raises:
        ConfigError: The first batch has fewer than 30, n is not positive, or `out` exists or cannot be written.
    """
    check_new(out)
    n_labels = state.progress.n_labels
    n_open = state.scored.height - n_labels
    if n is not None and n + n_labels < N_LABELS_NEEDED:
        expected = f"at least {N_LABELS_NEEDED - n_labels}, fewer labels give no estimate"
        raise ConfigError(f"{n} profiles to label: expected {expected}")
    wanted = state.progress.n_more if n is None else min(n, n_open)
    if wanted == 0 and n != 0:
        return None
    probas = state.scored["p_fake"].to_numpy()
    if n_labels == 0:
        sample = draw_sample(probas, wanted, seed)
    else:
        is_labelled = state.scored["is_fake"].is_not_null().to_numpy()
        labels = state.scored["is_fake"].cast(pl.Float64).to_numpy()
        indices = draw_batch(probas, is_labelled, labels, wanted, (seed, state.n_batches))
        strata = state.scored["stratum"].to_numpy()
        reached = np.bincount(strata[indices], minlength=strata.max() + 1) + np.bincount(strata, is_labelled)
        sample = AuditSample(indices, strata, (reached / np.bincount(strata))[strata])
    number = state.n_batches + 1
    return write_sample(state.scored, sample, tables_dir, out, seed=seed, language=language, batch=number)
