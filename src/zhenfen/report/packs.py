"""What the rule packs saw in a creator's posts: words and places, never a conclusion."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.quote import clean
from zhenfen.report.sections import iso_day

MOST_POSTS = 3
MOST_SEEN = 6


def packs_section(case: Case) -> list[dict[str, Any]]:
    """Each pack that saw something, with its version and date, and its rules with the newest posts."""
    rules = case.detail("sponsorship", "rules")
    if rules is None:
        return []
    dated = rules.join(case.posts.select("post_id", "published_at"), on="post_id", how="left")
    return [_pack(case, part) for part in dated.sort("pack", "rule").partition_by("pack", maintain_order=True)]


def _pack(case: Case, rows: pl.DataFrame) -> dict[str, Any]:
    name, version, dated = rows.row(0, named=True)["pack"], rows["version"][0], rows["dated"][0]
    return {
        "pack": name,
        "version": version,
        "dated": dated,
        "label": case.catalogue.text(f"rules.{name}"),
        "about": case.catalogue.text(f"rules.{name}.about"),
        "version_text": case.catalogue.text("report.packs.version", version=version, dated=dated),
        "rules": [_rule(case, part) for part in rows.partition_by("rule", maintain_order=True)],
    }


def _rule(case: Case, rows: pl.DataFrame) -> dict[str, Any]:
    key = f"rules.{rows['pack'][0]}.{rows['rule'][0]}"
    first = (pl.col(name).first() for name in ("published_at", "disclosure", "is_mark", "position", "chars_before"))
    posts = (
        rows.sort("post_id", "start")
        .group_by("post_id", maintain_order=True)
        .agg(*first, pl.col("is_behind_fold").first(), seen=pl.col("seen").drop_nulls().unique(maintain_order=True))
        .sort("published_at", "post_id", descending=[True, False], nulls_last=True)
    )
    asks_for_mark = posts["position"].is_not_null().any()
    n_unmarked, n_unknown = (
        posts.filter(position=one).height if asks_for_mark else None for one in ("none", "unknown")
    )
    return {
        "rule": rows["rule"][0],
        "article": rows["article"][0],
        "label": case.catalogue.text(key),
        "about": case.catalogue.text(f"{key}.about"),
        "n_posts": posts.height,
        "n_unmarked": n_unmarked,
        "n_unknown": n_unknown,
        "counts_text": _count(case, posts.height, n_unmarked, n_unknown),
        "posts": [_post(case, row) for row in posts.head(MOST_POSTS).iter_rows(named=True)],
    }


def _count(case: Case, n: int, n_unmarked: int | None, n_unknown: int | None) -> str:
    """Posts, and where the rule asks for a mention those without one and those of which it is not known."""
    text, number = case.catalogue.text, case.catalogue.number
    seen = text("report.packs.count", n=number(n, 0))
    if n_unmarked is not None and (n_unmarked or not n_unknown):
        seen += text("report.packs.unmarked", n=number(n_unmarked, 0))
    return seen + text("report.packs.unknown", n=number(n_unknown, 0)) if n_unknown else seen


def _post(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "post_id": row["post_id"],
        "day": "—" if row["published_at"] is None else iso_day(row["published_at"]),
        "seen": [clean(word) for word in row["seen"][:MOST_SEEN]],
        "disclosure": None if row["disclosure"] is None else clean(row["disclosure"]),
        "position": row["position"],
        "disclosure_text": _disclosure(case, row),
    }


def _disclosure(case: Case, row: dict[str, Any]) -> str:
    """The disclosure, what it is, where it stands, and whether a folded text hides it; empty if it does not matter."""
    if row["position"] is None:
        return ""
    text = case.catalogue.text
    place = text(f"rules.position.{row['position']}")
    if row["disclosure"] is None:
        return place
    kind = text("rules.mark" if row["is_mark"] else "rules.other_disclosure")
    parts = [f"“{clean(row['disclosure'])}”", kind, place]
    if row["is_behind_fold"]:
        parts.append(text("rules.behind_fold", n=case.catalogue.number(row["chars_before"], 0)))
    return " · ".join(parts)
