"""What is kept in memory: within a size, the least lately asked goes first, made once whoever asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from zhenfen.desk_cases.kept import Kept


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("aaaa bbbb", "aaaa bbbb"),
        ("aaaa bbbb cccc", "bbbb cccc"),
        ("aaaa bbbb aaaa cccc", "aaaa cccc"),
        ("aaaa bbbb ccccccc", "ccccccc"),
        ("aaaa bbbb too-large-alone", ""),
        ("too-large-alone aaaa", "aaaa"),
    ],
)
def test_what_was_not_asked_for_longest_goes_first(asked: str, left: str) -> None:
    kept: Kept[str] = Kept(10, len)
    for word in asked.split():
        assert kept.recall(word, lambda made=word: made) == word  # type: ignore[misc]
    made: list[str] = []
    for word in left.split():
        kept.recall(word, lambda again=word: (made.append(again), again)[1])  # type: ignore[misc]
    assert made == []
    assert kept.n_bytes == len(left.replace(" ", "")) <= kept.most_bytes
    assert len(kept) == len(left.split())


def test_what_several_ask_at_once_is_made_once() -> None:
    kept: Kept[str] = Kept(100, len)
    made: list[int] = []
    together = threading.Barrier(8)

    def ask() -> str:
        together.wait()
        return kept.recall("key", lambda: (made.append(1), "value")[1])

    with ThreadPoolExecutor(8) as pool:
        assert {one.result() for one in [pool.submit(ask) for _ in range(8)]} == {"value"}
    assert made == [1]


def test_what_cannot_be_made_is_asked_for_again() -> None:
    kept: Kept[str] = Kept(100, len)

    def fail() -> str:
        raise LookupError("not there yet")

    with pytest.raises(LookupError):
        kept.recall("key", fail)
    assert kept.recall("key", lambda: "there") == "there"
    assert len(kept) == 1
