"""The marked spans of follower series: what each gained, what explains it, and how unusual it is."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.family import read_growth
from zhenfen.tables import TABLES, Tables, make_frame

SPANS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
    "n_gained": pl.Int64(),
    "shape": pl.String(),
    "explanation": pl.String(),
    "p_value": pl.Float64(),
    "is_unexplained": pl.Boolean(),
}
"""starts_at and ends_at: 00:00 UTC of the first and the last day, both included; p_value in [0, 1]."""
NOT_NAMED = "not_named"
"""Stands for the platform of creators of whom none is known: series handed in together count as one platform's."""


def find_spans(tables: Tables) -> pl.DataFrame:
    """Every marked span (SPANS_SCHEMA), by creator and start; no rows without follower counts.

    Args:
        tables: `follower_counts`; `creators`, `posts` and `events` where they are known. A creator needs no row in
            `creators`.
    """
    counted = tables["follower_counts"].select("creator_id").unique()
    others = counted.join(tables["creators"], on="creator_id", how="anti").with_columns(platform=pl.lit(NOT_NAMED))
    everybody = pl.concat([tables["creators"], make_frame(TABLES["creators"], others)])
    spans = read_growth(tables.replace(creators=everybody)).spans
    return spans.select(pl.col(name).cast(dtype) for name, dtype in SPANS_SCHEMA.items()).sort(
        "creator_id", "starts_at", "ends_at"
    )
