"""Days that stand on the follower curve: what was paid for or given away, and what the platform took from all alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from string import ascii_uppercase
from typing import Any

from zhenfen.messages import Catalogue

ON_THE_CURVE = frozenset({"promotion", "advert", "giveaway"})
"""Events that bring followers who may not stay; all kinds of events stand in the lane below the curve."""
CLOSEST = 0.06
"""Share of the chart's width, 16 px on a phone: days nearer than this take one mark, whose letter is 14 px wide."""
MOST_DAYS = 3
"""Days of one mark that its key names; the table of events in the JSON holds all."""


def mark_days(
    events: Iterable[Mapping[str, Any]], drops: Iterable[Mapping[str, Any]], first: str, last: str, catalogue: Catalogue
) -> list[dict[str, Any]]:
    """Marks from left to right, each with a letter, its day, whether it is a loss of the platform's, and its words.

    Args:
        events: Of the growth section: day, kind, label.
        drops: Of the growth section: starts_on.
        first: First day of the chart, ISO.
        last: Its last day.
        catalogue: Language of the words.
    """
    purge = catalogue.text("report.mark.purge")
    days = [(drop["starts_on"], True, f"{drop['starts_on'][5:]} {purge}") for drop in drops]
    # A kind that was noted several times on one day says so once.
    days += [(one["day"], False, f"{one['day'][5:]} {one['label']}") for one in events if one["kind"] in ON_THE_CURVE]
    ordered = sorted({entry for entry in days if first <= entry[0] <= last})
    width = max(1, (date.fromisoformat(last) - date.fromisoformat(first)).days)
    groups: list[list[tuple[str, bool, str]]] = [ordered[:1]] if ordered else []
    for entry in ordered[1:]:
        # Measured from where the mark stands, so that a row of close days does not grow into one mark.
        apart = (date.fromisoformat(entry[0]) - date.fromisoformat(groups[-1][0][0])).days / width
        if apart < CLOSEST:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    marks = []
    for letter, group in zip(ascii_uppercase, groups, strict=False):
        words = catalogue.text("report.mark.and").join(said for _, _, said in group[:MOST_DAYS])
        more = len(group) - MOST_DAYS
        marks.append(
            {
                "letter": letter,
                "day": group[0][0],
                "is_purge": any(is_purge for _, is_purge, _ in group),
                "text": catalogue.text("report.mark.more", words=words, n=catalogue.count(more)) if more > 0 else words,
            }
        )
    return marks
