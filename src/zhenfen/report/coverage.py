"""Which families of a creator have no peers in the panel, what it holds instead, and what would help."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.words import list_names
from zhenfen.verdict.counterfactuals import OVERALL
from zhenfen.verdict.levels import NO_REFERENCE
from zhenfen.verdict.panel import LARGE_FROM

READS: Reads = {OVERALL: ("uncovered",)}


def add_coverage(case: Case, families: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`families` with coverage_text: a sentence where peers of the creator's platform and size are wanting, else "".

    A family that was not assessed for another reason has none: peers would not help it.
    """
    uncovered = case.reading(READS).detail(OVERALL, "uncovered")
    parts = {} if uncovered is None else uncovered.partition_by("family", as_dict=True)
    return [{**family, "coverage_text": _say(case, family, parts.get((family["family"],)))} for family in families]


def _say(case: Case, family: dict[str, Any], rows: pl.DataFrame | None) -> str:
    if rows is None:
        return ""
    has_others = bool(rows["has_others"][0])
    if family["reason"] != NO_REFERENCE and not has_others:
        return ""
    said = _say_what_travels(case) if has_others else _say_what_there_is(case, rows)
    if not has_others and _is_unsized(case, rows):
        # The number of followers would do: no panel of one's own is needed.
        return said
    return said + ("" if case.catalogue.language == "zh" else " ") + case.catalogue.text("report.uncovered.help")


def _say_what_travels(case: Case) -> str:
    return case.catalogue.text("report.uncovered.others", platform=case.setting.platform_of(case.creator_id)[1])


def _say_what_there_is(case: Case, rows: pl.DataFrame) -> str:
    """Peers of other sizes, of other measurements, of other platforms, or none at all."""
    platform, name = case.setting.platform_of(case.creator_id)
    n_followers = case.setting.creators.get(case.creator_id, {}).get("n_followers")
    text = case.catalogue.text
    known = rows.drop_nulls("platform")
    if known.is_empty():
        return text("report.uncovered.nothing", platform=name)
    if known["platform"].to_list() != [platform]:
        others = (_name_range(case, row) for row in known.iter_rows(named=True))
        return text("report.uncovered.platform", platform=name, others=list_names(others, case.catalogue))
    own = known.row(0, named=True)
    if own["followers_from"] is None:
        return text("report.uncovered.measurements", platform=name)
    sizes = {key: case.catalogue.number(own[f"followers_{key}"], 0) for key in ("from", "to")}
    if _is_unsized(case, rows):
        return text("report.uncovered.unsized", platform=name, low=sizes["from"], high=sizes["to"])
    if n_followers is None or _is_within(n_followers, own):
        return text("report.uncovered.measurements", platform=name)
    size = case.catalogue.count(n_followers)
    return text("report.uncovered.size", platform=name, n_followers=size, low=sizes["from"], high=sizes["to"])


def _is_unsized(case: Case, rows: pl.DataFrame) -> bool:
    """Whether the platform's peers are all large and the creator's size is unknown."""
    platform, _ = case.setting.platform_of(case.creator_id)
    own = rows.filter(pl.col("platform") == platform)["followers_from"].drop_nulls()
    size = case.setting.creators.get(case.creator_id, {}).get("n_followers")
    return size is None and bool(len(own)) and own[0] >= LARGE_FROM


def _is_within(n_followers: int, own: dict[str, Any]) -> bool:
    return bool(own["followers_from"] <= n_followers <= own["followers_to"])


def _name_range(case: Case, row: dict[str, Any]) -> str:
    name = case.setting.platform_name(row["platform"])
    if row["followers_from"] is None:
        return name
    low, high = (case.catalogue.number(row[f"followers_{key}"], 0) for key in ("from", "to"))
    return case.catalogue.text("report.uncovered.range", platform=name, low=low, high=high)
