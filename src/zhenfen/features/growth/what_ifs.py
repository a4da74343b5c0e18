"""Events in rises that nothing explains, once a creator can show them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from zhenfen.features.growth.explanations import PROMOTION
from zhenfen.features.what_ifs import Changes, Details, DocumentedChange, WhatIf
from zhenfen.tables import Tables

EVENTS = ("giveaway", "advert", PROMOTION)
"""The events tried in a rise: each leaves a trace that can be shown, and they are what most often brings followers."""


class ConfirmedEvents(WhatIf):
    """An event of one kind in each rise that nothing explains, those with most followers first."""

    kind = "event_confirmed"

    def find(self, details: Details) -> list[Changes]:
        """One group a kind of event."""
        rises = details["spans"].filter(pl.col("explanation") == "none", pl.col("n_gained") > 0)
        largest = rises.sort("n_gained", "starts_at", descending=[True, False])
        return [
            tuple(
                DocumentedChange(self.kind, row["starts_at"], row["ends_at"], event, row["n_gained"])
                for row in largest.iter_rows(named=True)
            )
            for event in EVENTS
        ]

    def record(self, tables: Tables, creator_id: str, changes: Changes, details: Details) -> Tables:
        """The events stand on the first days of their spans."""
        return add_events(tables, creator_id, changes)


def add_events(tables: Tables, creator_id: str, changes: Iterable[DocumentedChange]) -> Tables:
    """The tables with the events that the changes confirm, on the first day of their spans."""
    rows = [
        {"creator_id": creator_id, "starts_at": change.starts_at, "kind": change.ref, "note": None}
        for change in changes
    ]
    events = tables["events"]
    added = pl.DataFrame(rows, schema=events.schema)
    return tables.replace(events=pl.concat([events, added]).unique(["creator_id", "starts_at", "kind"]))
