"""The parts of a creator's page that show the rows behind the values, each from the frames a family documents.

Every function returns None where its frames are absent, so that a page without them is whole.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from zhenfen.report.case import Case

MOST_CLUSTERS = 5
MOST_EXAMPLES = 2
MOST_POSTS = 400
"""Dots that a chart can carry before they hide each other; the newest are kept."""
FEWEST_POSTS = 3
"""One or two dots show no course and no spread; their numbers stand in the table."""
MOST_PARTNERS = 10


def engagement_section(case: Case) -> dict[str, Any] | None:
    """Interactions post by post, oldest first; posts whose count or time is unknown are counted, not drawn."""
    posts = case.detail("engagement", "posts")
    if posts is None:
        return None
    known = posts.drop_nulls(["published_at", "n_interactions"]).sort("published_at", "post_id")
    if known.height < FEWEST_POSTS:
        return None
    # Counts of posts too young to have settled are drawn, but the median is the one the family measured.
    settled = known.filter("is_measured") if "is_measured" in known.columns else known
    counts = pl.col("n_interactions").cast(pl.Float64)
    median = float((known if settled.is_empty() else settled).select(counts.median()).item())
    drawn = known.tail(MOST_POSTS).with_columns(at=_iso("published_at"))
    marked = case.detail("sponsorship", "posts")
    marked_ids = set() if marked is None else set(marked.filter(_is_marked())["post_id"])
    return {
        "posts": [
            {**row, "is_marked": row["post_id"] in marked_ids}
            for row in drawn.select("post_id", "at", "n_interactions", "n_views", "n_likes").iter_rows(named=True)
        ],
        "median": median,
        "median_text": case.catalogue.value(median, "count"),
        "n_posts": posts.height,
        "n_unknown": posts.height - known.height,
        "n_not_drawn": known.height - drawn.height,
        **_promoted(case),
    }


def _promoted(case: Case) -> dict[str, Any]:
    """Posts on record as promoted, among those that count, and what was done with them."""
    posts = case.detail("engagement", "posts")
    n_promoted = 0
    if posts is not None and "is_promoted" in posts.columns:
        n_promoted = posts.filter(pl.col("is_promoted") & pl.col("is_measured")).height
    sentence = case.catalogue.text("report.promoted", n=case.catalogue.count(n_promoted)) if n_promoted else ""
    return {"n_promoted": n_promoted, "promoted_text": sentence}


def network_section(case: Case) -> dict[str, Any] | None:
    """What this creator shares with others of the shortlist: comment clusters and commenters."""
    clusters, commenters = (case.detail("network", name) for name in ("shared_clusters", "shared_commenters"))
    if clusters is None and commenters is None:
        return None
    return {
        "clusters": [] if clusters is None else [shared_cluster(case, row) for row in _widest(clusters)],
        "n_clusters": 0 if clusters is None else clusters.height,
        "commenters": [] if commenters is None else _partners(case, commenters),
        "n_commenters": 0 if commenters is None else commenters.height,
    }


def shared_cluster(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    """A cluster that stands under several creators, with the other creators' names."""
    others = sorted(set(row["creator_ids"] or []) - {case.creator_id})
    return {
        "cluster_id": row["cluster_id"],
        "n_comments": row["n_comments"],
        "n_authors": row["n_authors"],
        "n_creators": row["n_creators"],
        "others": [case.setting.name_of(creator_id) for creator_id in others[:MOST_PARTNERS]],
        "n_others_more": max(0, len(others) - MOST_PARTNERS),
        "examples": [case.setting.quote(text) for text in (row["examples"] or [])[:MOST_EXAMPLES]],
    }


def iso_day(value: date | datetime) -> str:
    """The day of a date or time, ISO."""
    return value.strftime("%Y-%m-%d")


def _is_marked() -> pl.Expr:
    return pl.col("is_disclosed").fill_null(value=False) | pl.col("has_purchase_means").fill_null(value=False)


def _iso(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _widest(clusters: pl.DataFrame) -> list[dict[str, Any]]:
    """Those that tie most creators first: the widest tie is a measurement, and the page must show what it was."""
    order = clusters.sort("n_creators", "n_comments", "cluster_id", descending=[True, True, False])
    return order.head(MOST_CLUSTERS).rows(named=True)


def _partners(case: Case, commenters: pl.DataFrame) -> list[dict[str, Any]]:
    most = commenters.sort("n_shared", "other_creator_id", descending=[True, False]).head(MOST_PARTNERS)
    return [
        {
            "creator_id": row["other_creator_id"],
            "name": case.setting.name_of(row["other_creator_id"]),
            "n_shared": row["n_shared"],
            "jaccard": row["jaccard"],
            "jaccard_text": case.catalogue.value(row["jaccard"], "share"),
        }
        for row in most.iter_rows(named=True)
    ]
