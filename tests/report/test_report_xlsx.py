"""The spreadsheet: headings in words, hostile cells as text, the same bytes each time."""

import re
import zipfile

import fastexcel
import pytest
from report_scenes import FORMULA_NAME, rich, thin
from roster_scene import overlapping

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.lines import SheetLines
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.write import write_report
from zhenfen.report.xlsx import LONGEST_CELL_CHARS, is_formula, write_xlsx


def write(builder, path, language="en"):
    findings, tables = builder.build()
    catalogue = Catalogue(language)
    lines = SheetLines()
    for one in findings.creators["creator_id"]:
        lines.add(summarise_creator(findings, tables, one, catalogue))
    write_xlsx(summarise_shortlist(findings, tables, catalogue), lines, path)
    return path


def part(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_and_headings_are_in_the_readers_language(tmp_path, language):
    book = fastexcel.read_excel(write(rich(), tmp_path / "a.xlsx", language))
    names = ("shortlist", "evidence", "spans", "then", "comments", "posts", "audience", "unusable", "provenance")
    assert book.sheet_names == [Catalogue(language).text(f"report.sheet.{name}") for name in names]
    assert book.load_sheet(0).to_polars().columns[0] == Catalogue(language).text("report.col.creator")


def test_a_creator_is_a_row_and_unknown_counts_are_empty(tmp_path):
    sheet = fastexcel.read_excel(write(rich(), tmp_path / "a.xlsx")).load_sheet(0).to_polars()
    assert sheet["Creator id"].to_list() == ["a", "b", "A"]
    assert sheet["Followers"].to_list() == [52_300, None, 52_300]
    assert sheet["Families out of line"].to_list() == [3, 1, 0]


def test_every_measurement_and_every_reason_is_a_row(tmp_path):
    sheet = fastexcel.read_excel(write(rich(), tmp_path / "a.xlsx")).load_sheet(1).to_polars()
    assert sheet.height == 7 + 1 + 1 + 5 + 6  # a: measured, reason; b: measured, reasons; A: reasons
    growth = sheet.filter(sheet["Feature"] == "growth_share").row(0, named=True)
    assert (growth["Value"], growth["Peers 5%"], growth["Peers 95%"]) == (0.41, 0.0, 0.12)


def test_a_formula_is_written_as_text_that_stays_text(tmp_path):
    path = write(rich(), tmp_path / "a.xlsx")
    assert FORMULA_NAME in fastexcel.read_excel(path).load_sheet(0).to_polars()["Creator"].to_list()
    assert not any("<f>" in part(path, f"xl/worksheets/sheet{number}.xml") for number in range(1, 5))
    cell = re.search(r'<c r="A3" s="(\d+)" t="s">', part(path, "xl/worksheets/sheet1.xml"))
    formats = re.findall(r"<xf [^>]*/?>", part(path, "xl/styles.xml").split("<cellXfs")[1])
    assert 'quotePrefix="1"' in formats[int(cell[1])]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_texts_that_could_be_formulas_are_known(text):
    assert is_formula(text)


@pytest.mark.parametrize("text", ["", "a=1", "名字", " =1", "'=1"])
def test_other_texts_are_not_taken_for_formulas(text):
    assert not is_formula(text)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    assert write(rich(), tmp_path / "a.xlsx").read_bytes() == write(rich(), tmp_path / "b.xlsx").read_bytes()


def test_addresses_are_no_links_and_long_texts_are_cut(tmp_path):
    builder = rich().table("provenance", {"source": "x", "obtained_how": "https://example.org", "file": "f" * 40_000})
    path = write(builder, tmp_path / "a.xlsx")
    assert "hyperlink" not in part(path, "xl/worksheets/sheet4.xml")
    files = fastexcel.read_excel(path).load_sheet("Provenance").to_polars()["File"]
    assert files.str.len_chars().max() == LONGEST_CELL_CHARS


def test_headings_stay_in_sight_and_can_be_filtered(tmp_path):
    sheet = part(write(rich(), tmp_path / "a.xlsx"), "xl/worksheets/sheet1.xml")
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet


def test_a_sheet_without_rows_has_its_headings(tmp_path):
    book = fastexcel.read_excel(write(thin(2), tmp_path / "a.xlsx"))
    assert book.load_sheet("Provenance").to_polars().height == 0
    assert "sha256" in book.load_sheet("Provenance").to_polars().columns


def test_a_roster_has_sheets_of_its_own(tmp_path):
    findings, tables = overlapping().build()
    write_report(findings, tables, tmp_path / "out", "en")
    book = fastexcel.read_excel(tmp_path / "out" / "shortlist.xlsx")
    pairs, order, classes = (
        book.load_sheet(name).to_polars() for name in ("Overlaps", "What each adds", "Size classes")
    )
    followers = pairs.filter(pairs["Counted"] == "Followers")
    assert followers.height == 10
    assert (followers["Interval from"] <= followers["Shared accounts (estimated)"]).all()
    assert order.filter(order["Counted"] == "Commenters")["Adds"].sum() > 0
    assert classes["Creators"].to_list() == [2, 3]
