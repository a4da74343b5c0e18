"""The chart of interactions: posts over time as dots, on a logarithmic scale where they lie far apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from zhenfen.messages import Catalogue
from zhenfen.report.charts.scale import (
    day_scale,
    day_ticks,
    decade_ticks,
    is_wide,
    linear,
    logarithmic,
    nice_ticks,
)
from zhenfen.report.charts.svg import (
    across,
    at,
    axis,
    day_labels,
    framed,
    grid,
    join,
    level_line,
    picture,
    tag,
)

DOTS, ABOVE_DOTS, DAYS = 200, 10, 24
"""Heights in pixels."""


def is_logarithmic(engagement: Mapping[str, Any]) -> bool:
    """Whether the interactions of the posts lie so far apart that the chart's scale is logarithmic."""
    positive = [post["n_interactions"] for post in engagement["posts"] if post["n_interactions"] > 0]
    return bool(positive) and is_wide(positive)


def interactions(engagement: Mapping[str, Any], catalogue: Catalogue) -> Markup:
    """Interactions of each post over time: dots, diamonds for signs of sponsorship, a line at the median."""
    posts, number = engagement["posts"], catalogue.number
    days = [date.fromisoformat(post["at"][:10]) for post in posts]
    counts = [post["n_interactions"] for post in posts]
    # Zeros lie on the lowest line of a logarithmic scale.
    positive = [count for count in counts if count > 0]
    is_log = is_logarithmic(engagement)
    ticks = decade_ticks(min(positive), max(positive)) if is_log else nice_ticks(0, max(counts), 4)
    scale = (logarithmic if is_log else linear)(ticks[0], ticks[-1])
    place, height = day_scale(days[0], days[-1]), ABOVE_DOTS + DOTS + DAYS

    def down(count: float) -> float:
        return ABOVE_DOTS + DOTS * (1 - scale(max(count, ticks[0])))

    labels = list(zip(map(down, ticks), catalogue.ticks(ticks), strict=True))
    drawn = []
    for post, day, count in zip(posts, days, counts, strict=True):
        title = tag("title", f"{post['at'][:10]}: {number(count, 0)}")
        if post["is_marked"]:
            diamond = tag("path", title, class_="dot marked", d="M0-5.5L5.5 0L0 5.5L-5.5 0Z")
            drawn.append(at(place(day), down(count), diamond))
        else:
            drawn.append(tag("circle", title, class_="dot", cx=across(place(day)), cy=down(count), r=3.5))
    plot = picture(
        "interactions",
        catalogue.text("report.chart.interactions"),
        catalogue.text(
            "report.chart.interactions.about",
            n_posts=len(posts),
            first=days[0].isoformat(),
            last=days[-1].isoformat(),
            median=engagement["median_text"],
        ),
        height,
        grid(y for y, _ in labels),
        level_line("median-line", down(engagement["median"])),
        join(drawn),
        day_labels([(place(day), text) for day, text in day_ticks(days[0], days[-1])], height - 4),
    )
    return framed(axis(labels, height), plot)
