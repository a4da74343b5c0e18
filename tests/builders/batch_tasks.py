"""Tasks of batch engines, good and bad, in a module of their own: a worker that is sent one imports nothing else."""

from __future__ import annotations

import os
import signal
from pathlib import Path


class Answers:
    """Gives back a value."""

    def __call__(self, work: Path) -> str:
        return "done"


class Dies:
    """Kills its worker."""

    def __call__(self, work: Path) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Fails:
    """Raises what is no error of ours."""

    def __call__(self, work: Path) -> None:
        raise ArithmeticError("nobody foresaw this")
