"""How the creators were found, and what it means for what they have in common: beside the shortlist, on each page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.case import Setting
from zhenfen.tables import FOUND_BY

UNKNOWN = "unknown"


def describe_found_by(setting: Setting, creator_id: str) -> dict[str, str]:
    """How one creator was found: one of FOUND_BY, its word, and what follows from it."""
    value = setting.creators.get(creator_id, {}).get("found_by") or UNKNOWN
    return {
        "value": value,
        "label": setting.catalogue.text(f"report.found_by.{value}"),
        "meaning": setting.catalogue.text(f"report.found_by.{value}.means"),
    }


def count_found_by(setting: Setting, creator_ids: Iterable[str]) -> dict[str, Any]:
    """How creators were found, for the head of a shortlist.

    Args:
        setting: What all pages share.
        creator_ids: The creators of the shortlist.

    Returns:
        counts (one of FOUND_BY → creators, without zeros), line (the same in words), meanings (a sentence each for what
        is known), ask (how to say it where it is unknown and comments can be shared; else None).
    """
    found = [describe_found_by(setting, creator_id) for creator_id in creator_ids]
    number = Counter(one["value"] for one in found)
    told = {one["value"]: one for one in found}
    counts = {value: number[value] for value in FOUND_BY if value in number}
    return {
        "counts": counts,
        "line": _line(counts, told, setting.catalogue),
        "meanings": [told[value]["meaning"] for value in counts if value != UNKNOWN],
        "ask": _ask(setting, counts),
    }


def _line(counts: dict[str, int], told: dict[str, dict[str, str]], catalogue: Catalogue) -> str:
    each = (
        catalogue.text("report.found_by.count", label=told[value]["label"], n=catalogue.number(n, 0))
        for value, n in counts.items()
    )
    return catalogue.text("report.found_by.line", counts=catalogue.text("report.found_by.and").join(each))


def _ask(setting: Setting, counts: dict[str, int]) -> str | None:
    """One creator shares nothing with anybody, and without comments little is seen to be shared."""
    is_shared = len(setting.creators) > 1 and setting.tables.has("comments")
    if not (is_shared and counts.get(UNKNOWN)):
        return None
    return setting.catalogue.text("report.found_by.ask", n=setting.catalogue.number(counts[UNKNOWN], 0))
