"""The small charts of a report, from its dict to inline SVG: bars against peers, bars of shares, sparklines."""

from __future__ import annotations

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


def sparkline(points: Sequence[Sequence[float]], label: str) -> Markup:
    """A small follower curve for a table cell, from [days, followers] pairs."""
    if not points:
        return Markup("")
    sideways = linear(points[0][0], points[-1][0])
    counts = [count for _, count in points]
    scale = linear(min(counts), max(counts))
    drawn = [(sideways(day), 4 + (SPARK - 8) * (1 - scale(count))) for day, count in points]
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
