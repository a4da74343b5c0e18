"""A roster as one audience: the chosen creators and nobody else, frames beside numbers, nothing made up where thin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report_builder import Builder
from roster_scene import SIZES, overlapping

from zhenfen.errors import UnknownCreatorError
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.case import Setting
from zhenfen.report.html import render_page
from zhenfen.report.roster import summarise_roster
from zhenfen.report.write import is_report_file, write_report


def setting_of(builder: Builder, language: str = "en") -> Setting:
    return Setting(*builder.build(), Catalogue(language))


def basis_of(summary: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in summary["bases"] if one["basis"] == name)


def pair_of(basis: dict[str, Any], *places: int) -> dict[str, Any]:
    names = {f"creator-c{place}" for place in places}
    return next(pair for pair in basis["pairs"] if {one["file"] for one in pair["creators"]} == names)


def test_random_draws_say_what_all_followers_share() -> None:
    followers = basis_of(summarise_roster(setting_of(overlapping())), "followers")
    for places, truth in (((0, 1), 20_000), ((1, 2), 15_000), ((0, 3), 6_000), ((0, 4), 0)):
        pair = pair_of(followers, *places)
        assert pair["low"] <= truth <= pair["high"]
    # 145,000 added up, of whom 104,000 are different.
    assert followers["n_summed"] == sum(SIZES)
    assert followers["union"][0] <= 104_000 <= followers["union"][1]
    assert followers["genuine"][0] <= 0.8 * 104_000 <= followers["genuine"][1] < followers["union"][1]


@pytest.mark.parametrize("frame", ["newest", "unknown", "authorised_export"])
def test_no_other_list_is_extrapolated(frame: str) -> None:
    followers = basis_of(summarise_roster(setting_of(overlapping(frame=frame))), "followers")
    assert not followers["is_estimated"]
    assert followers["steps"] == [] and followers["matrix"] is None
    assert {pair["value"] for pair in followers["pairs"]} == {None}
    assert all(pair["n_seen"] > 0 and pair["share"] is None for pair in followers["pairs"])
    # What was seen on both is counted once; nothing else is taken off.
    assert followers["union"][0] == max(SIZES)
    assert sum(SIZES) - sum(pair["n_seen"] for pair in followers["pairs"]) <= followers["union"][1] < sum(SIZES)


def test_a_list_that_holds_everybody_is_whole() -> None:
    builder = Builder()
    for one, first in (("a", 0), ("b", 40)):
        builder.creator(one, platform="weibo", n_followers=60)
        people = (
            {"creator_id": one, "profile_id": f"p{p}", "frame": "authorised_export"} for p in range(first, first + 60)
        )
        builder.table("audience", *people)
    followers = basis_of(summarise_roster(setting_of(builder)), "followers")
    (pair,) = followers["pairs"]
    assert (pair["low"], pair["value"], pair["high"]) == (20, 20, 20)
    assert followers["union"] == [100, 100]
    assert "whole list" in pair["frame_text"]


def test_the_chosen_alone_count() -> None:
    setting = setting_of(overlapping())
    of_two = summarise_roster(setting, ["c0", "c1"])
    assert of_two["creator_ids"] == ["c0", "c1"]
    assert {step["creator_id"] for basis in of_two["bases"] for step in basis["steps"]} == {"c0", "c1"}
    commenters = basis_of(of_two, "commenters")
    assert commenters["n_union"] < basis_of(summarise_roster(setting), "commenters")["n_union"]
    turned = summarise_roster(setting, ["c1", "c0"])
    assert basis_of(turned, "commenters")["n_union"] == commenters["n_union"]
    assert (
        pair_of(basis_of(turned, "followers"), 0, 1)["value"] == pair_of(basis_of(of_two, "followers"), 0, 1)["value"]
    )


@pytest.mark.parametrize("chosen", [[], ["c0"], ["c0", "c0"], ["c0", "nobody"]])
def test_two_known_creators_are_needed(chosen: list[str]) -> None:
    with pytest.raises(UnknownCreatorError):
        summarise_roster(setting_of(overlapping()), chosen)


def test_the_order_is_by_fee_where_all_fees_are_known() -> None:
    by_fee = basis_of(summarise_roster(setting_of(overlapping())), "commenters")
    by_count = basis_of(summarise_roster(setting_of(overlapping(with_fees=False))), "commenters")
    assert by_fee["columns"]["fee"] and not by_count["columns"]["fee"]
    assert by_fee["steps"][0]["creator_id"] == "c4"
    assert sum(step["added"] for step in by_fee["steps"]) == by_fee["n_union"] == by_count["n_union"]
    first = by_fee["steps"][0]
    assert first["cost"] == [first["fee_cny"] / first["added_high"], first["fee_cny"] / first["added_low"]]
    assert by_fee["steps"][-1]["settled_text"] == ""


def test_a_cost_of_genuine_accounts_is_of_the_genuine_ones() -> None:
    step = basis_of(summarise_roster(setting_of(overlapping())), "followers")["steps"][0]
    assert step["genuine"][0] < step["added_low"] and step["genuine"][1] < step["added_high"]
    assert step["cost"] == [step["fee_cny"] / step["genuine"][1], step["fee_cny"] / step["genuine"][0]]


def test_commenters_of_another_platform_are_others() -> None:
    builder = overlapping()
    builder.creators[1]["platform"] = "douyin"
    commenters = basis_of(summarise_roster(setting_of(builder)), "commenters")
    assert not any(
        {"creator-c0", "creator-c1"} == {one["file"] for one in pair["creators"]} for pair in commenters["pairs"]
    )
    assert commenters["n_union"] > basis_of(summarise_roster(setting_of(overlapping())), "commenters")["n_union"]


def test_a_creator_s_own_replies_are_nobody_s_audience() -> None:
    builder = overlapping()
    before = basis_of(summarise_roster(setting_of(builder)), "commenters")["n_union"]
    reply = {"comment_id": "r", "post_id": "c0-0", "creator_id": "c0", "author_id": "c0"}
    nameless = {"comment_id": "s", "post_id": "c0-0", "creator_id": "c0", "author_id": None}
    builder.table("comments", reply, nameless)
    assert basis_of(summarise_roster(setting_of(builder)), "commenters")["n_union"] == before


def test_thin_data_abstains() -> None:
    builder = Builder()
    for one in ("a", "b"):
        builder.creator(one, platform="weibo", n_followers=None)
        rows = ({"comment_id": f"{one}{k}", "post_id": one, "creator_id": one, "author_id": f"u{k}"} for k in range(4))
        builder.table("comments", *rows)
    summary = summarise_roster(setting_of(builder))
    (commenters,) = summary["bases"]
    assert commenters["union"] is None and commenters["n_union"] == 4
    assert commenters["pairs"][0]["share"] is None and commenters["pairs"][0]["ends_text"] == ""
    assert "too few" in summary["sentences"][1]
    assert summary["classes"] == []


def test_nothing_to_compare_is_said() -> None:
    builder = Builder().creator("a", n_followers=None).creator("b", n_followers=None)
    summary = summarise_roster(setting_of(builder))
    assert summary["bases"] == []
    assert summary["sentences"] == [Catalogue("en").text("roster.nothing")]


def test_size_classes_are_of_one_platform_and_say_where_they_are_thin() -> None:
    summary = summarise_roster(setting_of(overlapping()))
    assert [(one["name"], one["n"]) for one in summary["classes"]] == [("koc", 2), ("micro", 3)]
    assert "too few" in summary["classes"][0]["engagement_note"]
    assert "too few creators to say" in summary["classes_sentence"]
    assert summary["classes"][1]["engagement"] == pytest.approx(0.02)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_it_escaped(language: str) -> None:
    page = render_page("roster.html", summarise_roster(setting_of(overlapping(), language)))
    assert "样例·0&lt;b&gt;" in page and "<b>" not in page
    assert "style=" not in page
    assert 'class="heat"' in page


def test_a_report_of_several_holds_the_roster(tmp_path: Path) -> None:
    findings, tables = overlapping().build()
    write_report(findings, tables, tmp_path / "out", "en")
    assert '<a href="roster.html">' in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    roster = json.loads((tmp_path / "out" / "roster.json").read_text(encoding="utf-8"))
    assert roster["n_creators"] == len(SIZES)
    assert all(is_report_file(path) for path in (tmp_path / "out").iterdir())


def test_a_report_of_one_has_no_roster(tmp_path: Path) -> None:
    findings, tables = Builder().creator("a").build()
    write_report(findings, tables, tmp_path / "out", "en")
    assert not (tmp_path / "out" / "roster.html").exists()
    assert "roster.html" not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
