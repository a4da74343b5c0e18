"""The wheel that travels with every logged model, built once a process: what the tests log has the same code."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from training import packaging


@pytest.fixture(scope="session", autouse=True)
def _one_wheel() -> Iterator[None]:
    build, made = packaging.build_wheel, []

    def build_once(target: Path) -> Path:
        if not made:
            made.append(build(Path(folder)))
        return Path(shutil.copy2(made[0], target))

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaging, "build_wheel", build_once)
        yield
