"""A page says which families have no peers, what the panel holds instead, and what would help."""

from __future__ import annotations

from typing import Any

import pytest
from report_builder import Builder, without_peers

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator

MEASURED = without_peers("engagement_likes_log_spread", 0.4)


def outside(platform: str | None, low: int | None = None, high: int | None = None, *, has_others: bool = False):
    sizes = {"followers_from": low, "followers_to": high}
    return {"family": "engagement", "platform": platform, **sizes, "has_others": has_others}


def page(*rows: dict[str, Any], language: str = "en", reason: str = "no_reference") -> dict[str, Any]:
    """A Xiaohongshu creator with 3,200 followers."""
    builder = Builder().creator("a", n_followers=3_200).unassessed("a", "engagement", reason)
    findings, tables = builder.detail("a", "creator", "uncovered", rows).build()
    return summarise_creator(findings, tables, "a", Catalogue(language))


def coverage_text(summary: dict[str, Any]) -> str:
    return next(one["coverage_text"] for one in summary["families"] if one["family"] == "engagement")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["no peers on Xiaohongshu with 3,200 followers", "from 50,013 to 496,414", "zhenfen panel build"]),
        ("zh", ["没有小红书上粉丝数 3,200 左右的达人", "50,013 至 496,414", "zhenfen panel build"]),
        (
            "fr",
            ["aucun compte comparable sur Xiaohongshu à 3 200 abonnés", "de 50 013 à 496 414", "zhenfen panel build"],
        ),
    ],
)
def test_another_size(language: str, words: list[str]) -> None:
    text = coverage_text(page(outside("xiaohongshu", 50_013, 496_414), language=language))
    spaced = text.replace("\u202f", " ").replace("\xa0", " ")
    assert [word for word in words if word not in spaced] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "no peers on Xiaohongshu; for this family it covers only: Douyin (10,001 to 80,000 followers), Weibo."),
        ("zh", "没有小红书上的达人；这一维度仅覆盖：抖音（10,001 至 80,000 粉丝）、微博。"),
        (
            "fr",
            "aucun compte de Xiaohongshu ; pour ce volet, il couvre seulement : Douyin (10 001 à 80 000 abonnés)",
        ),
    ],
)
def test_a_panel_without_the_platform(language: str, words: str) -> None:
    text = coverage_text(page(outside("douyin", 10_001, 80_000), outside("weibo"), language=language))
    assert words in text.replace("\u202f", " ").replace("\xa0", " ")


def test_no_platform_at_all() -> None:
    assert "nor on any other platform" in coverage_text(page(outside(None)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "no peers on Xiaohongshu to compare with; compared is only what asks the same on every platform"),
        ("zh", "没有小红书上可比的达人；只比较了不随平台变化的内容"),
        ("fr", "aucun compte comparable sur Xiaohongshu ; seul est comparé ce qui ne dépend pas de la plateforme"),
    ],
)
def test_only_what_travels_is_compared(language: str, words: str) -> None:
    text = coverage_text(page(outside("bilibili", 1_000, 9_000, has_others=True), language=language, reason="other"))
    assert words in text.replace("\u202f", " ").replace("\xa0", " ")
    assert "zhenfen panel build" in text


def test_the_own_platform_and_size_without_what_was_measured() -> None:
    assert "none for what could be measured" in coverage_text(page(outside("xiaohongshu", 1_000, 9_000)))


def test_peers_are_not_asked_for_where_they_would_not_help() -> None:
    assert coverage_text(page(outside("douyin"), reason="engagement.no_posts")) == ""
    assert coverage_text(page()) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_it(language: str) -> None:
    builder = Builder().creator("a", n_followers=3_200).assessed("a", "engagement", MEASURED, level="not_assessed")
    builder.findings[-1] |= {"reason": "no_reference", "score": None}
    builder.detail("a", "creator", "uncovered", [outside("xiaohongshu", 50_013, 496_414)])
    summary = summarise_creator(*builder.build(), "a", Catalogue(language))
    html = render_creator(summary)
    assert coverage_text(summary).partition("`")[0] in html
    assert "<code>zhenfen panel build</code>" in html
    assert "`" not in html.partition("</style>")[2]
