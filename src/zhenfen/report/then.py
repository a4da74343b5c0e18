"""What would lower each level, in words: from the changes that were found by judging again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from zhenfen.report.case import Case, Reads
from zhenfen.report.family import level_words
from zhenfen.report.section import ABOVE_LOW, family_rank
from zhenfen.report.words import days_text, iso_day, list_names, signed
from zhenfen.tables import EVENT_KINDS
from zhenfen.verdict.changes import OVERALL

READS: Reads = {OVERALL: ("counterfactuals",)}
KINDS = ("event_confirmed", "posts_promoted", "posts_labelled", "share_at")
"""Of changes, in the order in which they are told."""
MOST_DAYS = 4
Change = Mapping[str, Any]


def then_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """One line per level and kind of change, all families together first; None where no level is above low."""
    text, row = case.catalogue.text, case.setting.overall.get(case.creator_id)
    overall = {"family": OVERALL, "label": text("report.overall"), "basis": "model"}
    subjects = [*families] if row is None else [{**overall, "level": row["level"]}, *families]
    above = {one["family"]: one for one in subjects if one["level"] in ABOVE_LOW}
    if not above:
        return None
    found = case.reading(READS).detail(OVERALL, "counterfactuals")
    rows = [] if found is None else found.rows(named=True)
    lines = []
    for _, part in groupby(sorted(rows, key=_place), key=_without_kind):
        # Rows that differ in the kind of event alone share a line.
        alike = list(part)
        row, subject = alike[0], above.get(alike[0]["subject"])
        if subject is None:
            continue
        levels = (level_words(row[name], subject["basis"], case.setting) for name in ("level", "level_then"))
        now, then = (words["level_text"] for words in levels)
        changes = [change for one in alike for change in one["changes"]]
        refs = dict.fromkeys(change["ref"] for change in changes if change["ref"])
        events = " / ".join(text(f"report.event.{ref}") for ref in refs)
        kinds = groupby(row["changes"], key=lambda one: one["kind"])
        conditions = [_say_changes(case, kind, list(some), events) for kind, some in kinds]
        joined = text("report.then.and").join(conditions)
        lines.append(
            {
                **{name: row[name] for name in ("subject", "level", "level_then", "p_then")},
                "changes": [
                    {**change, **{name: change[name] and iso_day(change[name]) for name in ("starts_at", "ends_at")}}
                    for change in changes
                ],
                "sentence": text(
                    "report.then.lowered", conditions=joined, subject=subject["label"], now=now, then=then
                ),
            }
        )
    without = [about["label"] for subject, about in above.items() if all(line["subject"] != subject for line in lines)]
    named = list_names(without, case.catalogue)
    return {"lines": lines, "none_text": text("report.then.none", subjects=named) if without else ""}


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """All families together first, then the kinds of change; kinds of event that would do beside each other."""
    kinds = [KINDS.index(change["kind"]) for change in row["changes"]]
    days = [str(change["starts_at"]) for change in row["changes"]]
    events = [EVENT_KINDS.index(change["ref"]) for change in row["changes"] if change["ref"]]
    return (row["subject"] != OVERALL, family_rank(row["subject"]), kinds, days, row["level_then"], events)


def _without_kind(row: dict[str, Any]) -> tuple[Any, ...]:
    """What rows share that name one event or another on the same days, to the same end."""
    changes = tuple((change["kind"], change["starts_at"]) for change in row["changes"])
    return (row["subject"], row["level"], row["level_then"], changes)


def _say_changes(case: Case, kind: str, changes: Sequence[Change], events: str) -> str:
    """Changes of one kind in words; of events the days with what was gained: of many the first, and how many more."""
    text, first = case.catalogue.text, changes[0]
    if kind == "share_at":
        return text("report.then.share_at", value=case.catalogue.share(first["value"]))
    if kind != "event_confirmed":
        return text(f"report.then.{kind}", n=case.catalogue.count(first["n"]))
    days = []
    for change in sorted(changes, key=lambda change: change["starts_at"])[:MOST_DAYS]:
        gained = signed(case.catalogue, change["n"])
        days.append(text("report.then.gained", days=days_text(change["starts_at"], change["ends_at"]), gained=gained))
    more = text("report.more.short", n=len(changes) - MOST_DAYS) if len(changes) > MOST_DAYS else ""
    return text("report.then.event_confirmed", event=events, days=list_names(days, case.catalogue) + more)
