"""The summary as one page and one JSON file, in the look of the reports; all or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenfen.files import replace_folder, unwritable
from zhenfen.messages import Catalogue
from zhenfen.report.html import render_page

if TYPE_CHECKING:
    from markupsafe import Markup

PAGE, DATA = "monitor.html", "monitor.json"
BINS = 44
"""Height of a distribution in pixels."""
ACROSS = 160
"""Its width: two bars a bin stay apart."""
BAR_FROM, BAR_BETWEEN, BAR_TO = 0.1, 0.5, 0.9
"""Where a bin's two bars begin, meet and end, by the width of the bin."""


def write_summary(summary: Mapping[str, Any], folder: Path) -> Path:
    """Write the page and the JSON file into `folder` and return the page; an older result is replaced.

    Raises:
        ConfigError: `folder` cannot be written or holds files of others.
    """
    page = render(summary)
    data = json.dumps(summary, ensure_ascii=False, allow_nan=False) + "\n"
    with replace_folder(folder, is_summary_file) as partial:
        try:
            for name, text in ((PAGE, page), (DATA, data)):
                (partial / name).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise unwritable(folder, error) from error
    return folder / PAGE


def is_summary_file(path: Path) -> bool:
    """Whether a file bears a name that `write_summary` gives."""
    return path.name in (PAGE, DATA)


def render(summary: Mapping[str, Any]) -> str:
    """The page of what `summarise` returns."""
    return render_page(PAGE, draw(summary))


def draw(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What `summarise` returns, with the charts that the page shows."""
    catalogue = Catalogue(summary["language"])
    return {**summary, "columns": [{**one, "chart": draw_bins(one, catalogue)} for one in summary["columns"]]}


def draw_bins(column: Mapping[str, Any], catalogue: Catalogue) -> Markup:
    """Shares of the bins as pairs of bars: reference light, new rows dark; empty where nothing was compared."""
    from markupsafe import Markup

    from zhenfen.report.charts.svg import bar_path, stretched, tag

    bins = [one for one in column["bins"] if one["reference"] or one["new"]]
    if not bins:
        return Markup("")
    bars, n = [], len(bins)
    largest = max(max(one["reference"], one["new"]) for one in bins)
    for name, which, left, right in (
        ("gain", "reference", BAR_FROM, BAR_BETWEEN),
        ("loss", "new", BAR_BETWEEN, BAR_TO),
    ):
        places = (
            ((place + left) / n, (place + right) / n, BINS * (1 - one[which] / largest), float(BINS))
            for place, one in enumerate(bins)
        )
        bars.append(tag("path", class_=name, d=bar_path(places)))
    title = tag("title", catalogue.text("monitor.chart", column=column["column"]))
    return tag("svg", title, stretched(0, BINS, *bars), role="img", class_="spark", width=ACROSS, height=BINS)
