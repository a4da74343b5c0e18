"""What would have lowered a level: the smallest changes that a creator can document, found by judging with each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from zhenfen.features.what_ifs import Changes

OVERALL = "creator"
"""Subject of the level over all families, and the name under which the details hold what belongs to it."""
UNSAID = "unclear"
"""What an overall level that was judged but is neither low nor above becomes: it is no longer what it was."""
RANKS = {"low": 0, UNSAID: 0, "elevated": 1, "high": 2}
"""Order of the levels. not_assessed has no place: what can no longer be judged has not been lowered."""
MOST_SINGLE = 3
"""Largest pieces of evidence that are tried alone; then the largest are tried together."""

CHANGE_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
    "ref": pl.String(),
    "n": pl.Int64(),
    "value": pl.Float64(),
    "unit": pl.String(),
}
COUNTERFACTUALS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "subject": pl.String(),
    "level": pl.String(),
    "level_then": pl.String(),
    "p_then": pl.Float64(),
    "changes": pl.List(pl.Struct(CHANGE_SCHEMA)),
}
"""subject: a family, or OVERALL; p_then: P(manipulated) with the changes, for OVERALL alone."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Levels by subject, and P(manipulated) where there is a model."""

    levels: Mapping[str, str]
    p_manipulated: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Changes of one kind, to be tried one by one and together.

    Attributes:
        pieces: Largest first.
        subjects: Whose levels they may move.
        is_last_resort: Tried only where nothing before it lowers the level.
    """

    pieces: Changes
    subjects: frozenset[str]
    is_last_resort: bool = False


JudgeAgain = Callable[[Changes], Verdict]


def find_smallest(now: Verdict, groups: Sequence[Group], judge_again: JudgeAgain) -> list[Lowered]:
    """For each subject above low and each group the smallest changes that lower the level; subjects in name order.

    Args:
        now: The verdict as it stands.
        groups: Changes that belong together, those that a person can most easily check first.
        judge_again: The verdict with the changes.
    """
    known: dict[Changes, Verdict] = {}

    def judge(changes: Changes) -> Verdict:
        if changes not in known:
            known[changes] = judge_again(changes)
        return known[changes]

    above = sorted(subject for subject, level in now.levels.items() if RANKS.get(level, 0) > 0)
    return [found for subject in above for found in _find_all(subject, now.levels[subject], groups, judge)]


def _find_all(subject: str, level: str, groups: Sequence[Group], judge: JudgeAgain) -> Iterator[Lowered]:
    is_found = False
    for group in groups:
        if subject not in group.subjects or (group.is_last_resort and is_found):
            continue
        changes = _search(group.pieces, lambda tried: is_lower(judge(tried).levels[subject], level))
        if changes:
            is_found = True
            yield Lowered(subject, level, judge(changes), changes)


def _search(pieces: Changes, lowers: Callable[[Changes], bool]) -> Changes:
    """The smallest piece that does alone, else the fewest of the largest that do together, else nothing."""
    for piece in sorted(pieces[:MOST_SINGLE], key=lambda one: abs(one.n or 0)):
        if lowers((piece,)):
            return (piece,)
    if len(pieces) < 2 or not lowers(pieces):  # noqa: PLR2004 (one piece was tried already)
        return ()
    counts = range(2, len(pieces) + 1)
    enough = bisect_left(counts, 1, key=lambda n: int(lowers(pieces[:n])))
    return pieces[: counts[enough]]


def is_lower(level: str, than: str) -> bool:
    """Whether a level was lowered; one that can no longer be given was not."""
    return level in RANKS and RANKS[level] < RANKS[than]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A level and what would lower it."""

    subject: str
    level: str
    then: Verdict
    changes: Changes

    def as_dict(self, creator_id: str) -> dict[str, object]:
        """The columns of COUNTERFACTUALS_SCHEMA."""
        return {
            "creator_id": creator_id,
            "subject": self.subject,
            "level": self.level,
            "level_then": self.then.levels[self.subject],
            "p_then": self.then.p_manipulated if self.subject == OVERALL else None,
            "changes": [asdict(one) for one in self.changes],
        }
