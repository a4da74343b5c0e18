"""SVG by hand: escaped elements, and a plot whose lines stretch with the page while its text keeps its size.

Places across are percentages, so a chart is readable at any width; places down are pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup, escape

UNITS_ACROSS = 1000
"""Width of the inner drawing in its own units; it is stretched to the plot, lines keep their thickness."""
ABOVE_AXIS = 4
EDGE = 0.04
"""A day label nearer to an end of the plot than this share of its width is drawn inwards."""


def tag(name: str, *children: Markup | str, **attributes: str | float | None) -> Markup:
    """An element; texts and attribute values are escaped, `class_` is class, `stroke_width` is stroke-width."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    opened = "".join(f' {key}="{escape(_written(value))}"' for key, value in pairs)
    return Markup(f"<{name}{opened}>{''.join(map(escape, children))}</{name}>")  # noqa: S704 (every part is escaped)


def join(parts: Iterable[Markup]) -> Markup:
    """Elements one after the other."""
    return Markup("").join(parts)


def across(place: float) -> str:
    """A place in [0, 1] as a percentage of the plot's width."""
    return f"{100 * place:.3f}".rstrip("0").rstrip(".") + "%"


def picture(name: str, title: str, description: str, height: int, *children: Markup, class_: str = "plot") -> Markup:
    """A chart: as wide as its place, `height` pixels high, with a title and description for those who can't see it.

    Args:
        name: Id within the page.
        title: What it shows, in a few words.
        description: What there is to see.
        height: Pixels.
        children: What is drawn.
        class_: Class of the element.
    """
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *children,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=class_,
        width="100%",
        height=height,
    )


def stretched(top: float, height: float, *children: Markup) -> Markup:
    """A drawing of UNITS_ACROSS by `height` units, stretched to the width of the plot."""
    return tag(
        "svg",
        *children,
        x=0,
        y=top,
        width="100%",
        height=height,
        viewBox=f"0 0 {UNITS_ACROSS} {_written(height)}",
        preserveAspectRatio="none",
    )


def at(place: float, top: float, *children: Markup) -> Markup:
    """Children drawn in pixels around a point of the plot."""
    return tag("svg", *children, x=across(place), y=top, class_="at")


def line_path(points: Sequence[tuple[float, float] | None]) -> str:
    """Path data through points (place in [0, 1], y in units); None leaves a gap open."""
    words: list[str] = []
    is_open = False
    for point in points:
        if point is not None:
            words.append(f"{'L' if is_open else 'M'}{_written(UNITS_ACROSS * point[0])} {_written(point[1])}")
        is_open = point is not None
    return "".join(words)


def band_path(points: Sequence[tuple[float, float, float] | None]) -> str:
    """Path data of a band through points (place in [0, 1], top and bottom in units); None leaves a gap open."""
    stretches = (list(part) for is_known, part in groupby(points, key=lambda one: one is not None) if is_known)
    paths = []
    for stretch in stretches:
        known = [point for point in stretch if point is not None]
        there = [(place, top) for place, top, _ in known]
        back = [(place, bottom) for place, _, bottom in reversed(known)]
        paths.append(line_path([*there, *back]) + "Z")
    return "".join(paths)


def bar_path(bars: Iterable[tuple[float, float, float, float]]) -> str:
    """Path data of upright bars (left and right in [0, 1], top and bottom in units)."""
    return "".join(
        f"M{_written(UNITS_ACROSS * left)} {_written(top)}H{_written(UNITS_ACROSS * right)}V{_written(bottom)}"
        f"H{_written(UNITS_ACROSS * left)}Z"
        for left, right, top, bottom in bars
    )


def axis(labels: Sequence[tuple[float, str]], height: int) -> Markup:
    """The column of labels left of a plot, (y in pixels, text); hidden from readers, who get the description."""
    texts = (tag("text", text, x="100%", y=y + ABOVE_AXIS, text_anchor="end") for y, text in labels)
    return tag("svg", *texts, class_="axis", height=height, aria_hidden="true")


def day_labels(days: Sequence[tuple[float, str]], y: float) -> Markup:
    """Labels under a plot; those at its ends are drawn inwards, and every other one may give way on a phone."""
    labels = []
    for index, (place, text) in enumerate(days):
        anchor = "start" if place < EDGE else "end" if place > 1 - EDGE else "middle"
        labels.append(
            tag("text", text, x=across(place), y=y, text_anchor=anchor, class_="minor" if index % 2 else None)
        )
    return join(labels)


def grid(heights: Iterable[float]) -> Markup:
    """Hairlines across the plot at these pixels."""
    return join(level_line("grid", y) for y in heights)


def level_line(class_: str, y: float) -> Markup:
    """A line across the whole plot."""
    return tag("line", class_=class_, x1="0", x2="100%", y1=y, y2=y)


def upright(class_: str, place: float, top: float, bottom: float) -> Markup:
    """An upright line at a place in [0, 1], between two pixels."""
    return tag("line", class_=class_, x1=across(place), x2=across(place), y1=top, y2=bottom)


def framed(labels: Markup, plot: Markup) -> Markup:
    """A plot beside the labels of its axis."""
    return tag("div", labels, plot, class_="chart")


def _written(value: str | float | Markup) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
