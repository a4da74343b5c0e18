"""`zhenfen models`: what there is, what is broken, one step back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry_builder import SHIPPED, Store, make_variant
from zhenfen import model_listing
from zhenfen.cli.models import app as models_app
from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.shelved import load_folder
from zhenfen.model_registry import ModelReference

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with audience 1 and, changed, 2."""
    for version in (1, 2):
        make_variant(tmp_path / "models", version)
    with (tmp_path / "models" / "audience" / "2" / "card.md").open("a", encoding="utf-8") as card:
        card.write(" ")
    monkeypatch.setattr(model_listing, "models_dir", lambda: tmp_path / "models")
    return tmp_path / "models"


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "250"}).invoke(models_app, arguments)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "used for scoring"), ("zh", "用于评分"), ("fr", "utilisé pour les scores")]
)
def test_list_without_a_registry_is_the_shelf(shelf: Path, lang: str, words: str) -> None:
    ran = run("list", "--lang", lang)
    assert ran.exit_code == 0
    assert load_folder(shelf / "audience" / "1").version in ran.output
    assert words in ran.output
    assert "models:/" not in ran.output


def test_list_with_a_registry_names_the_champion(store: Store, shelf: Path) -> None:
    registry = store.registry()
    registry.promote(registry.find(ModelReference("audience", version=2)), None)
    lines = run("list", "--registry", store.uri).output.splitlines()
    (second,) = (line for line in lines if "models:/zhenfen-audience/2" in line)
    (first,) = (line for line in lines if "models:/zhenfen-audience/1" in line)
    assert "@champion" in second
    assert "@champion" not in first


def test_list_says_what_is_chosen(store: Store, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = store.registry()
    registry.promote(registry.find(ModelReference("audience", version=2)), None)
    for reference, place in (("@champion", "zhenfen-audience/2"), ("/1", "zhenfen-audience/1"), ("", "audience/2 ")):
        monkeypatch.setenv("ZHENFEN_MODELS", f"models:/zhenfen-audience{reference}" if reference else "")
        lines = run("list", "--registry", store.uri).output.splitlines()
        (used,) = (line for line in lines if "used for scoring" in line)
        assert place in used


def test_list_shows_the_shelf_when_the_registry_is_down(shelf: Path) -> None:
    ran = run("list", "--registry", "http://127.0.0.1:9")
    assert load_folder(shelf / "audience" / "1").version in ran.output
    assert isinstance(ran.exception, RegistryUnreachableError)
    assert "does not answer (Connection refused)" in str(ran.exception)


def test_verify_names_what_is_broken_and_ends_with_two(store: Store, shelf: Path) -> None:
    ran = run("verify", "--registry", store.uri)
    assert ran.exit_code == 2
    assert "audience/1: whole" in ran.output
    assert "audience/2: cannot be used" in ran.output
    assert "card.md: expected SHA-256" in ran.output
    assert "models:/zhenfen-audience/2: whole" in ran.output
    shutil.rmtree(shelf / "audience" / "2")
    assert run("verify").exit_code == 0


@pytest.mark.parametrize("model", ["audience/1", "models:/zhenfen-audience/1"])
def test_show_says_what_a_model_rests_on(store: Store, shelf: Path, model: str) -> None:
    ran = run("show", model, "--registry", store.uri)
    assert ran.exit_code == 0
    fans = read_manifest(SHIPPED).validations[0]
    found = f"{fans.n_fake_flagged:,} / {fans.n_fake:,}"
    for words in ("weibo_fans", "1,547", "labelled by hand", found, "shared.txt", "0.5"):
        assert words in ran.output


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("audience", "changed"),
        ("audience/9", "audience/1, audience/2"),
        ("audience/../../x", "audience/1, audience/2"),
        ("../audience", "expected one of audience"),
        ("models:/zhenfen-audience@nobody", "expected one of: 1, 2"),
        ("models:/../x@y", "expected models:/zhenfen-NAME@ALIAS"),
    ],
)
def test_a_model_that_is_not_there_or_not_whole(store: Store, shelf: Path, model: str, words: str) -> None:
    ran = run("show", model, "--registry", store.uri)
    assert isinstance(ran.exception, ConfigError)
    assert words in str(ran.exception)


def test_roll_back_says_from_where_to_where(store: Store) -> None:
    registry = store.registry()
    for version, before in ((1, None), (2, 1)):
        registry.promote(registry.find(ModelReference("audience", version=version)), before)
    ran = run("rollback", "audience", "--registry", store.uri)
    assert " ".join(ran.output.split()) == "@champion of audience went back from version 2 to version 1"
    assert isinstance(run("rollback", "audience", "--registry", store.uri).exception, ConfigError)


def test_roll_back_without_a_registry(tmp_path: Path) -> None:
    assert isinstance(run("rollback", "audience").exception, RegistryUnreachableError)
    assert list(tmp_path.iterdir()) == []
