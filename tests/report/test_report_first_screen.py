"""The first screen: review priority, what is missing, what a contact costs, and the letter."""

from __future__ import annotations

from typing import Any

import pytest
from report_builder import Builder
from report_scenes import rich

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator

SHARE = {
    "frame": "authorised_export",
    "n_profiles": 300,
    "share": 0.4,
    "low": 0.3,
    "high": 0.5,
    "method": "prediction_powered",
    "n_labels": 100,
    "n_out_of_domain": 0,
    "is_contradicted": False,
}


def summary(builder: Builder, creator_id: str = "a", language: str = "en") -> dict[str, Any]:
    return summarise_creator(*builder.build(), creator_id, Catalogue(language))


def with_posts(builder: Builder, n: int = 6, interactions: int = 200, views: int | None = 4_000) -> Builder:
    counts = {"n_interactions": interactions, "n_views": views, "is_measured": True, "is_promoted": False}
    return builder.detail("a", "engagement", "posts", [{"post_id": f"p{k}", **counts} for k in range(n)])


def test_a_level_above_low_is_to_be_questioned_and_its_reasons_name_their_evidence() -> None:
    priority = summary(rich())["priority"]
    assert (priority["kind"], priority["todo"]) == ("question", "ask")
    assert 1 <= len(priority["reasons"]) <= 3
    assert priority["reasons"][0]["family"] == "growth"
    assert "2026-01-13: +3,200 followers" in priority["reasons"][0]["text"]


def test_a_family_out_of_line_alone_calls_nobody_but_is_worth_a_question() -> None:
    builder = (
        Builder().creator("a").assessed("a", "comments", {"feature": "x_share", "value": 0.5, "contribution": 3.0})
    )
    builder.overall("a", "not_assessed", 0.2, reason="creator.too_few_families")
    priority = summary(builder)["priority"]
    assert (priority["kind"], priority["is_asked"], priority["todo"]) == ("too_little", True, "ask")


def test_low_says_what_was_looked_at_and_what_was_not() -> None:
    builder = Builder().creator("a").assessed("a", "growth").assessed("a", "comments")
    builder.unassessed("a", "audience", "audience.no_sample").overall("a", "low", 0.1)
    told = summary(builder)
    assert told["priority"]["kind"] == "nothing_found"
    assert [reason["family"] for reason in told["priority"]["reasons"]] == ["growth", "comments"]
    assert "Follower growth" in told["priority"]["sentence"]
    assert told["priority"]["todo"] == "complete"


def test_what_is_missing_names_how_to_get_it() -> None:
    builder = Builder().creator("a").unassessed("a", "growth", "growth.no_follower_counts")
    builder.unassessed("a", "audience", "audience.interval_too_wide").unassessed("a", "network")
    missing = {line["family"]: line["what"] for line in summary(builder)["missing"]}
    assert "Daily follower counts" in missing["growth"]
    assert "labelled by hand" in missing["audience"]
    assert "network" not in missing


def test_without_a_fee_nothing_is_said_of_cost() -> None:
    assert summary(with_posts(Builder().creator("a").assessed("a", "engagement")))["money"] is None


def test_cost_per_interaction_and_per_thousand_views() -> None:
    money = summary(with_posts(Builder().creator("a", fee_cny=8_000).assessed("a", "engagement")))["money"]
    assert money["cost_cny"] == pytest.approx(40.0)
    assert money["lines"][0]["mille_cny"] == pytest.approx(2_000.0)
    assert money["genuine_text"] == ""
    assert "unknown without a follower sample" in money["sentence"]


def test_the_interval_of_what_is_genuine_is_carried_through() -> None:
    builder = with_posts(Builder().creator("a", fee_cny=8_000, n_followers=100_000).assessed("a", "engagement"))
    money = summary(builder.detail("a", "audience", "shares", [SHARE]))["money"]
    # Half of the audience may not be real: at most twice the plain cost, at least the plain cost.
    assert money["genuine_cost_high_cny"] == pytest.approx(80.0)
    assert money["genuine_text"] == "¥40 – ¥80"
    assert money["lines"][0]["carried_text"] == "¥4,000 – ¥5,600"
    # 8,000 for 70,000 or for 50,000 genuine followers.
    assert money["lines"][0]["reached_text"] == "¥114 – ¥160"


