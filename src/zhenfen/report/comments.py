"""What stands behind the comments' values: kinds with intervals, like comments, the same order, sudden arrivals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.sections import MOST_CLUSTERS, iso_day
from zhenfen.report.words import p_cell, p_text
from zhenfen.verdict.comments import GENUINE

MOST_EXAMPLES = 3
MOST_RUNS = 3
MOST_BURSTS = 5
MOST_DAYS = 5
MOST_IDS = 20
"""Ids in the JSON: enough to find the comments in the tables."""
MINUTES_PER_HOUR, MINUTES_PER_DAY = 60, 24 * 60
LONGEST_SHOWN_IN_MINUTES, LONGEST_SHOWN_IN_HOURS = 120, 48 * 60


def comments_section(case: Case) -> dict[str, Any] | None:
    """Each kind of evidence that there is; None without any."""
    parts = {"kinds": _kinds(case), "order": _order(case), "bursts": _bursts(case), **_clusters(case)}
    return parts if any(parts.values()) else None


def _kinds(case: Case) -> dict[str, Any] | None:
    """The share of each kind; an interval too wide to mean anything is named, its middle is not."""
    shares = case.detail("comments", "kinds")
    if shares is None:
        return None
    examples = case.detail("comments", "kind_examples")
    quoted = {} if examples is None else dict(examples.select("kind", "examples").iter_rows())
    rows = [_kind(case, row, quoted.get(row["kind"])) for row in shares.iter_rows(named=True)]
    first = rows[0]
    numbers = {name: case.catalogue.number(first[name], 0) for name in ("n_comments", "n_different")}
    method = f"report.kinds.{first['method']}" if first["method"] else None
    is_assessed = any(row["is_assessed"] for row in rows)
    about = "report.kinds.about" if is_assessed else "report.kinds.about_unnamed"
    return {
        "rows": rows,
        "is_assessed": is_assessed,
        "about": case.catalogue.text(about, **numbers),
        "method_text": "" if method is None else case.catalogue.text(method),
        "model": first["model"],
    }


def _kind(case: Case, row: dict[str, Any], examples: list[str] | None) -> dict[str, Any]:
    text, show = case.catalogue.text, case.catalogue.share
    known = {name: "" if row[name] is None else show(row[name]) for name in ("share", "low", "high")}
    is_assessed = row["reason"] is None
    key = "sentence" if is_assessed else str(row["reason"]).removeprefix("comments.")
    counted = text("report.kinds.unmarked" if row["kind"] == GENUINE else "report.kinds.flagged", n=_part(case, row))
    return {
        **row,
        "label": text(f"report.kind.{row['kind']}"),
        "is_assessed": is_assessed,
        **{f"{name}_text": shown for name, shown in known.items()},
        "sentence": text(f"report.kinds.{key}", **known),
        "flagged_text": counted,
        "contradicted_text": text("report.kinds.contradicted", share=show(row["cross_check"]))
        if row["is_contradicted"]
        else "",
        "examples": [case.setting.quote(one) for one in (examples or [])[:MOST_EXAMPLES]],
    }


def _part(case: Case, row: dict[str, Any]) -> str:
    return f"{case.catalogue.number(row['n_flagged'], 0)} / {case.catalogue.number(row['n_comments'], 0)}"


def _clusters(case: Case) -> dict[str, Any]:
    """The largest clusters of nearly equal comments, with quoted examples."""
    clusters = case.detail("comments", "clusters")
    if clusters is None:
        return {"n_clusters": 0, "clusters": []}
    largest = clusters.sort("n_comments", "cluster_id", descending=[True, False]).head(MOST_CLUSTERS)
    return {
        "n_clusters": clusters.height,
        "clusters": [
            {
                **{name: row[name] for name in ("cluster_id", "n_comments", "n_authors", "n_posts")},
                "first_at": _iso(row["first_at"]),
                "last_at": _iso(row["last_at"]),
                "first_day": "—" if row["first_at"] is None else iso_day(row["first_at"]),
                "duration_text": _duration(case, row["first_at"], row["last_at"]),
                "examples": [case.setting.quote(text) for text in (row["examples"] or [])[:MOST_EXAMPLES]],
            }
            for row in largest.iter_rows(named=True)
        ],
    }


def _order(case: Case) -> dict[str, Any] | None:
    """Accounts that come in the same order under several posts, and the runs that most posts show."""
    orders, runs = case.detail("comments", "orders"), case.detail("comments", "runs")
    if orders is None or runs is None:
        return None
    row = orders.row(0, named=True)
    numbers = {name: case.catalogue.number(row[name], 0) for name in ("n_authors", "n_posts", "n_agreements")}
    expected = case.catalogue.number(row["n_expected"], 1)
    return {
        **{name: value for name, value in row.items() if name != "creator_id"},
        "sentence": case.catalogue.text(
            "report.order.sentence", **numbers, n_expected=expected, p=p_text(case.catalogue, row["p_value"])
        ),
        "runs": [_run(case, run) for run in runs.head(MOST_RUNS).iter_rows(named=True)],
    }


def _run(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    dated = case.posts.filter(pl.col("post_id").is_in(row["post_ids"])).drop_nulls("published_at")
    days = dated.sort("published_at")["published_at"].dt.strftime("%Y-%m-%d").unique(maintain_order=True).to_list()
    n_authors, n_posts = len(row["author_ids"]), len(row["post_ids"])
    more = "…" if len(days) > MOST_DAYS else ""
    return {
        "n_authors": n_authors,
        "n_posts": n_posts,
        "author_ids": row["author_ids"][:MOST_IDS],
        "post_ids": row["post_ids"][:MOST_IDS],
        "first_at": _iso(row["first_at"]),
        "last_at": _iso(row["last_at"]),
        "days_text": " · ".join(days[:MOST_DAYS]) + more,
    }


def _bursts(case: Case) -> list[dict[str, Any]]:
    """Posts under which comments came sooner than under the others, least likely first."""
    bursts = case.detail("comments", "bursts")
    if bursts is None:
        return []
    number = case.catalogue.number
    return [
        {
            **{name: row[name] for name in ("post_id", "minutes", "n_comments", "n_soon", "n_expected", "p_value")},
            "day": iso_day(row["published_at"]),
            "window_text": case.catalogue.value(row["minutes"], "minutes"),
            "soon_text": f"{number(row['n_soon'], 0)} / {number(row['n_comments'], 0)}",
            "expected_text": number(row["n_expected"], 1),
            "p_text": p_cell(case.catalogue, row["p_value"]),
        }
        for row in bursts.sort("p_value", "post_id").head(MOST_BURSTS).iter_rows(named=True)
    ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(case: Case, first: datetime | None, last: datetime | None) -> str:
    """How long a cluster lasted, in the largest unit that keeps it readable."""
    if first is None or last is None:
        return "—"
    minutes = (last - first).total_seconds() / 60
    if minutes < LONGEST_SHOWN_IN_MINUTES:
        return case.catalogue.text("report.duration.minutes", n=case.catalogue.number(max(minutes, 1), 0))
    if minutes < LONGEST_SHOWN_IN_HOURS:
        return case.catalogue.text("report.duration.hours", n=case.catalogue.number(minutes / MINUTES_PER_HOUR, 0))
    return case.catalogue.text("report.duration.days", n=case.catalogue.number(minutes / MINUTES_PER_DAY, 0))
