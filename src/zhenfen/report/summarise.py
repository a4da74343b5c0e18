"""Findings to one plain dict per creator: raw values and words for a reader; HTML, JSON and XLSX are made from it."""

from __future__ import annotations

from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Setting, open_case
from zhenfen.report.coverage import add_coverage
from zhenfen.report.family import summarise_families
from zhenfen.report.filename import page_stem
from zhenfen.report.found_by import describe_found_by
from zhenfen.report.letter import write_letter
from zhenfen.report.missing import list_missing
from zhenfen.report.money import money_section
from zhenfen.report.overall import overall_section
from zhenfen.report.priority import priority_section
from zhenfen.report.question import make_questions
from zhenfen.report.quote import clean, shorten
from zhenfen.report.section import ABOVE_LOW, load_sections
from zhenfen.report.source import summarise_own, summarise_shared
from zhenfen.report.then import then_section
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

LONGEST_FACT_CHARS = 80


def summarise_creator(
    findings: Findings, tables: Tables, creator_id: str, catalogue: Catalogue, show_names: bool = False
) -> dict[str, Any]:
    """Everything a creator's page says, as str, int, float, bool, None, list and dict.

    The same findings, tables and language give the same dict: no clock, no random ids.

    Args:
        findings: What was found.
        tables: What it was found in.
        creator_id: Whose page.
        catalogue: Language of the words.
        show_names: Whether @-names of other people in quoted texts stay.

    Raises:
        UnknownCreatorError: The findings hold no such creator.
    """
    setting = Setting(findings, tables, catalogue, show_names)
    return summarise_case(open_case(setting, creator_id), summarise_shared(setting))


def summarise_case(case: Case, shared: dict[str, Any]) -> dict[str, Any]:
    """`summarise_creator` for a case that is cut out already, with `summarise_shared`, what all pages say alike."""
    families = add_coverage(case, summarise_families(case))
    sections = load_sections()
    parts = {name: section.summarise(case.reading(section.reads)) for name, section in sections.items()}
    shown, told = [], {}
    for family in families:
        # What may lie behind it, in the order to ask: innocent causes, then who else than the creator may have paid.
        # Nothing here was tested (see the causes of a span for what was).
        section = sections.get(family["family"])
        causes = () if section is None else section.list_causes(case.reading(section.reads), family)
        named = (*causes, "others") if causes else ()
        if section is not None:
            told[family["family"]] = list(section.tell(case.reading(section.reads), parts[family["family"]] or {}))
        shown.append(
            {
                **family,
                "possible": [case.catalogue.text(f"report.possible.{name}") for name in named],
                "is_open": family["level"] in ABOVE_LOW or bool(told.get(family["family"])),
            }
        )
    questions = make_questions(case, families, parts)
    overall, missing = overall_section(case, families), list_missing(case, families)
    return {
        "kind": "creator",
        "language": case.catalogue.language,
        "as_of": case.as_of.isoformat(),
        "as_of_day": case.catalogue.day(case.as_of),
        "file": page_stem(case.creator_id),
        "show_names": case.setting.show_names,
        "creator": _creator(case),
        "overall": overall,
        "priority": priority_section(case, families, overall, told, missing=missing, questions=questions),
        "missing": missing,
        "money": money_section(case, families),
        "families": shown,
        **parts,
        "then": then_section(case, families),
        "not_assessed": [
            {name: family[name] for name in ("family", "label", "reason", "reason_text", "n_needed", "n_found")}
            for family in families
            if family["level"] == "not_assessed"
        ],
        "found_by": describe_found_by(case.setting, case.creator_id),
        **shared,
        **summarise_own(case),
        "questions": questions,
        "letter": write_letter(case, families, parts),
    }


def _creator(case: Case) -> dict[str, Any]:
    """The header; of its facts what is unknown is left out rather than shown as a row of dashes."""
    row, catalogue = case.setting.creators.get(case.creator_id, {}), case.catalogue
    platform, platform_name = case.setting.platform_of(case.creator_id)
    facts = {"platform": platform_name}
    for name, n in {"followers": row.get("n_followers"), "posts": row.get("n_posts")}.items():
        if n is not None:
            facts[name] = catalogue.number(n, 0)
    for name in ("category", "region", "verified_kind"):
        if text := clean(row.get(name)):
            # Our own words in the reader's language, a platform's as they are.
            key = f"{name}.{text}"
            facts[name] = shorten(catalogue.text(key) if catalogue.has(key) else text, LONGEST_FACT_CHARS)
    if row.get("fee_cny") is not None:
        facts["fee"] = catalogue.value(row["fee_cny"], "cny")
    return {
        "creator_id": case.creator_id,
        "name": case.setting.name_of(case.creator_id),
        "platform": platform,
        "platform_name": platform_name,
        "n_followers": row.get("n_followers"),
        "fee_cny": row.get("fee_cny"),
        "bio": shorten(clean(row.get("bio"))),
        "facts": [
            {"fact": name, "label": catalogue.text(f"report.fact.{name}"), "text": text} for name, text in facts.items()
        ],
    }
