"""What every model of the shelf has for its training, and the held-out loop that all of them share."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.card import read_notes
from training.recipe import Recipe
from training.shelf import ShelfPlace, Trained, is_same_file, write_shelf
from training.split import Mask, outside, score_parts

from zhenfen.config import config_dir
from zhenfen.estimators.shelved import load_kinds
from zhenfen.shelf import ShelfManifest, read_shelf_manifest


@pytest.mark.parametrize("name", load_kinds())
def test_every_model_has_a_recipe_settings_and_notes(name: str) -> None:
    script = importlib.import_module(f"training.{name}")
    recipes = [one for one in vars(script).values() if isinstance(one, type) and issubclass(one, Recipe)]
    assert len([one for one in recipes if one is not Recipe]) == 1
    assert (config_dir() / "models" / f"{name}.yaml").is_file()
    assert "Known failures" in read_notes(name) or "cannot show" in read_notes(name)


def test_each_part_is_scored_without_it_and_what_is_in_none_has_no_score() -> None:
    parts = [("a", np.array([True, False, False, False])), ("b", np.array([False, True, True, False]))]

    def score(held: Mask) -> np.ndarray:
        return np.full(held.sum(), (~held).sum(), dtype=np.float64)

    scores, names = score_parts(parts, 4, score)
    np.testing.assert_array_equal(scores, [3, 2, 2, np.nan])
    assert names.tolist() == ["a", "b", "b", ""]


def test_twins_of_what_is_left_out_teach_nothing() -> None:
    rows = pl.DataFrame({"twin": [1, 1, 2, 3]})
    assert outside(rows, np.array([True, False, False, True])).tolist() == [False, False, True, False]


def test_what_goes_onto_the_shelf_has_a_version_from_one_up() -> None:
    with pytest.raises(ValueError, match="version"):
        ShelfPlace(name="audience", version=0, seed=1)


@pytest.mark.parametrize(
    ("there", "made", "is_same"),
    [
        ('{"a": [0.335629304999716, 1, "x"]}', '{"a": [0.33562930499971605, 1, "x"]}', True),
        ('{"a": [0.3356293, 1, "x"]}', '{"a": [0.3356294, 1, "x"]}', False),
        ('{"a": [0.5, 1]}', '{"a": [0.5, 1, 2]}', False),
        ('{"a": 0.5}', '{"b": 0.5}', False),
        ('{"a": 1}', '{"a": true}', False),
    ],
)
def test_what_another_processor_rounds_is_no_other_model(there: str, made: str, is_same: bool, tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text(there)
    (tmp_path / "made.json").write_text(made)
    assert is_same_file(tmp_path / "there.json", tmp_path / "made.json") is is_same
    assert not is_same_file(tmp_path / "none.json", tmp_path / "made.json")


def test_no_version_of_the_shelf_is_written_over(tmp_path: Path) -> None:
    def shelve(text: str) -> Path:
        said = {"name": "x", "version": 1, "trained_on": [], "metrics": {}}
        trained = Trained({"x.txt": lambda path: path.write_text(text)}, said, "# x 1\n\nAbout x 1.\n")
        return write_shelf(trained, tmp_path, ShelfPlace(name="x", version=1, seed=7), ShelfManifest)

    first = shelve("a")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.iterdir()}
    assert shelve("a") == first
    second = shelve("b")
    assert second == tmp_path / "x" / "2"
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.iterdir()} == before
    assert (second / "card.md").read_text() == "# x 2\n\nAbout x 1.\n"
    assert read_shelf_manifest(second, ShelfManifest).version == 2
    # What was made before is found again, and makes no third.
    assert shelve("b") == second
