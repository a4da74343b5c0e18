"""Which row of a sheet holds its headings: people and platforms write titles, date ranges and notes above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zhenfen.connectors.reading.headings import known_headings, plain

SEARCHED_ROWS = 10
"""A title, a range of dates, a source and a merged heading are four rows; the longest preamble seen has five."""
FEWEST_HEADINGS = 2
"""A row below the first is the headings only with so many of them: one word alone also stands in texts."""
UNNAMED = "__UNNAMED__"
"""What a column without a heading is called, with its place from 0 behind it."""


def find_heading_row(rows: Sequence[Sequence[str | None]]) -> int:
    """The place of the row with the most known headings among the first rows; else of the first row that is not empty.

    Args:
        rows: Cells of the first rows of a sheet.
    """
    known = known_headings()
    counts = [len({plain(cell) for cell in row if cell} & known) for row in rows[:SEARCHED_ROWS]]
    best = max(range(len(counts)), key=lambda place: counts[place], default=0)
    first = next((place for place, row in enumerate(rows) if any(row)), 0)
    return best if counts and counts[best] >= FEWEST_HEADINGS and counts[best] > counts[first] else first


def name_columns(cells: Sequence[str | None]) -> list[str]:
    """Headings as column names, each once: a repeated one gets a number behind it, a missing one its place."""
    names: dict[str, None] = {}
    times: Counter[str] = Counter()
    for place, cell in enumerate(cells):
        unique = name = (cell or "").strip() or f"{UNNAMED}{place}"
        # Counted on, so that a sheet of 16,384 equal headings is no work of their square.
        while unique in names:
            times[name] += 1
            unique = f"{name}_{times[name]}"
        names[unique] = None
    return list(names)
