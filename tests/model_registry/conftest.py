"""One registry a session; every test gets a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_wheel import _one_wheel  # noqa: F401

from registry_builder import Store, build_store, copy_store


@pytest.fixture(autouse=True)
def _no_other_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "ZHENFEN_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    pytest.importorskip("mlflow")
    return build_store(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return copy_store(built, tmp_path)
