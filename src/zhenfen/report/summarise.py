"""Findings to one plain dict a creator: raw values and the words for a reader; HTML, JSON and XLSX are made from it."""

from __future__ import annotations

from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.audience import audience_section
from zhenfen.report.case import Case, Setting, open_case
from zhenfen.report.comments import comments_section
from zhenfen.report.coverage import add_coverage
from zhenfen.report.family import list_names, summarise_families
from zhenfen.report.filename import page_stem
from zhenfen.report.found_by import describe_found_by
from zhenfen.report.growth import growth_section
from zhenfen.report.overall import overall_section
from zhenfen.report.possible import list_causes
from zhenfen.report.question import make_questions
from zhenfen.report.quote import clean, shorten
from zhenfen.report.sections import engagement_section, network_section
from zhenfen.report.source import summarise_own, summarise_shared
from zhenfen.report.sponsored import sponsorship_section
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
    summary = {
        "kind": "creator",
        "language": case.catalogue.language,
        "as_of": case.as_of.isoformat(),
        "as_of_day": case.catalogue.day(case.as_of),
        "file": page_stem(case.creator_id),
        "show_names": case.setting.show_names,
        "creator": _creator(case),
        "overall": overall_section(case, families),
        "families": families,
        "headline": _headline(case, families),
        "growth": growth_section(case),
        "engagement": engagement_section(case),
        "comments": comments_section(case),
        "sponsorship": sponsorship_section(case),
        "audience": audience_section(case),
        "network": network_section(case),
        "then": then_section(case, families),
        "not_assessed": [
            {name: family[name] for name in ("family", "label", "reason", "reason_text", "n_needed", "n_found")}
            for family in families
            if family["level"] == "not_assessed"
        ],
        "found_by": describe_found_by(case.setting, case.creator_id),
        **shared,
        **summarise_own(case),
    }
    possible = [{**family, "possible": list_causes(case, family)} for family in families]
    return {**summary, "families": possible, "questions": make_questions(case, summary)}


def _creator(case: Case) -> dict[str, Any]:
    row = case.setting.creators.get(case.creator_id, {})
    platform, platform_name = case.setting.platform_of(case.creator_id)
    return {
        "creator_id": case.creator_id,
        "name": case.setting.name_of(case.creator_id),
        "platform": platform,
        "platform_name": platform_name,
        "n_followers": row.get("n_followers"),
        "fee_cny": row.get("fee_cny"),
        "bio": shorten(clean(row.get("bio"))),
        "facts": _facts(case, row, platform_name),
    }


def _facts(case: Case, row: dict[str, Any], platform_name: str) -> list[dict[str, str]]:
    """The header's facts; what is unknown is left out rather than shown as a row of dashes."""
    catalogue = case.catalogue
    numbers = {"followers": row.get("n_followers"), "posts": row.get("n_posts")}
    texts = {
        "platform": platform_name,
        **{name: catalogue.number(n, 0) for name, n in numbers.items() if n is not None},
    }
    for name in ("category", "region", "verified_kind"):
        if text := _known_word(catalogue, name, clean(row.get(name))):
            texts[name] = shorten(text, LONGEST_FACT_CHARS)
    if row.get("fee_cny") is not None:
        texts["fee"] = catalogue.value(row["fee_cny"], "cny")
    return [
        {"fact": name, "label": catalogue.text(f"report.fact.{name}"), "text": text} for name, text in texts.items()
    ]


def _known_word(catalogue: Catalogue, column: str, text: str) -> str:
    """Our own words in the reader's language, a platform's as they are."""
    key = f"{column}.{text}"
    return catalogue.text(key) if text and catalogue.has(key) else text


def _headline(case: Case, families: list[dict[str, Any]]) -> str:
    """One sentence: in how many of the families assessed something lies outside the peers' range."""
    assessed = [family for family in families if family["level"] != "not_assessed"]
    outside = [family for family in assessed if family["level"] in ("elevated", "high")]
    key = "nothing" if not assessed else "some" if outside else "none"
    return case.catalogue.text(
        f"report.headline.{key}",
        n_outside=len(outside),
        n_assessed=case.catalogue.count(len(assessed)),
        n_families=len(families),
        names=list_names((family["label"] for family in outside), case.catalogue),
    )
