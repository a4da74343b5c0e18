"""What every test shares: a private home, and the public data where it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own key."""
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The public data folder; skips where it is absent."""
    path = Path(os.environ.get("ZHENFEN_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"public data not found at {path} (set ZHENFEN_DATA)")
    return path
