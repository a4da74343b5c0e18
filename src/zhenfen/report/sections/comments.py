"""What stands behind the comments' values: kinds with intervals, like comments, the same order, sudden arrivals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Reads
from zhenfen.report.quote import shorten
from zhenfen.report.section import FamilySection, FamilySheet, Line
from zhenfen.report.sections.audiences import summarise_commenters
from zhenfen.report.words import iso_day, p_cell, p_text
from zhenfen.verdict.comments import GENUINE

MOST_CLUSTERS = 5
MOST_EXAMPLES = 3
MOST_RUNS = 3
MOST_BURSTS = 5
MOST_DAYS = 5
MOST_ASKED = 2
MOST_IDS = 20
"""Ids in the JSON: enough to find the comments in the tables."""
LONGEST_EXAMPLE_CHARS = 40
MINUTES_PER_HOUR, MINUTES_PER_DAY = 60, 24 * 60
LONGEST_SHOWN_IN_MINUTES, LONGEST_SHOWN_IN_HOURS = 120, 48 * 60


class CommentsSection(FamilySection, family="comments", place=3):
    """Each kind of evidence that there is."""

    reads: ClassVar[Reads] = {
        "comments": ("kinds", "kind_examples", "orders", "runs", "bursts", "clusters"),
        "audience": ("origins",),
    }
    causes = ("talk",)
    sheet = FamilySheet(
        "report.sheet.comments",
        {
            "name": ("report.col.creator", "text"),
            "evidence": ("report.col.evidence", "text"),
            "text": ("report.col.found", "wide"),
            "n": ("report.col.n", "count"),
            "share": ("report.col.estimate", "real"),
            "low": ("report.col.interval_low", "real"),
            "high": ("report.col.interval_high", "real"),
            "p_value": ("report.col.p_value", "real"),
            "creator_id": ("report.col.creator_id", "id"),
        },
    )

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """Kinds, order, bursts, clusters and who comments; None without any."""
        # Posts under which comments came sooner than under the others, least likely first.
        bursts, number = case.detail("comments", "bursts"), case.catalogue.number
        least = [] if bursts is None else bursts.sort("p_value", "post_id").head(MOST_BURSTS).rows(named=True)
        columns = ("post_id", "minutes", "n_comments", "n_soon", "n_expected", "p_value")
        shown = [
            {
                **{name: row[name] for name in columns},
                "day": iso_day(row["published_at"]),
                "window_text": case.catalogue.value(row["minutes"], "minutes"),
                "soon_text": f"{number(row['n_soon'], 0)} / {number(row['n_comments'], 0)}",
                "expected_text": number(row["n_expected"], 1),
                "p_text": p_cell(case.catalogue, row["p_value"]),
            }
            for row in least
        ]
        parts = {"kinds": _kinds(case), "order": _order(case), "bursts": shown, **_clusters(case)}
        parts["commenters"] = summarise_commenters(case)
        return parts if any(parts.values()) else None

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About the same order and sudden arrivals, which chance was tested for; about like comments if out of line.

        Alike comments are everywhere in small numbers.
        """
        text, number, count = case.catalogue.text, case.catalogue.number, case.catalogue.count
        if order := part.get("order"):
            numbers = {name: number(order[name], 0) for name in ("n_authors", "n_posts")}
            yield text("report.question.order", **numbers)
        for burst in part.get("bursts", [])[:MOST_ASKED]:
            texts = {"day": burst["day"], "window": burst["window_text"], "soon": count(burst["n_soon"])}
            yield text("report.question.burst", **texts)
        for cluster in part.get("clusters", [])[:MOST_ASKED] if is_outside else ():
            examples, n_authors = cluster["examples"], cluster["n_authors"]
            yield text(
                "report.question.cluster",
                n_comments=number(cluster["n_comments"], 0),
                n_authors="—" if n_authors is None else number(n_authors, 0),
                first_day=cluster["first_day"],
                example=shorten(examples[0], LONGEST_EXAMPLE_CHARS) if examples else "…",
            )

    def list_lines(self, part: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
        """A line for each kind, post with sudden comments and group of like comments; and one for the same order."""
        for kind in (part.get("kinds") or {}).get("rows", ()):
            shown = {name: kind[name] if kind["is_assessed"] else None for name in ("share", "low", "high")}
            text = f"{kind['label']} · {kind['sentence']}"
            yield {"evidence": catalogue.text("report.kinds"), "text": text, "n": kind["n_flagged"], **shown}
        if order := part.get("order"):
            head = {"evidence": catalogue.text("report.order"), "n": order["n_agreements"]}
            yield {**head, "text": order["sentence"], "p_value": order["p_value"]}
        for burst in part.get("bursts", ()):
            text = f"{burst['day']} · {burst['window_text']} · {burst['soon_text']}"
            known = {"n": burst["n_soon"], "p_value": burst["p_value"]}
            yield {"evidence": catalogue.text("report.bursts"), "text": text, **known}
        for cluster in part.get("clusters", ()):
            head = {"evidence": catalogue.text("report.clusters"), "n": cluster["n_comments"]}
            yield {**head, "text": " | ".join(cluster["examples"])}


def _kinds(case: Case) -> dict[str, Any] | None:
    """The share of each kind; an interval too wide to mean anything is named, its middle is not."""
    shares = case.detail("comments", "kinds")
    if shares is None:
        return None
    examples = case.detail("comments", "kind_examples")
    quoted = {} if examples is None else dict(examples.select("kind", "examples").iter_rows())
    text, show, number = case.catalogue.text, case.catalogue.share, case.catalogue.number
    rows = []
    for row in shares.iter_rows(named=True):
        known = {name: "" if row[name] is None else show(row[name]) for name in ("share", "low", "high")}
        key = "sentence" if row["reason"] is None else str(row["reason"]).removeprefix("comments.")
        flagged = "report.kinds.unmarked" if row["kind"] == GENUINE else "report.kinds.flagged"
        counted = f"{number(row['n_flagged'], 0)} / {number(row['n_comments'], 0)}"
        contradicted = ""
        if row["is_contradicted"]:
            contradicted = text("report.kinds.contradicted", share=show(row["cross_check"]))
        rows.append(
            {
                **row,
                "label": text(f"report.kind.{row['kind']}"),
                "is_assessed": row["reason"] is None,
                **{f"{name}_text": shown for name, shown in known.items()},
                "sentence": text(f"report.kinds.{key}", **known),
                "flagged_text": text(flagged, n=counted),
                "contradicted_text": contradicted,
                "examples": [case.setting.quote(one) for one in (quoted.get(row["kind"]) or [])[:MOST_EXAMPLES]],
            }
        )
    # The number of comments and the model are the same in every row.
    first, is_assessed = rows[0], any(row["is_assessed"] for row in rows)
    numbers = {name: number(first[name], 0) for name in ("n_comments", "n_different")}
    about = "report.kinds.about" if is_assessed else "report.kinds.about_unnamed"
    return {
        "rows": rows,
        "is_assessed": is_assessed,
        "about": text(about, **numbers),
        "method_text": text(f"report.kinds.{first['method']}") if first["method"] else "",
        "model": first["model"],
    }


def _order(case: Case) -> dict[str, Any] | None:
    """Accounts that come in the same order under several posts, and the runs that most posts show."""
    orders, runs = case.detail("comments", "orders"), case.detail("comments", "runs")
    if orders is None or runs is None:
        return None
    row = orders.row(0, named=True)
    numbers = {name: case.catalogue.number(row[name], 0) for name in ("n_authors", "n_posts", "n_agreements")}
    expected = case.catalogue.number(row["n_expected"], 1)
    shown = []
    for run in runs.head(MOST_RUNS).iter_rows(named=True):
        dated = case.posts.filter(pl.col("post_id").is_in(run["post_ids"])).drop_nulls("published_at")
        days = dated.sort("published_at")["published_at"].dt.strftime("%Y-%m-%d").unique(maintain_order=True).to_list()
        shown.append(
            {
                "n_authors": len(run["author_ids"]),
                "n_posts": len(run["post_ids"]),
                "author_ids": run["author_ids"][:MOST_IDS],
                "post_ids": run["post_ids"][:MOST_IDS],
                "first_at": _iso(run["first_at"]),
                "last_at": _iso(run["last_at"]),
                "days_text": " · ".join(days[:MOST_DAYS]) + ("…" if len(days) > MOST_DAYS else ""),
            }
        )
    return {
        **{name: value for name, value in row.items() if name != "creator_id"},
        "sentence": case.catalogue.text(
            "report.order.sentence", **numbers, n_expected=expected, p=p_text(case.catalogue, row["p_value"])
        ),
        "runs": shown,
    }


def _clusters(case: Case) -> dict[str, Any]:
    """The largest clusters of nearly equal comments, with quoted examples."""
    clusters = case.detail("comments", "clusters")
    if clusters is None:
        return {"n_clusters": 0, "clusters": []}
    text, number, shown = case.catalogue.text, case.catalogue.number, []
    largest = clusters.sort("n_comments", "cluster_id", descending=[True, False]).head(MOST_CLUSTERS)
    for row in largest.iter_rows(named=True):
        # How long it lasted, in the largest unit that keeps it readable.
        duration = "—"
        if row["first_at"] is not None and row["last_at"] is not None:
            minutes = (row["last_at"] - row["first_at"]).total_seconds() / 60
            if minutes < LONGEST_SHOWN_IN_MINUTES:
                duration = text("report.duration.minutes", n=number(max(minutes, 1), 0))
            elif minutes < LONGEST_SHOWN_IN_HOURS:
                duration = text("report.duration.hours", n=number(minutes / MINUTES_PER_HOUR, 0))
            else:
                duration = text("report.duration.days", n=number(minutes / MINUTES_PER_DAY, 0))
        shown.append(
            {
                **{name: row[name] for name in ("cluster_id", "n_comments", "n_authors", "n_posts")},
                "first_at": _iso(row["first_at"]),
                "last_at": _iso(row["last_at"]),
                "first_day": "—" if row["first_at"] is None else iso_day(row["first_at"]),
                "duration_text": duration,
                "examples": [case.setting.quote(one) for one in (row["examples"] or [])[:MOST_EXAMPLES]],
            }
        )
    return {"n_clusters": clusters.height, "clusters": shown}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
