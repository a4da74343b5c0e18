"""What may lie behind a family that asks for a look, in the order to ask: innocent causes, then who else may have paid.

Nothing here was tested (see the causes of a span for what was): it is what a person should ask before thinking ill.
"""

from __future__ import annotations

from typing import Any

from zhenfen.report.case import Case
from zhenfen.report.sections import iso_day

ABOVE_LOW = ("elevated", "high")
_CAUSES = {
    "growth": ("promotion", "events", "others"),
    "engagement": ("promotion", "reach", "others"),
    "comments": ("talk", "others"),
    "network": ("ties", "others"),
    "audience": ("arrivals", "others"),
}
"""By family; `others`: that somebody else than the creator may have bought it."""


def list_causes(case: Case, family: dict[str, Any], summary: dict[str, Any]) -> list[str]:
    """Sentences for one family of a creator's summary; none where nothing asks for a look."""
    if not _asks(family, summary):
        return []
    return [case.catalogue.text(f"report.possible.{cause}") for cause in _CAUSES.get(family["family"], ())]


def _asks(family: dict[str, Any], summary: dict[str, Any]) -> bool:
    """Out of line; or a rise without explanation, likes or views out of line, accounts made and arrived together."""
    found = {
        "growth": any(
            span["is_unexplained"] and (span["n_gained"] or 0) > 0
            for span in (summary["growth"] or {}).get("spans", ())
        ),
        "engagement": any(item["asks"] for item in family["evidence"]),
        "audience": any(
            pattern["pattern"] == "batch" and pattern["n_in_pattern"]
            for pattern in (summary["audience"] or {}).get("patterns", ())
        ),
    }
    return family["level"] in ABOVE_LOW or found.get(family["family"], False)


def list_days_standing_out(case: Case) -> list[str]:
    """Days of the posts whose views or likes stand out without a record of promotion, newest first, each once."""
    posts = case.detail("engagement", "posts")
    if posts is None or "stands_out" not in posts.columns:
        return []
    dated = posts.filter("stands_out").drop_nulls("published_at").sort("published_at", descending=True)
    return list(dict.fromkeys(map(iso_day, dated["published_at"])))
