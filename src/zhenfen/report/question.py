"""Questions to put to the creator, each from something that was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zhenfen.report.case import Case
from zhenfen.report.family import list_names
from zhenfen.report.possible import list_days_standing_out
from zhenfen.report.quote import shorten

MOST_QUESTIONS = 8
"""A creator answers a page, not a questionnaire."""
MOST_OF_A_KIND = 2
MOST_DAYS = 5
LONGEST_EXAMPLE_CHARS = 40


def make_questions(case: Case, summary: dict[str, Any]) -> list[str]:
    """At most MOST_QUESTIONS sentences, the most specific first: named days, comments and posts, then measurements.

    Alike comments and shared commenters are everywhere in small numbers: they are asked about only where the family
    is out of line with its peers. An unexplained span, a missing label, and what chance was tested for are facts of
    their own.
    """
    outside = [family for family in summary["families"] if family["level"] in ("elevated", "high")]
    names = {family["family"] for family in outside}
    specific = {
        "growth": list(_about_spans(case, summary["growth"])),
        "engagement": list(_about_promotion(case)) if "engagement" in names else [],
        "comments": [
            *_about_order(case, summary["comments"]),
            *_about_bursts(case, summary["comments"]),
            *(_about_clusters(case, summary["comments"]) if "comments" in names else ()),
        ],
        "sponsorship": list(_about_posts(case, summary["sponsorship"])),
        "audience": list(_about_audience(case, summary["audience"])) if "audience" in names else [],
        "network": list(_about_commenters(case, summary["network"])) if "network" in names else [],
    }
    general = [
        case.catalogue.text("report.question.measurement", sentence=family["sentence"])
        for family in outside
        if family["main"] and not specific.get(family["family"])
    ]
    return [*(question for group in specific.values() for question in group), *general][:MOST_QUESTIONS]


def _about_spans(case: Case, growth: dict[str, Any] | None) -> Iterator[str]:
    unexplained = [span for span in (growth or {}).get("spans", []) if span["is_unexplained"]]
    largest = sorted(unexplained, key=lambda span: -abs((span["n_gained"] or 0) - (span["n_expected"] or 0)))
    for span in largest[:MOST_OF_A_KIND]:
        kind = "gain" if (span["n_gained"] or 0) >= 0 else "loss"
        yield case.catalogue.text(
            f"report.question.{kind}",
            days=span["days_text"],
            gained=span["gained_text"],
            expected=span["expected_text"],
        )


def _about_promotion(case: Case) -> Iterator[str]:
    if days := list_days_standing_out(case):
        yield case.catalogue.text("report.question.promotion", days=list_names(days[:MOST_DAYS], case.catalogue))


def _about_order(case: Case, comments: dict[str, Any] | None) -> Iterator[str]:
    if order := (comments or {}).get("order"):
        numbers = {name: _count(case, order[name]) for name in ("n_authors", "n_posts")}
        yield case.catalogue.text("report.question.order", **numbers)


def _about_bursts(case: Case, comments: dict[str, Any] | None) -> Iterator[str]:
    for burst in (comments or {}).get("bursts", [])[:MOST_OF_A_KIND]:
        texts = {"day": burst["day"], "window": burst["window_text"], "soon": case.catalogue.count(burst["n_soon"])}
        yield case.catalogue.text("report.question.burst", **texts)


def _about_clusters(case: Case, comments: dict[str, Any] | None) -> Iterator[str]:
    for cluster in (comments or {}).get("clusters", [])[:MOST_OF_A_KIND]:
        yield case.catalogue.text(
            "report.question.cluster",
            n_comments=case.catalogue.number(cluster["n_comments"], 0),
            n_authors=_count(case, cluster["n_authors"]),
            first_day=cluster["first_day"],
            example=shorten(cluster["examples"][0], LONGEST_EXAMPLE_CHARS) if cluster["examples"] else "…",
        )


def _about_posts(case: Case, sponsorship: dict[str, Any] | None) -> Iterator[str]:
    posts = [post for post in (sponsorship or {}).get("posts", []) if post["has_purchase_means"]]
    for is_disclosed, key in ((False, "purchase"), (None, "purchase_unknown")):
        days = dict.fromkeys(post["day"] for post in posts if post["is_disclosed"] is is_disclosed)
        if days:
            named = list_names(list(days)[:MOST_DAYS], case.catalogue)
            yield case.catalogue.text(f"report.question.{key}", days=named)


def _about_audience(case: Case, audience: dict[str, Any] | None) -> Iterator[str]:
    share = (audience or {}).get("share")
    if share and share["is_assessed"]:
        yield case.catalogue.text("report.question.audience", share=share["share_text"])


def _about_commenters(case: Case, network: dict[str, Any] | None) -> Iterator[str]:
    for partner in (network or {}).get("commenters", [])[:1]:
        yield case.catalogue.text(
            "report.question.commenters",
            n_shared=case.catalogue.count(partner["n_shared"]),
            other=partner["name"],
        )


def _count(case: Case, value: int | None) -> str:
    return "—" if value is None else case.catalogue.number(value, 0)
