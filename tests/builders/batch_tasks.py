"""Tasks and steps of batch engines, good and bad, by themselves: a worker that is sent one imports nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhenfen.batch.engine import Block, Frames


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


def dies(partition: int, frames: Frames) -> Iterator[Block]:
    """A step that kills its worker."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield partition, ("number", b"")


def dies_once(partition: int, frames: Frames, mark: Path) -> Iterator[Block]:
    """A step that gives back the number of its partition; the first time, that of the second kills its worker."""
    yield partition, ("number", b"%d" % partition)
    if partition == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
