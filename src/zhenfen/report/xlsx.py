"""The shortlist as a spreadsheet with a sheet for each: creators, evidence, the families' own lines, what would lower a
level, what several creators share, add and cost by size, unusable rows, provenance.

Everything from the outside is written as text, and a text that a spreadsheet program would take for a formula
carries the quote prefix, so it stays text when the cell is edited or saved again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.lines import SheetLines
from zhenfen.report.section import Heading, load_sections

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL_CHARS = 32_767
"""The format's own limit."""
WIDTHS = {"text": 18, "wide": 48, "id": 22, "count": 12, "real": 14, "share": 12, "money": 12}
NUMBER_FORMATS = {"count": "#,##0", "real": "#,##0.###", "share": "0.0%", "money": "¥#,##0.00"}

_EVIDENCE: dict[str, Heading] = {
    "name": ("report.col.creator", "text"),
    "family_label": ("report.col.family", "text"),
    "level_text": ("report.col.level", "text"),
    "label": ("report.col.measurement", "wide"),
    "value": ("report.col.value", "real"),
    "unit_text": ("report.col.unit", "text"),
    "low": ("report.col.low", "real"),
    "median": ("report.col.median", "real"),
    "high": ("report.col.high", "real"),
    "position_text": ("report.col.position", "text"),
    "contribution": ("report.col.contribution", "real"),
    "scope_text": ("report.col.scope", "text"),
    "n_peers": ("report.col.n_peers", "count"),
    "reference": ("report.col.reference", "text"),
    "feature": ("report.col.feature", "text"),
    "reason_text": ("report.col.reason", "wide"),
    "creator_id": ("report.col.creator_id", "id"),
}
_THEN: dict[str, Heading] = {
    "name": ("report.col.creator", "text"),
    "text": ("report.then", "wide"),
    "creator_id": ("report.col.creator_id", "id"),
}
_UNUSABLE: dict[str, Heading] = {
    "n": ("report.col.n", "count"),
    "table": ("report.col.table", "text"),
    "file": ("report.col.file", "wide"),
    "column": ("report.col.field", "text"),
    "expected": ("report.col.expected", "wide"),
    "action_text": ("report.col.action", "text"),
    "rows": ("report.col.row", "text"),
    "values": ("report.col.found", "wide"),
}
_PROVENANCE: dict[str, Heading] = {
    "file": ("report.col.file", "wide"),
    "source": ("report.col.format", "text"),
    "obtained_how": ("report.col.obtained_how", "wide"),
    "obtained_on": ("report.col.obtained_on", "text"),
    "sha256": ("report.col.digest", "wide"),
}
_PAIRS: dict[str, Heading] = {
    "a": ("roster.col.first", "text"),
    "b": ("roster.col.second", "text"),
    "label": ("roster.col.basis", "text"),
    "n_seen": ("roster.col.seen", "count"),
    "value": ("roster.col.shared", "count"),
    "low": ("report.col.interval_low", "count"),
    "high": ("report.col.interval_high", "count"),
    "least": ("roster.col.least", "count"),
    "share": ("roster.col.share", "share"),
    "frame_text": ("roster.col.frame", "wide"),
}
_ORDER: dict[str, Heading] = {
    "name": ("report.col.creator", "text"),
    "label": ("roster.col.basis", "text"),
    "n_total": ("roster.col.size", "count"),
    "added": ("roster.col.added", "count"),
    "added_low": ("report.col.interval_low", "count"),
    "added_high": ("report.col.interval_high", "count"),
    "genuine_text": ("roster.col.added_genuine", "text"),
    "fee_cny": ("report.fact.fee", "money"),
    "cost_text": ("roster.col.cost", "text"),
    "total_text": ("roster.col.total", "text"),
    "settled_text": ("roster.col.settled", "text"),
    "creator_id": ("report.col.creator_id", "id"),
}
_CLASSES: dict[str, Heading] = {
    "platform_name": ("report.fact.platform", "text"),
    "label": ("roster.col.class", "text"),
    "n": ("report.col.creators", "count"),
    "n_followers": ("report.fact.followers", "count"),
    "engagement": ("roster.col.engagement", "real"),
    "engagement_note": ("roster.col.interval", "text"),
    "reach_text": ("roster.col.reach", "text"),
    "genuine_text": ("roster.col.reach_genuine", "text"),
    "cost_text": ("roster.col.genuine_cost", "text"),
}
THEN_PLACE = 1
"""What would lower a level stands behind the sheet of the family in this place: it mostly follows from spans."""


@dataclass(frozen=True)
class WorkbookSheet:
    """One sheet: name and headings in words, rows as values."""

    name: str
    columns: Sequence[tuple[str, str]]
    rows: Iterable[Sequence[Any]]


