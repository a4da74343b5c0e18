"""Where a page comes from: its creator's own rows and references, named in the reader's language."""

import dataclasses

import pytest
from report_builder import Builder

from zhenfen.messages import Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator


def page(builder, creator_id="a", language="en"):
    return summarise_creator(*builder.build(), creator_id, Catalogue(language))


def shortlist(builder):
    return summarise_shortlist(*builder.build(), Catalogue("en"))


def _with_unusable(*creators: str) -> Builder:
    builder = Builder()
    for creator_id in creators:
        builder.creator(creator_id).assessed(creator_id, "comments", {"feature": "f", "value": 0.05})
    builder.table("posts", {"post_id": "pa", "creator_id": "a"}, {"post_id": "pb", "creator_id": "b"})
    row = {"table": "posts", "file": "x.csv", "expected": "unusable.value", "action": "row_left_out"}
    stood = [("post_id", "pa"), ("post_id", "pb"), ("creator_id", "b"), ("n_likes", "?")]
    lines = [{**row, "row": n, "column": column, "value": value} for n, (column, value) in enumerate(stood)]
    return builder.table("unusable", *lines)


def _count_unusable(summary):
    return summary["unusable"]["n_rows"], summary["unusable_of_all"]["n_rows"]


def test_a_page_lists_the_unusable_rows_of_its_creator_and_apart_those_of_nobody():
    builder = _with_unusable("a", "b")
    assert [_count_unusable(page(builder, one)) for one in "ab"] == [(1, 1), (2, 1)]
    assert shortlist(builder)["unusable"]["n_rows"] == 4
    html = render_creator(page(builder, "a"))
    assert Catalogue("en").text("report.unusable.of_all") in html
    assert Catalogue("en").text("report.unusable.none") not in html


def test_of_a_single_creator_every_unusable_row_is_the_creators():
    assert _count_unusable(page(_with_unusable("a"), "a")) == (4, 0)


def test_a_page_names_the_references_of_its_creator_alone():
    builder = Builder().creator("a").creator("b")
    builder.assessed("a", "growth", {"feature": "f", "value": 0.05, "reference": "one"})
    builder.assessed("b", "growth", {"feature": "f", "value": 0.05, "reference": "two"})
    named = [[one["reference"] for one in page(builder, creator)["references"]] for creator in "ab"]
    assert named == [["one"], ["two"]]
    assert [one["reference"] for one in shortlist(builder)["references"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("language", "source", "window"),
    [
        ("zh", "虚拟主播频道（72 个）", "每段 90 天，2019–2022 年"),
        ("en", "VTuber channels (72)", "pieces of 90 days, 2019–2022"),
        ("fr", "Chaînes de VTubers (72)", "tranches de 90 jours, 2019–2022"),
    ],
)
def test_the_shipped_panel_is_named_in_the_readers_language_and_another_as_it_is(language, source, window):
    shipped = {"reference": "VTuber channels (72)", "reference_window": "90-day pieces, 2019-2022"}
    item = {"feature": "f", "value": 0.05}
    builder = Builder().creator("a").assessed("a", "growth", item | shipped)
    builder.assessed("a", "comments", item | {"reference": "our <own> roster", "reference_window": "May"})
    html = render_creator(page(builder, language=language))
    assert all(text in html for text in (source, window, "our &lt;own&gt; roster", "May"))


@pytest.mark.parametrize(("language", "word"), [("zh", "未知"), ("en", "unknown"), ("fr", "inconnu")])
def test_a_version_nobody_knows_is_unknown_in_the_readers_language(language, word):
    findings, tables = Builder().creator("a").build()
    findings = dataclasses.replace(findings, versions={"input": "unknown"})
    versions = summarise_creator(findings, tables, "a", Catalogue(language))["versions"]
    assert [one["short"] for one in versions] == [word]
