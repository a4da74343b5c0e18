"""The follower chart: curve with gaps left open, marked spans and days, gains below, posts and events in a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from zhenfen.messages import Catalogue
from zhenfen.report.charts.scale import DayScale, day_scale, day_ticks, linear, nice_ticks
from zhenfen.report.charts.svg import (
    across,
    at,
    axis,
    band_path,
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
from zhenfen.report.sections.growth import LONGEST_SERIES_FOR_BARS

BADGES, CURVE, GAP, GAINS, LANE, DAYS = 44, 176, 22, 52, 24, 20
"""Heights of the storeys in pixels, top to bottom."""
CURVE_TOP, GAINS_TOP = BADGES, BADGES + CURVE + GAP
LANE_TOP = GAINS_TOP + GAINS + 6
HEIGHT = LANE_TOP + LANE + DAYS
BADGE_PITCH, BADGE_DISTANCE = 20, 0.09
"""Badges nearer than this share of the width, about 30 px on a phone, take the other row."""
MOST_TICKS = 4
LABEL_PITCH = 13
"""Labels of an axis nearer than this, in pixels, would touch."""
LAST_ROOM_BESIDE = 0.85
"""A day label right of a badge beyond this place would leave the plot on a phone."""
ONE_DAY = timedelta(days=1)


def is_from_zero(growth: Mapping[str, Any]) -> bool:
    """Whether the axis of the follower chart starts at 0; where it does not, the page says so."""
    known = [count for count in growth["n_followers"] if count is not None]
    return not known or nice_ticks(min(known), max(known), MOST_TICKS)[0] == 0


def follower_chart(growth: Mapping[str, Any], catalogue: Catalogue) -> Markup:
    """The chart of a creator's `growth` section; empty where no follower count is known."""
    known = [count for count in growth["n_followers"] if count is not None]
    if not known:
        return Markup("")
    days = [date.fromisoformat(day) for day in growth["days"]]
    place, ticks = day_scale(days[0], days[-1]), nice_ticks(min(known), max(known), MOST_TICKS)
    up = linear(ticks[0], ticks[-1])
    places = [CURVE_TOP + CURVE * (1 - up(tick)) for tick in ticks]
    labels = list(zip(places, catalogue.ticks(ticks), strict=True))
    # Points of the curve; None where a day is missing or its count unknown.
    points: list[tuple[float, float] | None] = []
    for before, day, count in zip([days[0], *days], days, growth["n_followers"], strict=False):
        points += [None] if day - before > ONE_DAY else []
        points.append(None if count is None else (place(day), CURVE * (1 - up(count))))
    # Dots for readings without a neighbour, which a line can't show.
    lonely = [
        tag("circle", class_="lonely", cx=across(point[0]), cy=CURVE_TOP + point[1], r=2)
        for before, point, after in zip([None, *points], points, [*points[1:], None], strict=False)
        if point is not None and before is None and after is None
    ]
    bands, badges = _mark_spans(growth["spans"], place, days)
    gains, gain_labels = _gains(growth, days, place, catalogue)
    plot = picture(
        "followers",
        catalogue.text("report.chart.followers"),
        catalogue.text(
            "report.chart.followers.about",
            first=growth["first_day"],
            last=growth["last_day"],
            n_spans=len(growth["spans"]),
            n_unexplained=growth["n_unexplained"],
        ),
        HEIGHT,
        join(bands),
        grid(y for y, _ in labels),
        stretched(CURVE_TOP, CURVE, tag("path", class_="curve", d=line_path(points))),
        join(lonely),
        gains,
        _lane(growth, place),
        _flags(growth["marks"], points, place),
        join(badges),
        day_labels([(place(day), text) for day, text in day_ticks(days[0], days[-1])], HEIGHT - 5),
    )
    return framed(axis([*labels, *gain_labels], HEIGHT), plot)


def _mark_spans(
    spans: Sequence[Mapping[str, Any]], place: DayScale, days: Sequence[date]
) -> tuple[list[Markup], list[Markup]]:
    """Bands of the spans, and above them numbered badges with the first day, in two rows where they would touch."""
    bands, badges = [], []
    top, bottom = CURVE_TOP - 6, GAINS_TOP + GAINS
    last, row, half = -1.0, 0, 0.5 / max(1, (days[-1] - days[0]).days)
    for span in spans:
        # Half a day wider on both sides and kept inside the plot.
        starts, ends = (date.fromisoformat(span[name]) for name in ("starts_on", "ends_on"))
        left, right = max(0.0, place(starts) - half), min(1.0, place(ends) + half)
        # Unexplained: tinted between solid edges. Explained: hatched.
        kind, radius = ("unexplained", 2) if span["is_unexplained"] else ("explained", 8)
        area = tag("rect", x=across(left), width=across(max(right - left, 0.004)), y=top, height=bottom - top)
        sides = [upright("edge", side, top, bottom) for side in (left, right) if span["is_unexplained"]]
        bands.append(tag("g", area, *sides, class_=f"span {kind}"))
        middle = (left + right) / 2
        row = 1 - row if middle - last < BADGE_DISTANCE else 0
        last = middle
        x, anchor = (12, "start") if middle < LAST_ROOM_BESIDE else (-12, "end")
        title = tag("title", f"{span['days_text']} · {span['gained_text']}")
        badge = (
            tag("rect", title, class_=f"badge {kind}", x=-8, y=-8, width=16, height=16, rx=radius),
            tag("text", str(span["number"]), class_=f"number {kind}", y=4, text_anchor="middle"),
            tag("text", span["starts_on"][5:], class_="badge-day", x=x, y=4, text_anchor=anchor),
        )
        badges.append(at(middle, 10 + BADGE_PITCH * row, *badge))
    return bands, badges


