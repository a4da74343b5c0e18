"""The small charts of a report, from its dict to inline SVG: bars against peers, bars of shares, sparklines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from zhenfen.report.charts.scale import is_wide, linear, logarithmic
from zhenfen.report.charts.svg import across, at, line_path, stretched, tag, upright

BAR, SPARK = 24, 28
"""Heights in pixels."""
ROOM = 0.06
"""Share of a range bar kept free at each side, so that a marker at the edge stays whole."""
NARROWEST_BAND = 0.012


def range_bar(item: Mapping[str, Any]) -> Markup:
    """A value against its peers: band from p5 to p95, tick at the median, marker at the value."""
    if item["low"] is None or item["high"] is None or item["value"] is None:
        return Markup("")
    known = {name: item[name] for name in ("low", "high", "value", "median") if item[name] is not None}
    least, most = min(known.values()), max(known.values())
    # Logarithmic where the values are far apart; linear from 0 otherwise.
    scale = logarithmic(least, most) if is_wide([*known.values()]) else linear(min(0, least), most or 1.0)
    places = {name: ROOM + (1 - 2 * ROOM) * scale(value) for name, value in known.items()}
    # A dot inside the range; outside a triangle that points the way, filled where the side asks for a look.
    if item["position"] == "within":
        marker = tag("circle", class_="value", r=5)
    else:
        triangle = "M-5-7L7 0L-5 7Z" if item["position"] == "above" else "M5-7L-7 0L5 7Z"
        marker = tag("path", class_="value asks" if item["asks"] else "value beside", d=triangle)
    median = [upright("median", places["median"], BAR / 2 - 8, BAR / 2 + 8)] if "median" in places else []
    marks = [*median, at(places["value"], BAR / 2, marker)]
    return _bar(item["sentence"], places["low"], places["high"], *marks)


def share_bar(share: Mapping[str, Any]) -> Markup:
    """An estimated share on the whole scale from 0 to 100 %: band for the interval, marker at the estimate."""
    marker = at(share["share"], BAR / 2, tag("circle", class_="value", r=5))
    return _bar(share["sentence"], share["low"], share["high"], marker)


def common_bar(cell: Mapping[str, Any], label: str) -> Markup:
    """A cell of a row whose cells share one scale: band for an interval, marker at the value, places from 0 to 1."""
    place, low, high = (ROOM + (1 - 2 * ROOM) * cell[name] for name in ("place", "low", "high"))
    mark = at(place, BAR / 2, tag("circle", class_="value asks" if cell["asks"] else "value", r=5))
    return _bar(f"{label} · {cell['text']}", low, high, mark)


def _factor(count: float, curve: Sequence[Sequence[float]]) -> float:
    # One stands in for none, which has no log.
    return math.log(max(count, 1.0) / max(curve[-1][1], 1.0))


def _bar(title: str, left: float, right: float, *marks: Markup) -> Markup:
    """A band between two places of a rail, under the marks."""
    middle, width = BAR / 2, max(right - left, NARROWEST_BAND)
    return tag(
        "svg",
        tag("title", title),
        tag("line", class_="rail", x1="0", x2="100%", y1=middle, y2=middle),
        tag("rect", class_="band", x=across(left), width=across(width), y=middle - 5, height=10, rx=2),
        *marks,
        role="img",
        class_="range",
        width="100%",
        height=BAR,
    )


def spark_scale(curves: Sequence[Sequence[Sequence[float]]]) -> dict[str, float]:
    """What curves that stand one below the other share: days before the last one, and the range of the factors.

    A factor is a count by the last count of its curve, as a natural log: equal steps are equal factors, so that a small
    account and a large one can be set beside each other.
    """
    known = [curve for curve in curves if curve]
    factors = [_factor(count, curve) for curve in known for _, count in curve]
    n_days = max((curve[-1][0] - curve[0][0] for curve in known), default=0.0)
    return {"n_days": n_days, "low": min(factors, default=0.0), "high": max(factors, default=0.0)}


def sparkline(points: Sequence[Sequence[float]], label: str, shared: Mapping[str, float]) -> Markup:
    """A small follower curve for a table cell, from [days, followers] pairs, on the result of `spark_scale`."""
    if not points:
        return Markup("")
    sideways, scale = linear(-shared["n_days"], 0.0), linear(shared["low"], shared["high"])
    drawn = [
        (sideways(day - points[-1][0]), 4 + (SPARK - 8) * (1 - scale(_factor(count, points)))) for day, count in points
    ]
    return tag(
        "svg",
        tag("title", label),
        stretched(0, SPARK, tag("path", class_="curve", d=line_path(drawn))),
        at(drawn[-1][0], drawn[-1][1], tag("circle", class_="end", r=2.5)),
        role="img",
        class_="spark",
        width="100%",
        height=SPARK,
    )
