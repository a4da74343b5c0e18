"""Two to six creators side by side: aligned rows, one scale a row, best and worst by a sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from zhenfen.messages import Catalogue

FEWEST, MOST = 2, 6
"""One has nobody beside it; seven columns do not fit a landscape page."""
MOST_MEASUREMENTS = 12
Summary = Mapping[str, Any]


def summarise_comparison(creators: Sequence[Summary]) -> dict[str, Any]:
    """The page's dict from what `summarise_case` returns for each creator, in the order of the shortlist.

    Rows hold a cell a creator: text, note, the place of value and interval on the row's scale from 0 to 1, and mark:
    best, worst or empty: of costs alone. What is out of line has the sign of its level, and a share an interval;
    neither has a best.

    Args:
        creators: FEWEST to MOST summaries.
    """
    first = creators[0]
    text = Catalogue(first["language"]).text
    shares = [(one["audience"] or {}).get("share") or {} for one in creators]
    cells = [
        {name: share[name] for name in ("low", "high")}
        | {
            "value": share["share"],
            "text": share["share_text"],
            "note": f"{share['low_text']} – {share['high_text']} · {share['frame_text']}",
        }
        if share.get("is_assessed")
        else {}
        for share in shares
    ]
    rows = [_make_row(text("priority.audience"), cells, (0.0, 1.0))]
    money = [one["money"] or {} for one in creators]
    # A cheap contact is better; of one kind of post on one platform alone.
    kinds = {(one["creator"]["platform"], one["money"]["kind_text"]) for one in creators if one["money"]}
    for label, amount in (("report.fact.fee", "fee"), ("money.col.cost", "cost")):
        cells = [
            {"value": one[f"{amount}_cny"], "text": one[f"{amount}_text"], "note": one["kind_text"]}
            if one.get(f"{amount}_cny") is not None
            else {}
            for one in money
        ]
        rows.append(_make_row(text(label), cells, is_marked=amount == "cost" and len(kinds) == 1))
    evidence = [[item for family in one["families"] for item in family["evidence"]] for one in creators]
    measured = [{item["feature"]: item for item in items if item["concern"] != "none"} for items in evidence]
    # What asks of most creators first; what only one of them has says nothing beside the others.
    n_found = Counter(name for items in measured for name in items)
    n_asking = Counter(name for items in measured for name, item in items.items() if item["asks"])
    shared = [name for name, n in n_found.items() if n >= FEWEST]
    for name in sorted(shared, key=lambda name: -n_asking[name])[:MOST_MEASUREMENTS]:
        found = [items.get(name, {}) for items in measured]
        cells = [
            {"value": one["value"], "text": one["value_text"], "asks": one["asks"]} if one else {} for one in found
        ]
        item = next(filter(None, found))
        rows.append(_make_row(item["label"], cells))
    return {
        **{name: first[name] for name in ("language", "as_of_day", "as_of_note", "versions")},
        "kind": "comparison",
        "creators": [{name: one[name] for name in ("file", "creator", "priority", "families")} for one in creators],
        "families": [{name: family[name] for name in ("family", "label")} for family in first["families"]],
        "rows": [row for row in rows if any(cell["text"] for cell in row["cells"])],
    }


def _make_row(
    label: str, cells: Sequence[dict[str, Any]], scale: tuple[float, float] | None = None, *, is_marked: bool = False
) -> dict[str, Any]:
    """A row with every cell placed on one scale: the one given, else from 0 (or the least, below it) to the most."""
    values = [cell["value"] for cell in cells if cell]
    least, most = scale or (min([0.0, *values]), max([0.0, *values]))
    width = (most - least) or 1.0
    marks: dict[float, str] = {}
    if is_marked and len(set(values)) > 1:
        ends = (min(values), max(values))
        # Where several share an end nobody stands out.
        marks = {end: mark for end, mark in zip(ends, ("best", "worst"), strict=True) if values.count(end) == 1}
    return {
        "label": label,
        "cells": [
            {
                "text": cell.get("text", ""),
                "note": cell.get("note", ""),
                "asks": cell.get("asks", False),
                "mark": marks.get(cell["value"], "") if cell else "",
                "place": (cell["value"] - least) / width if cell else None,
                "low": (cell.get("low", cell["value"]) - least) / width if cell else None,
                "high": (cell.get("high", cell["value"]) - least) / width if cell else None,
            }
            for cell in cells
        ],
    }
