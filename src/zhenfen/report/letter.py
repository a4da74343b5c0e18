"""The letter of questions: what the report asks, in the language of the creator's platform, ready to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case
from zhenfen.report.family import summarise_families
from zhenfen.report.question import make_questions
from zhenfen.report.section import load_sections


def write_letter(
    case: Case, families: list[dict[str, Any]], parts: Mapping[str, dict[str, Any] | None]
) -> dict[str, Any] | None:
    """language, opening, questions and closing; None where nothing is asked.

    No probability and no level stands in it: whoever reads it is asked, not judged. Nor does another creator's name:
    who else is looked at is none of this one's business.

    Args:
        case: Whose page.
        families: The families' part of the summary, in the reader's language.
        parts: What the families' sections say, in the reader's language; told anew where the creator reads another.
    """
    config = case.setting.platform_config(case.setting.platform_of(case.creator_id)[0])
    language = case.catalogue.language if config is None or config.language is None else config.language
    told = replace(case, setting=replace(case.setting, catalogue=Catalogue(language), names_others=False))
    if language != case.catalogue.language:
        sections = load_sections()
        parts = {name: section.summarise(told.reading(section.reads)) for name, section in sections.items()}
        families = summarise_families(told)
    questions, text = make_questions(told, families, parts), told.catalogue.text
    if not questions:
        return None
    return {
        "language": language,
        "opening": text("letter.opening", name=told.setting.name_of(case.creator_id)),
        "questions": questions,
        "closing": text("letter.closing"),
    }
