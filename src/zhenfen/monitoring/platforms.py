"""Rows of one platform beside each other: another mix of platforms is one change, not a change of every column."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

FEWEST_ROWS = 30
"""Rows in either sample below which nothing is compared: a tenth of the reference would be under three."""
PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class PlatformRows:
    """Rows of one platform; of all platforms together where `platform` is None."""

    platform: str | None
    then: pl.DataFrame
    now: pl.DataFrame

    @property
    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Reference and new rows."""
        return self.then, self.now

    @property
    def n(self) -> tuple[int, int]:
        """Rows of either."""
        return self.then.height, self.now.height


def split_platforms(reference: pl.DataFrame, new: pl.DataFrame) -> list[PlatformRows]:
    """One part a platform with FEWEST_ROWS rows in either sample; all rows together where one of them names none."""
    names = [_names(one) for one in (reference, new)]
    if not all(names):
        return [PlatformRows(None, reference, new)]
    parts = (
        PlatformRows(name, reference.filter(platform=name), new.filter(platform=name))
        for name in sorted(set.union(*names))
    )
    return [part for part in parts if min(part.n) >= FEWEST_ROWS]


def find_alone(reference: pl.DataFrame, new: pl.DataFrame) -> list[str]:
    """Platforms that are not compared: too few rows of them in one of the samples, or none."""
    known = set.union(*(_names(one) for one in (reference, new)))
    parts = split_platforms(reference, new)
    return [] if any(part.platform is None for part in parts) else sorted(known - {part.platform for part in parts})


def _names(rows: pl.DataFrame) -> set[str]:
    return set(rows[PLATFORM].drop_nulls().to_list()) if PLATFORM in rows.columns else set()
