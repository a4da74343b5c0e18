"""What is missing for a creator, and how to get it: one line a family that could not be assessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zhenfen.report.case import Case

FAMILIES = ("growth", "engagement", "comments", "audience", "live")
"""Families that an export can add, live rooms where the set has any.
What stands between creators needs a list, and posts come with engagement."""


def list_missing(case: Case, families: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """family, label and text of each of FAMILIES without a level: what to get, by the reason why it has none.

    A reason without words of its own takes those of its family.
    """
    lines = []
    for family in families:
        if family["family"] not in FAMILIES or family["level"] != "not_assessed":
            continue
        key = f"missing.{(family['reason'] or '').removeprefix('reason.')}"
        what = case.catalogue.text(key if case.catalogue.has(key) else f"missing.{family['family']}")
        said = case.catalogue.text("missing.adds", what=what, family=family["label"])
        lines.append({"family": family["family"], "label": family["label"], "what": what, "text": said})
    return lines
