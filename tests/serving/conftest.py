"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runner import Runner

from toy_models import ToyCreatorModel, put_creator
from zhenfen import model_store
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables
from zhenfen.vetting.options import VetOptions
from zhenfen.vetting.vet import vet


@pytest.fixture
def zhenfen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(monkeypatch, capsys)


@pytest.fixture
def toy_creator(monkeypatch: pytest.MonkeyPatch) -> ToyCreatorModel:
    """The shelf with a creator model of two measurements."""
    model = ToyCreatorModel()
    put_creator(monkeypatch, model)
    return model


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables of three simulated creators."""
    folder = tmp_path_factory.mktemp("simulated") / "tables"
    write_tables(simulate(["organic_small", "burst_buyer", "comment_farm"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def plain_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one creator in line with the peers: what would lower a level takes most of a vetting's time."""
    folder = tmp_path_factory.mktemp("plain") / "tables"
    write_tables(simulate(["organic_small"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def vetted(small_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of these tables without options: a vetting takes seconds."""
    folder = tmp_path_factory.mktemp("vetted") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))
        vet(small_tables, folder, model_store.load_models(), VetOptions())
    return folder
