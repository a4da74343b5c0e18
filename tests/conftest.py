"""What tests share: a private home, the public data where it is there, and what the doors are tested with.

What is expensive to import is imported by the fixtures that need it: a test of one room loads that room alone.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli_runner import Runner

    from toy_models import ToyCreatorModel

ROOT = Path(__file__).parents[1]
MARK_OF_ROOM = {
    "batch": "service",
    "benchmark_scripts": "training",
    "model_registry": "training",
    "service": "service",
    "training_scripts": "training",
}
MARK_OF_FIXTURE = {"small_tables": "slow", "plain_tables": "slow", "vetted": "slow"}


@pytest.fixture(autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own key."""
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by the room that a test stands in and the fixtures that it asks for: `make quick` leaves them all out."""
    for item in items:
        room = item.path.relative_to(ROOT / "tests").parts[0]
        asked = (MARK_OF_FIXTURE[name] for name in getattr(item, "fixturenames", ()) if name in MARK_OF_FIXTURE)
        for mark in {MARK_OF_ROOM[room], *asked} if room in MARK_OF_ROOM else {*asked}:
            item.add_marker(mark)
        if item.get_closest_marker("torch") and find_spec("torch") is None:
            item.add_marker(pytest.mark.skip(reason="the encoder needs the extra `deep`"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The public data folder; skips where it is absent."""
    path = Path(os.environ.get("ZHENFEN_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"public data not found at {path} (set ZHENFEN_DATA)")
    return path


@pytest.fixture
def zhenfen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """The command line in this process."""
    from cli_runner import Runner

    return Runner(monkeypatch, capsys)


@pytest.fixture
def toy_creator(monkeypatch: pytest.MonkeyPatch) -> ToyCreatorModel:
    """The shelf with a creator model of two measurements."""
    from toy_models import ToyCreatorModel, put_creator

    model = ToyCreatorModel()
    put_creator(monkeypatch, model)
    return model


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables of three simulated creators."""
    from zhenfen.simulate import simulate
    from zhenfen.tables import write_tables

    folder = tmp_path_factory.mktemp("simulated") / "tables"
    write_tables(simulate(["organic_small", "burst_buyer", "comment_farm"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def plain_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one creator in line with the peers: what would lower a level takes most of a vetting's time."""
    from zhenfen.simulate import simulate
    from zhenfen.tables import write_tables

    folder = tmp_path_factory.mktemp("plain") / "tables"
    write_tables(simulate(["organic_small"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def vetted(small_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of these tables without options: a vetting takes seconds."""
    from zhenfen import model_store
    from zhenfen.vetting.options import VetOptions
    from zhenfen.vetting.vet import vet

    folder = tmp_path_factory.mktemp("vetted") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))
        vet(small_tables, folder, model_store.load_models(), VetOptions())
    return folder
