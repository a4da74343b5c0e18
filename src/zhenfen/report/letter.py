"""The letter of questions: what the report asks, in the language of the creator's platform, ready to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case
from zhenfen.report.family import summarise_families
from zhenfen.report.question import make_questions
from zhenfen.report.section import load_sections


def write_letter(case: Case, questions: Sequence[str]) -> dict[str, Any] | None:
    """language, opening, questions and closing; None where nothing is asked.

    No probability and no level stands in it: whoever reads it is asked, not judged.

    Args:
        case: Whose page.
        questions: In the reader's language, as the page has them; told anew where the creator reads another.
    """
    if not questions:
        return None
    config = case.setting.platform_config(case.setting.platform_of(case.creator_id)[0])
    language = case.catalogue.language if config is None or config.language is None else config.language
    asked = list(questions)
    if language != case.catalogue.language:
        told = replace(case, setting=replace(case.setting, catalogue=Catalogue(language)))
        sections = load_sections()
        parts = {name: section.summarise(told.reading(section.reads)) for name, section in sections.items()}
        asked = make_questions(told, summarise_families(told), parts)
    text = Catalogue(language).text
    return {
        "language": language,
        "opening": text("letter.opening", name=case.setting.name_of(case.creator_id)),
        "questions": asked,
        "closing": text("letter.closing"),
    }
