"""Questions to put to the creator, each from something that was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhenfen.report.case import Case
from zhenfen.report.section import ABOVE_LOW, load_sections

MOST_QUESTIONS = 8
"""A creator answers a page, not a questionnaire."""


def make_questions(case: Case, families: list[dict[str, Any]], parts: Mapping[str, dict[str, Any] | None]) -> list[str]:
    """At most MOST_QUESTIONS sentences, the most specific first: what the sections ask, then measurements.

    Args:
        case: Whose page.
        families: The families' part of the summary.
        parts: What the families' sections say, by family.
    """
    outside = {family["family"]: family for family in families if family["level"] in ABOVE_LOW}
    specific = {
        name: list(section.ask(case.reading(section.reads), parts[name] or {}, is_outside=name in outside))
        for name, section in load_sections().items()
    }
    general = [
        case.catalogue.text("report.question.measurement", sentence=family["sentence"])
        for name, family in outside.items()
        if family["main"] and not specific.get(name)
    ]
    return [*(question for group in specific.values() for question in group), *general][:MOST_QUESTIONS]