def write_xlsx(
    shortlist: Mapping[str, Any], lines: SheetLines, path: Path, roster: Mapping[str, Any] | None = None
) -> None:
    """Write the spreadsheet; the same input gives the same bytes.

    Args:
        shortlist: What `summarise_shortlist` returns.
        lines: Lines of the creators, in the shortlist's order.
        path: File to write.
        roster: What `summarise_roster` returns; None of a single creator.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    # Into memory first: what is half-packed on a full disk says so once more when it is collected.
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, options) as workbook:
        # The only clock in the file: the moment the data speak of.
        created = datetime.fromisoformat(shortlist["as_of"]).replace(tzinfo=None)
        workbook.set_properties({"title": "zhenfen", "created": created})
        for sheet in make_sheets(shortlist, lines, roster):
            page = workbook.add_worksheet(sheet.name)
            formats = {
                kind: workbook.add_format({"num_format": code, "valign": "top"})
                for kind, code in NUMBER_FORMATS.items()
            }
            text = workbook.add_format({"valign": "top", "text_wrap": True})
            quoted = workbook.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True})
            head = workbook.add_format(
                {"bold": True, "bottom": 1, "valign": "bottom", "text_wrap": True, "bg_color": "#E9EFF8"}
            )
            for index, (heading, kind) in enumerate(sheet.columns):
                page.set_column(index, index, WIDTHS[kind])
                page.write_string(0, index, heading, head)
            last = 0
            for last, row in enumerate(sheet.rows, start=1):
                for index, value in enumerate(row):
                    if isinstance(value, int | float):
                        page.write_number(last, index, value, formats.get(sheet.columns[index][1], text))
                    elif value is not None:
                        shown = quoted if is_formula(value) else text
                        page.write_string(last, index, value[:LONGEST_CELL_CHARS], shown)
            page.freeze_panes(1, 1)
            page.autofilter(0, 0, max(last, 1), len(sheet.columns) - 1)
    path.write_bytes(written.getvalue())


def make_sheets(
    shortlist: Mapping[str, Any], lines: SheetLines, roster: Mapping[str, Any] | None = None
) -> list[WorkbookSheet]:
    """All sheets in their order."""
    catalogue = Catalogue(shortlist["language"])
    before: list[WorkbookSheet] = []
    after: list[WorkbookSheet] = []
    for name, section in load_sections().items():
        if section.sheet is not None:
            of_family = lines.families.get(name, ())
            sheet = _lines_sheet(section.sheet.title, of_family, section.sheet.columns, catalogue)
            (before if section.place <= THEN_PLACE else after).append(sheet)
    unusable = (
        {
            **kind,
            "rows": ", ".join(str(example["row"]) for example in kind["examples"] if example["row"] is not None),
            "values": " | ".join(example["value"] for example in kind["examples"]),
        }
        for kind in shortlist["unusable"]["kinds"]
    )
    between: list[WorkbookSheet] = []
    if roster is not None:
        bases = roster["bases"]
        pairs = ({**pair, **pair["fields"], "label": one["label"]} for one in bases for pair in one["pairs"])
        order = ({**step, "label": one["label"]} for one in bases for step in one["steps"])
        sheets = (("pairs", pairs, _PAIRS), ("order", order, _ORDER), ("classes", roster["classes"], _CLASSES))
        between = [_lines_sheet(f"roster.sheet.{name}", rows, columns, catalogue) for name, rows, columns in sheets]
    files = ({**group, **file} for group in shortlist["provenance"]["groups"] for file in group["files"])
    return [
        _shortlist_sheet(shortlist, catalogue),
        _lines_sheet("report.sheet.evidence", lines.evidence, _EVIDENCE, catalogue),
        *before,
        _lines_sheet("report.sheet.then", lines.then, _THEN, catalogue),
        *after,
        *between,
        _lines_sheet("report.sheet.unusable", unusable, _UNUSABLE, catalogue),
        _lines_sheet("report.sheet.provenance", files, _PROVENANCE, catalogue),
    ]


def _shortlist_sheet(shortlist: Mapping[str, Any], catalogue: Catalogue) -> WorkbookSheet:
    families = {family["family"]: family["label"] for row in shortlist["creators"] for family in row["families"]}
    columns = _headings(
        catalogue,
        ("report.col.creator", "text"),
        ("report.fact.platform", "text"),
        ("report.fact.followers", "count"),
        ("report.col.priority", "text"),
        ("priority.next", "text"),
        ("priority.audience", "share"),
        ("report.col.interval_low", "share"),
        ("report.col.interval_high", "share"),
        ("report.fact.fee", "money"),
        ("money.col.cost", "money"),
        ("money.col.genuine_high", "money"),
        ("report.col.overall", "text"),
        ("report.col.proba_overall", "share"),
        ("report.col.families_assessed", "wide"),
        ("report.col.n_outside", "count"),
        ("report.col.n_assessed", "count"),
    )
    columns += [(label, "text") for label in families.values()]
    columns += _headings(
        catalogue, ("report.col.point", "wide"), ("report.found_by", "wide"), ("report.col.creator_id", "id")
    )
    rows = []
    for row in shortlist["creators"]:
        levels = {family["family"]: family["level_text"] for family in row["families"]}
        rows.append(
            [
                *(row[name] for name in ("name", "platform_name", "n_followers")),
                row["priority"]["label"],
                row["priority"]["todo_text"],
                *((row["share"] or {}).get(name) for name in ("share", "low", "high")),
                *(row["money"][name] for name in ("fee_cny", "cost_cny", "genuine_cost_high_cny")),
                *((row["overall"] or {}).get(name) for name in ("level_text", "p_manipulated", "assessed_text")),
                *(row[name] for name in ("n_outside", "n_assessed")),
                *(levels.get(family, "") for family in families),
                row["point"],
                f"{row['found_by']['label']} · {row['found_by']['meaning']}",
                row["creator_id"],
            ]
        )
    return WorkbookSheet(catalogue.text("report.sheet.shortlist"), columns, rows)


def _lines_sheet(
    name: str, lines: Iterable[Mapping[str, Any]], columns: Mapping[str, Heading], catalogue: Catalogue
) -> WorkbookSheet:
    rows = ([line.get(column) for column in columns] for line in lines)
    return WorkbookSheet(catalogue.text(name), _headings(catalogue, *columns.values()), rows)


def _headings(catalogue: Catalogue, *columns: Heading) -> list[tuple[str, str]]:
    return [(catalogue.text(key), kind) for key, kind in columns]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program could take the text for a formula."""
    return text.startswith(FORMULA_STARTS)
