"""How far a piece of work has come: one channel, from the rooms that work to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the step (a file, a family, or a kind of work), how much of it is done, and how much there is."""


def silent(_step: str, _n_done: int, _n_all: int) -> None:
    """Nobody watches."""
