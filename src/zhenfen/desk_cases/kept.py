"""What was made once and may be asked for again, kept in memory up to a size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by key; what was not asked for longest goes first, so that all of them stay within a size.

    May be used from any thread. One value is made at a time: what several ask at once is made once, and whoever asks
    for what is there does not wait.

    Args:
        most_bytes: All values together, by `measure`; one that is larger alone is made, and not kept.
        measure: Bytes that a value takes, its key included.
    """

    def __init__(self, most_bytes: int, measure: Callable[[Value], int]) -> None:
        self.most_bytes, self.measure = most_bytes, measure
        self.n_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._making, self._changing = threading.Lock(), threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def recall(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key; made by `make` where it is not there."""
        if (found := self._look_up(key)) is not None:
            return found[0]
        with self._making:
            if (found := self._look_up(key)) is not None:
                return found[0]
            value = make()
            n_bytes = self.measure(value)
            with self._changing:
                self._values[key] = value, n_bytes
                self.n_bytes += n_bytes
                while self.n_bytes > self.most_bytes:
                    _, (_, freed) = self._values.popitem(last=False)
                    self.n_bytes -= freed
            return value

    def clear(self) -> None:
        """Drop everything."""
        with self._changing:
            self._values.clear()
            self.n_bytes = 0

    def _look_up(self, key: Hashable) -> tuple[Value, int] | None:
        with self._changing:
            if (found := self._values.get(key)) is not None:
                self._values.move_to_end(key)
            return found
