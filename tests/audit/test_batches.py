"""An audit that stops when it has its answer: batches, whoever labels them, and what earlier audits add."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from audit_builder import (
    N_PROFILES,
    by_truth,
    drawn_ids,
    estimate,
    fill,
    score_profiles,
    truth,
    write_audience,
)

from zhenfen.audit.batches import AuditState, make_batch, read_state
from zhenfen.audit.earlier import reuse_audits
from zhenfen.audit.loop import apply_labels, make_sample
from zhenfen.errors import ConfigError, InputError, MissingTableError
from zhenfen.estimators.audit_plan import Goal
from zhenfen.tables import read_tables

LABELLED_AT = datetime(2026, 11, 2, tzinfo=UTC)
NARROW = Goal(width=0.12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_audience(tmp_path / "tables")


def state_of(folder: Path, goal: Goal = NARROW, creator: str = "c1") -> AuditState:
    return read_state(read_tables(folder), creator, goal, score_profiles, training_share=0.5, confidence_level=0.95)


def draw_next(folder: Path, out: Path, goal: Goal = NARROW, n: int | None = None, creator: str = "c1") -> Path | None:
    sampled = make_batch(state_of(folder, goal, creator), folder, out, n=n, seed=1, language="en")
    return None if sampled is None else out


def run(folder: Path, tmp_path: Path, goal: Goal, creator: str = "c1") -> AuditState:
    """Label batch after batch rightly until the audit says that it is enough."""
    for number in range(20):
        file = draw_next(folder, tmp_path / f"{creator}{number}.xlsx", goal, creator=creator)
        if file is None:
            break
        fill(file, by_truth)
        apply_labels(file, None, estimate, LABELLED_AT + timedelta(days=number))
    return state_of(folder, goal, creator)


def test_batches_go_on_until_the_interval_is_narrow_and_then_stop(folder: Path, tmp_path: Path) -> None:
    state = run(folder, tmp_path, NARROW)
    progress = state.progress
    assert progress.is_enough
    assert progress.low is not None
    assert progress.high is not None
    assert progress.high - progress.low <= 0.12
    assert progress.low <= 0.25 <= progress.high
    assert state.n_batches > 1
    assert progress.n_labels < N_PROFILES
    assert draw_next(folder, tmp_path / "none.xlsx") is None
    assert not (tmp_path / "none.xlsx").exists()


def test_a_line_far_from_the_share_takes_the_first_batch_only(folder: Path, tmp_path: Path) -> None:
    state = run(folder, tmp_path, Goal(line=0.8))
    assert (state.progress.is_enough, state.progress.n_labels, state.n_batches) == (True, 30, 1)


def test_batches_share_no_profile_and_are_weighted_as_one_draw(folder: Path, tmp_path: Path) -> None:
    first = draw_next(folder, tmp_path / "a.xlsx")
    assert first is not None
    fill(first, by_truth)
    apply_labels(first, None, estimate, LABELLED_AT)
    second = draw_next(folder, tmp_path / "b.xlsx")
    assert second is not None
    assert not {*drawn_ids(first)} & {*drawn_ids(second)}
    fill(second, by_truth)
    applied = apply_labels(second, None, estimate, LABELLED_AT + timedelta(days=1))
    table = read_tables(folder)["audit_labels"]
    assert (1 / table["inclusion"]).sum() == pytest.approx(N_PROFILES)
    assert table.group_by("batch").len().sort("batch")["batch"].to_list() == [1, 2]
    assert applied.before.n_labels == 30
    assert applied.after.n_labels == table.height


def test_a_lost_batch_is_drawn_again_from_the_tables_alone(folder: Path, tmp_path: Path) -> None:
    first = draw_next(folder, tmp_path / "a.xlsx")
    assert first is not None
    fill(first, by_truth)
    apply_labels(first, None, estimate, LABELLED_AT)
    one, other = draw_next(folder, tmp_path / "b.xlsx"), draw_next(folder, tmp_path / "c.xlsx")
    assert one is not None
    assert other is not None
    assert one.read_bytes() == other.read_bytes()


def test_a_draw_settled_before_can_be_gone_on_with(folder: Path, tmp_path: Path) -> None:
    make_sample(folder, "c1", 40, tmp_path / "a.xlsx", score_profiles, seed=1)
    fill(tmp_path / "a.xlsx", by_truth)
    apply_labels(tmp_path / "a.xlsx", None, estimate, LABELLED_AT)
    assert read_tables(folder)["audit_labels"]["batch"].null_count() == 40
    state = state_of(folder)
    assert (state.progress.n_labels, state.n_batches) == (40, 1)
    assert run(folder, tmp_path, NARROW).progress.is_enough
    assert read_tables(folder)["audit_labels"]["batch"].null_count() == 0


def test_people_who_disagree_are_named_and_the_latest_label_counts(folder: Path, tmp_path: Path) -> None:
    file = draw_next(folder, tmp_path / "a.xlsx")
    assert file is not None
    fill(file, by_truth)
    apply_labels(file, None, estimate, LABELLED_AT)
    labels = read_tables(folder)["audit_labels"]
    one = labels["profile_id"][0]
    later = labels.head(1).with_columns(
        labelled_by=pl.lit("B"), is_fake=~pl.col("is_fake"), labelled_at=pl.lit(LABELLED_AT + timedelta(days=1))
    )
    pl.concat((labels, later.cast(labels.schema))).write_parquet(folder / "audit_labels.parquet")
    state = state_of(folder)
    assert state.contradicted.rows() == [(one, "B"), (one, "unnamed")]
    assert state.labelled_by.rows() == [("B", 1), ("unnamed", 29)]
    assert state.scored.filter(profile_id=one)["is_fake"].item() != truth()[one]
    again = apply_labels(file, None, estimate, LABELLED_AT + timedelta(days=2))
    assert again.contradicted.select("profile_id", "labelled_by").rows() == [(one, "B")]


def test_labels_drawn_by_other_scores_are_refused(folder: Path, tmp_path: Path) -> None:
    file = draw_next(folder, tmp_path / "a.xlsx")
    assert file is not None
    fill(file, by_truth)
    apply_labels(file, None, estimate, LABELLED_AT)
    labels = read_tables(folder)["audit_labels"]
    labels.with_columns(stratum=4 - pl.col("stratum")).write_parquet(folder / "audit_labels.parquet")
    with pytest.raises(InputError, match="begun with another model or other profiles"):
        state_of(folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "needs a question"), ({"width": 1.5}, "--width 1.5"), ({"line": 0.0}, "--line 0.0"), ({"width": -1}, "-1")],
)
def test_a_goal_must_be_a_share(given: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Goal(**given)


def test_a_first_batch_below_thirty_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="29 profiles to label: expected at least 30"):
        draw_next(folder, tmp_path / "a.xlsx", n=29)
    with pytest.raises(ConfigError, match="0 profiles to label"):
        draw_next(folder, tmp_path / "a.xlsx", n=0)


def test_an_earlier_audit_of_the_platform_narrows_the_next(folder: Path, tmp_path: Path) -> None:
    alone = run(folder, tmp_path, NARROW, "c1").progress
    rows = reuse_audits(folder, "c2", [folder], score_profiles, 0.5)
    assert rows.select("platform", "model", "n_labels").row(0) == ("weibo", "audience/1", alone.n_labels)
    assert "c1" not in rows["audit_id"][0]
    state = run(folder, tmp_path, NARROW, "c2")
    assert state.n_earlier == 1
    assert state.progress.is_enough
    assert state.progress.n_labels < alone.n_labels


def test_without_an_audit_of_the_platform_nothing_is_stored(folder: Path) -> None:
    with pytest.raises(MissingTableError, match="an audit of another audience of weibo"):
        reuse_audits(folder, "c1", [folder], score_profiles, 0.5)
    assert not (folder / "earlier_audits.parquet").exists()
