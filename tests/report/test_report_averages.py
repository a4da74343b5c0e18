"""What vendors state, on the page: whose it is, over which window, that nobody checked, and ours beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from report_builder import FIRST_DAY, Builder

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator
from zhenfen.tables import TABLES

STATED = {
    "window": "30d",
    "source": "灰豚",
    "observed_at": datetime(2026, 3, 1, tzinfo=UTC),
    "mean_likes": 2_400.0,
    "water_follower_share": 0.4264,
    "price_image_cny": 5_000.0,
    "follower_regions": "上海 17.4%; <b>北京</b> 15.2%",
}


def build(*, is_used: bool, **changes: Any) -> Builder:
    builder = Builder().creator("a")
    builder.assessed("a", "engagement", {"feature": "engagement_mean_likes_by_followers_ratio", "value": 0.05})
    return builder.detail("a", "engagement", "averages", [{**STATED, "is_used": is_used, **changes}])


def summary_of(builder: Builder, language: str = "en") -> dict[str, Any]:
    findings, tables = builder.build()
    return dict(summarise_creator(findings, tables, "a", Catalogue(language)))


USED = {
    "zh": "互动改按灰豚（近 30 天）的平均值判断，未经核对。",
    "en": "Engagement is judged from a vendor’s averages, not checked: 灰豚, over 30 days.",
    "fr": "L’engagement est jugé d’après les moyennes d’un prestataire, non vérifiées\u00a0: 灰豚, sur 30 jours.",
}


@pytest.mark.parametrize(("language", "words"), list(USED.items()))
def test_the_page_says_on_whose_word_the_level_rests(language: str, words: str) -> None:
    summary = summary_of(build(is_used=True), language)
    (engagement,) = (family for family in summary["families"] if family["family"] == "engagement")
    assert engagement["note"].endswith(words)
    page = render_creator(summary)
    # Beside the family's heading, which stands there when the evidence is folded too.
    assert page.count(words) == 1
    assert "&lt;b&gt;北京" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_its_words_and_stands_as_the_vendors(language: str) -> None:
    numbers = {
        column.name: 0.5 if column.unit == "share" else 7 for column in TABLES["creator_stats"].columns if column.unit
    }
    numbers.pop("observed_at")
    summary = summary_of(
        build(is_used=True, follower_genders="女 85%", follower_ages="18-24岁 40%", **numbers), language
    )
    (group,) = summary["engagement"]["averages"]["groups"]
    told = {figure["name"] for figure in group["figures"]}
    assert told == set(TABLES["creator_stats"].schema) - {"creator_id", "window", "source", "observed_at"}
    assert len({figure["label"] for figure in group["figures"]}) == len(told)
    assert not group["has_ours"]
    page = render_creator(summary)
    assert Catalogue(language).text("report.averages.title") in page
    assert Catalogue(language).text("report.averages.col.ours") + "</th>" not in page


def test_ours_stand_beside_theirs() -> None:
    builder = build(is_used=False)
    posts = [
        {
            "post_id": f"p{n}",
            "published_at": FIRST_DAY,
            "n_likes": 10 * n,
            "n_interactions": 10 * n,
            "is_measured": True,
        }
        for n in range(1, 6)
    ]
    shares = {"frame": "newest", "share": 0.2, "low": 0.1, "high": 0.3, "n_profiles": 100}
    builder.detail("a", "engagement", "posts", posts).detail("a", "audience", "shares", [shares])
    summary = summary_of(builder)
    averages = summary["engagement"]["averages"]
    assert not averages["is_used"]
    ours = {figure["name"]: figure["ours_text"] for figure in averages["groups"][0]["figures"]}
    assert (ours["mean_likes"], ours["water_follower_share"]) == ("30", "10% to 30% (our estimate)")
    (engagement,) = (family for family in summary["families"] if family["family"] == "engagement")
    assert engagement["note"] == ""
    assert averages["sentence"] in render_creator(summary)


@pytest.mark.parametrize(
    ("window", "source", "title"),
    [
        ("90d", "新红", "新红 · over 90 days · 2026-03-01"),
        ("1d", "unknown", "unnamed source · over 1 day · 2026-03-01"),
        ("10p", "新红", "新红 · last 10 posts · 2026-03-01"),
        ("unknown", "新红", "新红 · window not stated · 2026-03-01"),
        ("Q3 <i>", "a", "a · Q3 <i> · 2026-03-01"),
    ],
)
def test_windows_in_words(window: str, source: str, title: str) -> None:
    (group,) = summary_of(build(is_used=True, window=window, source=source))["engagement"]["averages"]["groups"]
    assert group["title"] == title


def test_a_level_above_low_asks_for_the_creators_own_export() -> None:
    builder = build(is_used=True)
    rare = {"feature": "engagement_comments_by_likes_ratio", "value": 0.5, "contribution": 2.0}
    builder.findings.clear()
    asked = summary_of(builder.assessed("a", "engagement", rare))["questions"]
    assert Catalogue("en").text("report.question.averages") in str(asked)


def test_without_averages_nothing_is_said_of_them() -> None:
    assert summary_of(Builder().creator("a").assessed("a", "engagement"))["engagement"] is None
