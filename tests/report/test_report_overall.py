"""The level over all families and what would lower it: an indication with its grounds, in three languages."""

from __future__ import annotations

import json
import re

import fastexcel
import pytest
from report_builder import FIRST_DAY, Builder, make_then
from report_scenes import rich

from zhenfen.estimators.creator_evidence import AUDIENCE_SHARE
from zhenfen.features.what_ifs import DocumentedChange
from zhenfen.messages import Catalogue
from zhenfen.report.html import render_creator, render_shortlist
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.write import write_report

LANGUAGES = ("zh", "en", "fr")


def summary_of(builder: Builder, creator_id: str = "a", language: str = "en") -> dict:
    findings, tables = builder.build()
    return summarise_creator(findings, tables, creator_id, Catalogue(language))


def test_it_names_its_grounds_largest_first_and_nothing_that_lowers_it() -> None:
    overall = summary_of(rich())["overall"]
    assert (overall["level"], overall["p_text"]) == ("high", "96.2%")
    assert [item["feature"] for item in overall["raising"]] == ["growth_share", "comments_copied_share"]
    assert overall["raising"][0]["contribution_text"] == "+3.2"
    assert overall["families_assessed"] == ["growth", "engagement", "comments", "network"]


def test_what_was_not_measured_or_rounds_to_nothing_raises_nothing() -> None:
    builder = rich()
    names = ("family", "feature", "value", "contribution")
    rows = [("audience", "audience_absent", None, 0.4), ("comments", "comments_faint", 0.36, 0.004)]
    builder.detail("a", "creator", "contributions", [dict(zip(names, row, strict=True)) for row in rows])
    shown = [item["feature"] for item in summary_of(builder)["overall"]["raising"]]
    assert shown == ["growth_share", "comments_copied_share"]


def test_an_estimate_that_raises_the_probability_is_shown_with_its_value() -> None:
    builder = rich()
    row = {"family": "audience", "feature": AUDIENCE_SHARE, "value": 0.361, "contribution": 9.0}
    builder.detail("a", "creator", "contributions", [row])
    first = summary_of(builder)["overall"]["raising"][0]
    assert (first["feature"], first["value_text"]) == (AUDIENCE_SHARE, "36%")


def test_families_without_a_level_are_not_said_to_be_unseen() -> None:
    overall = summary_of(rich())["overall"]
    assert overall["missing_text"].startswith("Not read: ")
    assert "not looked at" not in overall["missing_text"].lower()


def test_a_family_that_was_read_without_a_level_is_named() -> None:
    builder = rich()
    names = ("family", "feature", "value", "contribution")
    row = ("audience", "audience_created_share", 0.3, 1.4)
    builder.detail("a", "creator", "contributions", [dict(zip(names, row, strict=True))])
    overall = summary_of(builder)["overall"]
    assert overall["also_text"] == "Read as well, without a level of their own: Audience sample"
    assert "Audience sample" not in overall["missing_text"]


LINES = {"low_below": 0.5, "elevated_from": 0.65, "high_from": 0.95}


def test_the_lines_stand_beside_the_probability() -> None:
    builder = rich()
    builder.detail("a", "creator", "lines", [LINES])
    said = summary_of(builder)["overall"]["sentence"]
    assert re.search(r"Below 50%? is low; from 65(\.0)?% elevated and from 95(\.0)?% high", said), said
    assert "audience sample alone" not in said
    builder = rich()
    builder.detail("a", "creator", "lines", [{**LINES, "high_from": 0.99}])
    assert "audience sample alone" in summary_of(builder)["overall"]["sentence"]


def test_without_a_level_no_probability_is_shown() -> None:
    overall = summary_of(rich(), "b")["overall"]
    assert (overall["level"], overall["p_manipulated"], overall["p_text"], overall["raising"]) == (
        "not_assessed",
        None,
        "",
        [],
    )
    assert "needs at least two families" in overall["sentence"]
    assert overall["sentence"].endswith("none is given.")


