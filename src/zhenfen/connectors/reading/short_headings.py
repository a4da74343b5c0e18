"""Headings that a tool forgot: rows with a cell more than there are headings, whose later cells are all one off.

weibo-crawler before November 2025 writes the cells of `Live Photo视频url` without the heading (its issue 583).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from zhenfen.errors import Problem, UnreadableFileError

_OF_TOOL = {"id", "bid", "正文", "日期"}
_LEFT_OUT = {"Live Photo视频url": "视频url", "源微博Live Photo视频url": "源微博视频url"}
"""Heading → the one that it stands behind."""
_DAY = "日期"
_DATE = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}|\s*\d{1,2}-\d{1,2}|.*前|.*[今昨前]天|.*刚刚|\s*$")


def find_left_out(headings: Sequence[str]) -> list[str]:
    """The headings that the tool may have forgotten; none where the sheet is not its own."""
    if not _OF_TOOL.issubset(headings):
        return []
    return [name for name, before in _LEFT_OUT.items() if before in headings and name not in headings]


def restore(rows: Iterator[list[str]], file: str) -> bytes | None:
    """The rows as CSV in UTF-8 with the forgotten headings; rows of versions that wrote no such cell get an empty one.

    Args:
        rows: The headings, then the cells.
        file: Name for messages.

    Returns:
        None where no row has as many cells as the whole heading.

    Raises:
        UnreadableFileError: Rows that fit neither heading, or hold no date where it has one; names each.
    """
    try:
        headings, *body = (list(row) for row in rows)
    except (csv.Error, ValueError):
        return None
    headings = [name.strip().lstrip("\ufeff") for name in headings]
    left_out = find_left_out(headings)
    whole = list(headings)
    for name in left_out:
        whole.insert(whole.index(_LEFT_OUT[name]) + 1, name)
    if _DAY not in whole or not any(len(row) == len(whole) for row in body):
        return None
    places = [whole.index(name) for name in left_out]
    day, problems = whole.index(_DAY), []
    made: list[list[str]] = [whole]
    for number, row in enumerate(body, 1):
        cells = list(row)
        if len(cells) == len(headings):
            for place in places:
                cells.insert(place, "")
        if len(cells) not in (1, len(whole)) or (len(cells) > 1 and not _DATE.match(cells[day])):
            expected = f"{len(headings)} or {len(whole)} cells, with a date under {_DAY}"
            problems.append(Problem(expected, file, row=number, value=",".join(row), key="expected.cells"))
        made.append(cells)
    if problems:
        raise UnreadableFileError(problems)
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="\n").writerows(made)
    return sink.getvalue().encode()
