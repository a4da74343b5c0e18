"""What may lie behind a level above low: promotion first where it can be, somebody else last, and nothing in line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from report_builder import FIRST_DAY, Builder, make_daily, make_span, without_peers

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator

OUT = {"feature": "engagement_out", "value": 0.5, "contribution": 2.0}
PUSHED = (3, 9)


def summarise(builder: Builder, language: str = "en") -> dict[str, Any]:
    return summarise_creator(*builder.build(), "a", Catalogue(language))


def possible(summary: dict[str, Any], family: str) -> list[str]:
    return next(one["possible"] for one in summary["families"] if one["family"] == family)


def pushed(*, is_promoted: bool = False) -> Builder:
    """Twelve posts, two of them with views out of line."""
    builder = Builder().creator("a").assessed("a", "engagement", OUT)
    posts = [
        {
            "post_id": f"p{n}",
            "published_at": FIRST_DAY + timedelta(days=n),
            "n_interactions": 10,
            "is_measured": True,
            "is_promoted": is_promoted and n in PUSHED,
            "stands_out": n in PUSHED and not is_promoted,
        }
        for n in range(12)
    ]
    return builder.detail("a", "engagement", "posts", posts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("family", "causes"),
    [
        ("growth", ["promotion", "events", "others"]),
        ("comments", ["talk", "others"]),
        ("network", ["ties", "others"]),
        ("audience", ["arrivals", "others"]),
    ],
)
def test_a_family_out_of_line_names_what_to_ask_first_and_that_others_may_have_paid(
    language: str, family: str, causes: list[str]
) -> None:
    item = {"feature": f"{family}_out", "value": 0.5, "contribution": 2.0}
    summary = summarise(Builder().creator("a").assessed("a", family, item), language)
    text = Catalogue(language).text
    assert possible(summary, family) == [text(f"report.possible.{cause}") for cause in causes]
    page = render_creator(summary)
    assert text("report.possible") in page
    assert all(text(f"report.possible.{cause}") in page for cause in causes)


@pytest.mark.parametrize(
    ("feature", "value", "cause"),
    [
        ("engagement_comments_by_likes_ratio", 0.5, "talk"),
        ("engagement_comments_by_likes_ratio", 0.001, "reach"),
        ("engagement_saves_by_likes_ratio", 0.5, "reach"),
        ("engagement_shares_by_likes_ratio", 0.001, "reach"),
        ("engagement_median_likes_by_followers_ratio", 0.001, "reach"),
        ("engagement_median_interactions_by_views_ratio", 0.001, "promotion"),
        ("engagement_even_likes_share", 0.5, "promotion"),
        ("engagement_likes_by_comments_tail_ratio", 0.5, "promotion"),
        ("engagement_mean_sponsored_by_organic_ratio", 0.5, "promotion"),
        ("engagement_half_life_days", 0.001, "reach"),
    ],
)
def test_promotion_is_named_for_what_it_lifts_alone(feature: str, value: float, cause: str) -> None:
    item = {"feature": feature, "value": value, "contribution": 2.0}
    causes = possible(summarise(Builder().creator("a").assessed("a", "engagement", item)), "engagement")
    assert causes == [Catalogue("en").text(f"report.possible.{one}") for one in (cause, "others")]


@pytest.mark.parametrize(("gained", "is_unexplained"), [(900, True), (900, False), (-900, True)])
def test_a_rise_that_no_peers_could_judge_names_its_causes_too(gained: int, is_unexplained: bool) -> None:
    builder = Builder().creator("a").unassessed("a", "growth")
    span = make_span(5, 8, gained, is_unexplained=is_unexplained)
    builder.detail("a", "growth", "daily", make_daily(30)).detail("a", "growth", "spans", [span])
    text = Catalogue("en").text
    causes = ["promotion", "events", "others"] if is_unexplained and gained > 0 else []
    assert possible(summarise(builder), "growth") == [text(f"report.possible.{cause}") for cause in causes]


def test_several_measurements_name_their_causes_once_promotion_first() -> None:
    names = ("saves_by_likes_ratio", "comments_by_likes_ratio", "even_likes_share", "shares_by_likes_ratio")
    items = [{"feature": f"engagement_{name}", "value": 0.5, "contribution": 2.0} for name in names]
    causes = possible(summarise(Builder().creator("a").assessed("a", "engagement", *items)), "engagement")
    text = Catalogue("en").text
    assert causes == [text(f"report.possible.{one}") for one in ("promotion", "talk", "reach", "others")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_promotion_is_named_as_platforms_sell_it(language: str) -> None:
    sentence = Catalogue(language).text("report.possible.promotion")
    assert all(name in sentence for name in ("投流", "Dou+", "薯条", "粉丝头条"))


def test_where_nothing_asks_nothing_is_named() -> None:
    usual = {"value": 0.05}
    builder = Builder().creator("a")
    for family in ("growth", "engagement", "comments", "network", "audience"):
        builder.assessed("a", family, {"feature": f"{family}_usual", **usual})
    builder.unassessed("a", "sponsorship")
    summary = summarise(builder)
    assert {tuple(one["possible"]) for one in summary["families"]} == {()}
    assert Catalogue("en").text("report.possible") not in render_creator(summary)


def test_a_badge_in_line_has_no_causes_whatever_was_seen() -> None:
    builder = Builder().creator("a").assessed("a", "growth", without_peers("growth_x", 0.1))
    builder.detail("a", "growth", "daily", make_daily())
    builder.detail("a", "growth", "spans", [make_span(12, 12, 900, is_unexplained=True)])
    slight = {"feature": "engagement_comments_by_likes_ratio", "value": 0.5, "contribution": 1.0}
    summary = summarise(builder.assessed("a", "engagement", slight, level="low"))
    assert possible(summary, "growth") == possible(summary, "engagement") == []
    assert any("900" in question for question in summary["questions"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipts_of_the_posts_that_stand_out_are_asked_for(language: str) -> None:
    (question,) = summarise(pushed(), language)["questions"]
    assert "投流订单" in question
    assert all(day in question for day in ("2026-01-04", "2026-01-10"))
    assert "2026-01-05" not in question


@pytest.mark.parametrize("language", LANGUAGES)
def test_posts_on_record_as_promoted_are_counted_and_not_asked_about(language: str) -> None:
    summary, catalogue = summarise(pushed(is_promoted=True), language), Catalogue(language)
    assert summary["engagement"]["n_promoted"] == 2
    sentence = catalogue.text("report.promoted", n=catalogue.count(2))
    assert summary["engagement"]["promoted_text"] == sentence
    assert sentence in render_creator(summary)
    assert not any("投流订单" in question for question in summary["questions"])


def test_a_page_without_promoted_posts_says_nothing_of_them() -> None:
    assert summarise(pushed())["engagement"]["promoted_text"] == ""
