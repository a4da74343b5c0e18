"""Posts that sound paid for, with facts kept apart: wording, words seen, label seen, purchase means seen."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.packs import packs_section
from zhenfen.report.quote import clean, highlight, highlight_spans
from zhenfen.report.sections import iso_day

MOST_POSTS = 12
MOST_WORDS = 8
NO_KIND = "none"
"""The post model's word for a post below its threshold."""
MOST_LIKELY, LEAST_LIKELY = 0.8, 0.2
"""Four to one on either side; what lies between has the name that the model's own threshold gives it."""
_TEXT_FACTS = {"text": pl.String, "p_sponsored": pl.Float64, "kind": pl.String, "model": pl.String}


def sponsorship_section(case: Case) -> dict[str, Any] | None:
    """The newest posts with a sign of sponsorship, and how many posts carry which sign."""
    posts = case.detail("sponsorship", "posts")
    if posts is None:
        return None
    facts = _join_scores(case, posts).with_columns(
        has_words=pl.col("matched").list.len() > 0, sounds=pl.col("kind") != NO_KIND
    )
    marked = facts.filter(pl.any_horizontal("is_disclosed", "has_purchase_means", "has_words", "sounds"))
    newest = marked.sort("published_at", "post_id", descending=[True, False], nulls_last=True).head(MOST_POSTS)
    models = facts["model"].drop_nulls()
    return {
        "n_posts": facts.height,
        "n_marked": marked.height,
        "model": models[0] if len(models) else None,
        "facts": _count_facts(case, facts, has_model=len(models) > 0),
        "posts": [_post(case, row) for row in newest.iter_rows(named=True)],
        "packs": packs_section(case),
    }


def _join_scores(case: Case, posts: pl.DataFrame) -> pl.DataFrame:
    """`posts` with their whole text and what the post model says of it; null where there is neither."""
    scored = case.detail("sponsorship", "scored")
    with_text = posts.join(case.posts.select("post_id", "text"), on="post_id", how="left")
    if scored is None:
        empty = (pl.lit(None, dtype=dtype).alias(name) for name, dtype in _TEXT_FACTS.items() if name != "text")
        return with_text.with_columns(empty, reasons=None)
    said = scored.select("post_id", "p_sponsored", "kind", "model", "reasons")
    return with_text.join(said, on="post_id", how="left", maintain_order="left")


def _count_facts(case: Case, facts: pl.DataFrame, *, has_model: bool) -> list[dict[str, Any]]:
    """Posts by fact; one whose label is unknown counts neither as labelled nor as unlabelled.

    A fact that is known of no post has no number.
    """
    disclosed, means = pl.col("is_disclosed"), pl.col("has_purchase_means")
    signs = {
        "sounding": pl.col("sounds"),
        "words": pl.col("has_words"),
        "disclosed": disclosed,
        "purchase": means,
        "purchase_unlabelled": means & ~disclosed,
        "purchase_unknown": (means & disclosed.is_null()).fill_null(value=False),
        "label_unknown": disclosed.is_null(),
    }
    known = (pl.when(sign.is_not_null().any()).then(sign.sum()).alias(fact) for fact, sign in signs.items())
    text, number = case.catalogue.text, case.catalogue.number
    return [
        {
            "fact": fact,
            "label": text(f"report.sponsored.{fact}"),
            "n": n,
            "n_text": text("report.unknown") if n is None else number(n, 0),
        }
        for fact, n in facts.select(known).row(0, named=True).items()
        if has_model or fact != "sounding"
    ]


def _post(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    words = row["matched"] or []
    reasons = [reason for reason in row["reasons"] or [] if reason["contribution"] > 0]
    return {
        "post_id": row["post_id"],
        "day": "—" if row["published_at"] is None else iso_day(row["published_at"]),
        "excerpt": _excerpt(case, row, reasons),
        "p_sponsored": row["p_sponsored"],
        **_tone(case, row),
        "reasons": [{**reason, "piece": clean(reason["piece"])} for reason in reasons],
        "is_disclosed": row["is_disclosed"],
        "has_purchase_means": row["has_purchase_means"],
        "matched": [clean(word) for word in words[:MOST_WORDS]],
    }


def _excerpt(case: Case, row: dict[str, Any], reasons: list[dict[str, Any]]) -> list[dict[str, str | bool]]:
    """Around what spoke for a sponsored tone where it sounds so, else around the words that were found."""
    show_names = case.setting.show_names
    if row["text"] and reasons and row["sounds"]:
        return highlight_spans(row["text"], [(one["start"], one["end"]) for one in reasons], show_names=show_names)
    return highlight(row["excerpt"], row["matched"] or [], show_names=show_names)


def _tone(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    """The probability in words, and whom a sponsored tone seems to serve."""
    tone = _name_tone(row["p_sponsored"], sounds=row["sounds"])
    return {
        "tone": tone,
        "tone_text": case.catalogue.text(f"report.tone.{tone}"),
        "kind": row["kind"],
        "kind_text": case.catalogue.text(f"report.pitch.{row['kind']}") if row["sounds"] else "",
    }


def _name_tone(proba: float | None, *, sounds: bool | None) -> str:
    if proba is None:
        return "unread"
    if sounds:
        return "very" if proba >= MOST_LIKELY else "rather"
    return "unclear" if proba >= LEAST_LIKELY else "unlike"
