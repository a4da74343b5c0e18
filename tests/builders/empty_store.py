"""A tracking database without a run, made once a process: its tables take seconds, and the tests fill copies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mlflow = pytest.importorskip("mlflow")
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store_uri(_empty_store: Path, tmp_path: Path) -> str:
    """A copy in the test's own folder. The registry's tests, and a training of creators, begin without a database."""
    return f"sqlite:///{shutil.copyfile(_empty_store, tmp_path / 'mlflow.db')}"
