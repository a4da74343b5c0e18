"""What would lower each level, in words: from the changes that were found by judging again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from zhenfen.report.case import Case, Reads
from zhenfen.report.family import level_words
from zhenfen.report.section import family_rank
from zhenfen.report.words import iso_day, list_names, signed
from zhenfen.tables import EVENT_KINDS
from zhenfen.verdict.counterfactuals import OVERALL

READS: Reads = {OVERALL: ("counterfactuals",)}
MOST_DAYS = 4
Change = Mapping[str, Any]


def then_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """One line a level and sort of change, all families together first; None where no level is above low."""
    above = _above_low(case, families)
    if not above:
        return None
    found = case.reading(READS).detail(OVERALL, "counterfactuals")
    rows = [] if found is None else found.rows(named=True)
    alike = [list(part) for _, part in groupby(sorted(rows, key=_place), key=_without_kind)]
    lines = [_line(case, part, above) for part in alike if part[0]["subject"] in above]
    without = [about["label"] for subject, about in above.items() if all(line["subject"] != subject for line in lines)]
    named = list_names(without, case.catalogue)
    return {"lines": lines, "none_text": case.catalogue.text("report.then.none", subjects=named) if without else ""}


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """All families together first, then the sorts of change; kinds of event that would do beside each other."""
    kinds = [list(_WORDS).index(change["kind"]) for change in row["changes"]]
    days = [str(change["starts_at"]) for change in row["changes"]]
    events = [EVENT_KINDS.index(change["ref"]) for change in row["changes"] if change["ref"]]
    return (row["subject"] != OVERALL, family_rank(row["subject"]), kinds, days, row["level_then"], events)


def _without_kind(row: dict[str, Any]) -> tuple[Any, ...]:
    """What rows share that name one event or another on the same days, to the same end."""
    changes = tuple((change["kind"], change["starts_at"]) for change in row["changes"])
    return (row["subject"], row["level"], row["level_then"], changes)


def _above_low(case: Case, families: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Subject → label, level and basis."""
    row = case.setting.overall.get(case.creator_id)
    overall = {"family": OVERALL, "label": case.catalogue.text("report.overall"), "basis": "model"}
    subjects = [*families] if row is None else [{**overall, "level": row["level"]}, *families]
    return {one["family"]: one for one in subjects if one["level"] in ("elevated", "high")}


def _line(case: Case, rows: list[dict[str, Any]], above: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One line for rows that differ in the kind of event alone."""
    row = rows[0]
    subject = above[row["subject"]]
    now, then = (
        level_words(row[name], subject["basis"], case.setting)["level_text"] for name in ("level", "level_then")
    )
    refs = list(dict.fromkeys(change["ref"] for one in rows for change in one["changes"] if change["ref"]))
    events = " / ".join(case.catalogue.text(f"report.event.{ref}") for ref in refs)
    sorts = groupby(row["changes"], key=lambda one: one["kind"])
    conditions = [_WORDS[kind](case, list(part), events) for kind, part in sorts]
    joined = case.catalogue.text("report.then.and").join(conditions)
    return {
        **{name: row[name] for name in ("subject", "level", "level_then", "p_then")},
        "changes": [_plain(change) for one in rows for change in one["changes"]],
        "sentence": case.catalogue.text(
            "report.then.lowered", conditions=joined, subject=subject["label"], now=now, then=then
        ),
    }


def _plain(change: Change) -> dict[str, Any]:
    days = {name: None if change[name] is None else iso_day(change[name]) for name in ("starts_at", "ends_at")}
    return {**change, **days}


def _event_words(case: Case, changes: Sequence[Change], events: str) -> str:
    return case.catalogue.text("report.then.event_confirmed", event=events, days=_days(case, changes))


def _days(case: Case, changes: Sequence[Change]) -> str:
    """The days with what was gained, in order of time; of many the first and how many there are."""
    ordered = sorted(changes, key=lambda change: change["starts_at"])
    texts = [_day(case, change) for change in ordered[:MOST_DAYS]]
    more = case.catalogue.text("report.more.short", n=len(ordered) - MOST_DAYS) if len(ordered) > MOST_DAYS else ""
    return list_names(texts, case.catalogue) + more


def _day(case: Case, change: Change) -> str:
    starts, ends = iso_day(change["starts_at"]), iso_day(change["ends_at"])
    days = starts if starts == ends else f"{starts} – {ends}"
    return case.catalogue.text("report.then.gained", days=days, gained=signed(case.catalogue, change["n"]))


def _post_words(case: Case, changes: Sequence[Change], _: str) -> str:
    return case.catalogue.text(f"report.then.{changes[0]['kind']}", n=case.catalogue.count(changes[0]["n"]))


def _share_words(case: Case, changes: Sequence[Change], _: str) -> str:
    return case.catalogue.text("report.then.share_at", value=case.catalogue.share(changes[0]["value"]))


_WORDS: dict[str, Callable[[Case, Sequence[Change], str], str]] = {
    "event_confirmed": _event_words,
    "posts_promoted": _post_words,
    "posts_labelled": _post_words,
    "share_at": _share_words,
}
