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
from zhenfen.estimators.creator_evidence import Measurement, family_of, fit_families
from zhenfen.estimators.creator_model import Combination, CreatorModel, Lines, load_creator_model
from zhenfen.estimators.manifest import Manifest
from zhenfen.estimators.tail_scores import fit_tail

FAMILIES = {"growth_a_share": "jump", "growth_b_share": "jump", "comments_c_share": "text"}
FEATURES = tuple(FAMILIES)
LINES = Lines(elevated_from=0.7, high_from=0.9)
FILES = ("evidence.json", "combination.json", "calibration.json", "lines.json")


def make_rows(n: int = 400, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {"creator_id": [f"c{at}" for at in range(n)], **{name: rng.normal(size=n) for name in FEATURES}}
    )


def make_manifest(files: dict[str, str]) -> Manifest:
    return Manifest(
        name="creator", version=1, trained_on=(), features=FEATURES, feature_code="", threshold=0.5, training_share=0.5,
        platforms=("weibo",), domain={}, validations=(), validations_across=(), metrics={}, files=files, seed=1,
        git_commit="", package_version="0",
    )  # fmt: skip


def make_model(combination: Combination) -> CreatorModel:
    rows = make_rows(2_000, seed=2)
    measurements = {
        name: Measurement(family, 1, fit_tail(rows[name].to_numpy()), None) for name, family in FAMILIES.items()
    }
    calibration, manifest = Calibration("platt", (0.8, -0.3)), make_manifest({"evidence.json": "0" * 64})
    return CreatorModel(fit_families(measurements, rows), combination, calibration, LINES, manifest)


@pytest.fixture(scope="module", params=["mixture", "linear"])
def model(request: pytest.FixtureRequest) -> CreatorModel:
    weights = {"jump": 1.5, "text": 0.5} if request.param == "linear" else {}
    return make_model(Combination(kind=request.param, weights=weights))


def shelve(model: CreatorModel, folder: Path, kind: str = "platt") -> Path:
    (folder / "evidence.json").write_text(json.dumps(model.evidence.to_dict()))
    (folder / "combination.json").write_text(model.combination.model_dump_json())
    (folder / "lines.json").write_text(LINES.model_dump_json())
    calibration = {"kind": kind, "scores": [0.8, -0.3], "probas": [0.1, 0.9] if kind == "isotonic" else []}
    if kind == "isotonic":
        calibration["scores"] = [-0.3, 0.8]
    (folder / "calibration.json").write_text(json.dumps(calibration))
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / "model.yaml").write_text(yaml.safe_dump(make_manifest(files).model_dump(mode="json")))
    return folder


def test_parts_add_up_to_the_probability(model: CreatorModel) -> None:
    found = model.predict(make_rows(50))
    parts = found.select(pl.sum_horizontal(pl.col("^c_.*$"))).to_series().to_numpy()
    p = found["p_manipulated"].to_numpy()
    np.testing.assert_allclose(parts, np.log(p / (1 - p)), rtol=1e-9)
    assert found["creator_id"].to_list() == make_rows(50)["creator_id"].to_list()
    assert [name for name in found.columns if name.startswith("c_")] == ["c_jump", "c_text", "c_base"]


def test_parts_of_the_measurements_add_up_to_their_family(model: CreatorModel) -> None:
    rows = make_rows(60)
    parts, found = model.contributions(rows), model.predict(rows)
    for family in ("jump", "text"):
        mine = parts.select(pl.sum_horizontal(name for name in FEATURES if FAMILIES[name] == family)).to_series()
        np.testing.assert_allclose(mine.to_numpy(), found[f"c_{family}"].to_numpy(), atol=1e-10)
    assert parts["c_base"].equals(found["c_base"])


def test_more_of_a_measurement_never_lowers_the_probability(model: CreatorModel) -> None:
    rows = make_rows(80)
    before = model.predict(rows)["p_manipulated"].to_numpy()
    after = model.predict(rows.with_columns(pl.col(FEATURES) + 1.0))["p_manipulated"].to_numpy()
    assert (after >= before - 1e-12).all()


def test_a_clean_family_costs_little_and_a_missing_one_nothing() -> None:
    model = make_model(Combination())
    clean = pl.DataFrame({"creator_id": ["c"], "growth_a_share": [-9.0], "growth_b_share": [-9.0]})
    found = model.predict(clean).row(0, named=True)
    # log(.85 + .15 * .25) by the slope of the calibration.
    assert found["c_jump"] == pytest.approx(0.8 * np.log(0.8875))
    assert found["c_text"] == 0.0


def test_one_family_far_out_is_enough() -> None:
    model = make_model(Combination())
    values = {"growth_a_share": [9.0], "growth_b_share": [-9.0], "comments_c_share": [-9.0]}
    assert model.predict(pl.DataFrame({"creator_id": ["c"], **values}))["p_manipulated"][0] > 0.7


def test_an_absent_column_is_a_column_of_nulls(model: CreatorModel) -> None:
    rows = make_rows(20)
    nulls = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(FEATURES[2]))
    assert model.predict(rows.drop(FEATURES[2])).equals(model.predict(nulls))


def test_a_creator_is_scored_the_same_alone(model: CreatorModel) -> None:
    rows = make_rows(30)
    assert model.predict(rows)[7:8].equals(model.predict(rows[7:8]))


def test_no_creators_is_no_rows(model: CreatorModel) -> None:
    found = model.predict(make_rows(5).clear())
    assert found.height == 0
    assert "p_manipulated" in found.columns


def test_shelved_model_gives_the_same_bits(model: CreatorModel, tmp_path: Path) -> None:
    rows = make_rows(30)
    loaded = load_creator_model(shelve(model, tmp_path))
    assert loaded.predict(rows).equals(model.predict(rows))
    assert loaded.version.startswith("creator/1 ")


@pytest.mark.parametrize("name", FILES)
def test_changed_file_is_refused(model: CreatorModel, tmp_path: Path, name: str) -> None:
    shelve(model, tmp_path)
    (tmp_path / name).write_text((tmp_path / name).read_text() + " ")
    with pytest.raises(ConfigError, match=rf"{name}.*changed"):
        load_creator_model(tmp_path)


def test_calibration_whose_parts_do_not_add_up_is_refused(model: CreatorModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="platt"):
        load_creator_model(shelve(model, tmp_path, "isotonic"))


def test_weights_of_other_families_are_refused(tmp_path: Path) -> None:
    broken = make_model(Combination(kind="linear", weights={"jump": 1.0}))
    with pytest.raises(ConfigError, match="a weight of jump, text"):
        load_creator_model(shelve(broken, tmp_path))


@pytest.mark.parametrize(
    ("feature", "family"),
    [("growth_unexplained_share_90d", "growth"), ("peer_engagement_median_likes_by_followers_ratio", "engagement")],
)
def test_family_of_a_feature(feature: str, family: str) -> None:
    assert family_of(feature) == family
