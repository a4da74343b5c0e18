"""The brands and shops that promoting posts name, for the section of the posts; learnt names are shown as such."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.quote import clean, mask_mentions, shorten
from zhenfen.report.words import days_text, list_names

MOST_BRANDS = 15
MOST_RIVALS = 5
LONGEST_NAME_CHARS = 30
BRAND, CANDIDATE = "brand", "candidate"
"""Kinds of `features.posts.brands`; the third is a shop."""


def summarise_brands(case: Case) -> dict[str, Any] | None:
    """The names in posts that promote, most promoted first, with what else of them is listed; None without any."""
    brands = case.detail("sponsorship", "brands")
    pushed = pl.DataFrame() if brands is None else brands.filter(pl.col("n_promoting") > 0)
    if brands is None or pushed.is_empty():
        return None
    # Brands and shops before what is only learnt.
    rows = pushed.sort(pl.col("kind") == CANDIDATE, maintain_order=True).head(MOST_BRANDS)
    return {
        "rows": [_row(case, row) for row in rows.iter_rows(named=True)],
        "n_more": pushed.height - rows.height,
        "n_only_named": brands.height - pushed.height,
        "has_candidates": CANDIDATE in rows["kind"],
    }


def _row(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    text, number = case.catalogue.text, case.catalogue.number
    name = clean(row["name"])
    is_brand = row["kind"] == BRAND
    key = f"report.brands.category.{row['category']}"
    # A user's own dictionary may have categories of its own.
    category = case.catalogue.text(key) if case.catalogue.has(key) else row["category"]
    kind = category if is_brand else ""
    rivals = list_names(
        [shorten(clean(one), LONGEST_NAME_CHARS) for one in row["rivals"][:MOST_RIVALS]], case.catalogue
    )
    first, last = row["first_at"], row["last_at"]
    return {
        # A learnt name behind @ may be a person's.
        "name": shorten(name if case.setting.show_names else mask_mentions(name), LONGEST_NAME_CHARS),
        "kind": row["kind"],
        "kind_text": kind or text(f"report.brands.kind.{row['kind']}"),
        "category": row["category"],
        "n_posts": row["n_posts"],
        "n_promoting": row["n_promoting"],
        "posts_text": text("report.brands.x_of_y", x=number(row["n_promoting"], 0), y=number(row["n_posts"], 0)),
        "days_text": "—" if first is None else days_text(first, last),
        "n_known": row["n_known"],
        "n_disclosed": row["n_disclosed"],
        "disclosed_text": text("report.brands.x_of_y", x=number(row["n_disclosed"], 0), y=number(row["n_known"], 0))
        if row["n_known"]
        else text("report.unknown"),
        "rivals": row["rivals"],
        "rivals_text": (rivals or text("report.brands.no_rivals")) if is_brand else "—",
        "n_more_rivals": max(0, len(row["rivals"]) - MOST_RIVALS),
    }
