"""Figures as a reader takes them: counts instead of their logarithms, and no two that differ printed alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from zhenfen.features.audience.profile import DAY_ZERO, PROFILE_SPECS
from zhenfen.features.specs import FeatureSpec
from zhenfen.messages import Catalogue

Kind = Literal["number", "share", "flag", "count", "quotient", "day"]
MOST_DIGITS = 6
"""A difference beyond them is said in words."""
LOG10, BORN = "log10", "profile_created_days"
SHARES, FLAGS = "_share", "_flag"
"""Ends of the names of columns whose numbers are shares, or 1 and 0."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of a column are told.

    Attributes:
        kind: count and quotient undo a logarithm; a day counts from DAY_ZERO; a flag is told by how many have it.
        words: Key of what is told, where the column's name says something else.
    """

    kind: Kind
    words: str | None = None

    def undo(self, value: float) -> float:
        """The value that a reader knows."""
        if self.kind == "count":
            return float(10**value) - 1
        return float(10**value) if self.kind == "quotient" else value

    def write(self, value: float, digits: int, catalogue: Catalogue) -> str:
        """A value of the column with at most `digits` decimals, as the language writes it."""
        if self.kind == "day":
            return catalogue.day(DAY_ZERO + timedelta(days=value))
        if self.kind in ("share", "flag"):
            return catalogue.share(value, digits)
        # The lowest edge of bins lies a hair below the lowest value; -0 is 0.
        return catalogue.number(round(self.undo(value), digits) + 0.0, digits)

    @property
    def digits(self) -> int:
        """Decimals that are enough where they tell two values apart."""
        return 2 if self.kind in ("number", "quotient") else 0


def _scale(spec: FeatureSpec) -> Scale | None:
    key = f"monitor.what.{spec.name.removesuffix(f'_{LOG10}')}"
    if spec.unit == LOG10:
        # A logarithm without a lowest value is of two counts by each other.
        return Scale("quotient" if spec.low is None else "count", key)
    return Scale("day", key) if spec.name == BORN else None


SCALES: dict[str, Scale] = {spec.name: scale for spec in PROFILE_SPECS if (scale := _scale(spec)) is not None}


def find_scale(column: str) -> Scale:
    """How a column that is watched is told, by its specification or the unit at the end of its name."""
    if column in SCALES:
        return SCALES[column]
    if column.endswith(SHARES):
        return Scale("share")
    return Scale("flag") if column.endswith(FLAGS) else Scale("number")


def tell_apart(pair: tuple[float, float], write: Callable[[float, int], str], digits: int = 0) -> str | None:
    """Both figures with as many decimals as tell them apart, `digits` at least; None where MOST_DIGITS do not."""
    for wanted in range(digits, MOST_DIGITS + 1):
        then, now = (write(one, wanted) for one in pair)
        if then != now:
            return f"{then} → {now}"
    return None


def tell_pair(pair: tuple[float, float], write: Callable[[float, int], str], catalogue: Catalogue) -> str:
    """From what to what; one figure where nothing changed, words where the change is too small to print."""
    if pair[0] == pair[1]:
        return write(pair[0], 0)
    least = catalogue.number(10**-MOST_DIGITS, MOST_DIGITS)
    small = catalogue.text("monitor.move.small", value=write(pair[0], 0), least=least)
    return tell_apart(pair, write) or small


def tell_shares(pair: tuple[float, float], catalogue: Catalogue) -> str:
    """From which share to which, as per cent."""
    return tell_pair(pair, catalogue.share, catalogue)
