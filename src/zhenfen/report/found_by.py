"""How the creators were found, and what it means for what they have in common: beside the shortlist, on each page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

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
    text, show = setting.catalogue.text, setting.catalogue.number
    each = (text("report.found_by.count", label=told[value]["label"], n=show(n, 0)) for value, n in counts.items())
    # One creator shares nothing with anybody, and without comments little is seen to be shared.
    is_shared, n_unknown = len(setting.creators) > 1 and setting.tables.has("comments"), counts.get(UNKNOWN)
    return {
        "counts": counts,
        "line": text("report.found_by.line", counts=text("report.found_by.and").join(each)),
        "meanings": [told[value]["meaning"] for value in counts if value != UNKNOWN],
        "ask": text("report.found_by.ask", n=show(n_unknown, 0)) if is_shared and n_unknown else None,
    }
