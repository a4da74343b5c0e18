"""A score id from a report leads back to the same scores, or says what is another by now."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from toy_models import toy_models
from zhenfen import model_store
from zhenfen.cli.reproduce import reproduce as command
from zhenfen.connectors.importing import import_export
from zhenfen.errors import ConfigError
from zhenfen.model_store import Models
from zhenfen.reproducing import reproduce
from zhenfen.scoring import score
from zhenfen.scoring.identity import SCORE, identify
from zhenfen.tables import Tables, read_tables, write_tables
from zhenfen.verdict.evidence import Findings
from zhenfen.vetting.options import NOT_STATED, VetOptions
from zhenfen.vetting.record import recall, remember

OPTIONS = VetOptions(language="zh", show_names=True)


@pytest.fixture(autouse=True)
def _no_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "ZHENFEN_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def models() -> Models:
    return toy_models()


@pytest.fixture(scope="module")
def tables(small_tables: Path) -> Tables:
    return import_export(small_tables, obtained_how=NOT_STATED)


@pytest.fixture(scope="module")
def findings(tables: Tables, models: Models) -> Findings:
    return score(tables, models)


@pytest.fixture
def kept(findings: Findings, tables: Tables, small_tables: Path) -> str:
    return remember(findings, tables, small_tables, OPTIONS)


def test_the_same_export_gives_the_same_scores(kept: str, models: Models, findings: Findings) -> None:
    found = reproduce(kept, models)
    assert found.is_same
    assert all(part.is_same for part in found.parts)
    assert {part.name for part in found.parts} == {*findings.versions, "tables"} - {SCORE}


def test_the_language_of_the_report_is_no_part_of_the_id(
    findings: Findings, tables: Tables, small_tables: Path, kept: str
) -> None:
    assert remember(findings, tables, small_tables, VetOptions(language="fr")) == kept


def test_the_id_is_of_what_was_found_when_and_with_what(findings: Findings) -> None:
    levels = findings.findings.with_columns(level=pl.lit("high"))
    others = [
        replace(findings, findings=levels),
        replace(findings, as_of=findings.as_of + timedelta(seconds=1)),
        replace(findings, versions={**findings.versions, "levels": "v9 0"}),
        replace(findings, creators=findings.creators.head(1)),
    ]
    ids = {identify(one) for one in [findings, *others]}
    assert len(ids) == len(others) + 1
    assert identify(replace(findings, versions={**findings.versions, SCORE: "x"})) == identify(findings)


def test_an_export_that_was_moved_is_given(kept: str, models: Models, small_tables: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(small_tables, moved)
    assert reproduce(kept, models, moved).is_same


def test_a_changed_export_is_seen(kept: str, models: Models, small_tables: Path, tmp_path: Path) -> None:
    tables = read_tables(small_tables)
    write_tables(tables.replace(comments=tables["comments"].head(5)), tmp_path / "changed")
    found = reproduce(kept, models, tmp_path / "changed")
    assert not found.is_same
    assert "tables" in {part.name for part in found.parts if not part.is_same}


def test_an_export_that_is_gone_leaves_what_made_the_report(
    findings: Findings, tables: Tables, models: Models, tmp_path: Path
) -> None:
    score_id = remember(findings, tables, tmp_path / "gone", OPTIONS)
    found = reproduce(score_id, models)
    assert found.score_id is None
    assert not found.is_same
    parts = {part.name: part for part in found.parts}
    assert parts["tables"].now is None
    assert parts["audience_model"].is_same
    assert parts["input"].then == findings.versions["input"]


def test_with_other_models_nothing_is_scored(kept: str, models: Models) -> None:
    other = SimpleNamespace(version="comment/0 ffffffffffff")
    found = reproduce(kept, models.with_models(comment=other))
    assert found.score_id is None
    assert not found.is_same
    assert [part.name for part in found.parts if part.now not in (None, part.then)] == ["comment_model"]


def test_a_model_that_has_a_successor_is_found_on_the_shelf(kept: str, models: Models) -> None:
    newer = SimpleNamespace(version="audience/2 ffffffffffff")
    assert reproduce(kept, models.with_models(audience=newer)).is_same


def test_a_model_that_came_later_is_left_out(
    findings: Findings, tables: Tables, models: Models, small_tables: Path
) -> None:
    before = {name: value for name, value in findings.versions.items() if name != "creator_model"}
    record = recall(remember(replace(findings, versions=before), tables, small_tables, OPTIONS))
    found = reproduce(record.score_id, models)
    assert "creator_model" not in {part.name for part in found.parts}


@pytest.mark.parametrize("score_id", ["", "../../etc/passwd", "0123456789abcdeg", "0123456789ABCDEF", "0" * 15])
def test_what_is_no_id_is_refused(score_id: str) -> None:
    with pytest.raises(ConfigError, match="16 hexadecimal digits"):
        recall(score_id)


def test_an_id_of_nothing_and_a_torn_record(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="of a report made here"):
        recall("0" * 16)
    from zhenfen.vetting.record import _place

    _place(kept).write_text("{", "utf-8")
    with pytest.raises(ConfigError, match="expected the record of a report"):
        recall(kept)


def test_a_home_that_cannot_be_written(
    findings: Findings, tables: Tables, small_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").touch()
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "home"))
    with pytest.raises(ConfigError, match="cannot be written"):
        remember(findings, tables, small_tables, OPTIONS)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "the same in every bit"), ("zh", "完全一致"), ("fr", "identique au bit près")]
)
def test_the_command_line(kept: str, models: Models, monkeypatch: pytest.MonkeyPatch, lang: str, words: str) -> None:
    app = typer.Typer()
    app.command()(command)
    runner = CliRunner(env={"COLUMNS": "250"})
    monkeypatch.setattr(model_store, "load_models", lambda panel: models)
    ran = runner.invoke(app, [kept, "--lang", lang])
    assert ran.exit_code == 0, ran.exception
    assert words in ran.output
    other = models.with_models(comment=SimpleNamespace(version="comment/0 ffffffffffff"))
    monkeypatch.setattr(model_store, "load_models", lambda panel: other)
    ran = runner.invoke(app, [kept, "--lang", lang])
    assert ran.exit_code == 2
    assert "comment/0 ffffffffffff" in ran.output
