"""An audit in batches, by its tables alone: taken up by somebody else, contradicted, begun with other scores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from audit_builder import by_truth, draw, drawn_ids, estimate, fill, score_profiles, truth, write_audience

from zhenfen.audit.batches import AuditState, make_batch, read_state
from zhenfen.audit.earlier import reuse_audits
from zhenfen.audit.loop import Applied, apply_labels
from zhenfen.errors import ConfigError, InputError, MissingTableError
from zhenfen.estimators.audit_plan import Goal
from zhenfen.estimators.prevalence import Prevalence
from zhenfen.tables import Tables, read_tables

GOAL = Goal(width=0.15)
FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_audience(tmp_path / "tables")


def state_of(folder: Path, goal: Goal = GOAL, creator: str = "c1") -> AuditState:
    return read_state(read_tables(folder), creator, goal, score_profiles, training_share=0.5, confidence_level=0.95)


def next_batch(folder: Path, out: Path, *, n: int | None = None) -> Path | None:
    written = make_batch(state_of(folder), folder, out, n=n, seed=1, language="en")
    return None if written is None else out


def apply(file: Path, day: int = 0) -> Applied[Prevalence]:
    return apply_labels(file, None, estimate, FIRST_DAY + timedelta(days=day))


def test_batches_are_one_audit_and_end_with_an_answer(folder: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    for number in range(1, 20):
        file = next_batch(folder, tmp_path / f"{number}.xlsx")
        if file is None:
            break
        batch = drawn_ids(file)
        assert not set(batch) & set(seen), "nobody is asked for twice"
        seen += batch
        fill(file, by_truth)
        apply(file, number)
    state = state_of(folder)
    assert state.progress.is_enough
    assert state.progress.low is not None and state.progress.high is not None
    assert state.progress.low <= 0.25 <= state.progress.high
    assert state.progress.high - state.progress.low <= 0.15
    labels = read_tables(folder)["audit_labels"]
    assert labels.height == len(seen) == state.progress.n_labels
    assert sorted(labels["batch"].unique()) == list(range(1, state.n_batches + 1))
    assert labels["inclusion"].null_count() == 0


def test_the_first_batch_is_thirty_and_a_lost_one_is_drawn_again(folder: Path, tmp_path: Path) -> None:
    first, again = (next_batch(folder, tmp_path / f"{name}.xlsx") for name in "ab")
    assert first is not None and again is not None
    assert drawn_ids(first) == drawn_ids(again)
    assert len(drawn_ids(first)) == 30
    with pytest.raises(ConfigError, match="at least 30"):
        next_batch(folder, tmp_path / "c.xlsx", n=10)
    with pytest.raises(ConfigError, match="not overwritten"):
        next_batch(folder, tmp_path / "a.xlsx")


def test_a_draw_without_a_question_can_be_gone_on_with(folder: Path, tmp_path: Path) -> None:
    file = draw(folder, tmp_path / "one.xlsx", n=40)
    fill(file, by_truth)
    apply(file)
    state = state_of(folder)
    assert (state.n_batches, state.progress.n_labels) == (1, 40)
    later = next_batch(folder, tmp_path / "two.xlsx", n=20)
    assert later is not None
    fill(later, by_truth)
    after = apply(later, 1)
    assert state_of(folder).progress.n_labels == 60
    assert after.after.n_labels == 60


def test_who_contradicts_is_named_and_the_latest_counts(folder: Path, tmp_path: Path) -> None:
    file = next_batch(folder, tmp_path / "a.xlsx")
    assert file is not None
    copy = tmp_path / "b.xlsx"
    copy.write_bytes(file.read_bytes())
    fill(file, by_truth)
    apply(file)
    wrong = drawn_ids(copy)[0]
    fill(copy, lambda row, one: ("real" if truth()[one] else "not real") if one == wrong else by_truth(row, one))
    # Another person's sheet: the name stands beside the labels.
    labels = read_tables(folder)["audit_labels"]
    labels.with_columns(labelled_by=pl.lit("li")).write_parquet(folder / "audit_labels.parquet")
    applied = apply(copy, 1)
    assert applied.contradicted.select("profile_id", "labelled_by").rows() == [(wrong, "li")]
    state = state_of(folder)
    assert state.contradicted["profile_id"].unique().to_list() == [wrong]
    assert set(state.contradicted["labelled_by"]) == {"li", "unnamed"}
    assert state.progress.n_labels == 30
    counted = dict(state.scored.drop_nulls("is_fake").select("profile_id", "is_fake").iter_rows())
    assert counted[wrong] is not truth()[wrong]


def test_an_audit_begun_with_other_scores_is_not_gone_on_with(folder: Path, tmp_path: Path) -> None:
    file = next_batch(folder, tmp_path / "a.xlsx")
    assert file is not None
    fill(file, by_truth)
    apply(file)

    def turned(profiles: pl.DataFrame, tables: Tables) -> pl.DataFrame:
        return score_profiles(profiles, tables).with_columns(p_fake=1 - pl.col("p_fake"))

    with pytest.raises(InputError, match="begin anew"):
        read_state(read_tables(folder), "c1", GOAL, turned, training_share=0.5, confidence_level=0.95)


def test_an_earlier_audit_of_the_platform_narrows_the_next(folder: Path, tmp_path: Path) -> None:
    file = draw(folder, tmp_path / "c2.xlsx", n=150, creator="c2")
    fill(file, by_truth)
    apply(file)
    begun = next_batch(folder, tmp_path / "c1.xlsx")
    assert begun is not None
    fill(begun, by_truth)
    apply(begun)
    alone = state_of(folder).progress
    with pytest.raises(MissingTableError, match="another audience of weibo"):
        reuse_audits(write_audience(tmp_path / "other"), "c1", [tmp_path / "other"], score_profiles, 0.5)
    stored = reuse_audits(folder, "c1", [folder], score_profiles, 0.5)
    assert stored.select("creator_id", "platform", "model", "n_labels").rows() == [("c1", "weibo", "audience/1", 150)]
    state = state_of(folder)
    assert state.n_earlier == 1
    assert state.progress.n_labels == alone.n_labels == 30
    assert state.progress.low is not None and state.progress.high is not None
    assert alone.low is not None and alone.high is not None
    assert state.progress.low <= 0.25 <= state.progress.high
    assert state.progress.high - state.progress.low < alone.high - alone.low
    # Numbers only: nothing names the creator or the profiles that were labelled.
    assert set(stored["audit_id"]) & {"c2", *truth()} == set()
