"""Creators side by side: one scale a row, best and worst by a sign, nothing made up where nothing is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_builder import Builder

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.compare import summarise_comparison
from zhenfen.report.html import render_page
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.write import write_report


def build(n: int) -> Builder:
    builder = Builder()
    for k in range(n):
        item = {"feature": "x_share", "value": 0.1 * (k + 1), "low": 0.0, "high": 0.15, "concern": "high"}
        creator_id = f"c{k}"
        builder.creator(creator_id, fee_cny=1_000.0 * (k + 1)).assessed(
            creator_id, "comments", {**item, "contribution": 1.0 if k else 0.0}
        )
        counts = {"n_interactions": 100, "is_measured": True, "is_promoted": False}
        builder.detail(creator_id, "engagement", "posts", [{"post_id": f"p{k}", **counts}])
    return builder


def compare(n: int, language: str = "en") -> dict[str, Any]:
    findings, tables = build(n).build()
    ids = findings.creators["creator_id"].sort()
    return summarise_comparison([summarise_creator(findings, tables, one, Catalogue(language)) for one in ids])


def row_of(comparison: dict[str, Any], label: str) -> dict[str, Any]:
    return next(row for row in comparison["rows"] if row["label"] == label)


def test_a_row_has_one_scale_and_marks_its_ends() -> None:
    cost = row_of(compare(3), "CPE")
    assert [cell["text"] for cell in cost["cells"]] == ["¥10", "¥20", "¥30"]
    assert [cell["place"] for cell in cost["cells"]] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert [cell["mark"] for cell in cost["cells"]] == ["best", "", "worst"]


def test_a_fee_is_neither_good_nor_bad() -> None:
    assert {cell["mark"] for cell in row_of(compare(3), "Fee")["cells"]} == {""}


def test_a_measurement_has_no_best_and_what_is_out_of_line_is_told_apart() -> None:
    cells = row_of(compare(3), "x_share")["cells"]
    assert {cell["mark"] for cell in cells} == {""}
    assert [cell["asks"] for cell in cells] == [False, True, True]


def test_a_row_that_nobody_has_a_value_of_is_left_out() -> None:
    assert all(row["label"] != Catalogue("en").text("priority.audience") for row in compare(2)["rows"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_all_and_links_to_them(language: str) -> None:
    page = render_page("compare.html", compare(3, language))
    assert page.count('scope="col"') == 3
    assert all(f'href="creator-c{k}.html"' in page for k in range(3))
    assert f'title="{Catalogue(language).text("compare.best")}"' in page


@pytest.mark.parametrize(("n", "is_there"), [(1, False), (2, True), (6, True), (7, False)])
def test_two_to_six_creators_are_set_side_by_side(tmp_path: Path, n: int, is_there: bool) -> None:
    findings, tables = build(n).build()
    write_report(findings, tables, tmp_path / "report", "en")
    assert (tmp_path / "report" / "compare.html").exists() is is_there
    index = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert ('href="compare.html"' in index) is is_there
