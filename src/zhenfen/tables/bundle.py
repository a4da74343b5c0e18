"""Tables: a bundle of frames that keep the contract, in one canonical order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from zhenfen.tables.specs import TABLES, TableSpec


def make_frame(spec: TableSpec, frame: pl.DataFrame | None = None) -> pl.DataFrame:
    """`frame` with exactly the columns of `spec`, in order and type; absent columns are null.

    Raises:
        polars.exceptions.PolarsError: A column cannot be cast to its type.
    """
    if frame is None:
        return pl.DataFrame(schema=spec.schema)
    have = set(frame.columns)
    return frame.select(
        (pl.col(name) if name in have else pl.lit(None)).cast(dtype).alias(name) for name, dtype in spec.schema.items()
    )


@dataclass(frozen=True)
class Tables:
    """Frames by table name. Every table of the contract can be asked for: an absent one is empty.

    Frames are sorted by key, so the order in which rows were read changes nothing downstream.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.frames) - set(TABLES))
        if unknown:
            raise KeyError(f"unknown tables {unknown}; known: {sorted(TABLES)}")
        tidy = {
            name: make_frame(TABLES[name], frame).sort(TABLES[name].key, nulls_last=True, maintain_order=True)
            for name, frame in self.frames.items()
        }
        object.__setattr__(self, "frames", tidy)

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name] if name in self.frames else make_frame(TABLES[name])

    def has(self, name: str) -> bool:
        """Whether the table is there and has a row."""
        return not self[name].is_empty()

    def replace(self, **frames: pl.DataFrame) -> Tables:
        """A copy in which the named tables are exchanged."""
        exchanged = Tables(frames)
        # The others are in order: to sort a million comments again takes as long as to read them.
        object.__setattr__(exchanged, "frames", {**self.frames, **exchanged.frames})
        return exchanged

    def filter(self, wanted: Mapping[str, pl.Expr]) -> Tables:
        """A copy without the rows of each named table for which its expression is not true."""
        fewer = {name: self.frames[name].filter(rows) for name, rows in wanted.items() if name in self.frames}
        left = Tables()
        # Fewer rows are in the order that all of them are in.
        object.__setattr__(left, "frames", {**self.frames, **fewer})
        return left

    def for_creators(self, creator_ids: Collection[str]) -> Tables:
        """The rows of these creators only; tables that name no creator stay whole."""
        wanted = pl.Series(sorted(creator_ids), dtype=pl.String)
        return Tables(
            {
                name: frame.filter(pl.col("creator_id").is_in(wanted.implode()))
                if "creator_id" in frame.columns
                else frame
                for name, frame in self.frames.items()
            }
        )
