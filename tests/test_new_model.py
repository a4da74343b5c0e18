"""A new model is one file and one training script: everything else asks its kind. And the law that keeps it so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from training import packaging
from training.shelf import ShelfPlace, Trained, write_shelf
from typer.testing import CliRunner

from zhenfen import model_listing, model_store
from zhenfen.cli.models import app as models_app
from zhenfen.config import models_dir
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import ShelvedModel, load_kinds, register
from zhenfen.scoring.frames import open_scorer

ROOT = Path(__file__).parents[1]
WEIGHTS = "points.txt"


# What stands in src/zhenfen/estimators/<name>_model.py of a real one.
@dataclass(frozen=True)
class ShoutModel:
    """P(a post shouts): its exclamation marks, at most ten."""

    points: float
    manifest: Manifest

    @property
    def version(self) -> str:
        return f"{self.manifest.label} {self.manifest.files[WEIGHTS][:12]}"


def load_shout(folder: Path) -> ShoutModel:
    manifest = read_manifest(folder)
    return ShoutModel(float((folder / WEIGHTS).read_text("utf-8")), manifest)


def score_shout(model: ShoutModel, rows: pl.DataFrame, _: str | None) -> pl.DataFrame:
    marks = pl.col("text").str.count_matches("[!！]").clip(0, 10) * model.points
    return rows.select("post_id", p_shout=marks, model=pl.lit(model.manifest.stamp))


SHOUT = ShelvedModel(
    name="shout",
    rank=9,
    rows="shouts",
    table="posts",
    needed=("post_id", "text"),
    read=("post_id", "text"),
    load=load_shout,
    score=score_shout,
    outputs={"post_id": pl.String(), "p_shout": pl.Float64(), "model": pl.String()},
)


# What stands in training/<name>.py.
def train_shout(shelf: Path) -> Path:
    said = {
        "name": "shout",
        "version": 1,
        "trained_on": (),
        "features": (),
        "feature_code": "",
        "threshold": 0.5,
        "training_share": 0.5,
        "platforms": ("weibo",),
        "domain": {},
        "validations": (),
        "validations_across": (),
        "metrics": {},
    }
    files = {WEIGHTS: lambda path: path.write_text("0.1", "utf-8")}
    return write_shelf(Trained(files, said, "# shout\n"), shelf, ShelfPlace(name="shout", version=1, seed=7))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with the new model alone, and its kind among the others for one test."""
    monkeypatch.setattr(ShelvedModel, "registry", dict(load_kinds()))
    register(SHOUT)
    train_shout(tmp_path)
    # No registry: not that of whoever runs the tests either.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    for module in (model_store, model_listing):
        monkeypatch.setattr(module, "models_dir", lambda: tmp_path)
    return tmp_path


def test_it_is_shelved_loaded_scored_listed_and_packaged(shelf: Path) -> None:
    assert list(load_kinds())[-1] == "shout"
    models = model_store.load_models()
    assert models.need(SHOUT).points == 0.1
    assert models.versions["shout_model"].startswith("shout/1 ")
    scored = open_scorer(shelf / "shout" / "1")(pl.DataFrame({"post_id": ["a", "b"], "text": ["买它!!", "ok"]}), None)
    assert scored["p_shout"].to_list() == [0.2, 0.0]
    listed = CliRunner(env={"COLUMNS": "250"}).invoke(models_app, ["list"])
    assert models.need(SHOUT).version in listed.output
    manifest = read_manifest(shelf / "shout" / "1")
    example = packaging.make_example(manifest)
    assert example.columns == ["post_id", "text"]
    pytest.importorskip("mlflow")
    signature = packaging.make_signature(manifest, open_scorer(shelf / "shout" / "1")(example, None))
    assert [column.name for column in signature.outputs] == list(SHOUT.outputs)


@pytest.mark.parametrize("name", load_kinds())
def test_every_kind_gives_what_it_says(name: str) -> None:
    newest = max((models_dir() / name).iterdir(), key=lambda path: int(path.name))
    rows = packaging.make_rows(read_manifest(newest), 3)
    scored = open_scorer(newest)(rows, None)
    assert {one: scored.schema[one] for one in load_kinds()[name].outputs} == dict(load_kinds()[name].outputs)
    assert scored.height == rows.height


ASKING = (
    "src/zhenfen/model_store.py",
    "src/zhenfen/reproducing.py",
    "src/zhenfen/model_registry",
    "src/zhenfen/scoring/frames.py",
    "src/zhenfen/batch/run.py",
    "src/zhenfen/service/status.py",
    "src/zhenfen/service/service.py",
    "src/zhenfen/monitoring/files.py",
    "src/zhenfen/cli/models.py",
    "src/zhenfen/model_listing.py",
    "training/packaging.py",
    "training/gate.py",
    "training/register.py",
    "training/served_model.py",
    "training/shelf.py",
)
"""Files and rooms that handle any model, so that they name none."""


def test_who_handles_any_model_names_none() -> None:
    """No string literal in ASKING is the name of a kind; docstrings and names of tables elsewhere are not looked at.

    Rooms that judge creators call a table `audience`, and may: the law is of those files that a new model would
    otherwise have to be written into. Each name stands once in estimators/, in its own file.
    """
    names = set(load_kinds())
    sources = [path for one in ASKING for path in (sorted((ROOT / one).rglob("*.py")) or [ROOT / one])]
    found = [f"{path.relative_to(ROOT)}: {text}" for path in sources for text in literals(path) if text in names]
    assert found == []
    declared = [path.name for path in (ROOT / "src/zhenfen/estimators").glob("*.py") for _ in declarations(path)]
    assert len(declared) == len(set(declared)) == len(names)


def literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def declarations(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ShelvedModel":
            yield node
