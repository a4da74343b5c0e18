"""How the creators were found, beside the shortlist and on each page."""

import fastexcel
import pytest
from report_builder import Builder

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator, render_shortlist
from zhenfen.report.lines import SheetLines
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.xlsx import write_xlsx
from zhenfen.tables import FOUND_BY


def built(*found_by, comments=True):
    builder = Builder()
    for place, value in enumerate(found_by):
        builder.creator(f"c{place}", found_by=value)
    findings, tables = builder.build()
    if comments:
        import polars as pl

        said = pl.DataFrame({"comment_id": ["1"], "creator_id": ["c0"], "text": ["好看"]})
        tables = tables.replace(comments=said)
    return findings, tables


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", FOUND_BY)
def test_every_value_has_its_words_on_both_pages(language, value):
    findings, tables = built(value, value)
    catalogue = Catalogue(language)
    word, meaning = (catalogue.text(f"report.found_by.{value}{end}") for end in ("", ".means"))
    shortlist = summarise_shortlist(findings, tables, catalogue)
    assert shortlist["found_by"]["counts"] == {value: 2}
    assert word in shortlist["found_by"]["line"]
    assert shortlist["found_by"]["line"] in render_shortlist(shortlist)
    page = render_creator(summarise_creator(findings, tables, "c0", catalogue))
    assert word in page
    assert meaning in page


def test_counts_stand_in_one_order_and_unknown_is_asked_for():
    findings, tables = built("own", None, "search", None)
    found = summarise_shortlist(findings, tables, Catalogue("en"))["found_by"]
    assert list(found["counts"].items()) == [("search", 1), ("own", 1), ("unknown", 2)]
    assert "--found-by" in found["ask"]


@pytest.mark.parametrize(("found_by", "comments"), [((None,), True), ((None, None), False), (("list", "own"), True)])
def test_it_is_not_asked_for_where_it_changes_nothing(found_by, comments):
    findings, tables = built(*found_by, comments=comments)
    assert summarise_shortlist(findings, tables, Catalogue("en"))["found_by"]["ask"] is None


def test_the_spreadsheet_has_it_by_creator(tmp_path):
    findings, tables = built("search", None)
    write_xlsx(summarise_shortlist(findings, tables, Catalogue("en")), SheetLines(), tmp_path / "a.xlsx")
    sheet = fastexcel.read_excel(tmp_path / "a.xlsx").load_sheet(0).to_polars()
    assert {one.split(" · ")[0] for one in sheet["How the creator was found"]} == {"search", "not stated"}
