"""What would have lowered each level, found by measuring and judging again with the evidence changed.

Only what a creator can document is changed: events, receipts of paid promotion, labels, an audit of the audience.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from zhenfen.features.base import Measured, load_families
from zhenfen.features.growth.explanations import PROMOTION
from zhenfen.features.inputs import Inputs
from zhenfen.model_store import Models
from zhenfen.scoring.changes import change_events, label_posts, promote_posts
from zhenfen.scoring.judging import Judged, judge
from zhenfen.tables import Tables
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
from zhenfen.verdict.creator import JUDGED

EVENTS = ("giveaway", "advert", PROMOTION)
"""The events tried in a rise: each leaves a trace that can be shown, and they are what most often brings followers."""

PostChange = Literal["posts_promoted", "posts_labelled"]
_POSTS: dict[PostChange, tuple[str, pl.Expr]] = {
    "posts_promoted": ("engagement", pl.col("stands_out")),
    "posts_labelled": ("sponsorship", pl.col("has_purchase_means") & ~pl.col("is_disclosed")),
}
"""The family whose details list the posts, and which of them may be documented."""
_CHANGE_POSTS: dict[PostChange, Callable[[Tables, pl.Series], Tables]] = {
    "posts_promoted": promote_posts,
    "posts_labelled": label_posts,
}


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
    """What can be documented, and for all families together the whole of it where no sort does alone."""
    events = [_events(case, kind) for kind in EVENTS]
    promoted, labelled = _posts(case, "posts_promoted"), _posts(case, "posts_labelled")
    sorts = [pieces for pieces in (*events, promoted, labelled) if pieces]
    together = (*events[0], *promoted, *labelled)
    several = sum(bool(pieces) for pieces in (events[0], promoted, labelled)) > 1
    whole = [Group(together, frozenset([OVERALL]), is_last_resort=True)] if several else []
    return [*map(_group, sorts), *_lines(case), *whole]


def _group(pieces: Changes) -> Group:
    return Group(pieces, frozenset([*_affected(pieces), OVERALL]))


def _events(case: Case, kind: str) -> Changes:
    """An event of the kind in each rise that nothing explains, those with most followers first."""
    spans = case.detail("growth", "spans")
    if spans.is_empty():
        return ()
    rises = spans.filter(pl.col("explanation") == "none", pl.col("n_gained") > 0)
    largest = rises.sort("n_gained", "starts_at", descending=[True, False])
    return tuple(
        Change("event_confirmed", row["starts_at"], row["ends_at"], kind, row["n_gained"])
        for row in largest.iter_rows(named=True)
    )


def _posts(case: Case, kind: PostChange) -> Changes:
    n_posts = len(_named_posts(case, kind))
    return (Change(kind, n=n_posts),) if n_posts else ()


def _named_posts(case: Case, kind: PostChange) -> pl.Series:
    """Ids of the posts that stand out without a record of promotion, or that lead to a shop and show no disclosure."""
    family, is_named = _POSTS[kind]
    posts = case.detail(family, "posts")
    return pl.Series("post_id", [], dtype=pl.String) if posts.is_empty() else posts.filter(is_named)["post_id"]


def _lines(case: Case) -> list[Group]:
    """The audience's share at the lines of its rule; at the lower one where the higher changes nothing."""
    rules = case.models.audience_levels.rules
    low = 0.0 if case.shares.is_empty() else case.shares["low"][0] or 0.0
    lines = [line for line in (rules.high_from, rules.elevated_from) if low > line]
    return [
        Group((Change("share_at", value=line, unit="share"),), frozenset([AUDIENCE, OVERALL]), is_last_resort=at > 0)
        for at, line in enumerate(lines)
    ]


def _affected(changes: Changes) -> list[str]:
    """Families that read what the changes touch; an audit changes no measurement."""
    return sorted({family for change in changes for family in _readers(change)})


def _readers(change: Change) -> tuple[str, ...]:
    if change.kind == "event_confirmed":
        return ("growth", "engagement") if change.ref == PROMOTION else ("growth",)
    return {"posts_promoted": ("engagement",), "posts_labelled": ("sponsorship",)}.get(change.kind, ())


def _measure_again(case: Case, family: str, changes: Changes) -> Measured:
    """A family's measurements with the changes; of this creator alone where the others play no part."""
    tables = case.inputs.tables if family == "growth" else case.inputs.tables.for_creators([case.creator_id])
    tables = change_events(tables, case.creator_id, changes)
    for kind, change_posts in _CHANGE_POSTS.items():
        if any(change.kind == kind for change in changes):
            tables = change_posts(tables, _named_posts(case, kind))
    return load_families()[family].measure(replace(case.inputs, tables=tables, with_details=False))


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
    level = UNSAID if overall["reason"] in JUDGED else overall["level"]
    return Verdict({**levels, OVERALL: level}, overall["p_manipulated"])
