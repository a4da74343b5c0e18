"""Follower series as they should not be, one creator each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

FIRST = datetime(2019, 1, 1, 12, tzinfo=UTC)


def series(counts: Sequence[int], days: Sequence[float] | None = None, creator_id: str = "c1") -> pl.DataFrame:
    """Readings of `counts`, one a day unless told otherwise."""
    at = [FIRST + timedelta(days=day) for day in (days or range(len(counts)))]
    rows = {"creator_id": [creator_id] * len(counts), "observed_at": at, "n_followers": list(counts)}
    return pl.DataFrame(rows, schema_overrides={"observed_at": pl.Datetime("us", "UTC"), "n_followers": pl.Int64})


def steady(n_days: int = 120) -> list[int]:
    """Growth of about forty a day that no two days share."""
    return [10_000 + 40 * day + (day * 7919) % 23 for day in range(n_days)]


def with_jump(creator_id: str = "c1") -> pl.DataFrame:
    """Steady growth in which six thousand came within a day."""
    counts = steady(200)
    return series([*counts[:150], *(count + 6_000 for count in counts[150:])], creator_id=creator_id)


def with_gap() -> pl.DataFrame:
    counts = steady(120)
    return series([*counts, *(count + 90_000 for count in counts)], [*range(120), *range(2000, 2120)])


BAD: dict[str, Callable[[], pl.DataFrame]] = {
    "one reading": lambda: series([1000]),
    "two readings": lambda: series([1000, 1010]),
    "all equal": lambda: series([5000] * 90),
    "decreasing": lambda: series([90_000 - 77 * day for day in range(90)]),
    "zero followers": lambda: series([0] * 90),
    "from zero": lambda: series([0] * 45 + [1] * 45),
    "two billion": lambda: series([2_000_000_000 + 9_000 * day for day in range(90)]),
    "to two billion within a day": lambda: series([100] * 60 + [2_000_000_000] * 30),
    "years-long gap": with_gap,
    "readings out of order, years apart": lambda: series([10, 20, 30, 40], [0, 365, 600, 500]),
    "every minute of a day": lambda: series(list(range(1440)), [minute / 1440 for minute in range(1440)]),
}
"""Every one a table that keeps the contract, rows in any order."""


def all_bad() -> pl.DataFrame:
    """All of them, each under its name and until the day on which the last one ends: what ended is not judged."""
    made = pl.concat(make().with_columns(creator_id=pl.lit(name)) for name, make in BAD.items())
    at = pl.col("observed_at")
    return made.with_columns(observed_at=at + (at.max() - at.max().over("creator_id")))
