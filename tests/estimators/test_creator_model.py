"""The creator model: probabilities whose parts add up, absent families, and a shelf folder that was changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.creator_model import CreatorModel, Lines, load_creator_model
from zhenfen.estimators.manifest import Manifest
from zhenfen.estimators.surprise import family_of, fit_surprise
from zhenfen.estimators.tabular import TabularClassifier, TabularParams

SIGNS = {
    "growth_unexplained_share_90d": 1,
    "peer_engagement_median_likes_by_followers_ratio": -1,
    "comments_template_share": 1,
    "comments_short_share": 1,
}
FEATURES = tuple(SIGNS)
LINES = Lines(elevated_from=0.7, high_from=0.9)
COLUMNS = tuple(f"{family}_{what}" for family in ("comments", "engagement", "growth") for what in ("most", "more"))
PARAMS = TabularParams(30, 4, 0.2, 5, 1.0, 1.0, 1.0, dict.fromkeys(COLUMNS, 1))


def make_rows(n: int = 400) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    y = (rng.random(n) < 0.5).astype(int)
    X = {name: rng.normal(2.0 * sign * y, 1.0) for name, sign in SIGNS.items()}
    return pl.DataFrame({"creator_id": [f"c{at}" for at in range(n)], **X}), y


def make_manifest(files: dict[str, str]) -> Manifest:
    return Manifest(
        name="creator", version=1, trained_on=(), features=FEATURES, feature_code="", threshold=0.5, training_share=0.5,
        platforms=("weibo",), domain={}, validations=(), validations_across=(), metrics={}, files=files, seed=1,
        git_commit="", package_version="0",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model() -> CreatorModel:
    rows, y = make_rows()
    surprise = fit_surprise(rows.filter(pl.Series(y == 0)), SIGNS)
    classifier = TabularClassifier.fit(surprise.by_family(rows), y, np.ones(len(y)), PARAMS)
    calibration, manifest = Calibration("platt", (0.8, -0.3)), make_manifest({"model.txt": "0" * 64})
    return CreatorModel(surprise, classifier, calibration, LINES, manifest)


def shelve(model: CreatorModel, folder: Path, kind: str = "platt") -> Path:
    model.classifier.save(folder / "model.txt")
    (folder / "surprise.json").write_text(json.dumps(model.surprise.to_dict()))
    (folder / "lines.json").write_text(LINES.model_dump_json())
    calibration = {"kind": kind, "scores": [0.8, -0.3], "probas": [0.1, 0.9] if kind == "isotonic" else []}
    if kind == "isotonic":
        calibration["scores"] = [-0.3, 0.8]
    (folder / "calibration.json").write_text(json.dumps(calibration))
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.txt", "calibration.json", "surprise.json", "lines.json")
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(make_manifest(files).model_dump(mode="json")))
    return folder


def test_parts_add_up_to_the_probability(model: CreatorModel) -> None:
    rows, _ = make_rows(50)
    found = model.predict(rows)
    parts = found.select(pl.sum_horizontal(pl.col("^c_.*$"))).to_series().to_numpy()
    p = found["p_manipulated"].to_numpy()
    np.testing.assert_allclose(parts, np.log(p / (1 - p)), rtol=1e-9)
    assert found["creator_id"].to_list() == rows["creator_id"].to_list()
    assert [name for name in found.columns if name.startswith("c_")] == [
        "c_comments",
        "c_engagement",
        "c_growth",
        "c_base",
    ]


def test_probability_is_the_calibrated_score(model: CreatorModel) -> None:
    rows, _ = make_rows(50)
    expected = model.calibration.apply(model.classifier.decision_function(model.surprise.by_family(rows)))
    np.testing.assert_allclose(model.predict(rows)["p_manipulated"].to_numpy(), expected, rtol=1e-9)


def test_parts_of_the_features_add_up_to_their_family(model: CreatorModel) -> None:
    rows, _ = make_rows(60)
    parts, found = model.contributions(rows), model.predict(rows)
    for family in ("comments", "engagement", "growth"):
        mine = parts.select(pl.sum_horizontal(name for name in FEATURES if family_of(name) == family)).to_series()
        np.testing.assert_allclose(mine.to_numpy(), found[f"c_{family}"].to_numpy(), atol=1e-12)
    assert parts["c_base"].equals(found["c_base"])


def test_more_of_a_sign_never_lowers_the_probability(model: CreatorModel) -> None:
    rows, _ = make_rows(80)
    before = model.predict(rows)["p_manipulated"].to_numpy()
    more = rows.with_columns(pl.col(FEATURES[0]) + 1.0, pl.col(FEATURES[1]) - 1.0)
    assert (model.predict(more)["p_manipulated"].to_numpy() >= before - 1e-12).all()


def test_an_absent_column_is_a_column_of_nulls(model: CreatorModel) -> None:
    rows, _ = make_rows(20)
    without = rows.drop(FEATURES[2])
    nulls = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(FEATURES[2]))
    assert model.predict(without).equals(model.predict(nulls))


def test_no_creators_is_no_rows(model: CreatorModel) -> None:
    rows, _ = make_rows(5)
    found = model.predict(rows.clear())
    assert found.height == 0
    assert "p_manipulated" in found.columns


def test_shelved_model_gives_the_same_bits(model: CreatorModel, tmp_path: Path) -> None:
    rows, _ = make_rows(30)
    loaded = load_creator_model(shelve(model, tmp_path))
    assert loaded.predict(rows).equals(model.predict(rows))
    assert loaded.version.startswith("creator/1 ")


def test_changed_file_is_refused(model: CreatorModel, tmp_path: Path) -> None:
    shelve(model, tmp_path)
    (tmp_path / "model.txt").write_text((tmp_path / "model.txt").read_text() + " ")
    with pytest.raises(ConfigError, match=r"model\.txt.*changed"):
        load_creator_model(tmp_path)


def test_calibration_whose_parts_do_not_add_up_is_refused(model: CreatorModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="platt"):
        load_creator_model(shelve(model, tmp_path, "isotonic"))


@pytest.mark.parametrize(
    ("feature", "family"),
    [("growth_unexplained_share_90d", "growth"), ("peer_engagement_median_likes_by_followers_ratio", "engagement")],
)
def test_family_of_a_feature(feature: str, family: str) -> None:
    assert family_of(feature) == family
