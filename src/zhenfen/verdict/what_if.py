"""What would have lowered each level, found by measuring and judging again with the evidence changed.

Only what a creator can document is changed: what each family declares, and an audit of the audience.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import get_args

import polars as pl

from zhenfen.features.base import Family, Measured, load_families
from zhenfen.features.inputs import Inputs, rename_creator
from zhenfen.features.what_ifs import Changes, DocumentedChange, Kind, WhatIf
from zhenfen.tables import Tables
from zhenfen.verdict.audience import FAMILY as AUDIENCE
from zhenfen.verdict.changes import (
    COUNTERFACTUALS_SCHEMA,
    OVERALL,
    RANKS,
    UNSAID,
    Contest,
    Group,
    Trial,
    Verdict,
    find_smallest,
)
from zhenfen.verdict.creator import JUDGED
from zhenfen.verdict.judge import Judged, judge
from zhenfen.verdict.standards import Standards

STAND_IN = "stand_in"
"""Column: the name that a copy of a creator bears, one a trial."""
CREATORS_AT_ONCE = 50
"""Creators explained together: each stands there a dozen times, and so do its posts and days."""


@dataclass(frozen=True)
class WhatIfs:
    """Creators: what was measured and judged, and how both can be done again.

    Attributes:
        inputs: Tables of all creators, for they are each other's surroundings.
        measured: All families' measurements of all creators, details included.
        prevalence: Of fakes in their audiences (`audience.SHARES_SCHEMA`).
        standards: What they are judged by.
        in_set: What all creators read together show; it stays as it is.
    """

    inputs: Inputs
    measured: Mapping[str, Measured]
    prevalence: pl.DataFrame
    standards: Standards
    in_set: pl.DataFrame

    def judge_all(self, trials: Sequence[Trial]) -> list[Verdict]:
        """The verdict of each trial: for each a copy of its creator stands in, and all are judged together."""
        stand_ins = {str(place): trial for place, trial in enumerate(trials)}
        copies = _list_copies(stand_ins)
        measured = {
            name: Measured(_copy(one.values, copies), _copy(one.reasons, copies)) for name, one in self.measured.items()
        }
        for name, family in load_families().items():
            read = {place: trial for place, trial in stand_ins.items() if any(map(family.reads, trial[1]))}
            if read:
                measured[name] = _replace(measured[name], self.measure_again(family, read))
        lines = [
            min((one.value or 0.0 for one in changes if one.kind == "share_at"), default=None) for _, changes in trials
        ]
        at_line = copies.select(creator_id=STAND_IN, line=pl.Series(lines, dtype=pl.Float64))
        shares = _copy(self.prevalence, copies).join(at_line, on="creator_id", how="left", maintain_order="left")
        judged = judge(
            measured,
            _copy(self.inputs.tables["creators"], copies),
            shares.with_columns(low=pl.min_horizontal("low", "line")).drop("line"),
            self.standards,
            in_set=self.in_set,
            with_contributions=False,
        )
        verdicts = to_verdicts(judged)
        return [verdicts[name] for name in stand_ins]

    def measure_again(self, family: Family, trials: Mapping[str, Trial]) -> Measured:
        """A family's measurements of stand-ins, by name the creator and the changes; the others stay as they are."""
        read = Tables({table: self.inputs.tables[table] for table in family.again_from})
        alone = {creator_id: read.for_creators([creator_id]) for creator_id in {one for one, _ in trials.values()}}
        parts: dict[str, list[pl.DataFrame]] = {table: [] for table in family.again_from}
        for name, (creator_id, changes) in trials.items():
            tables = alone[creator_id]
            for owner, what_if in list_what_ifs():
                mine = tuple(change for change in changes if change.kind == what_if.kind)
                if mine:
                    details = self.measured[owner].only(creator_id).details
                    tables = what_if.record(tables, creator_id, mine, details)
            for table, frames in parts.items():
                frames.append(rename_creator(tables[table], name))
        around = family.surround(self.inputs)
        placed = around and replace(around, drops=_copy(around.drops, _list_copies(trials)))
        tables = Tables({table: pl.concat(frames) for table, frames in parts.items()})
        return family.measure(Inputs(tables, self.inputs.as_of, with_details=False, around=placed))

    def list_groups(self, creator_id: str) -> list[Group]:
        """What can be documented, and for all families together the whole of it where no kind does alone."""
        found = [what_if.find(self.measured[owner].only(creator_id).details) for owner, what_if in list_what_ifs()]
        single = [
            Group(pieces, frozenset([*list_readers(pieces), OVERALL])) for kind in found for pieces in kind if pieces
        ]
        # Of one kind the events are the same rises under other names: the first of them stands for all.
        firsts = [kind[0] for kind in found if kind[0]]
        together = tuple(chain.from_iterable(firsts))
        whole = [Group(together, frozenset([OVERALL]), is_last_resort=True)] if len(firsts) > 1 else []
        # The audience's share at the lines of its rule; at the lower one where the higher changes nothing.
        rules = self.standards.audience_levels.rules
        share = self.prevalence.filter(creator_id=creator_id)
        low = 0.0 if share.is_empty() else share["low"][0] or 0.0
        lines = [line for line in (rules.high_from, rules.elevated_from) if low > line]
        audits = [
            Group(
                (DocumentedChange("share_at", value=line, unit="share"),),
                frozenset([AUDIENCE, OVERALL]),
                is_last_resort=at > 0,
            )
            for at, line in enumerate(lines)
        ]
        return [*single, *audits, *whole]


