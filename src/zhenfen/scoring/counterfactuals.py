"""What would have lowered each level, found by measuring and judging again with the evidence changed.

Only what can be taken back or confirmed is changed: days, comments, labels; and, where none of them does, measurements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from zhenfen.features.base import Inputs, Measured, load_families
from zhenfen.model_store import Models
from zhenfen.scoring.changes import change_counts, change_events, in_clusters, label_posts
from zhenfen.scoring.judging import Judged, judge
from zhenfen.verdict.audience import FAMILY as AUDIENCE
from zhenfen.verdict.counterfactuals import (
    COUNTERFACTUALS_SCHEMA,
    OVERALL,
    RANKS,
    UNSAID,
    Change,
    Changes,
    Group,
    Lowered,
    Verdict,
    find_smallest,
)
from zhenfen.verdict.creator import MIXED, UNCLEAR

EVENT = "giveaway"
"""The event tried in a span: what an agency can most easily check with the creator, and what most often moves followers
(the others are read by the same rule)."""
MOST_MEASUREMENTS = 5
"""Measurements changed together at most: an answer with more says no more than that everything is unusual."""


@dataclass(frozen=True)
class Case:
    """One creator: what was measured, and how it can be measured again.

    Attributes:
        creator: The row of the table `creators`.
        inputs: Tables of all creators, for they are each other's surroundings.
        measured: By family, this creator's rows; details included.
        shares: Audience share of this creator, one row or none.
        judged: As it stands.
        models: What it is judged with.
        in_set: What all creators read together show; it stays as it is.
    """

    creator: pl.DataFrame
    inputs: Inputs
    measured: Mapping[str, Measured]
    shares: pl.DataFrame
    judged: Judged
    models: Models
    in_set: pl.DataFrame

    @property
    def creator_id(self) -> str:
        """Whose case."""
        return str(self.creator["creator_id"][0])

    def detail(self, family: str, name: str) -> pl.DataFrame:
        """A frame behind a family's values; without columns where there is none."""
        return self.measured[family].details.get(name, pl.DataFrame())

    def verdict(self) -> Verdict:
        """The verdict as it stands."""
        return _to_verdict(self.judged)

    def judge_again(self, changes: Changes) -> Verdict:
        """The verdict with the changes."""
        measured = dict(self.measured)
        for family in _affected(changes):
            measured[family] = _only(_measure_again(self, family, changes), self.creator_id)
        for change in changes:
            if change.kind == "measurement_at":
                measured = _with_value(measured, change)
        same = {name: one for name, one in self.judged.matched.items() if measured[name] is self.measured[name]}
        shares = _with_share(self.shares, changes)
        return _to_verdict(
            judge(
                measured, self.creator, shares, self.models, in_set=self.in_set, matched=same, with_contributions=False
            )
        )


def find_counterfactuals(
    inputs: Inputs,
    measured: Mapping[str, Measured],
    judged: Judged,
    shares: pl.DataFrame,
    models: Models,
    *,
    in_set: pl.DataFrame,
) -> pl.DataFrame:
    """What would lower each level above low: `verdict.counterfactuals.COUNTERFACTUALS_SCHEMA`, by creator and subject.

    Each creator is changed alone, the others staying as they are. It takes a dozen measurements of a family a creator
    above low: for reports, not for batches.

    Args:
        inputs: What was measured, with details.
        measured: All families' measurements of all creators.
        judged: The judgement of the creators to explain.
        shares: Their audience shares.
        models: What they were judged with.
        in_set: What all creators read together show.
    """
    creators = inputs.tables["creators"]
    rows = [
        row.as_dict(creator_id)
        for creator_id in _above_low(judged)
        for row in _explain(
            Case(
                creators.filter(creator_id=creator_id),
                inputs,
                {name: _only(one, creator_id) for name, one in measured.items()},
                shares.filter(creator_id=creator_id),
                _of(judged, creator_id),
                models,
                in_set,
            )
        )
    ]
    return pl.DataFrame(rows, schema=COUNTERFACTUALS_SCHEMA)


def _above_low(judged: Judged) -> list[str]:
    above = [level for level, rank in RANKS.items() if rank > 0]
    both = pl.concat([judged.findings.select("creator_id", "level"), judged.creators.select("creator_id", "level")])
    return sorted(both.filter(pl.col("level").is_in(above))["creator_id"].unique())


def _explain(case: Case) -> list[Lowered]:
    return find_smallest(case.verdict(), _groups(case), case.judge_again)


def _groups(case: Case) -> list[Group]:
    """What can be asked about first; measurements last."""
    spans, clusters, posts = _spans(case), _clusters(case), _posts(case)
    events = tuple(_confirmed(span) for span in spans if (span.n or 0) > 0)
    together = (*spans, *clusters, *posts)
    asked = [_group(pieces) for pieces in (spans, events, clusters, posts) if pieces]
    several = sum(bool(pieces) for pieces in (spans, clusters, posts)) > 1
    whole = [Group(together, frozenset([OVERALL]), is_last_resort=True)] if several else []
    return [*asked, *whole, *_lines(case), *_usual(case)]


def _group(pieces: Changes) -> Group:
    return Group(pieces, frozenset([*_affected(pieces), OVERALL]))


def _spans(case: Case) -> Changes:
    """Spans that nothing explains, those with most followers first."""
    spans = case.detail("growth", "spans")
    if spans.is_empty():
        return ()
    found = spans.filter(explanation="none").sort(pl.col("n_gained").abs(), "starts_at", descending=[True, False])
    return tuple(
        Change("without_span", row["starts_at"], row["ends_at"], row["shape"], row["n_gained"], row["n_expected"])
        for row in found.iter_rows(named=True)
    )


