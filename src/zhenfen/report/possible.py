"""What may lie behind a family that asks for a look, in the order to ask: innocent causes, then who else may have paid.

Nothing here was tested (see the causes of a span for what was): it is what a person should ask before thinking ill.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.sections import iso_day

ABOVE_LOW = ("elevated", "high")
_CAUSES = {
    "growth": ("promotion", "events"),
    "comments": ("talk",),
    "network": ("ties",),
    "audience": ("arrivals",),
}
"""By family; engagement has them by measurement. `others` follows each: somebody else than the creator may pay."""
_LIFTED = ("likes", "views", "hit", "sponsored")
"""Words in names of measurements of what paid promotion lifts; it brings no more comments or saves a like."""


def list_causes(case: Case, family: dict[str, Any]) -> list[str]:
    """Sentences for one family of a creator's summary; none where neither its level nor a span asks for a look."""
    if family["level"] not in ABOVE_LOW and not _asks_without_level(case, family):
        return []
    causes = _engagement_causes(family) if family["family"] == "engagement" else _CAUSES.get(family["family"], ())
    named = (*causes, "others") if causes else ()
    return [case.catalogue.text(f"report.possible.{cause}") for cause in named]


def _asks_without_level(case: Case, family: dict[str, Any]) -> bool:
    """Growth without peers that holds a rise which nothing explains: it may be a purchase, and no level says so."""
    if (family["family"], family["level"]) != ("growth", "not_assessed"):
        return False
    spans = case.detail("growth", "spans")
    return spans is not None and not spans.filter(pl.col("is_unexplained"), pl.col("n_gained") > 0).is_empty()


def _engagement_causes(family: dict[str, Any]) -> tuple[str, ...]:
    """What may lie behind the measurements that ask, promotion first."""
    found = {_cause(item) for item in family["evidence"] if item["asks"]} or {"reach"}
    return tuple(cause for cause in ("promotion", "talk", "reach") if cause in found)


def _cause(item: dict[str, Any]) -> str:
    """Promotion for what it lifts, talk for many comments, another audience than usual for the rest."""
    name = item["feature"]
    if name.endswith(("_by_likes_ratio", "_by_followers_ratio")):
        return "talk" if "_comments_by_likes_" in name and item["position"] == "above" else "reach"
    return "promotion" if any(word in name for word in _LIFTED) else "reach"


def list_days_standing_out(case: Case) -> list[str]:
    """Days of the posts whose views or likes stand out without a record of promotion, newest first, each once."""
    posts = case.detail("engagement", "posts")
    if posts is None or "stands_out" not in posts.columns:
        return []
    dated = posts.filter("stands_out").drop_nulls("published_at").sort("published_at", descending=True)
    return list(dict.fromkeys(map(iso_day, dated["published_at"])))