def find_counterfactuals(
    inputs: Inputs,
    measured: Mapping[str, Measured],
    judged: Judged,
    prevalence: pl.DataFrame,
    standards: Standards,
    *,
    in_set: pl.DataFrame,
) -> pl.DataFrame:
    """What would lower each level above low: `changes.COUNTERFACTUALS_SCHEMA`, by creator and subject.

    Each creator is changed alone, the others staying as they are. It takes a dozen judgements a creator above low: for
    reports, not for batches.

    Args:
        inputs: What was measured, with details.
        measured: All families' measurements of all creators.
        judged: The judgement of the creators to explain.
        prevalence: Of fakes in their audiences (`audience.SHARES_SCHEMA`).
        standards: What they were judged by.
        in_set: What all creators read together show.
    """
    levels = pl.concat([judged.findings.select("creator_id", "level"), judged.creators.select("creator_id", "level")])
    above = [level for level, rank in RANKS.items() if rank > 0]
    ids = levels.filter(pl.col("level").is_in(above))["creator_id"].unique().sort().to_list()
    what_ifs = WhatIfs(inputs, measured, prevalence, standards, in_set)
    verdicts = to_verdicts(judged)
    rows: list[dict[str, object]] = []
    for start in range(0, len(ids), CREATORS_AT_ONCE):
        part = ids[start : start + CREATORS_AT_ONCE]
        contests = {name: Contest(verdicts[name], what_ifs.list_groups(name)) for name in part}
        for creator_id, lowered in find_smallest(contests, what_ifs.judge_all).items():
            rows += [found.as_dict(creator_id) for found in lowered]
    return pl.DataFrame(rows, schema=COUNTERFACTUALS_SCHEMA)


def list_what_ifs() -> list[tuple[str, WhatIf]]:
    """What the families declare, each with its family's name; first what is most easily checked."""
    declared = [(name, what_if) for name, family in load_families().items() for what_if in family.what_ifs]
    return sorted(declared, key=lambda one: get_args(Kind).index(one[1].kind))


def list_readers(changes: Changes) -> list[str]:
    """Families that read what the changes touch, in name order; an audit changes no measurement."""
    return [name for name, family in load_families().items() if any(map(family.reads, changes))]


def to_verdicts(judged: Judged) -> dict[str, Verdict]:
    """The levels of each creator judged; of all families together UNSAID where neither low nor above can be said."""
    levels: dict[str, dict[str, str]] = {}
    for creator_id, family, level in judged.findings.select("creator_id", "family", "level").iter_rows():
        levels.setdefault(creator_id, {})[family] = level
    verdicts = {}
    for overall in judged.creators.iter_rows(named=True):
        level = UNSAID if overall["reason"] in JUDGED else overall["level"]
        subjects = {**levels[overall["creator_id"]], OVERALL: level}
        verdicts[overall["creator_id"]] = Verdict(subjects, overall["p_manipulated"])
    return verdicts


def _list_copies(trials: Mapping[str, Trial]) -> pl.DataFrame:
    """Each stand-in and the creator for whom it stands."""
    return pl.DataFrame({STAND_IN: list(trials), "creator_id": [creator_id for creator_id, _ in trials.values()]})


def _copy(rows: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """The rows of each stand-in: its creator's, under its own name."""
    copied = copies.join(rows, on="creator_id", maintain_order="left_right")
    return copied.with_columns(creator_id=STAND_IN).select(rows.columns)


def _replace(measured: Measured, again: Measured) -> Measured:
    """What was measured, and of those measured again what was measured then."""
    values, reasons = (
        pl.concat([old.join(again.values.select("creator_id"), on="creator_id", how="anti"), new])
        for old, new in ((measured.values, again.values), (measured.reasons, again.reasons))
    )
    return Measured(values, reasons)
