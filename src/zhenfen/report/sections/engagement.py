"""Interactions post by post, oldest first, and what is asked about posts that stand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.section import ABOVE_LOW, FamilySection
from zhenfen.report.sections.averages import summarise_averages
from zhenfen.report.sections.post_kinds import summarise_hits, summarise_kinds
from zhenfen.report.words import iso_day, list_names

MOST_POSTS = 400
"""Dots that a chart can carry before they hide each other; the newest are kept."""
FEWEST_POSTS = 3
"""One or two dots show no course and no spread; their numbers stand in the table."""
MOST_DAYS = 5
_LIFTED = ("likes", "views", "hit", "sponsored")
"""Words in names of measurements of what paid promotion lifts; it brings no more comments or saves a like."""


class EngagementSection(FamilySection, family="engagement", place=2):
    """The chart of interactions, kinds of posts, and what vendors state.

    Posts without a count or time are counted, not drawn.
    """

    reads: ClassVar[Reads] = {
        "engagement": ("posts", "averages", "kinds", "hits"),
        "sponsorship": ("posts",),
        "audience": ("shares",),
    }

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """What `_summarise_posts` gives, with `kinds`, `hits` and `averages`; None without any of them."""
        drawn = self._summarise_posts(case)
        parts = {
            "kinds": summarise_kinds(case),
            "hits": summarise_hits(case),
            "averages": summarise_averages(case),
        }
        return None if drawn is None and not any(parts.values()) else {"posts": [], **(drawn or {}), **parts}

    def _summarise_posts(self, case: Case) -> dict[str, Any] | None:
        """Posts, their median, those not drawn and those on record as promoted; None with fewer than FEWEST_POSTS."""
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
        drawn = known.tail(MOST_POSTS).with_columns(at=pl.col("published_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        # Signs of sponsorship, as the posts' own family saw them.
        seen = case.detail("sponsorship", "posts")
        signs = (pl.col(name).fill_null(value=False) for name in ("is_disclosed", "has_purchase_means"))
        marked = set() if seen is None else set(seen.filter(pl.any_horizontal(*signs))["post_id"])
        # Posts on record as promoted, among those that count.
        n_promoted = 0
        if "is_promoted" in posts.columns:
            n_promoted = posts.filter(pl.col("is_promoted") & pl.col("is_measured")).height
        text, count = case.catalogue.text, case.catalogue.count
        return {
            "posts": [
                {**row, "is_marked": row["post_id"] in marked}
                for row in drawn.select("post_id", "at", "n_interactions", "n_views", "n_likes").iter_rows(named=True)
            ],
            "median": median,
            "median_text": case.catalogue.value(median, "count"),
            "n_posts": posts.height,
            "n_unknown": posts.height - known.height,
            "n_not_drawn": known.height - drawn.height,
            "n_promoted": n_promoted,
            "promoted_text": text("report.promoted", n=count(n_promoted)) if n_promoted else "",
        }

    def note(self, case: Case) -> str:
        """That the level rests on a vendor's averages, where it does."""
        averages = summarise_averages(case)
        return averages["sentence"] if averages is not None and averages["is_used"] else ""

    def list_causes(self, case: Case, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """What may lie behind the measurements that ask, promotion first.

        Promotion for what it lifts, talk for many comments, another audience than usual for the rest.
        """
        if summary["level"] not in ABOVE_LOW:
            return ()
        found = set()
        for item in summary["evidence"]:
            name = item["feature"]
            if not item["asks"]:
                continue
            if name.endswith(("_by_likes_ratio", "_by_followers_ratio")):
                is_talk = "_comments_by_likes_" in name and item["position"] == "above"
                found.add("talk" if is_talk else "reach")
            else:
                found.add("promotion" if any(word in name for word in _LIFTED) else "reach")
        return tuple(cause for cause in ("promotion", "talk", "reach") if cause in (found or {"reach"}))

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About averages that nobody checked; about days whose posts stand out without a record of promotion."""
        averages = part.get("averages")
        if is_outside and averages is not None and averages["is_used"]:
            yield case.catalogue.text("report.question.averages")
        posts = case.detail("engagement", "posts")
        if not is_outside or posts is None or "stands_out" not in posts.columns:
            return
        dated = posts.filter("stands_out").drop_nulls("published_at").sort("published_at", descending=True)
        if days := list(dict.fromkeys(map(iso_day, dated["published_at"]))):
            yield case.catalogue.text("report.question.promotion", days=list_names(days[:MOST_DAYS], case.catalogue))
