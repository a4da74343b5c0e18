"""The shortlist as one plain dict: who to look at first, and what spans several creators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Setting, open_cases
from zhenfen.report.compare import FEWEST, MOST
from zhenfen.report.family import say_reason
from zhenfen.report.filename import page_stem
from zhenfen.report.found_by import count_found_by, describe_found_by
from zhenfen.report.priority import Priority
from zhenfen.report.section import ABOVE_LOW, family_rank, load_sections
from zhenfen.report.source import summarise_shared, summarise_sources
from zhenfen.report.summarise import summarise_case
from zhenfen.report.words import list_names
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

Family = Mapping[str, Any]

MOST_SAME_NAMES = 5


def summarise_shortlist(
    findings: Findings, tables: Tables, catalogue: Catalogue, show_names: bool = False
) -> dict[str, Any]:
    """Everything the shortlist's page says, as str, int, float, bool, None, list and dict.

    Args:
        findings: What was found; `findings.creators` gives the order.
        tables: What it was found in.
        catalogue: Language of the words.
        show_names: Whether @-names of other people in quoted texts stay.
    """
    setting = Setting(findings, tables, catalogue, show_names)
    shared = summarise_shared(setting)
    rows = [make_row(case, summarise_case(case, shared)) for case in open_cases(setting)]
    return assemble_shortlist(setting, rows, summarise_sources(setting, most=None))


def make_row(case: Case, summary: Mapping[str, Any]) -> dict[str, Any]:
    """One creator's line of the shortlist, from what `summarise_case` returns."""
    families, overall, money = summary["families"], summary["overall"], summary["money"] or {}
    share = (summary["audience"] or {}).get("share")
    n_followers = case.setting.creators.get(case.creator_id, {}).get("n_followers")
    platform, platform_name = case.setting.platform_of(case.creator_id)
    # The point: the strongest reason to ask, else the first thing to get; nothing where nothing was found.
    priority, missing = summary["priority"], summary["missing"]
    point = missing[0]["text"] if missing and priority["kind"] == "too_little" else None
    if priority["kind"] != "nothing_found" and priority["reasons"]:
        point = f"{priority['reasons'][0]['label']} · {priority['reasons'][0]['text']}"
    sparks = (section.list_spark(case.reading(section.reads)) for section in load_sections().values())
    kept = ("family", "label", "level", "basis", "level_text", "level_short", "score", "reason", "reason_text", "tally")
    return {
        "creator_id": case.creator_id,
        "file": page_stem(case.creator_id),
        "name": case.setting.name_of(case.creator_id),
        "platform": platform,
        "platform_name": platform_name,
        "n_followers": n_followers,
        "followers_text": "—" if n_followers is None else case.catalogue.compact(n_followers),
        "found_by": describe_found_by(case.setting, case.creator_id),
        "families": [
            {**{name: family[name] for name in kept}, "n_needed": family["n_needed"], "n_found": family["n_found"]}
            for family in families
        ],
        "overall": None if overall is None else {name: overall[name] for name in _OVERALL},
        "n_outside": sum(family["level"] in ABOVE_LOW for family in families),
        "n_assessed": sum(family["level"] != "not_assessed" for family in families),
        "spark": next((drawn for drawn in sparks if drawn), []),
        "priority": {name: priority[name] for name in _PRIORITY},
        "point": point,
        "share": {name: share[name] for name in _SHARE} if share and share["is_assessed"] else None,
        "money": {name: money.get(name) for name in _MONEY},
    }


_PRIORITY = ("kind", "label", "short", "is_asked", "todo", "todo_text")
_SHARE = ("share", "low", "high", "share_text", "low_text", "high_text", "frame_text", "sentence")
_MONEY = ("fee_cny", "fee_text", "cost_cny", "cost_text", "genuine_cost_high_cny", "genuine_text")
_OVERALL = ("level", "level_text", "level_short", "p_manipulated", "p_text", "families_assessed", "assessed_text")


def _work_order(row: Mapping[str, Any]) -> int:
    """Place on the list: whom to question, no clear answer, something asked of too little, clear ones, no data."""
    kind, is_asked = row["priority"]["kind"], row["priority"]["is_asked"]
    places = {"question": 0, "no_clear_answer": 1, "nothing_found": 3}
    return places.get(kind, 2 if is_asked else 4)