def _confirmed(span: Change) -> Change:
    return Change("event_confirmed", span.starts_at, span.ends_at, EVENT, span.n)


def _clusters(case: Case) -> Changes:
    clusters = case.detail("comments", "clusters")
    if clusters.is_empty():
        return ()
    largest = clusters.sort("n_comments", "cluster_id", descending=[True, False])
    return tuple(
        Change("without_cluster", row["first_at"], row["last_at"], row["cluster_id"], row["n_comments"])
        for row in largest.iter_rows(named=True)
    )


def _posts(case: Case) -> Changes:
    n_unlabelled = len(_unlabelled(case))
    return (Change("posts_labelled", n=n_unlabelled),) if n_unlabelled else ()


def _unlabelled(case: Case) -> pl.Series:
    """Posts with means to buy and no disclosure."""
    posts = case.detail("sponsorship", "posts")
    if posts.is_empty():
        return pl.Series("post_id", [], dtype=pl.String)
    return posts.filter("has_purchase_means", ~pl.col("is_disclosed").fill_null(value=False))["post_id"]


def _lines(case: Case) -> list[Group]:
    """The audience's share at the lines of its rule, the higher first."""
    rules = case.models.audience_levels.rules
    low = 0.0 if case.shares.is_empty() else case.shares["low"][0] or 0.0
    lines = [line for line in (rules.high_from, rules.elevated_from) if low > line]
    return [Group((Change("share_at", value=line, unit="share"),), frozenset([AUDIENCE])) for line in lines[:1]]


def _usual(case: Case) -> list[Group]:
    """Measurements at the edge of their peers' range: of each family, and of all by their weight in the model."""
    evidence = case.judged.evidence
    asks = evidence.filter(pl.col("contribution") > 0).sort(-pl.col("contribution"), "feature")
    groups = [
        Group(_edges(part), frozenset([str(family)]), is_last_resort=True)
        for (family,), part in asks.partition_by("family", as_dict=True, maintain_order=True).items()
    ]
    weights = case.judged.contributions.filter(pl.col("contribution") > 0).select("feature", weight="contribution")
    weighed = evidence.join(weights, on="feature").sort(-pl.col("weight"), "feature")
    return [*groups, Group(_edges(weighed), frozenset([OVERALL]), is_last_resort=True)]


def _edges(evidence: pl.DataFrame) -> Changes:
    above, below = pl.col("value") > pl.col("high"), pl.col("value") < pl.col("low")
    edges = evidence.filter(above | below).select("feature", "unit", edge=pl.when(above).then("high").otherwise("low"))
    return tuple(
        Change("measurement_at", ref=row["feature"], value=row["edge"], unit=row["unit"])
        for row in edges.head(MOST_MEASUREMENTS).iter_rows(named=True)
    )


_FAMILIES: dict[str, tuple[str, ...]] = {
    "without_span": ("growth",),
    "event_confirmed": ("growth",),
    "without_cluster": ("comments", "network"),
    "posts_labelled": ("sponsorship",),
}
"""Families that read what a change touches."""


def _affected(changes: Changes) -> list[str]:
    return sorted({family for change in changes for family in _FAMILIES.get(change.kind, ())})


def _measure_again(case: Case, family: str, changes: Changes) -> Measured:
    """A family's measurements with the changes; of this creator alone where the others play no part."""
    mine, inputs = case.creator_id, replace(case.inputs, with_details=False)
    if family == "growth":
        tables = change_events(change_counts(inputs.tables, mine, changes), mine, changes)
        inputs = replace(inputs, tables=tables)
    elif family == "network":
        inputs = case.inputs.keep_comments(~in_clusters(case.inputs, mine, changes))
    elif family == "comments":
        is_own = case.inputs.tables["comments"]["creator_id"] == mine
        inputs = case.inputs.keep_comments(is_own & ~in_clusters(case.inputs, mine, changes), creators=case.creator)
    else:
        inputs = replace(inputs, tables=label_posts(inputs.tables.for_creators([mine]), _unlabelled(case)))
    return load_families()[family].measure(inputs)


def _with_value(measured: Mapping[str, Measured], change: Change) -> dict[str, Measured]:
    name = str(change.ref)
    return {
        family: replace(one, values=one.values.with_columns(pl.lit(change.value).alias(name)))
        if name in one.values.columns
        else one
        for family, one in measured.items()
    }


def _with_share(shares: pl.DataFrame, changes: Changes) -> pl.DataFrame:
    lines = [change.value for change in changes if change.kind == "share_at"]
    return shares.with_columns(low=pl.min_horizontal("low", *map(pl.lit, lines))) if lines else shares


def _only(measured: Measured, creator_id: str) -> Measured:
    details = {name: frame.filter(creator_id=creator_id) for name, frame in measured.details.items()}
    return Measured(
        measured.values.filter(creator_id=creator_id), measured.reasons.filter(creator_id=creator_id), details
    )


def _of(judged: Judged, creator_id: str) -> Judged:
    return Judged(
        judged.evidence.filter(creator_id=creator_id),
        judged.findings.filter(creator_id=creator_id),
        judged.creators.filter(creator_id=creator_id),
        judged.contributions.filter(creator_id=creator_id),
        {name: frame.filter(creator_id=creator_id) for name, frame in judged.matched.items()},
    )


def _to_verdict(judged: Judged) -> Verdict:
    levels = dict(judged.findings.select("family", "level").iter_rows())
    overall = judged.creators.row(0, named=True)
    level = UNSAID if overall["reason"] in (UNCLEAR, MIXED) else overall["level"]
    return Verdict({**levels, OVERALL: level}, overall["p_manipulated"])
