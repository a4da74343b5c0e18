"""The first screen's answer: whom to question first, in one sentence, with the strongest reasons and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, Literal

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.section import ABOVE_LOW
from zhenfen.report.words import list_names
from zhenfen.verdict.changes import OVERALL
from zhenfen.verdict.creator import JUDGED

Priority = Literal["question", "no_clear_answer", "nothing_found", "too_little"]
READS: Reads = {OVERALL: ("contributions",)}
MOST_REASONS = 3
Family = Mapping[str, Any]


def priority_section(
    case: Case,
    families: Sequence[Family],
    overall: Mapping[str, Any] | None,
    told: Mapping[str, Sequence[str]],
    *,
    missing: Sequence[Mapping[str, Any]],
    questions: Sequence[str],
) -> dict[str, Any]:
    """Review priority, one sentence, at most MOST_REASONS reasons with the family that shows them, and what to do next.

    Args:
        case: Whose page.
        families: The families' part of the summary.
        overall: What `overall_section` returned.
        told: What the families' sections tell, by family, see `FamilySection.tell`.
        missing: What `list_missing` returned.
        questions: What the page asks: with any, asking is the next step.
    """
    kind, text = decide_priority(families, overall), case.catalogue.text
    asking = _list_asking(case, families, told)
    assessed = [family for family in families if family["level"] != "not_assessed"]
    looked_at = [(family, " ".join(filter(None, (family["sentence"], family["note"])))) for family in assessed]
    # What asks comes first; where nothing was found, what was looked at follows.
    reasons = asking + looked_at if kind == "nothing_found" else asking
    if kind == "no_clear_answer" and overall is not None:
        reasons = [({"family": "computed", "label": overall["label"]}, overall["sentence"]), *asking]
    outside = [family["label"] for family in families if family["level"] in ABOVE_LOW]
    names = outside if kind == "question" else [family["label"] for family in assessed]
    # Something asked is said whether or not any family has a level.
    said = "asked" if asking and kind != "question" else "some" if names else "none"
    if questions:
        todo = "ask"
    elif missing:
        todo = "complete" if kind == "nothing_found" else "get"
    else:
        todo = "go_on" if kind == "nothing_found" else "decide"
    return {
        "kind": kind,
        "label": text(f"priority.{kind}"),
        "short": text(f"priority.{kind}.short"),
        "is_asked": bool(asking or questions),
        "sentence": text(f"priority.{kind}.{said}", names=list_names(names, case.catalogue)),
        "reasons": [
            {"family": family["family"], "label": family["label"], "text": sentence}
            for family, sentence in reasons[:MOST_REASONS]
        ],
        "todo": todo,
        "todo_text": text(f"priority.todo.{todo}"),
        "next": text(f"priority.next.{todo}"),
    }


def decide_priority(families: Iterable[Family], overall: Mapping[str, Any] | None) -> Priority:
    """The overall level in words of review; without a creator model a family's own estimate decides.

    A family that only lies out of line with peers calls nobody: on real sets of creators whom nobody suspects that
    happens more often than the overall level allows. Enough to judge and no level is no clear answer: the creator may
    be unusual as a whole.
    """
    level = "not_assessed" if overall is None else overall["level"]
    is_estimated_above = any(family["is_estimate"] and family["level"] in ABOVE_LOW for family in families)
    if level in ABOVE_LOW or (overall is None and is_estimated_above):
        return "question"
    if level == "low":
        return "nothing_found"
    return "no_clear_answer" if overall is not None and overall["reason"] in JUDGED else "too_little"


def _list_asking(case: Case, families: Sequence[Family], told: Mapping[str, Sequence[str]]) -> list[tuple[Family, str]]:
    """What asks for a look: of the families above low first, by weight in the overall level, one of each in turn."""
    contributions = case.reading(READS).detail(OVERALL, "contributions")
    raising = pl.DataFrame() if contributions is None else contributions.filter(pl.col("contribution") > 0)
    weights = {} if raising.is_empty() else dict(raising.group_by("family").agg(pl.col("contribution").sum()).rows())
    asking = []
    for family in families:
        said, is_above = list(told.get(family["family"], ())), family["level"] in ABOVE_LOW
        if is_above and family["is_estimate"]:
            said.append(family["sentence"])
        if is_above:
            said += [item["sentence"] for item in family["evidence"] if item["asks"]]
        if said:
            asking.append((is_above, weights.get(family["family"], 0.0), family, said))
    asking.sort(key=lambda entry: entry[:2], reverse=True)
    in_turn = zip_longest(*([(family, sentence) for sentence in said] for *_, family, said in asking))
    return [one for one in chain.from_iterable(in_turn) if one is not None]
