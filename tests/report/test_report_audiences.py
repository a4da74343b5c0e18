"""What a page and the spreadsheet say of each audience."""

from __future__ import annotations

from typing import Any

import pytest
from report_builder import Builder

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.places import parse_targets
from zhenfen.report.case import Setting, open_case
from zhenfen.report.html import render_creator
from zhenfen.report.lines import SheetLines
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.source import summarise_shared
from zhenfen.report.summarise import summarise_case
from zhenfen.report.xlsx import make_sheets
from zhenfen.verdict.partition import CLASSES

COUNTS = (120, 30, 15, 15, 90, 30)


def partition(frame: str, basis: str = "all") -> list[dict[str, Any]]:
    rows = zip(CLASSES, COUNTS, strict=True)
    return [
        {
            "frame": frame,
            "class": name,
            "basis": basis,
            "n_in_class": n,
            "n_profiles": 300,
            "share": n / 300,
            "low": n / 400,
            "high": n / 200,
        }
        for name, n in rows
    ]


def origin(value: str | None, n: int, kind: str = "region", frame: str = "newest", **more: Any) -> dict[str, Any]:
    shares = {} if value is None else {"share": n / 200, "low": n / 300, "high": n / 150}
    return {
        "frame": frame,
        "kind": kind,
        "value": value,
        "n_people": n,
        "n_known": 200,
        "is_claimed": False,
        **shares,
        **more,
    }


def scene() -> Builder:
    builder = Builder().creator("a").assessed("a", "audience", {"feature": "audience_no_bio_share", "value": 0.3})
    frames = [{"frame": "newest", "n_profiles": 300, "is_measured": True}, {"frame": "commenters", "n_profiles": 300}]
    builder.detail("a", "audience", "frames", frames)
    builder.detail("a", "audience", "partition", [*partition("commenters"), *partition("newest", "labelled")])
    sellers = [{"frame": "newest", "kind": "daigou", "matched": "<b>代购</b>", "n_profiles": 9}]
    builder.detail("a", "audience", "sellers", sellers)
    regions = [origin("CN-ZJ", 120, is_claimed=True), origin("JP", 80), origin(None, 40)]
    regions += [origin(code, 0) for code in ("CN-AH", "CN-BJ", "CN-CQ", "CN-FJ", "CN-GS", "abroad")]
    builder.detail("a", "audience", "origins", [*regions, origin("zh", 200, "language", "commenters")])
    follow = {"n_commenters": 50, "n_found": 20, "n_followers_known": 300, "n_followers": 52_300}
    return builder.detail("a", "audience", "following", [follow])


def summarise(builder: Builder, language: str = "en", *targets: str) -> dict[str, Any]:
    findings, tables = builder.build()
    setting = Setting(findings, tables, Catalogue(language), target_regions=parse_targets(targets))
    return summarise_case(open_case(setting, "a"), summarise_shared(setting))


def test_the_measured_audience_comes_first_and_none_is_mixed() -> None:
    first, second = summarise(scene())["audience"]["audiences"]
    assert (first["frame"], second["frame"]) == ("newest", "commenters")
    for one in (first, second):
        assert [row["class"] for row in one["classes"]] == list(CLASSES)
        assert sum(row["n"] for row in one["classes"]) == 300
        assert sum(row["share"] for row in one["classes"]) == pytest.approx(1)
    assert "labelled by a person" in first["basis_text"]
    assert second["basis_text"] == ""
    assert (first["languages"], second["regions"]) == (None, None)


def test_mostly_unknown_says_what_would_answer() -> None:
    builder = Builder().creator("a").unassessed("a", "audience")
    rows = [{**row, "share": float(row["class"] == "unknown")} for row in partition("newest")]
    builder.detail("a", "audience", "partition", rows)
    (entry,) = summarise(builder)["audience"]["audiences"]
    assert "audit sample" in entry["basis_text"]


