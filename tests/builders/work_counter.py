"""Work that is counted, not timed: a busy machine changes nothing of it."""

from __future__ import annotations

import itertools
import sys
import threading
import tracemalloc
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, NamedTuple, TypeVar

Much = TypeVar("Much", str, int)

SLACK_LINES = 200
"""Of threads that wait for one another."""
SLACK_BYTES = 100_000


class Work(NamedTuple):
    """Lines of Python that were run, in all threads, and the most bytes that Python and NumPy held at once."""

    n_lines: int
    n_bytes: int


def count_work(do: Callable[[], object]) -> Work:
    """What a call takes. Polars' own work is not seen: its regular expressions are linear by their kind."""
    counter = itertools.count()

    def follow(_frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
        if event == "line":
            next(counter)
        return follow

    before = sys.gettrace()
    tracemalloc.start()
    threading.settrace(follow)
    sys.settrace(follow)
    try:
        do()
    finally:
        sys.settrace(before)
        threading.settrace(None)  # type: ignore[arg-type]
        n_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return Work(next(counter), n_bytes)


def check_linear(do: Callable[[Much], object], much: Much) -> None:
    """Twice the text, or twice the number, is about twice the work and no more: a square would be four times as much.

    Raises:
        AssertionError: It is more.
    """
    # What is made once and kept is made here.
    do(much)
    once, twice = (count_work(partial(do, one)) for one in (much, much * 2))
    assert twice.n_lines <= 2.5 * once.n_lines + SLACK_LINES, (once, twice)
    assert twice.n_bytes <= 2.5 * once.n_bytes + SLACK_BYTES, (once, twice)
