"""The shortlist with its decisions as a file to send on: CSV or XLSX, in the reader's words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from zhenfen.desk_cases.review import Review
from zhenfen.messages import Catalogue
from zhenfen.report.xlsx import FORMULA_STARTS

BOM = "\ufeff"
"""Spreadsheet programs take a CSV without it for the system's old encoding."""


def write_listing(
    rows: Sequence[Mapping[str, Any]],
    reviews: Mapping[str, Review],
    catalogue: Catalogue,
    ending: Literal["csv", "xlsx"] | str,
) -> bytes:
    """Rows of the shortlist with who looks after whom and what was decided.

    Args:
        rows: Entries of the shortlist's `creators`.
        reviews: By stem of the page.
        catalogue: Language of headings and words.
        ending: Kind of file.

    Returns:
        The file's bytes. No text of it is taken for a formula.
    """
    listed = [_describe(row, reviews.get(row["file"]), catalogue) for row in rows]
    frame = pl.DataFrame(listed, infer_schema_length=None)
    sink = io.BytesIO()
    if ending == "xlsx":
        import xlsxwriter

        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(sink, {**options, "in_memory": True}) as book:
            frame.write_excel(book, freeze_panes=(1, 1), autofit=True)
        return sink.getvalue()
    return to_csv(frame)


def to_csv(frame: pl.DataFrame) -> bytes:
    """A CSV that spreadsheet programs open as it is; no text of it is taken for a formula."""
    texts = pl.selectors.string()
    # A sign in front keeps a spreadsheet program from running what a stranger called himself.
    is_formula = texts.str.contains(r"^[" + "".join("\\" + sign for sign in FORMULA_STARTS) + "]")
    text = frame.with_columns(pl.when(is_formula).then("'" + texts).otherwise(texts).name.keep()).write_csv()
    return f"{BOM}{text}".encode()


def _describe(row: Mapping[str, Any], review: Review | None, catalogue: Catalogue) -> dict[str, Any]:
    text = catalogue.text
    share = row["share"] or {}
    decision = review.decision if review else None
    return {
        text("report.col.creator"): row["name"],
        text("report.fact.platform"): row["platform_name"],
        text("report.fact.followers"): row["n_followers"],
        text("report.col.priority"): row["priority"]["label"],
        text("desk.todo"): row["priority"]["todo_text"],
        text("priority.audience"): share.get("sentence", ""),
        text("report.fact.fee"): row["money"]["fee_cny"],
        text("money.col.cost"): row["money"]["cost_text"] or "",
        text("desk.owner"): (review.owner if review else None) or "",
        text("desk.decision"): text(f"desk.decision.{decision}") if decision else "",
        text("desk.reason"): (review.reason if review else None) or "",
        text("report.col.point"): row["point"] or "",
        text("report.col.creator_id"): row["creator_id"],
    }