def _gains(
    growth: Mapping[str, Any], days: Sequence[date], place: DayScale, catalogue: Catalogue
) -> tuple[Markup, list[tuple[float, str]]]:
    """Bars of the daily gains, losses hanging below, and labels for zero and, where there is room, for the ends."""
    known = [gain for gain in growth["n_gained"] if gain is not None]
    if not known or len(days) > LONGEST_SERIES_FOR_BARS:
        return Markup(""), []
    low, high = min(0, *known), max(1, 0, *known)
    scale = linear(low, high)
    zero, half = GAINS * (1 - scale(0)), 0.4 / max(1, (days[-1] - days[0]).days)
    bars = [
        (place(day) - half, place(day) + half, GAINS * (1 - scale(gain)), zero)
        for day, gain in zip(days, growth["n_gained"], strict=True)
        if gain
    ]
    drawn = []
    if growth["expected"] is not None:
        # The range of the gains expected as a band behind the bars, and its middle as a line.
        expected = zip(days, *(growth["expected"][name] for name in ("low", "n_expected", "high")), strict=True)
        band: list[tuple[float, float, float] | None] = []
        line: list[tuple[float, float] | None] = []
        for day, *gains in expected:
            low_y, middle, high_y = (
                None if gain is None else GAINS * (1 - min(max(scale(gain), 0.0), 1.0)) for gain in gains
            )
            band.append(None if low_y is None or high_y is None else (place(day), high_y, low_y))
            line.append(None if middle is None else (place(day), middle))
        drawn.append(tag("path", class_="expected-range", d=band_path(band)))
        drawn.append(tag("path", class_="expected", d=line_path(line)))
    drawn += [
        tag("path", class_="gain", d=bar_path(bar for bar in bars if bar[2] <= zero)),
        tag("path", class_="loss", d=bar_path(bar for bar in bars if bar[2] > zero)),
    ]
    ends = [(4.0, "+" + catalogue.compact(high)), (float(GAINS), catalogue.compact(low))]
    told = [(zero, "0"), *(end for end in ends if abs(end[0] - zero) >= LABEL_PITCH)]
    return join([stretched(GAINS_TOP, GAINS, *drawn), level_line("zero", GAINS_TOP + zero)]), [
        (GAINS_TOP + y, text) for y, text in told
    ]


def _flags(marks: Sequence[Mapping[str, Any]], points: Sequence[tuple[float, float] | None], place: DayScale) -> Markup:
    """Letters between the curve and the gains, each on a stem to the curve: told apart by shape, not by colour.

    What the platform took is a filled triangle on the curve and a filled flag; what was paid for is a ring and an
    open flag.
    """
    drawn, middle = [], CURVE_TOP + CURVE + GAP / 2
    known = [point for point in points if point is not None]
    for mark in marks:
        x, kind = place(date.fromisoformat(mark["day"])), "purge" if mark["is_purge"] else "paid"
        before = [y for there, y in known if there <= x + 1e-9]
        y = CURVE_TOP + (before[-1] if before else known[0][1])
        on_curve = tag("path", class_="foot", d="M-5.5-9H5.5L0 0Z") if mark["is_purge"] else tag("circle", r=3.5)
        flag = (
            tag("title", mark["text"]),
            tag("rect", x=-7, y=-8, width=14, height=16, rx=2),
            tag("text", mark["letter"], y=4, text_anchor="middle"),
        )
        parts = (upright("stem", x, y, middle), at(x, y, on_curve), at(x, middle, *flag))
        drawn.append(tag("g", *parts, class_=f"flag {kind}"))
    return join(drawn)


def _lane(growth: Mapping[str, Any], place: DayScale) -> Markup:
    """Posts as ticks, events as diamonds, on one line."""
    middle = LANE_TOP + LANE / 2
    posts = join(upright("post", place(date.fromisoformat(day)), middle - 5, middle + 5) for day in growth["post_days"])
    events = []
    for event in growth["events"]:
        words = " · ".join(part for part in (event["day"], event["label"], event["note"]) if part)
        diamond = tag("path", tag("title", words), class_="event", d="M0-6L6 0L0 6L-6 0Z")
        events.append(at(place(date.fromisoformat(event["day"])), middle, diamond))
    return tag("g", level_line("lane", middle), posts, join(events))
