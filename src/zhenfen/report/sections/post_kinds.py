"""Posts by kind, promoted or not, and the few that took off, in words: described beside no peers."""

from __future__ import annotations

from typing import Any

from zhenfen.report.case import Case

_FAMILY, _NATURAL = "engagement", "natural"
MOST_OF_ALL = 0.5
"""From here on one post holds as many interactions as all the others together."""


def summarise_kinds(case: Case) -> dict[str, Any] | None:
    """Rows of posts by kind, then by promotion where any is known; None without a kind that could be described.

    `has_half_lives`: whether posts of any kind were read often enough; `is_apart`: the half-life of promoted or
    labelled posts and that of natural ones have intervals without a day in common.
    """
    kinds = case.detail(_FAMILY, "kinds")
    if kinds is None:
        return None
    rows = kinds.rows(named=True)
    # Where nothing is promoted or labelled the natural posts are all posts, which the kinds have told already.
    ways = [row for row in rows if row["by"] == "promotion"]
    told = [row for row in rows if row["by"] == "media_kind"] + (ways if len(ways) > 1 else [])
    if all(row["median_interactions"] is None and row["half_life_days"] is None for row in told):
        return None
    natural = next((row for row in ways if row["kind"] == _NATURAL and row["low"] is not None), None)
    others = [row for row in ways if row["kind"] != _NATURAL and row["low"] is not None] if natural else []
    return {
        "rows": [_row(case, row) for row in told],
        "has_half_lives": any(row["half_life_days"] is not None for row in told),
        "n_read_text": case.catalogue.text(
            "report.kinds_of_posts.read",
            n=case.catalogue.count(max(row["n_read"] for row in told)),
            n_needed=case.catalogue.count(told[0]["n_needed"]),
        ),
        "is_apart": any(row["low"] > natural["high"] or row["high"] < natural["low"] for row in others if natural),
    }


def summarise_hits(case: Case) -> dict[str, Any] | None:
    """How many posts took off, what the best one holds and how few hold half; None with too few posts."""
    hits = case.detail(_FAMILY, "hits")
    if hits is None:
        return None
    row = hits.row(0, named=True)
    share, count = case.catalogue.share, case.catalogue.count
    sentences = [
        case.catalogue.text(
            "report.hits.sentence",
            multiple=case.catalogue.value(row["multiple"], "multiple"),
            n_hits=count(row["n_hits"]),
            n_posts=count(row["n_posts"]),
            **{name: share(row[name]) for name in ("share", "low", "high")},
        ),
        case.catalogue.text("report.hits.tail", top=share(row["top_share"]), n_half=count(row["n_half"])),
    ]
    figures = {name: value for name, value in row.items() if name != "creator_id"}
    return {**figures, "sentences": sentences, "is_steep": row["top_share"] >= MOST_OF_ALL}


def _row(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    """One kind: what there is of it in words, and that there is too little where a figure is missing."""
    text, value = case.catalogue.text, case.catalogue.value
    few = text("report.kinds_of_posts.few")
    half_life = few
    if row["half_life_days"] is not None:
        shown = {name: value(row[name], "days") for name in ("half_life_days", "low", "high")}
        half_life = text("report.kinds_of_posts.half_life", **shown, n=case.catalogue.number(row["n_read"], 0))
    kind = row["kind"] or "unknown"
    return {
        **{name: row[name] for name in row if name != "creator_id"},
        "label": text(f"report.kinds_of_posts.{row['by']}.{kind}"),
        "n_text": case.catalogue.number(row["n_posts"], 0),
        "median_text": few if row["median_interactions"] is None else value(row["median_interactions"], "count"),
        "ratio_text": few
        if row["likes_by_comments_ratio"] is None
        else f"{value(row['likes_by_comments_ratio'], 'ratio')} : 1",
        "half_life_text": half_life,
    }
