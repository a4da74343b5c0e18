"""The template imports without an option, the same in three languages, and its examples are never data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import fastexcel
import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from zhenfen.connectors.importing import import_export
from zhenfen.connectors.reading.headings import load_headings
from zhenfen.errors import InputError
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables
from zhenfen.template import EXAMPLE_ROW, HEADING_ROW, SHEETS, write_template

URL = "https://www.xiaohongshu.com/explore/64f0c0de000000001e01a2b"
DAYS = {"iso": "2026-08-02", "excel": date(2026, 8, 2)}
TIMES = {"iso": "2026-08-01 19:30", "excel": datetime(2026, 8, 1, 19, 30)}


def filled(kind: str) -> dict[str, list[list[Any]]]:
    """Rows that somebody fills in, sheet by sheet, in the order of the template's columns."""
    day, moment = DAYS[kind], TIMES[kind]
    who = ["小丽", "Xiaohongshu"]
    return {
        "creators": [[*who, "9527", day, 5000, 20, 30, 800, "beauty", "", 500], ["小王", "Weibo", "", day, 70]],
        "creator_stats": [["小王", "Weibo", day, 10, 2, None, 1, 900, 0.03]],
        # Nobody writes a platform into every row: whose it is stands among the creators.
        "posts": [["小丽", "", f"{URL}{n}", moment, day, "题", "字", "image", 100, 10 + n, 2, 1, 3] for n in range(3)],
        "comments": [["小丽", "", f"{URL}0", "u1", "读者", moment, "好看", 2, ""]],
        "follower_counts": [["小丽", "", day, 5000], ["小丽", "", "2026-08-03", 5010]],
        "audience": [["小丽", "", "newest", f"f{n}", "粉", day, day, day, 3, 40, 0, "", ""] for n in range(2)],
    }


def fill(template: Path, path: Path, rows: dict[str, list[list[Any]]]) -> Path:
    """The workbook as it looks with rows written below the examples, which stay."""
    book = fastexcel.read_excel(template)
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as made:
        for name, table in zip(book.sheet_names, SHEETS, strict=True):
            above = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars().rows()
            sheet = made.add_worksheet(name)
            for number, row in enumerate([*above, *rows.get(table, [])]):
                for place, value in enumerate(row):
                    if value not in (None, ""):
                        sheet.write(number, place, value)
    return path


def read(path: Path) -> Tables:
    return import_export(path, obtained_how="test", keep_ids=True)


def import_filled(folder: Path, language: str, kind: str = "iso") -> Tables:
    template = folder / f"template-{language}.xlsx"
    write_template(template, language)
    return read(fill(template, folder / f"{language}-{kind}.xlsx", filled(kind)))


def test_what_is_filled_in_is_read_and_the_examples_are_left_out(tmp_path: Path) -> None:
    tables = import_filled(tmp_path, "zh")
    assert tables["creators"].select("creator_id", "platform", "n_followers").rows() == [
        ("9527", "xiaohongshu", 5000),
        ("小王@weibo", "weibo", 70),
    ]
    heights = {name: tables[name].height for name in ("posts", "comments", "audience", "creator_stats")}
    assert heights == {"posts": 3, "comments": 1, "audience": 2, "creator_stats": 1}
    assert tables["comments"]["creator_id"].to_list() == ["9527"]
    assert set(tables["audience"]["frame"]) == {"newest"}
    stats = tables["creator_stats"].select("creator_id", "window", "mean_likes", "interaction_rate").row(0)
    assert stats == ("小王@weibo", "30d", 10.0, 0.03)
    counts = tables["follower_counts"].filter(pl.col("creator_id") == "9527")
    assert counts["observed_at"].dt.strftime("%m-%d").to_list() == ["08-02", "08-03"]
    left = tables["unusable"].select("expected", "action").unique().rows()
    assert left == [("unusable.example", "row_left_out")]
    assert tables["unusable"].height == len(SHEETS)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return import_filled(tmp_path_factory.mktemp("expected"), "zh")


@pytest.mark.parametrize(("language", "kind"), [*product(LANGUAGES, DAYS)])
def test_three_languages_and_two_kinds_of_days_give_the_same_tables(
    tmp_path: Path, expected: Tables, language: str, kind: str
) -> None:
    found = import_filled(tmp_path, language, kind)
    for name in expected.frames:
        if name not in ("provenance", "unusable"):
            # A comment without an id has one of its cells as they stand.
            mine, theirs = (one[name].drop("comment_id", strict=False) for one in (found, expected))
            assert_frame_equal(mine, theirs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_is_read_as_what_it_is(tmp_path: Path, language: str) -> None:
    tables = import_filled(tmp_path, language)
    assert tables["unusable"].filter(pl.col("action") == "column_ignored").is_empty()
    catalogue = Catalogue(language)
    assert catalogue.text("template.mark").strip() in load_headings().examples
    for table, columns in SHEETS.items():
        headings = [catalogue.text(f"template.heading.{table}.{column}") for column in columns]
        assert len(set(headings)) == len(columns)


def test_a_template_that_nobody_filled_in_is_no_export(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", "fr")
    with pytest.raises(InputError) as raised:
        read(tmp_path / "t.xlsx")
    assert [problem.key for problem in raised.value.problems] == ["problem.only_examples"]


def test_one_sheet_alone_may_be_filled_in(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", "en")
    for table in ("creators", "posts", "follower_counts", "audience", "creator_stats"):
        rows: list[list[Any]] = [[row[0], "Weibo", *row[2:]] for row in filled("iso")[table]]
        tables = read(fill(tmp_path / "t.xlsx", tmp_path / f"{table}.xlsx", {table: rows}))
        assert tables["creators"]["platform"].unique().to_list() == ["weibo"]
        assert tables.has(table)


def test_an_example_with_another_name_is_data(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", "en")
    path = fill(tmp_path / "t.xlsx", tmp_path / "x.xlsx", {"creators": [["Xiaomei", "Xiaohongshu", "", "", 5]]})
    assert read(path)["creators"]["display_name"].to_list() == ["Xiaomei"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_is_plain(tmp_path: Path, language: str) -> None:
    """Headings stay in sight, ids keep their digits, days are days, and nothing is computed."""
    path = tmp_path / "t.xlsx"
    write_template(path, language)
    book = fastexcel.read_excel(path)
    assert len(book.sheet_names) == len(SHEETS)
    with ZipFile(path) as archive:
        pages = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        styles = archive.read("xl/styles.xml").decode()
    assert all('ySplit="2"' in page and 'state="frozen"' in page for page in pages)
    assert not any("<f>" in page for page in pages)
    assert "yyyy-mm-dd" in styles and 'formatCode="@"' in styles
    for name in book.sheet_names:
        rows: Sequence[tuple[str | None, ...]]
        rows = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars().rows()
        assert all(rows[HEADING_ROW])
        assert str(rows[EXAMPLE_ROW][0]).startswith(Catalogue(language).text("template.mark"))
