"""The workbook that people fill in by hand: its headings are those that the import knows in three languages.

An example row carries a mark in the creator's cell, by which the import leaves it out; a row without the mark is data.
"""

from __future__ import annotations

import io
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any, Literal

from zhenfen.files import write_file
from zhenfen.messages import Catalogue

ColumnKind = Literal["text", "id", "count", "share", "day", "time"]
Example = str | int | float | date | datetime

WIDTHS: dict[ColumnKind, int] = {"text": 18, "id": 24, "count": 12, "share": 14, "day": 13, "time": 18}
FORMATS: dict[ColumnKind, str] = {
    "text": "General",
    # As a number an id would lose its last digits.
    "id": "@",
    "count": "#,##0",
    "share": "0.0%",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
WIDTH_PER_CHAR = 1.3, 2.3
"""Widths of a letter in bold, and of a Chinese character."""
HEADING_ROW, EXAMPLE_ROW = 1, 2
ROW_HEIGHT = 15
DAY = date(2026, 8, 1)
POST = "https://www.xiaohongshu.com/explore/66b0c0de000000001e01a2b3"

SHEETS: dict[str, dict[str, tuple[ColumnKind, Example]]] = {
    "creators": {
        "creator_id": ("id", ""),
        "snapshot_at": ("day", DAY),
        "n_followers": ("count", 12_000),
        "n_following": ("count", 180),
        "n_posts": ("count", 96),
        "n_likes_received": ("count", 45_000),
        "category": ("text", "category"),
        "region": ("text", "region"),
        "fee_cny": ("count", 800),
    },
    "creator_stats": {
        "observed_at": ("day", DAY),
        "mean_likes": ("count", 310),
        "mean_comments": ("count", 24),
        "mean_saves": ("count", 90),
        "mean_shares": ("count", 12),
        "mean_views": ("count", 8_600),
        "interaction_rate": ("share", 0.05),
        "water_follower_share": ("share", 0.12),
        "active_follower_share": ("share", 0.64),
    },
    "posts": {
        "post_id": ("id", POST),
        "published_at": ("time", datetime.combine(date(2026, 7, 30), time(20))),
        "observed_at": ("day", DAY),
        "title": ("text", "title"),
        "text": ("text", "text"),
        "media_kind": ("text", "media_kind"),
        "n_views": ("count", 9_200),
        "n_likes": ("count", 320),
        "n_comments": ("count", 26),
        "n_shares": ("count", 14),
        "n_saves": ("count", 95),
        "is_labelled_ad": ("text", "flag"),
        # Of live rooms alone.
        "length": ("id", ""),
        "n_peak_viewers": ("count", ""),
        "mean_viewers": ("count", ""),
        "n_new_followers": ("count", ""),
    },
    "comments": {
        "post_id": ("id", POST),
        "author_id": ("id", ""),
        "author_name": ("text", "name"),
        "created_at": ("time", datetime.combine(date(2026, 7, 30), time(20, 14))),
        "text": ("text", "comment"),
        "n_likes": ("count", 3),
        "region": ("text", "region"),
    },
    "follower_counts": {"observed_at": ("day", DAY), "n_followers": ("count", 12_000)},
    "audience": {
        "frame": ("text", "frame"),
        "profile_id": ("id", "5f0c0de0000000000100a1b2"),
        "display_name": ("text", "name"),
        "followed_at": ("day", DAY),
        "created_at": ("day", date(2021, 3, 5)),
        "last_post_at": ("day", date(2026, 7, 28)),
        "n_followers": ("count", 41),
        "n_following": ("count", 230),
        "n_posts": ("count", 12),
        "is_verified": ("text", "flag"),
        "region": ("text", "region"),
    },
}
"""Sheet → column → kind and example; a word of a text names a message. Creator and platform stand before them all."""


def write_template(path: Path, language: str) -> None:
    """Write the workbook in a language: "zh", "en" or "fr".

    Raises:
        ConfigError: It cannot be written.
    """
    import xlsxwriter

    catalogue = Catalogue(language)
    mark, name = catalogue.text("template.mark"), catalogue.text("template.example.creator")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    # Into memory first: what is half-packed on a full disk says so once more when it is collected.
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, options) as book:
        note = book.add_format({"text_wrap": True, "valign": "top", "italic": True, "font_color": "#44546A"})
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E9EFF8", "text_wrap": True, "valign": "top"})
        empty = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        grey = {
            kind: book.add_format({"num_format": code, "italic": True, "font_color": "#8497B0", "align": "left"})
            for kind, code in FORMATS.items()
        }
        for table, columns in SHEETS.items():
            page = book.add_worksheet(catalogue.text(f"template.sheet.{table}"))
            text = catalogue.text(f"template.note.{table}")
            cells: list[tuple[str, ColumnKind, Example]] = [
                (catalogue.text("template.heading.creator"), "text", f"{mark}{name}"),
                (catalogue.text("template.heading.platform"), "text", catalogue.text("template.example.platform")),
            ]
            for column, (kind, example) in columns.items():
                is_word = kind == "text" and isinstance(example, str)
                shown = catalogue.text(f"template.example.{example}") if is_word else example
                cells.append((catalogue.text(f"template.heading.{table}.{column}"), kind, shown))
            widths = [max(WIDTHS[kind], measure(heading)) for heading, kind, _ in cells]
            for place, (heading, kind, example) in enumerate(cells):
                page.set_column(place, place, widths[place], empty[kind])
                page.write_string(HEADING_ROW, place, heading, head)
                write_cell(page, place, example, grey[kind])
            page.set_row(0, ROW_HEIGHT * ceil(measure(text) / sum(widths)))
            page.merge_range(0, 0, 0, len(cells) - 1, text, note)
            page.freeze_panes(EXAMPLE_ROW, 1)
    write_file(path, written.getvalue())


def measure(text: str) -> float:
    """How wide a text is, in widths of a column's unit."""
    narrow, wide = WIDTH_PER_CHAR
    return sum(wide if char > "\u2e80" else narrow for char in text)


def write_cell(page: Any, place: int, example: Example, form: Any) -> None:
    """Write an example as what it is: a day as a date of Excel, a number as a number, an empty text as nothing."""
    if isinstance(example, date):
        page.write_datetime(EXAMPLE_ROW, place, example, form)
    elif isinstance(example, int | float):
        page.write_number(EXAMPLE_ROW, place, example, form)
    elif example:
        page.write_string(EXAMPLE_ROW, place, example, form)
