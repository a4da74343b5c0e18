"""Trainings that write a file of configs/: what their runs keep, and what ends them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from training import growth, panel, simulation
from training.config_run import TERMS, VTUBERS, Written, write_config

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / VTUBERS
    path.parent.mkdir(parents=True)
    pl.DataFrame({"followers": [1, 2, 3]}).write_parquet(path)
    monkeypatch.setenv("ZHENFEN_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def call(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    monkeypatch.setattr("sys.argv", ["growth", *options])


def test_a_run_keeps_data_parameters_and_the_file(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow = pytest.importorskip("mlflow")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    call(monkeypatch, "--tracking-uri", uri)

    def write(folder: Path) -> Written:
        assert folder == data
        (tmp_path / "growth.yaml").write_text("level: 1\n", encoding="utf-8")
        return Written(tmp_path / "growth.yaml", {"seed": 7}, {"rows": 3}, {"beside.txt": "real 1, simulated 2"})

    write_config("growth", "about", [VTUBERS], write)
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("growth").experiment_id])
    assert (run.info.status, run.data.params, run.data.metrics) == ("FINISHED", {"seed": "7"}, {"rows": 3.0})
    (one,) = run.inputs.dataset_inputs
    assert (one.dataset.name, one.dataset.profile) == (VTUBERS, '{"num_rows": 3}')
    assert TERMS[VTUBERS] in one.dataset.source
    kept = Path(client.download_artifacts(run.info.run_id, "configs/growth.yaml"))
    assert kept.read_text(encoding="utf-8") == "level: 1\n"
    said = capsys.readouterr().out
    assert "real 1, simulated 2" in said
    assert "growth.yaml: written, rows 3" in said


def test_a_store_that_is_down_stops_before_anything_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow")
    (tmp_path / "mlruns").write_text("no folder", encoding="utf-8")
    call(monkeypatch, "--tracking-uri", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(SystemExit) as ended:
        write_config("growth", "about", [VTUBERS], lambda _: pytest.fail("nothing may be written"))
    assert ended.value.code == 2
    assert "nothing was trained" in capsys.readouterr().err


@pytest.mark.parametrize("script", [growth, panel, simulation])
def test_without_data_it_is_said(
    script: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENFEN_DATA", str(tmp_path / "none"))
    call(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        script.main()  # type: ignore[attr-defined]
    assert ended.value.code == 2
    assert "public data expected here" in capsys.readouterr().err


@pytest.mark.data
def test_every_file_named_is_there(data_dir: Path) -> None:
    assert [name for name in TERMS if not (data_dir / name).is_file()] == []