def test_prices_of_a_kind_stand_over_posts_of_that_kind() -> None:
    builder = with_posts(Builder().creator("a").assessed("a", "engagement"))
    builder.table("posts", *({"post_id": f"p{k}", "creator_id": "a", "media_kind": "video"} for k in range(3)))
    rows = [{"window": "30d", "source": "x", "price_video_cny": 900.0, "price_live_cny": 5_000.0, "is_used": False}]
    lines = {
        line["kind"]: line for line in summary(builder.detail("a", "engagement", "averages", rows))["money"]["lines"]
    }
    assert lines["video"]["cost_cny"] == pytest.approx(4.5)
    assert lines["video"]["basis_text"] == "median of such posts"
    # Nobody measured a live room: its price stands alone.
    assert lines["live"]["cost_text"] == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_creator_of_a_chinese_platform_is_written_to_in_chinese_without_probabilities(language: str) -> None:
    told = summary(rich(), language=language)
    letter = told["letter"]
    assert letter["language"] == "zh"
    assert len(letter["questions"]) == len(told["questions"])
    assert "粉丝增减 +3,200" in " ".join(letter["questions"])
    assert "概率" not in " ".join(letter["questions"])
    page = render_creator(told)
    assert '<div class="letter" lang="zh">' in page
    assert "您好！" in letter["opening"]
    assert letter["closing"] in page


def test_nothing_asked_is_no_letter() -> None:
    builder = Builder().creator("a").assessed("a", "growth").overall("a", "low", 0.1)
    assert summary(builder)["letter"] is None


def test_everything_within_is_folded_and_what_asks_is_open() -> None:
    told = {family["family"]: family["is_open"] for family in summary(rich())["families"]}
    assert told["growth"]
    assert not told["engagement"]


def test_enough_data_without_a_level_is_no_clear_answer_and_says_why_first() -> None:
    builder = Builder().creator("a").assessed("a", "growth").assessed("a", "comments")
    builder.overall("a", "not_assessed", 0.6, reason="creator.nothing_out_of_line")
    priority = summary(builder)["priority"]
    assert priority["kind"] == "no_clear_answer"
    assert "Together the measurements are unusual" in priority["reasons"][0]["text"]


def test_a_jump_is_asked_about_where_no_family_has_a_level() -> None:
    scene = rich()
    findings, tables = scene.build()
    told = summarise_creator(findings, tables, "a", Catalogue("en"))
    assert told["questions"]
    # Any question makes asking the next step.
    assert told["priority"]["todo"] == "ask"


def test_a_share_that_may_be_everything_has_no_upper_end() -> None:
    builder = with_posts(Builder().creator("a", fee_cny=8_000).assessed("a", "engagement"))
    money = summary(builder.detail("a", "audience", "shares", [{**SHARE, "high": 1.0}]))["money"]
    assert money["genuine_text"] == ""
    assert "no upper end" in money["sentence"]


def test_nothing_asked_is_barter_and_not_unknown() -> None:
    money = summary(with_posts(Builder().creator("a", fee_cny=0.0).assessed("a", "engagement")))["money"]
    assert money["fee_text"] == "¥0"
    assert money["cost_cny"] is None
    assert "No money asked" in money["sentence"]


def test_a_vendors_likes_and_comments_give_at_least_their_sum() -> None:
    rows = [{"window": "30d", "source": "x", "mean_likes": 90.0, "mean_comments": 10.0, "is_used": True}]
    builder = Builder().creator("a", fee_cny=1_000).assessed("a", "engagement")
    (line,) = summary(builder.detail("a", "engagement", "averages", rows))["money"]["lines"]
    assert line["cost_cny"] == pytest.approx(10.0)
    assert "at least" in line["basis_text"]


@pytest.mark.parametrize("frame", ["commenters", "likers"])
def test_whoever_comments_does_not_stand_for_the_followers(frame: str) -> None:
    builder = with_posts(Builder().creator("a", fee_cny=8_000).assessed("a", "engagement"))
    money = summary(builder.detail("a", "audience", "shares", [{**SHARE, "frame": frame}]))["money"]
    assert money["lines"][0]["reached_text"] == ""
    assert money["genuine_text"] == "¥40 – ¥80"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_names_no_other_creator(language: str) -> None:
    told = summary(rich(), language=language)
    assert any("=cmd()" in question for question in told["questions"])
    assert not any("=cmd()" in question for question in told["letter"]["questions"])
    assert any("另一位达人" in question for question in told["letter"]["questions"])


def test_a_fee_that_is_the_price_of_a_kind_is_named_so() -> None:
    rows = [{"window": "30d", "source": "x", "price_image_cny": 3_000.0, "price_video_cny": 8_000.0, "is_used": False}]
    builder = with_posts(Builder().creator("a", fee_cny=3_000.0).assessed("a", "engagement"))
    money = summary(builder.detail("a", "engagement", "averages", rows))["money"]
    assert [line["kind"] for line in money["lines"]] == ["image", "video"]
    assert money["kind_text"] == "(Image post)"
