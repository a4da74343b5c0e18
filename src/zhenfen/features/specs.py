"""What a measurement of a creator is: its unit, its meaning, and which side of the peers' range asks for a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal[
    "share",
    "ratio",
    "quotient",
    "multiple",
    "count",
    "days",
    "minutes",
    "chars",
    "per_day",
    "log10",
    "rarity",
    "cny",
    "flag",
]
Concern = Literal["high", "low", "both", "none"]


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One measurement of a creator.

    Attributes:
        name: Column name, `<family>_<what>_<unit or window>`.
        unit: Unit the value is in; shares lie in [0, 1], a flag is 0 or 1, a quotient is a by b and may exceed 1; a
            multiple is how many times the usual; a rarity of r says that one in 10 to the r is as unusual.
        meaning: One English sentence for engineers; readers get the message catalogue's.
        source: Paper, platform rule or reasoning behind the measurement.
        concern: Which side of the peers' range asks for a look; "none" for context only.
        low: Smallest possible value, None for no bound.
        high: Largest possible value, None for no bound.
        sample: Feature of the same family that counts what a share rests on: it is judged by the lower end of its
            interval. None where the value is judged as it is.
        travels: Whether it asks the same of every platform and year, so that peers of another may stand beside it:
            copied text, and what is set against the creator's own days. Habits do not travel.
    """

    name: str
    unit: Unit
    meaning: str
    source: str
    concern: Concern = "none"
    low: float | None = 0.0
    high: float | None = None
    sample: str | None = None
    travels: bool = False
