"""The chart of a live room by the minute: viewers present as a curve, comments as bars below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from zhenfen.messages import Catalogue
from zhenfen.report.charts.scale import linear, nice_ticks
from zhenfen.report.charts.svg import (
    axis,
    bar_path,
    day_labels,
    framed,
    grid,
    join,
    level_line,
    line_path,
    picture,
    stretched,
    tag,
    upright,
)

ABOVE, CURVE, BETWEEN, BARS, BELOW = 10, 130, 16, 56, 24
"""Heights in pixels."""
MOST_LABELS = 6


def room_chart(chart: Mapping[str, Any], catalogue: Catalogue) -> Markup:
    """Viewers and comments of each minute; an upright line where most came at once.

    Args:
        chart: What `sections.live` puts under `chart`: minutes, n_viewers and n_comments with None where unknown.
        catalogue: Words and numbers.
    """
    minutes, viewers, comments = chart["minutes"], chart["n_viewers"], chart["n_comments"]
    place = linear(minutes[0], minutes[-1])
    there, said = ([count for count in counts if count is not None] for counts in (viewers, comments))
    bars_top, height = ABOVE + CURVE + BETWEEN, ABOVE + CURVE + BETWEEN + BARS + BELOW
    drawn, labels = [], []
    if there:
        ticks = nice_ticks(0, max(1, *there), 4)
        up = linear(ticks[0], ticks[-1])
        labels += list(zip((ABOVE + CURVE * (1 - up(tick)) for tick in ticks), catalogue.ticks(ticks), strict=True))
        points = [
            None if count is None else (place(minute), CURVE * (1 - up(count)))
            for minute, count in zip(minutes, viewers, strict=True)
        ]
        drawn += [grid(y for y, _ in labels), stretched(ABOVE, CURVE, tag("path", class_="curve", d=line_path(points)))]
    if said:
        most, half = max(1, *said), 0.4 / max(1, minutes[-1] - minutes[0])
        bars = (
            (max(0.0, place(minute) - half), min(1.0, place(minute) + half), BARS * (1 - count / most), BARS)
            for minute, count in zip(minutes, comments, strict=True)
            if count
        )
        drawn += [
            stretched(bars_top, BARS, tag("path", class_="gain", d=bar_path(bars))),
            level_line("zero", bars_top + BARS),
        ]
        labels += [(bars_top + 4, catalogue.compact(most)), (bars_top + BARS, "0")]
    if chart["step_minute"] is not None:
        drawn.append(upright("median-line", place(chart["step_minute"]), ABOVE, bars_top + BARS))
    steps = [tick for tick in nice_ticks(minutes[0], minutes[-1], MOST_LABELS) if minutes[0] <= tick <= minutes[-1]]
    told = {"peak": max(there, default=0), "most": max(said, default=0)}
    plot = picture(
        "room",
        chart["title"],
        catalogue.text("live.chart.about", n=len(minutes), **{k: catalogue.number(v, 0) for k, v in told.items()}),
        height,
        join(drawn),
        day_labels([(place(tick), catalogue.value(tick, "minutes")) for tick in steps], height - 4),
    )
    return framed(axis(labels, height), plot)
