"""The moment that data at rest speak of, when nobody names one: the latest time in them.

Ages are counted at it, so every door must find the same one in the same rows.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from zhenfen.tables.bundle import Tables
from zhenfen.tables.specs import TABLES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The moment of rows that hold no time: ages are unknown then, whatever the moment."""
OBSERVED: dict[str, tuple[str, ...]] = {
    "creators": ("snapshot_at",),
    "follower_counts": ("observed_at",),
    "creator_stats": ("observed_at",),
    "posts": ("published_at", "observed_at"),
    "comments": ("created_at",),
    "provenance": ("obtained_at",),
}
"""Table → columns that say when something was seen; the latest of them is the moment that whole tables speak of.

Readings in `post_counts` are no later than those in `posts`, which holds the latest of each post."""


def time_columns(table: str) -> tuple[str, ...]:
    """All times of a table of the contract: the latest of them is the moment that rows of it alone speak of."""
    return tuple(column.name for column in TABLES[table].columns if column.kind == "time")


def latest_time(rows: pl.DataFrame, columns: tuple[str, ...]) -> datetime | None:
    """The latest time in `columns`, of which `rows` may lack some; None where none is known."""
    times = (rows[name].max() for name in columns if name in rows.columns)
    return max((one for one in times if isinstance(one, datetime)), default=None)


def date_of_files(tables: Tables) -> datetime | None:
    """The files' own date (in their names, in a workbook, on disk), of tables no row of which says when; else None."""
    seen = (latest_time(tables[name], columns) for name, columns in OBSERVED.items() if name != "provenance")
    return None if any(seen) else latest_time(tables["provenance"], OBSERVED["provenance"])
