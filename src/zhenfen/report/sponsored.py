"""Posts that sound paid for, with three facts kept apart: wording seen, label seen, purchase means seen."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.quote import clean, highlight
from zhenfen.report.sections import iso_day

MOST_POSTS = 12
MOST_WORDS = 8


def sponsorship_section(case: Case) -> dict[str, Any] | None:
    """The newest posts with a sign of sponsorship, and how many posts carry which sign."""
    posts = case.detail("sponsorship", "posts")
    if posts is None:
        return None
    facts = posts.with_columns(has_words=pl.col("matched").list.len().fill_null(0) > 0)
    marked = facts.filter(pl.any_horizontal("is_disclosed", "has_purchase_means", "has_words"))
    newest = marked.sort("published_at", "post_id", descending=[True, False], nulls_last=True).head(MOST_POSTS)
    return {
        "n_posts": facts.height,
        "n_marked": marked.height,
        "facts": _count_facts(case, facts),
        "posts": [_post(case, row) for row in newest.iter_rows(named=True)],
    }


def _count_facts(case: Case, facts: pl.DataFrame) -> list[dict[str, Any]]:
    """Posts by fact; one whose label is unknown counts neither as labelled nor as unlabelled."""
    counts = facts.select(
        words=pl.col("has_words").sum(),
        disclosed=pl.col("is_disclosed").sum(),
        purchase=pl.col("has_purchase_means").sum(),
        purchase_unlabelled=(pl.col("has_purchase_means") & ~pl.col("is_disclosed")).sum(),
        label_unknown=pl.col("is_disclosed").is_null().sum(),
    ).row(0, named=True)
    text, number = case.catalogue.text, case.catalogue.number
    return [
        {"fact": fact, "label": text(f"report.sponsored.{fact}"), "n": n, "n_text": number(n, 0)}
        for fact, n in counts.items()
    ]


def _post(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    words = row["matched"] or []
    return {
        "post_id": row["post_id"],
        "day": "—" if row["published_at"] is None else iso_day(row["published_at"]),
        "excerpt": highlight(row["excerpt"], words, show_names=case.setting.show_names),
        "is_disclosed": row["is_disclosed"],
        "has_purchase_means": row["has_purchase_means"],
        "matched": [clean(word) for word in words[:MOST_WORDS]],
    }
