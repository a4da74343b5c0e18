"""What declared events change: one creator measured and judged again as among all, without the others.

Only families that read events are measured, and of the other creators only what they show together is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from zhenfen.features.base import load_families
from zhenfen.features.growth.family import Growth
from zhenfen.features.inputs import Inputs, Surroundings, rename_creator
from zhenfen.features.what_ifs import DocumentedChange
from zhenfen.model_store import Models
from zhenfen.scoring.creators import known_at, latest_moment
from zhenfen.tables import Tables
from zhenfen.verdict.admission import SET_SCHEMA
from zhenfen.verdict.judge import judge_families

Facts = Mapping[tuple[str, str | None], Any]
"""Family and measurement, None for its level → value, or `basis.level`."""
READ_BESIDE_EVENTS = ("creators", "follower_counts", "posts", "post_counts", "creator_stats", "events")
"""Tables of the families that read events."""
BEFORE = "before"
"""Name of the copy of a creator of which nothing was declared."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a set of creators shows together, whatever is declared.

    Attributes:
        as_of: Moment it is read at.
        shown: For measuring one of the creators alone.
    """

    as_of: datetime
    shown: Surroundings

    @property
    def n_bytes(self) -> int:
        """Memory that it takes."""
        return int(self.shown.moves.estimated_size() + self.shown.drops.estimated_size())


def read_around(tables: Tables, as_of: datetime | None = None) -> Around:
    """What the creators of `tables` show together.

    Args:
        tables: The whole set.
        as_of: Moment to read the data at; later rows are left out. Default: the latest observation there is.

    Raises:
        MissingTableError: Nothing in the tables says when it was seen.
    """
    moment = as_of or latest_moment(tables)
    return Around(moment, Growth().surround(Inputs(known_at(tables, moment), moment)))


def read_declared(tables: Tables, declared: Tables, around: Around, models: Models) -> tuple[Facts, Facts]:
    """A creator without and with declared events: what `score` says of it among all, of families that read such events.

    Args:
        tables: READ_BESIDE_EVENTS, the creator's rows alone.
        declared: The same with the events, one at least.
        around: What the creator's set shows.
        models: Panel and rules to judge with.
    """
    # Both are measured together, as two creators: polars sums and divides one row on another way than several, and the
    # last bit differs.
    mine = declared["creators"]["creator_id"][0]
    before = {name: rename_creator(frame, BEFORE) for name, frame in tables.frames.items()}
    both = {name: pl.concat([frame, declared[name]]) for name, frame in before.items()}
    known = known_at(Tables({**declared.frames, **both}), around.as_of)
    own_drops = around.shown.drops.filter(creator_id=mine)
    drops = pl.concat([around.shown.drops, rename_creator(own_drops, BEFORE)])
    inputs = Inputs(known, around.as_of, with_details=False, around=replace(around.shown, drops=drops))
    changes = [DocumentedChange("event_confirmed", ref=kind) for kind in declared["events"]["kind"].unique()]
    readers = {name: family for name, family in load_families().items() if any(map(family.reads, changes))}
    measured = {name: family.measure(inputs) for name, family in readers.items()}
    # What is common in a set is asked only of families that compare creators, and these read no events.
    judged = judge_families(measured, known["creators"], models, in_set=pl.DataFrame(schema=SET_SCHEMA))
    facts: dict[bool, dict[tuple[str, str | None], Any]] = {True: {}, False: {}}
    for row in judged.findings.iter_rows(named=True):
        facts[row["creator_id"] == mine][row["family"], None] = f"{row['basis']}.{row['level']}"
    for row in judged.evidence.iter_rows(named=True):
        facts[row["creator_id"] == mine][row["family"], row["feature"]] = row["value"]
    return facts[False], facts[True]
