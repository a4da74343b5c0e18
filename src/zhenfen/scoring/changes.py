"""The tables as they would be had one thing been on record: an event, receipts, labels of one creator."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from zhenfen.tables import Tables
from zhenfen.verdict.counterfactuals import Change


def change_events(tables: Tables, creator_id: str, changes: Iterable[Change]) -> Tables:
    """The tables with the events that the changes confirm, on the first day of their spans."""
    rows = [
        {"creator_id": creator_id, "starts_at": change.starts_at, "kind": change.ref, "note": None}
        for change in changes
        if change.kind == "event_confirmed"
    ]
    if not rows:
        return tables
    events = tables["events"]
    added = pl.DataFrame(rows, schema=events.schema)
    return tables.replace(events=pl.concat([events, added]).unique(["creator_id", "starts_at", "kind"]))


def label_posts(tables: Tables, post_ids: pl.Series) -> Tables:
    """The tables with the platform's label on these posts."""
    named = pl.col("post_id").is_in(post_ids.implode())
    label = pl.when(named).then(statement=True).otherwise("is_labelled_ad").alias("is_labelled_ad")
    return tables.replace(posts=tables["posts"].with_columns(label))


def promote_posts(tables: Tables, post_ids: pl.Series) -> Tables:
    """The tables with paid views on record for these posts; how many there were makes no difference."""
    named = pl.col("post_id").is_in(post_ids.implode())
    paid = pl.when(named).then(pl.max_horizontal("n_paid_views", pl.lit(1))).otherwise("n_paid_views")
    return tables.replace(posts=tables["posts"].with_columns(n_paid_views=paid))