def test_without_a_model_nothing_is_said() -> None:
    summary = summary_of(rich(), "A")
    assert summary["overall"] is None
    page = render_creator(summary)
    assert Catalogue("en").text("report.overall.raises") not in page
    assert "simulated creators who bought" not in page
    # Where there is one the very words stand there.
    assert "simulated creators who bought" in render_creator(summary_of(rich(), "a"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_shortlist_show_it(language: str) -> None:
    findings, tables = rich().build()
    catalogue = Catalogue(language)
    page = render_creator(summarise_creator(findings, tables, "a", catalogue))
    listed = summarise_shortlist(findings, tables, catalogue)
    assert catalogue.text("computed.overall") in page
    assert catalogue.text("report.level.model.high") in page
    assert [row["overall"] and row["overall"]["level"] for row in listed["creators"]] == ["high", "not_assessed", None]
    assert catalogue.text("report.col.priority") in render_shortlist(listed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_would_lower_a_level_is_told_all_families_together_first(language: str) -> None:
    summary = summary_of(rich(), language=language)
    lines = summary["then"]["lines"]
    assert [line["subject"] for line in lines] == ["creator", "creator", "growth"]
    text = Catalogue(language).text
    events = [text(f"report.event.{kind}") for kind in ("giveaway", "promotion")]
    assert " / ".join(events) in lines[0]["sentence"]
    assert "2026-01-13" in lines[0]["sentence"]
    assert [change["ref"] for change in lines[0]["changes"]] == ["giveaway", "promotion"]
    assert "4" in lines[1]["sentence"]
    assert events[0] in lines[2]["sentence"]
    assert events[1] not in lines[2]["sentence"]
    page = render_creator(summary)
    assert all(line["sentence"].split("“")[0].split("«")[0] in page for line in lines)
    # comments and network are above low too, and nothing was found for them.
    family = {one["family"]: one["label"] for one in summary["families"]}
    assert all(family[name] in summary["then"]["none_text"] for name in ("comments", "network"))
    assert family["growth"] not in summary["then"]["none_text"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("change", "number"),
    [
        (DocumentedChange("posts_labelled", n=1), "1"),
        (DocumentedChange("posts_labelled", n=3), "3"),
        (DocumentedChange("posts_promoted", n=1), "1"),
        (DocumentedChange("posts_promoted", n=1200), "200"),
        (DocumentedChange("share_at", value=0.15, unit="share"), "15"),
        (DocumentedChange("event_confirmed", starts_at=FIRST_DAY, ends_at=FIRST_DAY, ref="advert", n=12), "+12"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.kind,
)
def test_every_kind_of_change_has_words(language: str, change: DocumentedChange, number: str) -> None:
    builder = rich().detail("a", "creator", "counterfactuals", [make_then("network", "elevated", "low", change)])
    sentence = summary_of(builder, language=language)["then"]["lines"][-1]["sentence"]
    assert number in sentence
    assert "{" not in sentence
    assert "|" not in sentence


def test_one_post_is_not_several() -> None:
    words = {}
    for n in (1, 2):
        found = [make_then("network", "elevated", "low", DocumentedChange("posts_promoted", n=n))]
        builder = rich().detail("a", "creator", "counterfactuals", found)
        words[n] = summary_of(builder)["then"]["lines"][-1]["sentence"]
    assert "cover 1 post whose" in words[1]
    assert "cover 2 posts whose" in words[2]


def test_many_days_are_counted_not_listed() -> None:
    at = FIRST_DAY
    days = (at.replace(day=n) for n in range(1, 8))
    spans = [DocumentedChange("event_confirmed", day, day, "giveaway", 100) for day in days]
    builder = rich().detail("a", "creator", "counterfactuals", [make_then("network", "elevated", "low", *spans)])
    sentence = summary_of(builder)["then"]["lines"][-1]["sentence"]
    assert "2026-01-04" in sentence
    assert "2026-01-05" not in sentence
    assert "and 3 more" in sentence


def test_json_and_spreadsheet_hold_it(tmp_path) -> None:
    findings, tables = rich().build()
    write_report(findings, tables, tmp_path / "out", "en")
    page = json.loads((tmp_path / "out" / "creator-a.json").read_text(encoding="utf-8"))
    assert page["then"]["lines"][0]["changes"][0]["starts_at"] == "2026-01-13"
    assert page["overall"]["p_manipulated"] == 0.962
    book = fastexcel.read_excel(tmp_path / "out" / "shortlist.xlsx")
    listed = book.load_sheet("Shortlist").to_polars()
    assert listed["Overall"].to_list() == ["High", "Not assessed", None]
    assert listed["Overall probability"].to_list() == [0.962, None, None]
    spans = book.load_sheet("Growth spans").to_polars()
    assert spans["Cause"].to_list() == ["Missing readings", "Advertising, Giveaway, Live stream", "Giveaway", None]
    assert book.load_sheet("What would lower it").to_polars().height == 3
