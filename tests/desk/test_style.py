"""Both style sheets stand on a creator's page: no class may mean one thing in one and something else in the other."""

from __future__ import annotations

import re

from zhenfen.desk.frame import STATIC
from zhenfen.report.html import read_style

SHARED = {
    "about": "set closer to what stands before it",
    "audience": "cells of the shortlist, which the desk makes live",
    "badge": "narrower in the live list, which has two columns more",
    "compare": "the comparison, which scrolls at the desk",
    "facts": "set closer on cards and before a heading",
    "level": "of the report only in a shortlist, of the desk in the live one and in the chart of looks",
    "mark": "of the report a span on a curve, of the desk the name in the header",
    "money": "cells of the shortlist, on one line where it is live",
    "name": "of the report only in a row of evidence",
    "notice": "the desk's say as well that something is wrong or right",
    "num": "the desk keeps a distance to what follows",
    "plain": "of the report a list, of the desk a button",
    "point": "a line of the shortlist, which begins with a box to tick at the desk",
    "priority": "of the shortlist, which may break where it is live",
    "question": "of the report only a verdict or a priority, of the desk only an article",
    "sheet": "main and footer, which both set",
    "shortlist": "the same list, made live",
    "span": "of the report only on a curve, of the desk only in the chart of looks",
    "spans": "of the report only its numbers, of which the desk's list has none",
    "stacked": "the same tables; at the desk a heading of a row may break",
    "what": "small print, placed by what it stands in",
    "who": "cells of the shortlist, which stand beside a box to tick at the desk",
    "wide": "cells of stacked tables",
    "zero": "the same line",
}
"""Classes that both style sheets style, which both stand on a creator's page, and why they may."""


def test_no_class_means_one_thing_in_the_report_and_another_at_the_desk() -> None:
    report, desk = (find_classes(style) for style in (read_style(), (STATIC / "desk.css").read_text(encoding="utf-8")))
    assert report & desk == set(SHARED)


def find_classes(style: str) -> set[str]:
    """Classes that a style sheet names in its selectors."""
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", style, flags=re.S))
    return {name for one in selectors for name in re.findall(r"\.([A-Za-z][\w-]*)", one)}
