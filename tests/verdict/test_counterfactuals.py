"""The search for the smallest change that lowers a level, with judges whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from zhenfen.features.what_ifs import Changes, DocumentedChange
from zhenfen.verdict.changes import OVERALL, Contest, Group, Lowered, Trial, Verdict, find_smallest, is_lower


def span(n: int) -> DocumentedChange:
    return DocumentedChange("event_confirmed", n=n)


def receipts(n: int) -> DocumentedChange:
    return DocumentedChange("posts_promoted", n=n)


def judge_by(needed: int, subject: str = "growth", kind: str = "event_confirmed") -> Callable[[Changes], Verdict]:
    """The subject is low once the changes of this kind take away as many as are needed."""

    def judge(changes: Changes) -> Verdict:
        taken = sum(change.n or 0 for change in changes if change.kind == kind)
        return Verdict({subject: "low" if taken >= needed else "high"}, 0.1)

    return judge


def search(now: Verdict, groups: Sequence[Group], judge: Callable[[Changes], Verdict]) -> list[Lowered]:
    """`find_smallest` of one creator."""
    return find_smallest({"c": Contest(now, groups)}, lambda trials: [judge(changes) for _, changes in trials])["c"]


def find(now: str, pieces: Changes, judge: Callable[[Changes], Verdict], subject: str = "growth") -> list[Changes]:
    groups = [Group(pieces, frozenset([subject]))]
    return [one.changes for one in search(Verdict({subject: now}), groups, judge)]


SPANS = (span(900), span(500), span(300), span(200), span(100))


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (200, (span(300),)),
        (400, (span(500),)),
        (900, (span(900),)),
        (1000, SPANS[:2]),
        (1500, SPANS[:3]),
        (1950, SPANS),
        (2000, SPANS),
    ],
)
def test_one_that_does_beats_two_and_the_smallest_that_does_beats_the_largest(needed: int, expected: Changes) -> None:
    assert find("high", SPANS, judge_by(needed)) == [expected]


@pytest.mark.parametrize("pieces", [SPANS, (), (span(5),)])
def test_where_nothing_does_nothing_is_said(pieces: Changes) -> None:
    assert find("high", pieces, judge_by(10_000)) == []


@pytest.mark.parametrize("level", ["low", "not_assessed"])
def test_a_level_that_is_not_above_low_needs_no_change(level: str) -> None:
    assert find(level, SPANS, judge_by(1)) == []


def test_what_can_no_longer_be_judged_was_not_lowered() -> None:
    assert find("high", SPANS, lambda _: Verdict({"growth": "not_assessed"})) == []
    assert not is_lower("not_assessed", "high")
    assert is_lower("unclear", "elevated")
    assert is_lower("elevated", "high")
    assert not is_lower("high", "high")


def test_every_sort_of_evidence_that_does_is_named_and_the_last_resort_only_without() -> None:
    labels = DocumentedChange("posts_labelled", n=2)

    def judge(changes: Changes) -> Verdict:
        return Verdict({"growth": "low", OVERALL: "high" if labels not in changes else "elevated"}, 0.6)

    groups = [
        Group((span(1),), frozenset(["growth", OVERALL])),
        Group((receipts(1),), frozenset(["growth", OVERALL])),
        Group((labels,), frozenset(["growth", OVERALL]), is_last_resort=True),
    ]
    found = search(Verdict({"growth": "elevated", OVERALL: "high"}, 0.9), groups, judge)
    assert [(one.subject, one.changes) for one in found] == [
        (OVERALL, (labels,)),
        ("growth", (span(1),)),
        ("growth", (receipts(1),)),
    ]
    row = found[0].as_dict("c")
    assert (row["level"], row["level_then"], row["p_then"]) == ("high", "elevated", 0.6)
    assert found[1].as_dict("c")["p_then"] is None


def test_a_group_is_not_asked_about_what_it_cannot_move() -> None:
    tried: list[Changes] = []

    def judge(changes: Changes) -> Verdict:
        tried.append(changes)
        return Verdict({"growth": "high"})

    search(Verdict({"growth": "high"}), [Group(SPANS, frozenset(["engagement"]))], judge)
    assert tried == []


def test_a_hundred_pieces_of_two_creators_take_few_judgements() -> None:
    asked: list[Sequence[Trial]] = []
    judges = {"a": judge_by(sum(range(60, 101))), "b": judge_by(100)}

    def judge_all(trials: Sequence[Trial]) -> list[Verdict]:
        asked.append(trials)
        return [judges[creator_id](changes) for creator_id, changes in trials]

    pieces = tuple(span(n) for n in range(100, 0, -1))
    contest = Contest(Verdict({"growth": "high"}), [Group(pieces, frozenset(["growth"]))])
    found = find_smallest({"a": contest, "b": contest}, judge_all)
    assert {name: [one.changes for one in lowered] for name, lowered in found.items()} == {
        "a": [pieces[:41]],
        "b": [pieces[:1]],
    }
    tried = [trial for trials in asked for trial in trials]
    assert len(tried) == len(set(tried))
    assert [sum(name == "a" for name, _ in tried), sum(name == "b" for name, _ in tried)] == [11, 4]
    # The largest and the whole at once, then a half at a time.
    assert [len(trials) for trials in asked] == [8, 1, 1, 1, 1, 1, 1, 1]
