"""All families together: an indication with its grounds, never a fact."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.family import family_rank, level_words, list_names

BASIS = "model"
MOST_RAISING = 5
LEAST_SHOWN = 0.005
"""Log-odds; what is smaller would read "+0"."""
NO_MODEL = "creator.no_model"


def overall_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Level, probability, the families it rests on, and the measurements that raise it; None without a model.

    Where no level is given no probability is shown either.
    """
    row = case.setting.overall.get(case.creator_id)
    if row is None or row["reason"] == NO_MODEL:
        return None
    is_assessed = row["level"] != "not_assessed"
    text = case.catalogue.text
    seen = set(row["families_assessed"] or ())
    labels = {name: [one["label"] for one in families if (one["family"] in seen) is known] for name, known in _SEEN}
    p_shown = case.catalogue.share(row["p_manipulated"]) if is_assessed else ""
    return {
        "level": row["level"],
        "basis": BASIS,
        **level_words(row["level"], BASIS, case.setting),
        "label": text("report.overall"),
        "p_manipulated": row["p_manipulated"] if is_assessed else None,
        "p_text": p_shown,
        "sentence": text("report.overall.sentence", p=p_shown) if is_assessed else text(f"reason.{row['reason']}"),
        "reason": row["reason"],
        "families_assessed": sorted(seen, key=family_rank),
        "assessed_text": _list(case, "report.overall.assessed", labels["assessed"]),
        "missing_text": _list(case, "report.overall.missing", labels["missing"]),
        "raising": _raising(case, families) if is_assessed else [],
    }


_SEEN = (("assessed", True), ("missing", False))


def _list(case: Case, key: str, labels: list[str]) -> str:
    return case.catalogue.text(key, families=list_names(labels, case.catalogue)) if labels else ""


def _raising(case: Case, families: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The measurements that raise the probability most, with what the families say of them."""
    contributions = case.detail("creator", "contributions")
    if contributions is None:
        return []
    labels = {one["family"]: one["label"] for one in families}
    measured = {item["feature"]: item for one in families for item in one["evidence"]}
    # An absent family has its weight, too, but none of its measurements has been seen to raise anything.
    raising = contributions.filter(pl.col("contribution") >= LEAST_SHOWN, pl.col("value").is_not_null())
    largest = raising.sort("contribution", "feature", descending=[True, False]).head(MOST_RAISING)
    return [
        {
            **{name: row[name] for name in ("family", "feature", "value", "contribution")},
            "family_label": labels.get(row["family"], row["family"]),
            "label": case.setting.label("feature", row["feature"]),
            "value_text": measured.get(row["feature"], {}).get("value_text", "—"),
            "range_text": measured.get(row["feature"], {}).get("range_text", ""),
            "contribution_text": "+" + case.catalogue.number(row["contribution"]),
        }
        for row in largest.iter_rows(named=True)
    ]
