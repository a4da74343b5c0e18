"""What would lower each level, in words: from the changes that were found by judging again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from zhenfen.report.case import Case
from zhenfen.report.family import family_rank, level_words, list_names
from zhenfen.report.quote import shorten
from zhenfen.report.sections import iso_day
from zhenfen.report.words import signed
from zhenfen.verdict.counterfactuals import OVERALL

MOST_DAYS = 4
LONGEST_EXAMPLE_CHARS = 24
Change = Mapping[str, Any]


def then_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """One line a level and sort of change, all families together first; None where no level is above low."""
    above = _above_low(case, families)
    if not above:
        return None
    found = case.detail("creator", "counterfactuals")
    rows = [] if found is None else found.rows(named=True)
    ordered = sorted(rows, key=_place)
    lines = [_line(case, row, above) for row in ordered if row["subject"] in above]
    without = [about["label"] for subject, about in above.items() if all(line["subject"] != subject for line in lines)]
    named = list_names(without, case.catalogue)
    return {"lines": lines, "none_text": case.catalogue.text("report.then.none", subjects=named) if without else ""}


def _place(row: dict[str, Any]) -> tuple[bool, tuple[int, str], int]:
    """All families together first; what can be asked about before measurements."""
    return (row["subject"] != OVERALL, family_rank(row["subject"]), list(_WORDS).index(row["changes"][0]["kind"]))


def _above_low(case: Case, families: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Subject → label, level and basis."""
    row = case.setting.overall.get(case.creator_id)
    overall = {"family": OVERALL, "label": case.catalogue.text("report.overall"), "basis": "model"}
    subjects = [*families] if row is None else [{**overall, "level": row["level"]}, *families]
    return {one["family"]: one for one in subjects if one["level"] in ("elevated", "high")}


def _line(case: Case, row: dict[str, Any], above: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    subject = above[row["subject"]]
    now, then = (
        level_words(row[name], subject["basis"], case.setting)["level_text"] for name in ("level", "level_then")
    )
    conditions = [_WORDS[kind](case, list(part)) for kind, part in groupby(row["changes"], key=lambda one: one["kind"])]
    joined = case.catalogue.text("report.then.and").join(conditions)
    return {
        **{name: row[name] for name in ("subject", "level", "level_then", "p_then")},
        "changes": [_plain(change) for change in row["changes"]],
        "sentence": case.catalogue.text(
            "report.then.lowered", conditions=joined, subject=subject["label"], now=now, then=then
        ),
    }


def _plain(change: Change) -> dict[str, Any]:
    days = {name: None if change[name] is None else iso_day(change[name]) for name in ("starts_at", "ends_at")}
    return {**change, **days}


def _span_words(case: Case, changes: Sequence[Change]) -> str:
    return case.catalogue.text("report.then.without_span", days=_days(case, changes))


def _event_words(case: Case, changes: Sequence[Change]) -> str:
    event = case.catalogue.text(f"report.event.{changes[0]['ref']}")
    return case.catalogue.text("report.then.event_confirmed", event=event, days=_days(case, changes))


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


def _cluster_words(case: Case, changes: Sequence[Change]) -> str:
    clusters = case.detail("comments", "clusters")
    largest = max(changes, key=lambda change: change["n"])
    shown = [] if clusters is None else clusters.filter(cluster_id=largest["ref"])["examples"].to_list()
    texts = [case.setting.quote(text) for text in (shown[0] if shown else [])]
    n_comments = case.catalogue.number(sum(change["n"] for change in changes), 0)
    example = shorten(texts[0], LONGEST_EXAMPLE_CHARS) if texts else "…"
    return case.catalogue.text("report.then.without_cluster", n=len(changes), n_comments=n_comments, example=example)


def _post_words(case: Case, changes: Sequence[Change]) -> str:
    return case.catalogue.text("report.then.posts_labelled", n=case.catalogue.number(changes[0]["n"], 0))


def _measurement_words(case: Case, changes: Sequence[Change]) -> str:
    show = case.catalogue.value
    words = [
        case.catalogue.text(
            "report.then.measurement_at",
            label=case.setting.label("feature", change["ref"]),
            value=show(change["value"], change["unit"]),
        )
        for change in changes
    ]
    return case.catalogue.text("report.then.and").join(words)


def _share_words(case: Case, changes: Sequence[Change]) -> str:
    return case.catalogue.text("report.then.share_at", value=case.catalogue.share(changes[0]["value"]))


_WORDS: dict[str, Callable[[Case, Sequence[Change]], str]] = {
    "without_span": _span_words,
    "event_confirmed": _event_words,
    "without_cluster": _cluster_words,
    "posts_labelled": _post_words,
    "measurement_at": _measurement_words,
    "share_at": _share_words,
}
