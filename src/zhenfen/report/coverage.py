"""Which families of a creator have no peers in the panel, what it holds instead, and what would help."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.words import list_names
from zhenfen.verdict.changes import OVERALL
from zhenfen.verdict.levels import NO_REFERENCE
from zhenfen.verdict.panel import LARGE_FROM

READS: Reads = {OVERALL: ("uncovered",)}


def add_coverage(case: Case, families: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`families` with coverage_text: a sentence where peers of the creator's platform and size are wanting, else "".

    A family that was not assessed for another reason has none: peers would not help it.
    """
    uncovered = case.reading(READS).detail(OVERALL, "uncovered")
    parts = {} if uncovered is None else uncovered.partition_by("family", as_dict=True)
    text, platform = case.catalogue.text, case.setting.platform_of(case.creator_id)[1]
    covered = []
    for family in families:
        rows, said = parts.get((family["family"],)), ""
        has_others = rows is not None and bool(rows["has_others"][0])
        if rows is not None and (has_others or family["reason"] == NO_REFERENCE):
            said = text("report.uncovered.others", platform=platform) if has_others else _say_what_there_is(case, rows)
            # Where the creator's size is unknown, the number of followers would do: no panel of one's own is needed.
            if has_others or not _is_unsized(case, rows):
                said += ("" if case.catalogue.language == "zh" else " ") + text("report.uncovered.help")
        covered.append({**family, "coverage_text": said})
    return covered


def _say_what_there_is(case: Case, rows: pl.DataFrame) -> str:
    """Peers of other sizes, of other measurements, of other platforms, or none at all."""
    platform, name = case.setting.platform_of(case.creator_id)
    n_followers = case.setting.creators.get(case.creator_id, {}).get("n_followers")
    text, number = case.catalogue.text, case.catalogue.number
    known = rows.drop_nulls("platform")
    if known.is_empty():
        return text("report.uncovered.nothing", platform=name)
    if known["platform"].to_list() != [platform]:
        others = []
        for row in known.iter_rows(named=True):
            other = case.setting.platform_name(row["platform"])
            if row["followers_from"] is not None:
                low, high = (number(row[f"followers_{key}"], 0) for key in ("from", "to"))
                other = text("report.uncovered.range", platform=other, low=low, high=high)
            others.append(other)
        return text("report.uncovered.platform", platform=name, others=list_names(others, case.catalogue))
    own = known.row(0, named=True)
    if own["followers_from"] is None:
        return text("report.uncovered.measurements", platform=name)
    low, high = (number(own[f"followers_{key}"], 0) for key in ("from", "to"))
    if _is_unsized(case, rows):
        return text("report.uncovered.unsized", platform=name, low=low, high=high)
    if n_followers is None or own["followers_from"] <= n_followers <= own["followers_to"]:
        return text("report.uncovered.measurements", platform=name)
    return text(
        "report.uncovered.size", platform=name, n_followers=case.catalogue.count(n_followers), low=low, high=high
    )


def _is_unsized(case: Case, rows: pl.DataFrame) -> bool:
    """Whether the platform's peers are all large and the creator's size is unknown."""
    platform, _ = case.setting.platform_of(case.creator_id)
    own = rows.filter(pl.col("platform") == platform)["followers_from"].drop_nulls()
    size = case.setting.creators.get(case.creator_id, {}).get("n_followers")
    return size is None and bool(len(own)) and own[0] >= LARGE_FROM
