"""The report folder: a page and a JSON file per creator, the shortlist's page, JSON and spreadsheet; all or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zhenfen.files import replace_folder
from zhenfen.messages import Catalogue
from zhenfen.progress import Progress, silent
from zhenfen.report.case import Setting, open_cases
from zhenfen.report.compare import FEWEST, MOST, summarise_comparison
from zhenfen.report.html import render_creator, render_page, render_shortlist
from zhenfen.report.lines import SheetLines
from zhenfen.report.roster import summarise_roster
from zhenfen.report.shortlist import assemble_shortlist, make_row
from zhenfen.report.source import summarise_shared, summarise_sources
from zhenfen.report.summarise import summarise_case
from zhenfen.report.xlsx import write_xlsx
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

STEP = "report"
_OURS = re.compile(
    r"index\.(html|json)|compare\.(html|pdf)|roster\.(html|json)|shortlist\.(xlsx|pdf)|creator-[a-z0-9_-]+\.(html|json|pdf)"
)


def silent_row(_row: Mapping[str, Any]) -> None:
    """Nobody waits for a creator's line."""


def write_report(
    findings: Findings,
    tables: Tables,
    folder: Path,
    language: str,
    *,
    show_names: bool = False,
    target_regions: tuple[str, ...] = (),
    on_progress: Progress = silent,
    on_row: Callable[[Mapping[str, Any]], object] = silent_row,
) -> list[Path]:
    """Write index.html, index.json, shortlist.xlsx and creator-<id>.html and .json; takes the place of an older report.

    Of two creators and more there is roster.html and .json as well, of two to six compare.html.

    Args:
        findings: What was found; its order of creators is the shortlist's.
        tables: What it was found in.
        folder: Where to; made when complete, so a failed run leaves what was there before.
        language: zh, en or fr.
        show_names: Whether @-names of other people in quoted texts stay.
        target_regions: Codes of the places that an audience is wanted from, see `places.parse_targets`.
        on_progress: Called with "report", pages written and pages in all.
        on_row: Called with a creator's line of the shortlist (`shortlist.make_row`) as soon as the page is made.

    Returns:
        The pages, the shortlist first.

    Raises:
        ConfigError: The language is unknown, or `folder` holds files that are not a report's.
    """
    setting = Setting(findings, tables, Catalogue(language), show_names, target_regions)
    rows: list[dict[str, Any]] = []
    lines, n_pages, compared = SheetLines(), findings.creators.height + 1, []
    is_comparable = FEWEST <= findings.creators.height <= MOST
    with replace_folder(folder, is_ours=is_report_file) as partial:
        shared = summarise_shared(setting)
        for done, case in enumerate(open_cases(setting)):
            on_progress(STEP, done, n_pages)
            # A creator's dict is dropped once its lines of the shortlist are taken.
            summary = summarise_case(case, shared)
            rows.append(make_row(case, summary))
            on_row(rows[-1])
            lines.add(summary)
            if is_comparable:
                compared.append(summary)
            _write_text(partial / f"{summary['file']}.html", render_creator(summary))
            _write_json(partial / f"{summary['file']}.json", summary)
        shortlist = assemble_shortlist(setting, rows, summarise_sources(setting, most=None))
        if is_comparable:
            _write_text(partial / "compare.html", render_page("compare.html", summarise_comparison(compared)))
        roster = summarise_roster(setting) if shortlist["has_roster"] else None
        if roster is not None:
            _write_text(partial / "roster.html", render_page("roster.html", roster))
            _write_json(partial / "roster.json", roster)
        _write_text(partial / "index.html", render_shortlist(shortlist))
        _write_json(partial / "index.json", shortlist)
        write_xlsx(shortlist, lines, partial / "shortlist.xlsx", roster)
        on_progress(STEP, n_pages, n_pages)
    return [folder / f"{stem}.html" for stem in ("index", *(row["file"] for row in rows))]


def is_report_file(path: Path) -> bool:
    """Whether a file bears a name that `write_report` gives."""
    return _OURS.fullmatch(path.name) is not None


def _write_json(path: Path, summary: dict[str, Any]) -> None:
    # NaN is no JSON: better no report than one that other programs can't read. Indenting takes ten times as long.
    _write_text(path, json.dumps(summary, ensure_ascii=False, allow_nan=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    # The same bytes on every system: UTF-8 and line feeds.
    path.write_text(text, encoding="utf-8", newline="\n")
