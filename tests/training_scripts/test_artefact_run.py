"""Trainings that write what is no model: what is shelved, what their runs keep, and what ends them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from training import artefact_run, growth, panel, simulation
from training.artefact_run import TERMS, VTUBERS, Made, shelve, write_artefact

from zhenfen.errors import ConfigError
from zhenfen.shelf import GROWTH, ShelfManifest, read_shelf_manifest

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
    data: Path, tmp_path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    uri = store_uri
    call(monkeypatch, "--tracking-uri", uri)

    monkeypatch.setattr(artefact_run, "models_dir", lambda: tmp_path / "models")

    def make(folder: Path) -> Made:
        assert folder == data
        return made("level: 1\n", {"beside.txt": "real 1, simulated 2"})

    write_artefact("growth", "about", [VTUBERS], make)
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("growth").experiment_id])
    assert (run.info.status, run.data.params, run.data.metrics) == ("FINISHED", {"seed": "7"}, {"rows": 3.0})
    (one,) = run.inputs.dataset_inputs
    assert (one.dataset.name, one.dataset.profile) == (VTUBERS, '{"num_rows": 3}')
    assert one.dataset.source.endswith(f'{VTUBERS}"}}')
    assert {tag.key: tag.value for tag in one.tags}["terms"] == TERMS[VTUBERS]
    kept = Path(client.download_artifacts(run.info.run_id, "shelf/growth.yaml"))
    assert kept.read_text(encoding="utf-8") == "level: 1\n"
    said = capsys.readouterr().out
    assert "real 1, simulated 2" in said
    assert "on the shelf, rows 3" in said
    manifest = read_shelf_manifest(tmp_path / "models" / "growth" / "1", ShelfManifest)
    assert (manifest.label, manifest.seed, sorted(manifest.files)) == ("growth/1", 7, ["card.md", "growth.yaml"])
    assert [one.source for one in manifest.trained_on] == [VTUBERS]


def made(text: str, texts: dict[str, str] | None = None) -> Made:
    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    return Made(GROWTH, write, 7, "about", {"seed": 7}, {"rows": 3}, texts or {})


def test_other_bytes_are_a_new_version_and_the_same_are_none(tmp_path: Path) -> None:
    first = shelve(made("level: 1\n"), [], tmp_path)
    assert shelve(made("level: 1\n"), [], tmp_path) == first == tmp_path / "growth" / "1"
    second = shelve(made("level: 2\n"), [], tmp_path)
    assert second == tmp_path / "growth" / "2"
    assert (first / "growth.yaml").read_text(encoding="utf-8") == "level: 1\n"
    (second / "growth.yaml").write_text("level: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the file was changed"):
        read_shelf_manifest(second, ShelfManifest)


def test_a_store_that_is_down_stops_before_anything_is_written(
    data: Path, tmp_path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mlruns").write_text("no folder", encoding="utf-8")
    call(monkeypatch, "--tracking-uri", store_uri)
    with pytest.raises(SystemExit) as ended:
        write_artefact("growth", "about", [VTUBERS], lambda _: pytest.fail("nothing may be written"))
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
