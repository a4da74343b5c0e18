"""What the rule packs saw in a creator's posts, for the section of the posts: words and places, never a conclusion."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.quote import clean
from zhenfen.report.words import iso_day

MOST_POSTS = 3
MOST_SEEN = 6


def summarise_packs(case: Case) -> list[dict[str, Any]]:
    """Each pack that saw something, with its version and date, and its rules with the newest posts."""
    rules = case.detail("sponsorship", "rules")
    if rules is None:
        return []
    text = case.catalogue.text
    dated = rules.join(case.posts.select("post_id", "published_at"), on="post_id", how="left")
    packs = []
    for rows in dated.sort("pack", "rule").partition_by("pack", maintain_order=True):
        pack, version, date = (rows[column][0] for column in ("pack", "version", "dated"))
        packs.append(
            {
                "pack": pack,
                "version": version,
                "dated": date,
                "label": text(f"rules.{pack}"),
                "about": text(f"rules.{pack}.about"),
                "version_text": text("report.packs.version", version=version, dated=date),
                "rules": [_rule(case, part) for part in rows.partition_by("rule", maintain_order=True)],
            }
        )
    return packs


def _rule(case: Case, rows: pl.DataFrame) -> dict[str, Any]:
    """A rule with the posts in which it saw something, newest first, and how many there are."""
    text, number = case.catalogue.text, case.catalogue.number
    first = (pl.col(name).first() for name in ("published_at", "disclosure", "mention", "position", "chars_before"))
    posts = (
        rows.sort("post_id", "start")
        .group_by("post_id", maintain_order=True)
        .agg(*first, pl.col("is_behind_fold").first(), seen=pl.col("seen").drop_nulls().unique(maintain_order=True))
        .sort("published_at", "post_id", descending=[True, False], nulls_last=True)
    )
    # Where the rule asks for a mention: posts without one, and those of which it is not known.
    asks_for_mark = posts["position"].is_not_null().any()
    n_unmarked, n_unknown = (
        posts.filter(position=one).height if asks_for_mark else None for one in ("none", "unknown")
    )
    counts = text("report.packs.count", n=number(posts.height, 0))
    if n_unmarked is not None and (n_unmarked or not n_unknown):
        counts += text("report.packs.unmarked", n=number(n_unmarked, 0))
    if n_unknown:
        counts += text("report.packs.unknown", n=number(n_unknown, 0))
    key = f"rules.{rows['pack'][0]}.{rows['rule'][0]}"
    return {
        "rule": rows["rule"][0],
        "article": rows["article"][0],
        "read_on": rows["read_on"][0],
        "article_text": text("report.packs.article", article=rows["article"][0], day=rows["read_on"][0]),
        "label": text(key),
        "about": text(f"{key}.about"),
        "n_posts": posts.height,
        "n_unmarked": n_unmarked,
        "n_unknown": n_unknown,
        "counts_text": counts,
        "posts": [
            {
                "post_id": row["post_id"],
                "day": "—" if row["published_at"] is None else iso_day(row["published_at"]),
                "seen": [clean(word) for word in row["seen"][:MOST_SEEN]],
                "disclosure": None if row["disclosure"] is None else clean(row["disclosure"]),
                "position": row["position"],
                "disclosure_text": _disclosure(case, row),
            }
            for row in posts.head(MOST_POSTS).iter_rows(named=True)
        ],
    }


def _disclosure(case: Case, row: dict[str, Any]) -> str:
    """The disclosure, what it is, where it stands, and whether a folded text hides it; empty if it does not matter."""
    if row["position"] is None:
        return ""
    text = case.catalogue.text
    place = text(f"rules.position.{row['position']}")
    if row["disclosure"] is None:
        return place
    kind = text(f"rules.mention.{row['mention']}")
    parts = [f"“{clean(row['disclosure'])}”", kind, place]
    if row["is_behind_fold"]:
        parts.append(text("rules.behind_fold", n=case.catalogue.number(row["chars_before"], 0)))
    return " · ".join(parts)
