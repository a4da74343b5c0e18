"""What would have lowered each level, found by measuring and judging again with the evidence changed.

Only what a creator can document is changed: what each family declares, and an audit of the audience.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import get_args

import polars as pl

from zhenfen.features.base import Family, Measured, load_families
from zhenfen.features.inputs import Inputs
from zhenfen.features.what_ifs import Changes, DocumentedChange, Kind, WhatIf
from zhenfen.verdict.audience import FAMILY as AUDIENCE
from zhenfen.verdict.changes import (
    COUNTERFACTUALS_SCHEMA,
    OVERALL,
    RANKS,
    UNSAID,
    Group,
    Verdict,
    find_smallest,
)
from zhenfen.verdict.creator import JUDGED
from zhenfen.verdict.judge import Judged, judge
from zhenfen.verdict.standards import Standards


@dataclass(frozen=True)
class JudgedCreator:
    """One creator: what was measured and judged, and how both can be done again.

    Attributes:
        creator: The row of the table `creators`.
        inputs: Tables of all creators, for they are each other's surroundings.
        measured: By family, this creator's rows; details included.
        prevalence: Of fakes in this creator's audience (`audience.SHARES_SCHEMA`), one row or none.
        judged: As it stands.
        standards: What it is judged by.
        in_set: What all creators read together show; it stays as it is.
    """

    creator: pl.DataFrame
    inputs: Inputs
    measured: Mapping[str, Measured]
    prevalence: pl.DataFrame
    judged: Judged
    standards: Standards
    in_set: pl.DataFrame

    def judge_again(self, changes: Changes) -> Verdict:
        """The verdict with the changes."""
        measured = dict(self.measured)
        for name in list_readers(changes):
            measured[name] = self.measure_again(load_families()[name], changes)
        same = {name: one for name, one in self.judged.matched.items() if measured[name] is self.measured[name]}
        lines = [pl.lit(change.value) for change in changes if change.kind == "share_at"]
        prevalence = self.prevalence.with_columns(low=pl.min_horizontal("low", *lines)) if lines else self.prevalence
        return to_verdict(
            judge(
                measured,
                self.creator,
                prevalence,
                self.standards,
                in_set=self.in_set,
                matched=same,
                with_contributions=False,
            )
        )

    def measure_again(self, family: Family, changes: Changes) -> Measured:
        """A family's measurements with the changes; of this creator alone where the others play no part."""
        creator_id = str(self.creator["creator_id"][0])
        tables = self.inputs.tables.for_creators([creator_id]) if family.is_alone else self.inputs.tables
        for owner, what_if in list_what_ifs():
            mine = tuple(change for change in changes if change.kind == what_if.kind)
            if mine:
                tables = what_if.record(tables, creator_id, mine, self.measured[owner].details)
        return family.measure(replace(self.inputs, tables=tables, with_details=False)).only(creator_id)

    def list_groups(self) -> list[Group]:
        """What can be documented, and for all families together the whole of it where no kind does alone."""
        found = [what_if.find(self.measured[owner].details) for owner, what_if in list_what_ifs()]
        single = [
            Group(pieces, frozenset([*list_readers(pieces), OVERALL])) for kind in found for pieces in kind if pieces
        ]
        # Of one kind the events are the same rises under other names: the first of them stands for all.
        firsts = [kind[0] for kind in found if kind[0]]
        together = tuple(chain.from_iterable(firsts))
        whole = [Group(together, frozenset([OVERALL]), is_last_resort=True)] if len(firsts) > 1 else []
        # The audience's share at the lines of its rule; at the lower one where the higher changes nothing.
        rules = self.standards.audience_levels.rules
        low = 0.0 if self.prevalence.is_empty() else self.prevalence["low"][0] or 0.0
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

    Each creator is changed alone, the others staying as they are. It takes a dozen measurements of a family a creator
    above low: for reports, not for batches.

    Args:
        inputs: What was measured, with details.
        measured: All families' measurements of all creators.
        judged: The judgement of the creators to explain.
        prevalence: Of fakes in their audiences (`audience.SHARES_SCHEMA`).
        standards: What they were judged by.
        in_set: What all creators read together show.
    """
    creators = inputs.tables["creators"]
    levels = pl.concat([judged.findings.select("creator_id", "level"), judged.creators.select("creator_id", "level")])
    above = [level for level, rank in RANKS.items() if rank > 0]
    rows = []
    for creator_id in sorted(levels.filter(pl.col("level").is_in(above))["creator_id"].unique()):
        one = JudgedCreator(
            creators.filter(creator_id=creator_id),
            inputs,
            {name: family.only(creator_id) for name, family in measured.items()},
            prevalence.filter(creator_id=creator_id),
            judged.only(creator_id),
            standards,
            in_set,
        )
        lowered = find_smallest(to_verdict(one.judged), one.list_groups(), one.judge_again)
        rows += [found.as_dict(creator_id) for found in lowered]
    return pl.DataFrame(rows, schema=COUNTERFACTUALS_SCHEMA)


def list_what_ifs() -> list[tuple[str, WhatIf]]:
    """What the families declare, each with its family's name; first what is most easily checked."""
    declared = [(name, what_if) for name, family in load_families().items() for what_if in family.what_ifs]
    return sorted(declared, key=lambda one: get_args(Kind).index(one[1].kind))


def list_readers(changes: Changes) -> list[str]:
    """Families that read what the changes touch, in name order; an audit changes no measurement."""
    return [name for name, family in load_families().items() if any(map(family.reads, changes))]


def to_verdict(judged: Judged) -> Verdict:
    """The levels of the one creator judged; of all families together UNSAID where neither low nor above can be said."""
    levels = dict(judged.findings.select("family", "level").iter_rows())
    overall = judged.creators.row(0, named=True)
    level = UNSAID if overall["reason"] in JUDGED else overall["level"]
    return Verdict({**levels, OVERALL: level}, overall["p_manipulated"])
