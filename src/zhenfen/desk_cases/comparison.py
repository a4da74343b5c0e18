"""What is different between two readings of a creator: priority, levels, audience share, and the models behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhenfen.scoring.identity import SCORE

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is not what it was.

    Attributes:
        fact: `followers`, `priority`, `share`, or the name of a family.
        label: The family's name in the reader's language; empty of other facts.
        before: In words.
        after: In words.
    """

    fact: str
    label: str
    before: str
    after: str


def compare_readings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changed of a creator between two reports in one language.

    Args:
        before: Its line of a shortlist, or its page's dict.
        after: The same of a later report.
    """
    old, new = _facts(before), _facts(after)
    return [
        Difference(fact, label, old.get(fact, ("", NOTHING))[1], said)
        for fact, (label, said) in new.items()
        if old.get(fact, ("", NOTHING))[1] != said
    ] + [Difference(fact, label, said, NOTHING) for fact, (label, said) in old.items() if fact not in new]


def compare_versions(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """Models, rules and references that are other ones now: a level may have moved because of them alone."""
    names = sorted({*before, *after} - {SCORE})
    pairs = ((name, before.get(name, NOTHING), after.get(name, NOTHING)) for name in names)
    return [Difference(name, name, old, new) for name, old, new in pairs if old != new]


def _facts(reading: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Fact → label and what a report said of it, in its own words."""
    share = reading.get("share") or (reading.get("audience") or {}).get("share") or {}
    followers = reading.get("followers_text")
    facts = {} if followers is None else {"followers": ("", followers)}
    facts["priority"] = ("", reading["priority"]["label"])
    # A page has an estimate that is not assessed too; a line of the shortlist leaves it out.
    if share.get("is_assessed", bool(share)):
        facts["share"] = ("", f"{share['share_text']} ({share['low_text']} – {share['high_text']})")
    families = {family["family"]: (family["label"], family["level_text"]) for family in reading["families"]}
    return {**facts, **families}
