"""From the shelf to champion and back: real stores in SQLite files, no server."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from training import register as script
from training.gate import Gate
from training.register import export, find_run, register, show

from registry_builder import SHIPPED, Store, add_run, make_held, make_variant
from zhenfen.config import config_dir, read_config
from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.shelf import FILE_NAME

pytestmark = pytest.mark.filterwarnings("ignore")
RULES = read_config(config_dir() / "gate.yaml", Gate)
LENIENT = RULES.models["audience"].model_copy(update={"most_calibration_error": 0.5, "slowest": 0.01})
GATE = RULES.model_copy(update={"n_resamples": 100, "n_timed": 50, "n_rounds": 1, "models": {"audience": LENIENT}})


def database(store: Store) -> Path:
    return Path(store.uri.removeprefix("sqlite:///"))


def test_the_first_becomes_champion_and_a_second_as_good_takes_its_place(store: Store) -> None:
    first = register(store.folders[0], store.uri, GATE)
    assert (first.registered.version, first.champion, first.is_champion) == (1, None, True)
    second = register(store.folders[1], store.uri, GATE)
    assert second.champion is not None
    assert (second.registered.version, second.champion.version, second.is_champion) == (2, 1, True)
    assert "version 2" not in show(second)
    assert "models:/zhenfen-audience/2 is champion (compared with models:/zhenfen-audience/1)" in show(second)
    again = register(store.folders[1], store.uri, GATE)
    assert again.is_champion
    assert again.checks == ()
    assert len(store.registry().list_versions("audience")) == 2, "the same folder is registered once"


def test_a_worse_one_is_registered_and_the_champion_stays(store: Store, tmp_path: Path) -> None:
    register(store.folders[0], store.uri, GATE)
    worse = make_held().with_columns(pl.col("within", "across") * 0.2 + 0.4 * (1 - pl.col("is_fake")))
    folder = make_variant(tmp_path / "shelf", 3)
    # The run is kept beside the other ones of this copy of the store.
    run_id = add_run(database(store), folder, worse)
    outcome = register(folder, store.uri, GATE)
    assert not outcome.is_champion
    assert outcome.registered.run_id == run_id
    assert "FAILS" in show(outcome)
    champion = store.registry().champion("audience")
    assert champion is not None
    assert champion.version == 1
    model = store.registry().client.get_model_version("zhenfen-audience", str(outcome.registered.version))
    assert model.tags["gate"] == "fails"
    assert model.description.startswith("# audience 2\n")
    assert "P(a profile" in store.registry().client.get_registered_model("zhenfen-audience").description
    # The gate's figures are metrics of the run that trained it, by the version that was judged.
    client = store.registry().client
    found = client.get_metric_history(run_id, "gate.auc.within all.high")
    assert [(one.step, one.value < 0) for one in found] == [(outcome.registered.version, True)]
    assert {"gate.bytes", "gate.bytes.limit", "gate.calibration_error.within all"} <= client.get_run(
        run_id
    ).data.metrics.keys()


def test_what_no_run_made_is_refused_before_anything_is_written(store: Store, tmp_path: Path) -> None:
    folder = make_variant(tmp_path / "shelf", 7)
    with pytest.raises(ConfigError, match="expected a run"):
        register(folder, store.uri, GATE)
    assert len(store.registry().list_versions("audience")) == 2


def test_a_run_without_held_out_scores_is_refused(store: Store, tmp_path: Path) -> None:
    folder = make_variant(tmp_path / "shelf", 7)
    run_id = add_run(database(store), folder, None)
    assert find_run(store.registry(), "audience", folder) == run_id
    with pytest.raises(ConfigError, match=r"held_out\.parquet"):
        register(folder, store.uri, GATE)
    assert len(store.registry().list_versions("audience")) == 2


def test_a_changed_byte_is_refused(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "audience" / "1"
    shutil.copytree(SHIPPED, folder)
    (folder / "shared.txt").write_text("tree", "utf-8")
    with pytest.raises(ConfigError, match="changed"):
        register(folder, store.uri, GATE)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:///nowhere/mlflow.db"])
def test_a_store_that_is_down_is_said(uri: str) -> None:
    with pytest.raises(RegistryUnreachableError):
        register(SHIPPED, uri, GATE)
    with pytest.raises(RegistryUnreachableError):
        export("audience", None, uri, Path("models"))


def test_a_version_goes_back_onto_the_shelf_byte_for_byte(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="@champion: not in"):
        export("audience", None, store.uri, tmp_path / "models")
    folder = export("audience", 2, store.uri, tmp_path / "models")
    assert folder == tmp_path / "models" / "audience" / "2"
    assert {path.name for path in folder.iterdir()} == {FILE_NAME, *read_manifest(folder).files}
    assert all(path.read_bytes() == (store.folders[1] / path.name).read_bytes() for path in folder.iterdir())
    (folder / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match="notes"):
        export("audience", 2, store.uri, tmp_path / "models")


@pytest.mark.parametrize("name", ["../audience", "shoes"])
def test_a_name_that_is_none_of_ours_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="expected one of audience"):
        export(name, 1, store.uri, tmp_path / "models")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["audience", "--version", "99"], 2), (["shoes"], 2), (["audience", "--export", "--version", "99"], 2)],
)
def test_the_command_line_ends_with_two(
    store: Store, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["register", *arguments, "--tracking-uri", store.uri])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == code
