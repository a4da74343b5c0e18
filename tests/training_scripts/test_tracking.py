"""What every run holds, and a store that fails before, at the start of and within a training."""

from __future__ import annotations

import argparse
import errno
import json
from pathlib import Path

import polars as pl
import pytest
from training import tracking
from training.command import make_parser, show_trained
from training.datasets import data_dir
from training.shelf import TrainingFile
from training.tracking import COMMIT_TAG, PACKAGES, track

from zhenfen.errors import ConfigError
from zhenfen.shelf import TrainingSource

pytestmark = pytest.mark.filterwarnings("ignore")
SOURCE = TrainingSource(source="one", rows=12, sha256="0123456789abcdef" * 4, terms="ours")


@pytest.fixture
def mlflow():
    return pytest.importorskip("mlflow")


@pytest.fixture
def uri(store_uri: str) -> str:
    return store_uri


def find_runs(mlflow, uri: str):
    client = mlflow.MlflowClient(uri)
    return client.search_runs([client.get_experiment_by_name("audience").experiment_id])


def test_a_run_names_data_commit_and_packages(mlflow, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "find_commit", lambda: "abc-changed")
    with track("audience", uri) as run:
        run.set_sources([SOURCE])
        run.log_params({"a": {"b": 1}, "features": ("x", "名")})
    (found,) = find_runs(mlflow, uri)
    assert found.info.status == "FINISHED"
    assert found.data.tags[COMMIT_TAG] == "abc-changed"
    assert found.data.params == {"a.b": "1", "features": '["x", "名"]'}
    (data,) = found.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.profile) == ("one", '{"num_rows": 12}')
    assert SOURCE.sha256 in data.dataset.source
    assert {tag.key: tag.value for tag in data.tags}["rows"] == "12"
    packages = mlflow.MlflowClient(uri).download_artifacts(found.info.run_id, PACKAGES)
    assert f"mlflow=={mlflow.__version__}" in Path(packages).read_text("utf-8").splitlines()


def test_a_file_is_told_of_with_its_place_and_columns_and_metrics_belong_to_it(
    mlflow, uri: str, tmp_path: Path
) -> None:
    pl.DataFrame({"id": ["a"], "n": [1]}).write_parquet(tmp_path / "one.parquet")
    (tmp_path / "two.csv").write_text("id,x\na,0.5\n", "utf-8")
    files = {"one": "one.parquet", "two": "two.csv"}
    with track("audience", uri) as run:
        run.set_sources(
            TrainingFile(**{**SOURCE.model_dump(), "source": name}, path=tmp_path / file)
            for name, file in files.items()
        )
        info, client = mlflow.active_run().info, mlflow.MlflowClient(uri)
        model = client.create_logged_model(info.experiment_id, name="m", source_run_id=info.run_id)
        figures = {"within": {"one": {"auc": 0.9}, "two": {"auc": 0.8}, "mean_auc": 0.85}, "one_sided": 1}
        run.log_metrics(figures, model=f"models:/{model.model_id}")
    (found,) = find_runs(mlflow, uri)
    told = {one.dataset.name: one.dataset for one in found.inputs.dataset_inputs}
    for name, file in files.items():
        assert told[name].source_type == "local"
        assert (tmp_path / file).as_uri() in told[name].source
    columns = [one["name"] for one in json.loads(told["two"].schema)["mlflow_colspec"]]
    assert columns == ["id", "x"]
    known = client.get_logged_model(model.model_id).metrics
    belongs = {metric.key: metric.dataset_name for metric in known}
    assert found.data.metrics.keys() == belongs.keys()
    assert belongs == {"within.one.auc": "one", "within.two.auc": "two", "within.mean_auc": None, "one_sided": None}


def test_what_a_training_raises_fails_the_run(mlflow, uri: str) -> None:
    with pytest.raises(ConfigError, match="mine"), track("audience", uri):
        raise ConfigError("mine")
    assert [run.info.status for run in find_runs(mlflow, uri)] == ["FAILED"]


def test_files_that_cannot_be_kept_are_told_of_before_training(mlflow, uri: str, tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("no folder", "utf-8")
    with pytest.raises(ConfigError, match=r"does not answer .*nothing was trained"), track("audience", uri):
        pytest.fail("the block must not be entered")
    assert [run.info.status for run in find_runs(mlflow, uri)] == ["FAILED"]
    assert mlflow.active_run() is None


def test_a_full_disk_is_told_of_before_training(mlflow, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mlflow, "log_text", fail)
    with pytest.raises(ConfigError, match=r"No space left on device.*nothing was trained"), track("audience", uri):
        pytest.fail("the block must not be entered")


def test_a_store_that_goes_away_within_is_said(mlflow, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise mlflow.exceptions.MlflowException("gone") from ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(mlflow, "log_params", fail)
    told = r"stopped answering \(Connection refused\); the run is not whole"
    with pytest.raises(ConfigError, match=told), track("audience", uri) as run:
        run.log_params({"a": 1})


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////proc/nowhere/mlflow.db"])
def test_a_command_line_says_that_nothing_was_trained(
    mlflow, uri: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def train() -> Path:
        with track("audience", uri):
            return tmp_path

    parser = argparse.ArgumentParser()
    with pytest.raises(SystemExit) as stopped:
        show_trained(parser, train)
    assert stopped.value.code == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "nothing was trained" in one]
    assert len(line) < 200


def test_data_that_are_not_there_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHENFEN_DATA", str(tmp_path / "none"))
    with pytest.raises(SystemExit) as stopped:
        show_trained(make_parser("audience", ""), data_dir)
    assert stopped.value.code == 2
    assert "set ZHENFEN_DATA" in capsys.readouterr().err