def test_regions_have_names_a_claim_and_the_unknown() -> None:
    regions = summarise(scene())["audience"]["audiences"][0]["regions"]
    assert [row["label"] for row in regions["rows"][:2]] == ["Zhejiang", "Japan"]
    assert regions["rows"][-1]["label"] == "abroad (country not said)"
    assert regions["claimed_text"] == "The creator states Zhejiang: 60% (40% – 80%) are there."
    assert (regions["n_known"], regions["n_unknown"]) == (200, 40)
    assert regions["more_text"] == "2 more in the spreadsheet."


def test_outside_of_the_target_is_said_where_one_was_named() -> None:
    assert summarise(scene())["audience"]["audiences"][0]["outside"] is None
    first, second = summarise(scene(), "en", "浙江")["audience"]["audiences"]
    assert (first["outside"]["n"], first["outside"]["n_of"], first["outside"]["share"]) == (80, 200, 0.4)
    assert first["outside"]["sentence"].startswith(
        "Outside of the target (Zhejiang): 40% (33% – 47%), 80 of 200 people"
    )
    assert second["outside"] is None


def following(**counts: int | None) -> dict[str, Any] | None:
    builder = Builder().creator("a").unassessed("a", "audience")
    builder.detail("a", "audience", "frames", [{"frame": "newest", "n_profiles": 300}])
    follow = {"n_commenters": 50, "n_found": 20, "n_followers_known": 300, "n_followers": 310, **counts}
    part: dict[str, Any] = summarise(builder.detail("a", "audience", "following", [follow]))["audience"]
    return part["following"]


@pytest.mark.parametrize(
    ("n_followers", "share", "said"),
    [
        (310, 0.4, "20 of 50 commenters (40%) follow."),
        (52_300, None, "At least 20 of 50 commenters follow: 300 followers are known by id, of 52,300 in all"),
        (None, None, "At least 20 of 50 commenters follow: 300 followers are known by id, of how many nobody says"),
    ],
)
def test_commenters_who_follow_are_the_least_unless_the_list_is_whole(
    n_followers: int | None, share: float | None, said: str
) -> None:
    found = following(n_followers=n_followers)
    assert found is not None
    assert found["share"] == share
    assert found["sentence"].startswith(said)


def test_nobody_found_in_a_part_of_the_list_says_nothing() -> None:
    assert following(n_found=0, n_followers=52_300) is None
    assert (following(n_found=0) or {})["share"] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_it_and_quotes_nothing_as_html(language: str) -> None:
    page = render_creator(summarise(scene(), language, "浙江", "Japan"))
    catalogue = Catalogue(language)
    for key in ("report.who", "report.who.origins", "report.following.title", "report.who.matched"):
        assert catalogue.text(key) in page
    assert "<b>代购" not in page
    assert "&lt;b&gt;代购" in page


def test_commenters_of_a_known_region_are_shown_without_a_sample() -> None:
    builder = Builder().creator("a").unassessed("a", "audience")
    builder.detail("a", "audience", "origins", [origin("CN-GD", 40, frame="commenters")])
    part = summarise(builder)["audience"]
    assert (part["frames"], part["share"]) == ([], None)
    assert [entry["frame"] for entry in part["audiences"]] == ["commenters"]
    assert "Guangdong" in render_creator(summarise(builder))


def test_the_spreadsheet_holds_the_same_facts() -> None:
    summary = summarise(scene(), "en", "浙江")
    lines = SheetLines()
    lines.add(summary)
    findings, tables = scene().build()
    sheets = {sheet.name: sheet for sheet in make_sheets(summarise_shortlist(findings, tables, Catalogue("en")), lines)}
    sheet = sheets["Audiences"]
    heads = [heading for heading, _ in sheet.columns]
    rows = [dict(zip(heads, row, strict=True)) for row in sheet.rows]
    classes = [row for row in rows if row["Kind"] == "Class" and row["Audience"] == "Newest followers"]
    assert [row["Count"] for row in classes] == list(COUNTS)
    assert {row["What"]: row["Share"] for row in rows if row["Kind"] == "Region"}["Japan"] == 0.4
    assert [row["Share"] for row in rows if row["Kind"] == "Outside the target"] == [0.4]
    assert [(row["Count"], row["Out of"]) for row in rows if row["Kind"] == "Do commenters follow"] == [(20, 50)]
