"""How creators were found: what names of files, headings, rows and the user say, and which of them counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_builder import (
    COMMENT_TIME,
    DAY,
    as_cells,
    comment,
    note,
    read,
    rows,
    unusable,
    write_csv,
    write_database,
    write_notes,
    write_workbook,
)

from zhenfen.connectors.found_by import FOUND_SCHEMA, fill_found_by
from zhenfen.errors import ConfigError, FoundBySearchError
from zhenfen.tables import FOUND_BY, read_tables, write_tables


def found(path: Path, **options: Any) -> dict[str, str | None]:
    return dict(rows(read(path, **options), "creators", "creator_id", "found_by"))


@pytest.mark.parametrize(
    ("own", "given", "files", "expected"),
    [
        (None, None, [], None),
        (None, "unknown", [], None),
        ("unknown", None, [], None),
        (None, "roster", [], "roster"),
        (None, None, ["list"], "list"),
        (None, "own", ["list"], "own"),
        ("list", "own", [], "list"),
        ("roster", "search", [], "search"),
        (None, "search", ["list"], "search"),
        ("own", None, ["search"], "search"),
        (None, None, ["list", "search"], "search"),
        ("search", "unknown", [], "search"),
    ],
)
def test_the_weaker_statement_counts(
    own: str | None, given: str | None, files: list[str], expected: str | None
) -> None:
    creators = pl.DataFrame({"creator_id": ["a"], "found_by": [own]}, schema_overrides={"found_by": pl.String})
    stated = pl.DataFrame({"creator_id": ["a"] * len(files), "found_by": files, "file": files}, schema=FOUND_SCHEMA)
    for statements in (stated, stated.reverse()):
        assert fill_found_by(creators, given, statements)["found_by"].to_list() == [expected]


@pytest.mark.parametrize(
    ("prefix", "expected"), [("search", "search"), ("detail", "list"), ("creator", "list"), ("homefeed", None)]
)
def test_names_of_files_say_it(tmp_path: Path, prefix: str, expected: str | None) -> None:
    assert found(write_notes(tmp_path, [note(source_keyword="")], prefix=prefix)) == {"u1": expected}


def test_names_of_workbooks_say_it(tmp_path: Path) -> None:
    sheets = {"Contents": as_cells([note(source_keyword="")])}
    write_workbook(tmp_path / "xhs" / "xhs_detail_20250905_101112.xlsx", sheets)
    assert found(tmp_path) == {"u1": "list"}


def test_the_word_searched_for_says_it_in_a_database(tmp_path: Path) -> None:
    notes = [note(), note("n2", user_id="u2", source_keyword=""), note("n3", user_id="u3", source_keyword=" ")]
    write_database(tmp_path / "sqlite_tables.db", {"xhs_note": notes})
    assert found(tmp_path) == {"u1": "search", "u2": None, "u3": None}


def test_a_creator_seen_both_ways_was_found_by_the_search(tmp_path: Path) -> None:
    write_notes(tmp_path, [note("n1"), note("n2", user_id="u2")])
    write_notes(tmp_path, [note("n3", source_keyword=""), note("n4", user_id="u3", source_keyword="")], prefix="detail")
    assert found(tmp_path) == {"u1": "search", "u2": "search", "u3": "list"}
    assert found(tmp_path, found_by="roster") == {"u1": "search", "u2": "search", "u3": "roster"}


def test_comments_of_a_search_lead_to_its_creators(tmp_path: Path) -> None:
    write_notes(tmp_path, [note(source_keyword="")], prefix="detail")
    write_csv(tmp_path / "xhs" / "csv" / f"search_comments_{DAY}.csv", [comment(create_time=COMMENT_TIME)])
    assert found(tmp_path) == {"u1": "search"}


@pytest.mark.parametrize("given", ["list", "roster", "own"])
def test_a_user_who_contradicts_a_search_is_told_which_files(tmp_path: Path, given: str) -> None:
    with pytest.raises(FoundBySearchError) as caught:
        read(write_notes(tmp_path, [note()], [comment()]), found_by=given)
    places = [(one.file, one.column, one.value) for one in caught.value.problems]
    assert places == [(f"xhs/json/search_{kind}_{DAY}.json", "found_by", given) for kind in ("comments", "contents")]


def test_a_search_is_said_of_all(tmp_path: Path) -> None:
    assert found(write_notes(tmp_path, [note(source_keyword="")], prefix="detail"), found_by="search") == {
        "u1": "search"
    }


def test_an_unknown_value_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=", ".join(FOUND_BY)):
        read(write_notes(tmp_path, [note()]), found_by="friends")


def test_sheets_say_it_in_words_and_what_no_word_fits_is_listed(tmp_path: Path) -> None:
    heads = [
        {"达人ID": one, "平台": "抖音", "找到方式": word}
        for one, word in zip("abcd", ("搜索", "名单", "?", ""), strict=True)
    ]
    write_csv(tmp_path / "达人.csv", heads)
    assert found(tmp_path) == {"a": "search", "b": "list", "c": None, "d": None}
    assert ("creators", 3, "found_by", "?", "unusable.choice", "value_left_out") in unusable(read(tmp_path))


def test_a_column_of_search_words_says_it_of_its_rows(tmp_path: Path) -> None:
    posts = [
        {"作品ID": f"p{one}", "达人ID": one, "平台": "抖音", "内容": "x", "点赞数": 1, "搜索关键词": word}
        for one, word in (("a", "防晒"), ("b", ""))
    ]
    write_csv(tmp_path / "作品.csv", posts)
    assert found(tmp_path) == {"a": "search", "b": None}


@pytest.mark.parametrize("suffix", ["parquet", "sqlite", "duckdb"])
def test_it_travels_in_every_form_of_tables(tmp_path: Path, suffix: str) -> None:
    creators = pl.DataFrame({"creator_id": list("abc"), "platform": "weibo", "found_by": ["search", "own", None]})
    path = tmp_path / "tables"
    if suffix == "parquet":
        path.mkdir()
        creators.write_parquet(path / "creators.parquet")
    elif suffix == "sqlite":
        path = path.with_suffix(".sqlite")
        write_database(path, {"creators": creators.to_dicts()})
    else:
        duckdb = pytest.importorskip("duckdb")
        path = path.with_suffix(".duckdb")
        with duckdb.connect(str(path)) as database:
            database.register("frame", creators.to_arrow())
            database.execute("create table creators as select * from frame")
    assert read_tables(path)["creators"]["found_by"].to_list() == ["search", "own", None]
    assert found(path, found_by="list") == {"a": "search", "b": "own", "c": "list"}


def test_tables_of_a_search_stay_so(tmp_path: Path) -> None:
    write_tables(read(write_notes(tmp_path / "raw", [note()])), tmp_path / "tables")
    assert found(tmp_path / "tables") == {"u1": "search"}
    with pytest.raises(FoundBySearchError, match="creators, column found_by: found 'own'"):
        read(tmp_path / "tables", found_by="own")


@pytest.mark.parametrize("name", ["mediacrawler_xhs", "mediacrawler_wb", "weibo_search"])
def test_real_searches_are_known(data_dir: Path, name: str) -> None:
    assert set(found(data_dir / "exports" / name).values()) == {"search"}
