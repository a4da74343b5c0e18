"""What takes seconds to make and is only read: made by the first process of a run that needs it, read by all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zhenfen.files import alone_in


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` fills, in the processes of pytest-xdist the same one; whoever writes into it copies it."""
    run = factory.getbasetemp()
    # Where locks let everybody in, each process has its own.
    if "PYTEST_XDIST_WORKER" in os.environ and sys.platform != "win32":
        run = run.parent
    place = run / f"once-{name}"
    made, whole = place / "made", place / "whole"
    place.mkdir(exist_ok=True)
    with alone_in(place):
        if not whole.exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            make(made)
            whole.touch()
    return made
