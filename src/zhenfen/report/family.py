"""What one family says of one creator, as a dict: level, strongest evidence, every measurement beside its peers."""

from __future__ import annotations

from typing import Any, Literal

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Setting
from zhenfen.report.section import family_rank, load_sections
from zhenfen.report.source import say_reference
from zhenfen.verdict.evidence import Evidence, Finding
from zhenfen.verdict.panel import COMPARED

Position = Literal["below", "within", "above", "no_reference", "unknown"]
_SIDES = {"above": "high", "below": "low"}
_ENDS = ("low", "median", "high")


def summarise_families(case: Case) -> list[dict[str, Any]]:
    """Every family of a creator, in the report's order; an estimate, where a family has one, is its sentence."""
    sections, families = load_sections(), []
    for finding in case.findings:
        section = sections.get(finding.family)
        # Nobody of the set has any of it: a page of gaps would only grow.
        if section and section.absent and case.setting.reasons[finding.family] == {section.absent}:
            continue
        family = summarise_family(finding, case.setting)
        is_modelled = finding.basis == "model"
        estimate = section.estimate(case.reading(section.reads)) if section and is_modelled else None
        said = {} if estimate is None else {"sentence": estimate, "tally": ""}
        # Where nothing was assessed the reason says it all.
        is_noted = section is not None and finding.level != "not_assessed"
        note = section.note(case.reading(section.reads)) if section and is_noted else ""
        families.append({**family, **said, "is_estimate": estimate is not None, "note": note})
    return sorted(families, key=lambda family: family_rank(family["family"]))


def summarise_family(finding: Finding, setting: Setting) -> dict[str, Any]:
    """A family's part of the summary, see the keys below; `evidence` holds measured values only."""
    evidence = [summarise_evidence(item, setting) for item in finding.evidence if item.value is not None]
    compared = [
        item
        for item in evidence
        if item["scope"] in COMPARED and item["concern"] != "none" and item["judged"] is not None
    ]
    outside = [item for item in compared if item["asks"]]
    beside = [item for item in evidence if item["position"] in ("above", "below") and not item["asks"]]
    text, counts = setting.catalogue.text, {"n_compared": len(compared), "n_beside": len(beside)}
    # How many measurements lie outside, and the strongest evidence in one sentence.
    if not compared:
        tally = ""
    elif beside and not outside:
        tally = text("report.tally_beside", **counts)
    else:
        key = "report.tally_unmarked" if finding.level == "low" and outside else "report.tally"
        tally = text(key, n_outside=len(outside), n_compared=len(compared))
    found = "—" if finding.n_found is None else setting.catalogue.number(finding.n_found, 0)
    reason = say_reason(finding.reason, finding.n_needed, found, setting.catalogue)
    if finding.level == "not_assessed":
        sentence = reason
    elif outside:
        sentence = str(outside[0]["sentence"])
    else:
        sentence = text("report.none_asks" if beside else "report.all_within", **counts)
    return {
        "family": finding.family,
        "label": setting.label("family", finding.family),
        "about": setting.label("family", finding.family, ".about"),
        "level": finding.level,
        "basis": finding.basis,
        **level_words(finding.level, finding.basis, setting),
        "score": finding.score,
        "n_compared": len(compared),
        "n_outside": len(outside),
        "n_beside": len(beside),
        "tally": tally,
        "sentence": sentence,
        "reason": finding.reason,
        "reason_text": None if finding.reason is None else reason,
        "n_needed": finding.n_needed,
        "n_found": finding.n_found,
        "main": outside[0]["feature"] if outside else None,
        "evidence": evidence,
    }


def level_words(level: str, basis: str, setting: Setting) -> dict[str, str]:
    """The level in words: `level_text` for a badge, `level_short` for a cell of a table."""
    key = "not_assessed" if level == "not_assessed" else f"{basis}.{level}"
    text = setting.catalogue.text
    return {"level_text": text(f"report.level.{key}"), "level_short": text(f"report.level_short.{key}")}


def say_reason(reason: str | None, n_needed: int | None, found: str, catalogue: Catalogue) -> str:
    """Why a family was not assessed; `found` is what there was of one creator, or a range of several."""
    key = f"reason.{(reason or '').removeprefix('reason.')}"
    if not catalogue.has(key):
        return catalogue.text("report.reason_without_words", code=reason)
    needed = "—" if n_needed is None else catalogue.number(n_needed, 0)
    return catalogue.text(key, n_needed=needed, n_found=found)


def summarise_evidence(item: Evidence, setting: Setting) -> dict[str, Any]:
    """One measurement beside its peers, raw and readable."""
    show = setting.catalogue.value
    position = position_of(item)
    entry = {
        "feature": item.feature,
        "label": setting.label("feature", item.feature),
        "about": setting.label("feature", item.feature, ".about"),
        "value": item.value,
        "value_text": show(item.value, item.unit),
        "unit": item.unit,
        "low": item.low,
        "high": item.high,
        "median": item.median,
        "range_text": "" if item.low is None else f"{show(item.low, item.unit)} – {show(item.high, item.unit)}",
        **{f"{end}_text": "" if (bound := getattr(item, end)) is None else show(bound, item.unit) for end in _ENDS},
        "unit_text": setting.label("computed.unit", item.unit),
        "judged_text": "" if item.judged in (None, item.value) else show(item.judged, item.unit),
        "position": position,
        "judged": item.judged,
        "position_text": _say_position(item, position, setting),
        "asks": item.contribution > 0,
        "concern": item.concern,
        "contribution": item.contribution,
        "reference": item.reference,
        "reference_text": say_reference(item.reference or "", setting.catalogue),
        "scope": item.reference_scope,
        "scope_text": setting.catalogue.text(f"report.scope.{item.reference_scope}"),
        "reference_window": item.reference_window,
        "reference_on": None if item.reference_on is None else item.reference_on.isoformat(),
        "n_peers": item.n_peers,
    }
    names = ("label", "value_text", "range_text", *(f"{end}_text" for end in _ENDS))
    # "No more than none" is said as it is meant.
    key = "above_none" if position == "above" and item.high == 0 else position
    said = setting.catalogue.text(f"report.evidence.{key}", **{name: entry[name] for name in names})
    return {**entry, "sentence": said}


def position_of(item: Evidence) -> Position:
    """Where a value lies against the peers' 5 % to 95 % range."""
    if item.value is None:
        return "unknown"
    if item.low is None or item.high is None:
        return "no_reference"
    if item.value < item.low:
        return "below"
    return "above" if item.value > item.high else "within"


def _say_position(item: Evidence, position: Position, setting: Setting) -> str:
    """Where a value lies; of one outside that is not counted, why.

    It may not be judged, its peers give no level, this side asks for nothing, or it rests on few rows or little.
    """
    text = setting.catalogue.text
    said = text(f"report.position.{position}")
    if position not in ("above", "below") or item.contribution:
        return said
    if item.judged is None or item.reference_scope not in COMPARED or item.concern == "none":
        return text("report.position.described", position=said)
    if item.concern not in ("both", _SIDES[position]):
        return text("report.position.harmless", position=said)
    if item.judged == item.value:
        return text("report.position.slight", position=said)
    key = "nearly" if item.high is not None and item.judged > item.high else "unsure"
    return text(f"report.position.{key}", position=said, low=setting.catalogue.value(item.judged, item.unit))
