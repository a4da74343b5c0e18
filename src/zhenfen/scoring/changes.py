"""The tables as they would be had one thing been otherwise: days, an event, comments, labels of one creator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from zhenfen.features.base import Inputs
from zhenfen.tables import Tables
from zhenfen.verdict.counterfactuals import Change

ONE_DAY = timedelta(days=1)
DRIP = "drip"


def change_counts(tables: Tables, creator_id: str, changes: Iterable[Change]) -> Tables:
    """Follower counts as though the spans of the changes had gained what was expected.

    Later readings move by the difference. The readings within a span are left out, for nobody knows how the expected
    followers would have come; those of a drip move with it day by day, since without them weeks would be unknown.
    """
    counts = tables["follower_counts"]
    for change in changes:
        if change.kind == "without_span":
            counts = _without(counts, creator_id, change)
    return tables.replace(follower_counts=counts)


def _without(counts: pl.DataFrame, creator_id: str, change: Change) -> pl.DataFrame:
    at, mine = pl.col("observed_at"), pl.col("creator_id") == creator_id
    inside = mine & at.is_between(pl.lit(change.starts_at), pl.lit(change.ends_at) + ONE_DAY, closed="left")
    # The last reading within the span stays: the day after it is a step of one day again.
    last = counts.filter(inside)["observed_at"].max()
    if not isinstance(last, datetime) or change.starts_at is None:
        return counts
    since = (at - change.starts_at).dt.total_seconds()
    passed = (since / max((last - change.starts_at).total_seconds(), 1.0)).clip(0.0, 1.0)
    excess = (change.n or 0) - (change.value or 0.0)
    moved = (pl.col("n_followers") - (excess * passed).round().cast(pl.Int64)).clip(0)
    kept = counts.with_columns(n_followers=pl.when(mine & (since > 0)).then(moved).otherwise("n_followers"))
    return kept if change.ref == DRIP else kept.filter(~inside | (at == last))


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


def in_clusters(inputs: Inputs, creator_id: str, changes: Iterable[Change]) -> pl.Series:
    """Whether each comment is one that the creator has in the clusters of the changes; rows as in the table."""
    named = [change.ref for change in changes if change.kind == "without_cluster"]
    is_named = inputs.comment_clusters["cluster_id"].is_in(named).fill_null(value=False)
    return (inputs.tables["comments"]["creator_id"] == creator_id) & is_named
