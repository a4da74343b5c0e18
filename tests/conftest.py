"""What every test shares: a private home, and the public data where it is there."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MARK_OF_ROOM = {
    "batch": "service",
    "benchmark_scripts": "training",
    "model_registry": "training",
    "service": "service",
    "serving": "service",
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
