"""All families together: an indication with its grounds, never a fact."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.family import level_words
from zhenfen.report.section import family_rank
from zhenfen.report.words import list_names
from zhenfen.verdict.changes import OVERALL, UNSAID
from zhenfen.verdict.creator import ESTIMATED, JUDGED

READS: Reads = {OVERALL: ("contributions", "lines")}
BASIS = "model"
MOST_RAISING = 5
LEAST_SHOWN = 0.005
"""Log-odds; what is smaller would read "+0"."""
NO_MODEL = "creator.no_model"
MOST_CERTAIN = 0.999


def overall_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Level, probability, the families it rests on, and the measurements that raise it; None without a model.

    Where no level is given no probability is shown either; what raises it is, where there was enough to judge.
    """
    row = case.setting.overall.get(case.creator_id)
    if row is None or row["reason"] == NO_MODEL:
        return None
    case = case.reading(READS)
    is_assessed, is_judged = row["level"] != "not_assessed", row["reason"] in JUDGED
    text, share = case.catalogue.text, case.catalogue.share
    p = row["p_manipulated"] if is_assessed else None
    if p is None:
        p_shown, sentence = "", text(f"reason.{row['reason']}")
    else:
        # A model that orders creators is certain of nobody.
        if p > MOST_CERTAIN:
            p_shown = text("report.more_than", value=share(MOST_CERTAIN))
        elif p < 1 - MOST_CERTAIN:
            p_shown = text("report.less_than", value=share(1 - MOST_CERTAIN))
        else:
            p_shown = share(p)
        # The lines between the levels, and whether the audience alone gives this one.
        said, lines = [text("report.overall.sentence", p=p_shown)], case.detail(OVERALL, "lines")
        if lines is not None:
            named = lines.row(0, named=True)
            shown = {name: share(named[name]) for name in ("low_below", "elevated_from", "high_from")}
            said.append(text("report.overall.lines", **shown))
            if row["level"] != "low" and p < named[f"{row['level']}_from"]:
                said.append(text("report.overall.by_audience"))
        sentence = ("" if case.catalogue.language == "zh" else " ").join(said)
    return {
        "level": row["level"],
        "basis": BASIS,
        **level_words(UNSAID if is_judged else row["level"], BASIS, case.setting),
        "label": text("report.overall"),
        "p_manipulated": p,
        "p_text": p_shown,
        "sentence": sentence,
        "reason": row["reason"],
        **_grounds(case, row, families),
        "raising": _raising(case, families) if is_assessed or is_judged else [],
    }


def _grounds(case: Case, row: dict[str, Any], families: list[dict[str, Any]]) -> dict[str, Any]:
    """The families with a level, those read without one, and those that the probability does not rest on."""
    seen = set(row["families_assessed"] or ())
    contributions = case.detail(OVERALL, "contributions")
    known = None if contributions is None else contributions.drop_nulls("value")
    read = set() if known is None else set(known["family"])
    labels = {
        "assessed": [one["label"] for one in families if one["family"] in seen],
        "also": [one["label"] for one in families if one["family"] in read - seen],
        "missing": [one["label"] for one in families if one["family"] not in read | seen],
    }
    texts = {
        f"{name}_text": case.catalogue.text(f"report.overall.{name}", families=list_names(named, case.catalogue))
        if named
        else ""
        for name, named in labels.items()
    }
    return {"families_assessed": sorted(seen, key=family_rank), **texts}


def _raising(case: Case, families: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The measurements that raise the probability most, with what the families say of them."""
    contributions = case.detail(OVERALL, "contributions")
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
            "value_text": measured.get(row["feature"], {}).get("value_text") or _estimate_text(case, row),
            "range_text": measured.get(row["feature"], {}).get("range_text", ""),
            "contribution_text": "+" + case.catalogue.number(row["contribution"]),
        }
        for row in largest.iter_rows(named=True)
    ]


def _estimate_text(case: Case, row: dict[str, Any]) -> str:
    """What no family has a line for: an estimate in its unit, a dash for what no page shows."""
    unit = ESTIMATED.get(row["feature"])
    return "—" if unit is None else case.catalogue.value(row["value"], unit)
