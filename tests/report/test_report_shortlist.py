"""The shortlist's dict."""

import dataclasses
import json

import pytest
from report_builder import Builder, make_daily
from report_scenes import COMMENTER, rich, thin

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.sections.growth import SPARK_POINTS
from zhenfen.report.shortlist import summarise_shortlist

EN = Catalogue("en")


def shortlist(builder, **options):
    findings, tables = builder.build()
    return summarise_shortlist(findings, tables, EN, **options)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dict_is_plain_and_the_same_each_time(language):
    findings, tables = rich().build()
    first, again = (summarise_shortlist(findings, tables, Catalogue(language)) for _ in range(2))
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert first == again


def test_creators_stand_in_the_order_of_the_findings():
    assert [row["creator_id"] for row in shortlist(rich())["creators"]] == ["a", "b", "A"]


def test_the_main_point_is_the_strongest_reason_else_what_to_get():
    points = {row["creator_id"]: row["point"] for row in shortlist(rich())["creators"]}
    assert points["a"].startswith("Follower growth · 2026-01-13: +3,200 followers (about +40 expected)")
    assert " · comments_copied_share: 50%" in points["b"]
    assert points["A"].startswith(EN.text("missing.growth"))


def test_columns_appear_only_where_somebody_has_something_in_them():
    assert shortlist(rich())["columns"]["followers"]
    assert shortlist(rich())["columns"]["spark"]
    columns = shortlist(thin(20))["columns"]
    assert not columns["followers"]
    assert not columns["spark"]
    assert not columns["platform"]
    # How much of an audience is real is what a shortlist is opened for: its column says that nobody knows.
    assert [column["family"] for column in columns["families"]] == ["comments", "audience"]


def test_reasons_are_told_once_for_all_creators():
    summary = shortlist(thin(20))
    assert len(summary["not_assessed"]) == 6
    assert [entry["n"] for entry in summary["not_assessed"]] == [20] * 5 + [15]
    assert [entry["is_all"] for entry in summary["not_assessed"]] == [True] * 5 + [False]
    assert summary["n_nothing_assessed"] == 15


def test_numbers_of_a_reason_become_a_range(monkeypatch):
    words = {"reason.too_little": dict.fromkeys(("zh", "en"), "{n_needed} needed, {n_found} found")}
    entries = {**__import__("zhenfen.messages", fromlist=["load_entries"]).load_entries(), **words}
    monkeypatch.setattr("zhenfen.messages.load_entries", lambda: entries)
    assert shortlist(thin(20))["not_assessed"][0]["text"] == "30 needed, 0–6 found"


def test_a_cluster_under_several_creators_is_told_once_with_their_names():
    shared = shortlist(rich())["shared"]
    assert shared["n_groups"] == 1
    group = shared["groups"][0]
    assert (group["n_clusters"], group["n_comments"], group["n_accounts"]) == (1, 88, 42)
    assert len(group["creators"]) == 2
    assert group["examples"] == ["太好看了 @***"]


def test_a_pair_of_creators_is_told_once():
    shared = shortlist(rich())["shared"]
    assert shared["n_pairs"] == 1
    assert shared["pairs"][0]["n_shared"] == 42


def test_creators_outside_the_report_are_named_but_not_linked():
    findings, tables = rich().build()
    only = dataclasses.replace(findings, creators=findings.creators.filter(findings.creators["creator_id"] == "a"))
    linked = summarise_shortlist(only, tables, EN)["shared"]["groups"][0]["creators"]
    assert [creator["file"] for creator in linked] == ["creator-a", None]


@pytest.mark.parametrize("show_names", [False, True])
def test_commenters_are_named_only_when_asked_to(show_names):
    assert (COMMENTER in json.dumps(shortlist(rich(), show_names=show_names), ensure_ascii=False)) is show_names


def test_a_long_course_is_thinned_and_ends_with_the_last_day():
    builder = Builder().creator("a").unassessed("a", "growth").detail("a", "growth", "daily", make_daily(1000))
    spark = shortlist(builder)["creators"][0]["spark"]
    assert len(spark) <= SPARK_POINTS
    assert spark[-1] == [999.0, 52_000 + 40 * 1000]


def test_one_reading_is_no_course():
    builder = Builder().creator("a").unassessed("a", "growth").detail("a", "growth", "daily", make_daily(1))
    assert shortlist(builder)["creators"][0]["spark"] == []


def test_all_files_and_problems_are_in_the_shortlist():
    summary = shortlist(rich())
    assert sum(len(group["files"]) for group in summary["provenance"]["groups"]) == 25


@pytest.mark.parametrize(
    ("second", "is_told"),
    [
        ({"display_name": "小鹿"}, True),
        ({"display_name": "小鹿妈"}, False),
        ({"display_name": "小鹿", "platform": "douyin"}, False),
        ({"display_name": None}, False),
    ],
)
def test_two_lines_of_one_name_on_one_platform_are_told(second, is_told):
    builder = Builder().creator("a", display_name="小鹿").creator("c", display_name=None).creator("b", **second)
    said = shortlist(builder)["same_names"]
    assert (
        said.startswith("Several lines bear one name on one platform: 小鹿 (Xiaohongshu). If")
        if is_told
        else said == ""
    )
