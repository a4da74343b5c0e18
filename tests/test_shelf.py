"""What programs write lies on the shelf, is checked when read, and can be taken back; configs/ is written by people."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhenfen import model_listing, shelf
from zhenfen.cli.models import app as models_app
from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.model_registry import read_choice
from zhenfen.scoring.identity import hash_configs
from zhenfen.shelf import (
    ARTEFACTS,
    CHOICE,
    PANEL,
    ShelfManifest,
    find_file,
    find_folder,
    may_be_same,
    read_shelf_manifest,
)

ROOT = Path(__file__).parents[1]
READERS = {"hash_file", "read_config", "read_rules", "read_yaml"}
CONVERTERS = {"characters.py"}
"""It spells OpenCC's published dictionary as configs/text/simplified.txt and learns nothing."""


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf of the artefacts alone, of the panel a second version."""
    for name in ARTEFACTS:
        shutil.copytree(models_dir() / name, tmp_path / name)
    second = tmp_path / "panel" / "2"
    shutil.copytree(tmp_path / "panel" / "1", second)
    text = (second / "model.yaml").read_text("utf-8")
    (second / "model.yaml").write_text(text.replace("version: 1", "version: 2", 1), "utf-8")
    for module in (shelf, model_listing):
        monkeypatch.setattr(module, "models_dir", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ARTEFACTS)
def test_a_changed_byte_is_an_error(name: str, copy: Path) -> None:
    path = find_file(ARTEFACTS[name])
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ConfigError, match="the file was changed"):
        find_file(ARTEFACTS[name])


def test_the_newest_is_read_unless_another_is_chosen(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_folder(PANEL) == copy / "panel" / "2"
    monkeypatch.setenv(CHOICE, "panel/1, models:/zhenfen-audience@champion")
    assert find_folder(PANEL) == copy / "panel" / "1"
    assert [str(one) for one in read_choice("panel/1 models:/zhenfen-audience@champion")] == [
        "models:/zhenfen-audience@champion"
    ]
    monkeypatch.setenv(CHOICE, "panel/7")
    with pytest.raises(ConfigError, match="expected version 7, found 1, 2"):
        find_folder(PANEL)
    with pytest.raises(ConfigError, match="expected each model once, found panel again"):
        read_choice("panel/1 panel/2")


def test_they_are_listed_shown_and_verified_beside_the_models(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "panel/1")
    # A training of another test may have left its store to the processes after it.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    runner = CliRunner(env={"COLUMNS": "250"})
    lines = runner.invoke(models_app, ["list"]).output.splitlines()
    (used,) = (line for line in lines if "panel/" in line and "used for scoring" in line)
    assert "panel/1" in used
    shown = runner.invoke(models_app, ["show", "panel/2"])
    assert shown.exit_code == 0
    assert "panel/2" in shown.output
    assert "panel.csv" in shown.output
    (copy / "growth" / "1" / "card.md").write_text("other", "utf-8")
    verified = runner.invoke(models_app, ["verify"])
    assert verified.exit_code == 2
    assert "growth/1: cannot be used" in verified.output
    assert "simulation/1: whole" in verified.output


def test_another_version_gives_other_scores_another_id(copy: Path) -> None:
    before = hash_configs()
    path = copy / "growth" / "1"
    shutil.copytree(path, copy / "growth" / "2")
    assert hash_configs() == before
    (copy / "growth" / "2" / "growth.yaml").write_text("level: 1\n", "utf-8")
    manifest = copy / "growth" / "2" / "model.yaml"
    found = shelf.hashlib.sha256(b"level: 1\n").hexdigest()
    old = shelf.hashlib.sha256((path / "growth.yaml").read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text("utf-8").replace(old, found), "utf-8")
    assert hash_configs() != before


@pytest.mark.parametrize("path", sorted((ROOT / "training").rglob("*.py")), ids=lambda path: path.name)
def test_nothing_in_training_writes_under_configs(path: Path) -> None:
    """Each statement that asks where configs/ lies reads there at once: no path into it is kept that could be written.

    `config_dir()` may stand only in a statement that calls, or maps, one of READERS; the folder's name as a literal
    only in the arguments of git, which asks whether files differ from the commit.
    """
    if path.name in CONVERTERS:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.stmt)
            and not isinstance(node, ast.Import | ast.ImportFrom)
            and not hasattr(node, "body")
        ):
            text = ast.unparse(node)
            names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            assert "config_dir" not in names or names & READERS, f"{path.name}:{node.lineno}: {text}"
            assert "'configs'" not in text or "_git(" in text, f"{path.name}:{node.lineno}: {text}"


def test_the_stamp_names_the_bytes_of_the_folder(copy: Path) -> None:
    folder = copy / "panel" / "1"
    before = read_shelf_manifest(folder, ShelfManifest)
    assert before.stamp == f"panel/1@{before.sha256[:8]}"
    changed = before.model_copy(update={"files": {**before.files, "card.md": "0" * 64}})
    assert changed.label == before.label
    assert changed.stamp != before.stamp


@pytest.mark.parametrize(
    ("stamp", "other", "may_be"),
    [
        ("audience/2@aaaaaaaa", "audience/2@aaaaaaaa", True),
        ("audience/2", "audience/2@aaaaaaaa", True),
        ("audience/2@aaaaaaaa", "audience/2", True),
        ("audience/2@aaaaaaaa", "audience/2@bbbbbbbb", False),
        ("audience/1", "audience/2@aaaaaaaa", False),
        ("audience/2", "audience/2", True),
        ("", "audience/2@aaaaaaaa", False),
    ],
)
def test_files_from_before_the_hash_may_be_of_the_same_model(stamp: str, other: str, may_be: bool) -> None:
    assert may_be_same(stamp, other) is may_be
