"""The small charts of a report, from its dict to inline SVG: range bars, posts over time, sparklines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from zhenfen.report.charts.scale import (
    Scale,
    is_wide,
    linear,
    logarithmic,
)
from zhenfen.report.charts.svg import (
    across,
    at,
    line_path,
    stretched,
    tag,
    upright,
)

BAR, SPARK, DOTS, ABOVE_DOTS, DAYS = 24, 28, 200, 10, 24
"""Heights in pixels."""
ROOM = 0.06
"""Share of a range bar kept free at each side, so that a marker at the edge stays whole."""
NARROWEST_BAND = 0.012


def range_bar(item: Mapping[str, Any]) -> Markup:
    """A value against its peers: band from p5 to p95, tick at the median, marker at the value."""
    if item["low"] is None or item["high"] is None or item["value"] is None:
        return Markup("")
    place = _range_place(item)
    left, middle = place(item["low"]), BAR / 2
    width = max(place(item["high"]) - left, NARROWEST_BAND)
    # A dot inside the range; outside a triangle that points the way, filled where the side asks for a look.
    if item["position"] == "within":
        marker = tag("circle", class_="value", r=5)
    else:
        triangle = "M-5-7L7 0L-5 7Z" if item["position"] == "above" else "M5-7L-7 0L5 7Z"
        marker = tag("path", class_="value asks" if item["asks"] else "value beside", d=triangle)
    median = [] if item["median"] is None else [upright("median", place(item["median"]), middle - 8, middle + 8)]
    return tag(
        "svg",
        tag("title", item["sentence"]),
        tag("line", class_="rail", x1="0", x2="100%", y1=middle, y2=middle),
        tag("rect", class_="band", x=across(left), width=across(width), y=middle - 5, height=10, rx=2),
        *median,
        at(place(item["value"]), middle, marker),
        role="img",
        class_="range",
        width="100%",
        height=BAR,
    )


def share_bar(share: Mapping[str, Any]) -> Markup:
    """An estimated share on the whole scale from 0 to 100 %: band for the interval, marker at the estimate."""
    middle, width = BAR / 2, max(share["high"] - share["low"], NARROWEST_BAND)
    return tag(
        "svg",
        tag("title", share["sentence"]),
        tag("line", class_="rail", x1="0", x2="100%", y1=middle, y2=middle),
        tag("rect", class_="band", x=across(share["low"]), width=across(width), y=middle - 5, height=10, rx=2),
        at(share["share"], middle, tag("circle", class_="value", r=5)),
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


def _range_place(item: Mapping[str, Any]) -> Scale:
    """Places of a range bar: logarithmic where the values are far apart; linear from 0 otherwise."""
    values = [item[name] for name in ("low", "high", "value", "median") if item[name] is not None]
    scale = logarithmic(min(values), max(values)) if is_wide(values) else linear(min(0, *values), max(values) or 1.0)
    return lambda value: ROOM + (1 - 2 * ROOM) * scale(value)
