"""What vendors state of a creator, each figure beside ours where there is one: theirs stays theirs."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.quote import clean, shorten
from zhenfen.report.words import iso_day
from zhenfen.tables import TABLES

_FAMILY, _UNNAMED = "engagement", "unknown"
_COLUMNS = [
    one for one in TABLES["creator_stats"].columns if one.name not in ("creator_id", "window", "source", "observed_at")
]
_OF_POSTS = ("likes", "views", "interactions")
LONGEST_SPREAD_CHARS = 120
"""A distribution over all provinces does not fit a line; the JSON and the table hold it whole."""


def summarise_averages(case: Case) -> dict[str, Any] | None:
    """Vendors' figures by source and window, and whether engagement was judged from any; None where there are none."""
    averages = case.detail(_FAMILY, "averages")
    if averages is None:
        return None
    rows = averages.sort("is_used", "source", "window", descending=[True, False, False]).rows(named=True)
    used = next((row for row in rows if row["is_used"]), None)
    ours, text = _ours(case), case.catalogue.text
    sentence = text("report.averages.beside")
    if used is not None:
        sentence = text("report.averages.used", source=_source(case, used), window=_window(case, used))
    groups = [_group(case, row, ours) for row in rows]
    return {"is_used": used is not None, "sentence": sentence, "groups": groups}


def _group(case: Case, row: dict[str, Any], ours: dict[str, str]) -> dict[str, Any]:
    """What one vendor states over one window."""
    observed_on = None if row["observed_at"] is None else iso_day(row["observed_at"])
    stated = [column for column in _COLUMNS if row[column.name] is not None]
    return {
        "source": row["source"],
        "window": row["window"],
        "observed_on": observed_on,
        "is_used": row["is_used"],
        "title": " · ".join(filter(None, (_source(case, row), _window(case, row), observed_on))),
        "has_ours": any(column.name in ours for column in stated),
        "figures": [
            {
                "name": column.name,
                "label": case.catalogue.text(f"stats.{column.name}"),
                "value": row[column.name],
                "value_text": _show(case, row[column.name], column.unit),
                "ours_text": ours.get(column.name, ""),
            }
            for column in stated
        ],
    }


def _show(case: Case, value: Any, unit: str) -> str:
    if isinstance(value, str):
        return shorten(clean(value), LONGEST_SPREAD_CHARS)
    return case.catalogue.value(value, unit.lower())


def _source(case: Case, row: dict[str, Any]) -> str:
    is_named = row["source"] != _UNNAMED
    return clean(row["source"]) if is_named else case.catalogue.text("report.averages.unnamed")


def _window(case: Case, row: dict[str, Any]) -> str:
    """The window in words; one of an own table that is neither days nor posts stands as it is."""
    window = clean(row["window"])
    kind = {"d": "days", "p": "posts"}.get(window[-1:])
    if window == _UNNAMED:
        return case.catalogue.text("report.averages.no_window")
    if kind is None or not window[:-1].isdecimal():
        return window
    return case.catalogue.text(f"report.averages.{kind}", n=case.catalogue.count(int(window[:-1])))


def _ours(case: Case) -> dict[str, str]:
    """What we measured of the same: over the posts that count, and the share of the audience with its interval."""
    found: dict[str, str] = {}
    posts = case.detail(_FAMILY, "posts")
    if posts is not None and not (counted := posts.filter("is_measured")).is_empty():
        for count in _OF_POSTS:
            values = counted[f"n_{count}"].drop_nulls()
            for statistic, value in (("mean", values.mean()), ("median", values.median())):
                if isinstance(value, int | float):
                    found[f"{statistic}_{count}"] = case.catalogue.value(float(value), "count")
    shares = case.detail("audience", "shares")
    known = None if shares is None else shares.filter(pl.col("reason").is_null())
    if known is not None and not known.is_empty():
        low, high = (case.catalogue.share(known[end][0]) for end in ("low", "high"))
        found["water_follower_share"] = case.catalogue.text("report.averages.ours_share", low=low, high=high)
    return found
