"""What would have lowered a level: the smallest changes that a creator can document, found by judging with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

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


@dataclass(frozen=True, slots=True)
class Contest:
    """A creator to explain.

    Attributes:
        now: The verdict as it stands.
        groups: Changes that belong together, those that a person can most easily check first.
    """

    now: Verdict
    groups: Sequence[Group]


Trial = tuple[str, Changes]
"""A creator's id, and changes to judge it with."""
JudgeAll = Callable[[Sequence[Trial]], Sequence[Verdict]]
_Ask = Callable[[Changes], Verdict | None]


def find_smallest(contests: Mapping[str, Contest], judge_all: JudgeAll) -> dict[str, list[Lowered]]:
    """For each subject above low and each group the smallest changes that lower the level; subjects in name order.

    A judgement costs little beside judging at all: all that the searches may need next is judged together, of all
    creators, until they need no more.

    Args:
        contests: By creator id.
        judge_all: The verdicts with the changes, in the order asked.
    """
    known: dict[Trial, Verdict] = {}
    while True:
        asked: dict[Trial, None] = {}
        found = {name: list(_find_all(one, _asking(name, known, asked))) for name, one in contests.items()}
        if not asked:
            return found
        known.update(zip(asked, judge_all(list(asked)), strict=True))


def _asking(creator_id: str, known: Mapping[Trial, Verdict], asked: dict[Trial, None]) -> _Ask:
    """What is known of a creator's changes; what is not is asked for."""

    def ask(changes: Changes) -> Verdict | None:
        trial = (creator_id, changes)
        if trial not in known:
            asked[trial] = None
        return known.get(trial)

    return ask


def _find_all(contest: Contest, ask: _Ask) -> Iterator[Lowered]:
    levels = contest.now.levels
    for subject in sorted(subject for subject, level in levels.items() if RANKS.get(level, 0) > 0):
        level, is_found = levels[subject], False
        for group in contest.groups:
            if subject not in group.subjects or (group.is_last_resort and is_found):
                continue
            found = _search(group.pieces, partial(_lowers, ask, subject, level))
            then = ask(found) if found else None
            if then is not None:
                is_found = True
                yield Lowered(subject, level, then, found)


def _search(pieces: Changes, lowers: Callable[[Changes], bool | None]) -> Changes:
    """The smallest piece that does alone, else the fewest of the largest that do together, else nothing.

    What is not known yet lowers nothing, so that all pieces and the whole are asked for at once.
    """
    for piece in sorted(pieces[:MOST_SINGLE], key=lambda one: abs(one.n or 0)):
        if lowers((piece,)):
            return (piece,)
    if len(pieces) < 2 or not lowers(pieces):  # noqa: PLR2004 (one piece was tried already)
        return ()
    fewest, enough = 2, len(pieces) + 1
    while fewest < enough:
        middle = (fewest + enough) // 2
        does = lowers(pieces[:middle])
        if does is None:
            return ()
        fewest, enough = (fewest, middle) if does else (middle + 1, enough)
    return pieces[:enough]


def _lowers(ask: _Ask, subject: str, level: str, changes: Changes) -> bool | None:
    """Whether the changes lower the level of a subject; None where that is not known yet."""
    verdict = ask(changes)
    return None if verdict is None else is_lower(verdict.levels[subject], level)


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