def assemble_shortlist(setting: Setting, rows: list[dict[str, Any]], sources: dict[str, Any]) -> dict[str, Any]:
    """The shortlist's dict from its lines, in the order in which an analyst works them."""
    sections = load_sections()
    rows = sorted(rows, key=_work_order)
    counts = Counter(row["priority"]["kind"] for row in rows)
    said = [
        setting.catalogue.text(f"report.shortlist.{kind}", n=setting.catalogue.count(counts[kind]))
        for kind in get_args(Priority)
        if counts[kind]
    ]
    columns: dict[str, dict[str, Any]] = {}
    for family in (family for row in rows for family in row["families"]):
        column = columns.setdefault(family["family"], {**_named(family), "n_assessed": 0, "n_outside": 0})
        column["n_assessed"] += family["level"] != "not_assessed"
        column["n_outside"] += family["level"] in ABOVE_LOW
    return {
        "kind": "shortlist",
        "language": setting.catalogue.language,
        "as_of": setting.findings.as_of.isoformat(),
        "as_of_day": setting.catalogue.day(setting.findings.as_of),
        "show_names": setting.show_names,
        "n_creators": len(rows),
        "is_comparable": FEWEST <= len(rows) <= MOST,
        "has_roster": len(rows) >= FEWEST,
        "sentence": setting.catalogue.text("report.shortlist.sentence", counts=list_names(said, setting.catalogue)),
        "n_outside": sum(row["n_outside"] > 0 for row in rows),
        "n_listed": sum(row["n_assessed"] > 0 or row["priority"]["is_asked"] for row in rows),
        "n_nothing_assessed": sum(row["n_assessed"] == 0 for row in rows),
        "columns": {
            "followers": any(row["n_followers"] is not None for row in rows),
            "spark": any(row["spark"] for row in rows),
            "overall": any(row["overall"] is not None for row in rows),
            "fee": any(row["money"]["fee_cny"] is not None for row in rows),
            "platform": len({row["platform"] for row in rows}) > 1,
            "families": [
                columns[name]
                for name in sorted(columns, key=family_rank)
                if columns[name]["n_assessed"] or (name in sections and sections[name].is_always_listed)
            ],
        },
        "platforms": list(dict.fromkeys(row["platform_name"] for row in rows)),
        "same_names": _say_same_names(setting, rows),
        "found_by": count_found_by(setting, (row["creator_id"] for row in rows)),
        "creators": rows,
        "not_assessed": _not_assessed(setting, rows),
        "shared": {
            name: value for section in sections.values() for name, value in section.summarise_ties(setting).items()
        },
        **sources,
    }


def _named(family: Family) -> dict[str, Any]:
    return {"family": family["family"], "label": family["label"]}


def _say_same_names(setting: Setting, rows: list[dict[str, Any]]) -> str:
    """That lines of one platform bear one name, perhaps of one account under two ids; empty where none do."""
    named = [row for row in rows if setting.creators.get(row["creator_id"], {}).get("display_name")]
    counts = Counter((row["name"].casefold(), row["platform"]) for row in named)
    twice = {
        f"{row['name']} ({row['platform_name']})": None
        for row in named
        if counts[row["name"].casefold(), row["platform"]] > 1
    }
    if not twice:
        return ""
    shown, n_more = list(twice)[:MOST_SAME_NAMES], len(twice) - MOST_SAME_NAMES
    more = [f"+{setting.catalogue.number(n_more, 0)}"] if n_more > 0 else []
    return setting.catalogue.text("report.shortlist.same_names", names=" · ".join([*shown, *more]))


def _not_assessed(setting: Setting, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Families with the creators they could not assess, counted by reason; most creators first."""
    number = setting.catalogue.number
    families = [family for row in rows for family in row["families"] if family["level"] == "not_assessed"]
    counts = Counter((family["family"], family["reason"]) for family in families)
    grouped = []
    for (name, reason), n in counts.items():
        group = [family for family in families if (family["family"], family["reason"]) == (name, reason)]
        text, *others = dict.fromkeys(family["reason_text"] for family in group)
        if others:
            # Told once for several creators: what was found becomes a range.
            found = sorted(family["n_found"] for family in group if family["n_found"] is not None)
            needed = next((family["n_needed"] for family in group if family["n_needed"] is not None), None)
            said = f"{number(found[0], 0)}–{number(found[-1], 0)}" if found else "—"
            text = say_reason(reason, needed, said, setting.catalogue)
        grouped.append({**_named(group[0]), "reason": reason, "n": n, "is_all": n == len(rows), "text": str(text)})
    return sorted(grouped, key=lambda entry: (-entry["n"], *family_rank(entry["family"]), entry["reason"] or ""))
