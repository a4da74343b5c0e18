"""Files whose author wants to read ours or to end the program: an error of the file, or what it stores and no more."""

from __future__ import annotations

import sqlite3
import struct
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_builder import read, rows, write_workbook

from zhenfen.connectors.base import Options
from zhenfen.connectors.preview import preview_export
from zhenfen.connectors.preview_process import Room, preview_apart
from zhenfen.connectors.reading import binary_files
from zhenfen.errors import InputError, Problem, UnreadableFileError
from zhenfen.tables import read_tables, store

KOL = {"达人昵称": "小王", "平台": "小红书", "粉丝数": "34000", "简介": "简介", "数据日期": "2024-01-02"}
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
Members = dict[str, bytes]


def refuse(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read(path)
    (problem,) = caught.value.problems
    return problem


def write_changed(path: Path, change: Callable[[Members], None]) -> Path:
    """A sound workbook whose parts are then changed."""
    write_workbook(path, {"达人": [list(KOL), list(KOL.values())]})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def append(members: Members, more: bytes) -> None:
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace(b"</sheetData>", more + b"</sheetData>")


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "more",
    [
        FAR,
        FAR.replace(b'"', b"'"),
        FAR.replace(b"<c ", b"<c\n"),
        FAR.replace(b'r="X', b'r = "X'),
        FAR.replace(b"XFD", b"xfd"),
        FAR.replace(b"<c ", b'<x:c xmlns:x="' + MAIN + b'" ').replace(b"</c>", b"</x:c>"),
        FAR.replace(b"<c ", b'<c s="' + b"0" * 5000 + b'" '),
        FAR.replace(b"<c ", b'<c s="<" '),
        b'<row r="3"><c r="XFD3"><v>1</v></c><c r="A99999"><v>1</v></c></row>',
        b'<row r="1048576"><c r="A1048576"/>' + b"<c><v>1</v></c>" * 16_000 + b"</row>",
        b'<row r="4000000000"><c><v>1</v></c></row>',
        b'<row r="9"><c r="ZZZZZZZZZ9"><v>1</v></c></row>',
        b'<row r="9"><c r="A' + b"9" * 5000 + b'"><v>1</v></c></row>',
    ],
)
def test_a_far_cell_is_found_however_it_is_written(tmp_path: Path, more: bytes) -> None:
    path = write_changed(tmp_path / "a.xlsx", lambda members: append(members, more))
    assert refuse(path).key == "expected.area"


@pytest.mark.parametrize("folder", ["xl/WORKSHEETS/", "xl/elsewhere/"])
def test_a_sheet_is_measured_wherever_it_lies(tmp_path: Path, folder: str) -> None:
    def move(members: Members) -> None:
        append(members, FAR)
        members[f"{folder}sheet1.xml"] = members.pop("xl/worksheets/sheet1.xml")
        if "elsewhere" in folder:
            for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
                members[name] = members[name].replace(b"worksheets/", b"elsewhere/")

    assert refuse(write_changed(tmp_path / "a.xlsx", move)).key == "expected.area"


def test_cells_without_an_address_are_read(tmp_path: Path) -> None:
    sheet = "xl/worksheets/sheet1.xml"

    def strip(members: Members) -> None:
        for column in b"ABCDE":
            for row in b"12":
                members[sheet] = members[sheet].replace(b' r="%c%c"' % (column, row), b"")

    tables = read(write_changed(tmp_path / "a.xlsx", strip))
    assert rows(tables, "creators", "display_name", "n_followers") == [("小王", 34000)]


@pytest.mark.parametrize("more", [b"", b'<row r="1"><c r="XFD1048576"/></row>'])
def test_a_zip_directory_that_lies_about_sizes_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    path = write_changed(tmp_path / "a.xlsx", lambda members: append(members, b" " * 2**22 + more))
    data = bytearray(path.read_bytes())
    for sign, size, name in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        place = -1
        while (place := data.find(sign, place + 1)) != -1:
            if data[place + name :].startswith(b"xl/worksheets/sheet1.xml"):
                data[place + size : place + size + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    monkeypatch.setattr(binary_files, "LARGEST_WORKBOOK_BYTES", 2**20)
    assert refuse(path).key in ("expected.unpacked", "expected.area")


def write_sqlite(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


GENERATED = "create table creators (creator_id text, platform text, bio text generated always as ({}) virtual)"
ONE = "insert into creators (creator_id, platform) values ('a', 'weibo')"


@pytest.mark.parametrize("value", ["hex(zeroblob(400000000))", "'by its author'"])
def test_generated_columns_of_sqlite_are_not_made(tmp_path: Path, value: str) -> None:
    path = write_sqlite(tmp_path / "t.sqlite", GENERATED.format(value), ONE)
    assert read_tables(path)["creators"].select("creator_id", "bio").rows() == [("a", None)]
    assert read(path)["creators"]["bio"].to_list() == [None]


def test_views_and_virtual_tables_of_sqlite_are_not_listed(tmp_path: Path) -> None:
    made = "create virtual table posts using fts5(post_id, creator_id, text)"
    view = "create view comments as select hex(zeroblob(400000000)) as comment_id"
    path = write_sqlite(tmp_path / "t.sqlite", GENERATED.format("'x'"), ONE, made, view)
    with store.open_sqlite(path) as database:
        assert {"posts", "comments"}.isdisjoint(store.list_sqlite_tables(database))
    assert set(read_tables(path).frames) == {"creators"}


@pytest.mark.parametrize(
    "query",
    ["select * from creators", "select hex(zeroblob(9)) from other", "attach 'x.db' as x", "delete from other"],
)
def test_a_view_that_calls_itself_a_table_does_not_run(tmp_path: Path, query: str) -> None:
    path = write_sqlite(
        tmp_path / "t.sqlite",
        "create table other (creator_id text)",
        "create view creators as select creator_id from other",
        "pragma writable_schema = on",
        "update sqlite_master set type = 'table', rootpage = 2 where name = 'creators'",
    )
    with store.open_sqlite(path) as database, pytest.raises(sqlite3.DatabaseError):
        database.execute(query).fetchall()


def test_a_text_of_sqlite_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_sqlite(tmp_path / "t.sqlite", "create table creators (creator_id text, platform text)", ONE)
    assert read_tables(path)["creators"].height == 1
    monkeypatch.setattr(store, "LARGEST_CELL_BYTES", 100)
    write_sqlite(path, f"insert into creators values ('{'b' * 200}', 'weibo')")
    with pytest.raises(UnreadableFileError):
        read_tables(path)


@pytest.mark.parametrize("value", ["repeat('x', 200000000)", "current_query()"])
def test_generated_columns_of_duckdb_are_not_made(tmp_path: Path, value: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute(GENERATED.format(value))
        database.execute(ONE)
    assert read_tables(tmp_path / "t.duckdb")["creators"].select("creator_id", "bio").rows() == [("a", None)]


def test_a_view_of_duckdb_does_not_read_our_files_from_within_an_archive(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "secret.csv").write_text("secret", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute("create table creators (creator_id text, platform text)")
        database.execute(ONE)
        database.execute(
            "create view posts as select 'p' as post_id, 'a' as creator_id, content as text, now() as published_at"
            f" from read_text('{tmp_path}/secret.csv')"
        )
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "t.duckdb", "t.duckdb")
    tables = read(tmp_path / "a.zip")
    assert tables["creators"].height == 1
    assert tables["posts"].height == 0


def write_repeated(path: Path, columns: Mapping[str, list[str]], name: str) -> None:
    """A Parquet file with a text of 9,000 characters that is stored once and stands in each row."""
    n_rows = len(next(iter(columns.values())))
    text = pa.DictionaryArray.from_arrays(pa.array([0] * n_rows, pa.int32()), pa.array(["a" * 9000]))
    pq.write_table(pa.table({**columns, name: text}), path, store_schema=False)


def test_a_text_that_is_stored_once_counts_in_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [str(number) for number in range(2000)]
    (tmp_path / "sheet").mkdir()
    (tmp_path / "tables").mkdir()
    write_repeated(tmp_path / "sheet" / "达人.parquet", {"达人昵称": ids, "平台": ["微博"] * 2000}, "简介")
    for name in ("creators", "other"):
        (tmp_path / name).mkdir()
    one = tmp_path / "tables" / "creators.parquet"
    write_repeated(one, {"creator_id": ids, "platform": ["weibo"] * 2000}, "bio")
    with_more = tmp_path / "other"
    write_repeated(with_more / "creators.parquet", {"creator_id": ids, "platform": ["weibo"] * 2000}, "bio")
    pl.DataFrame({"creator_id": ["1"], "at": ["x"]}).write_csv(with_more / "x.csv")
    paths = (tmp_path / "sheet", one, with_more)
    assert all(read(path)["creators"].height == 2000 for path in paths)
    monkeypatch.setattr(store, "LARGEST_TEXT_BYTES", 2**20)
    for path in paths:
        assert refuse(path).key == "expected.unpacked"


def test_a_text_of_duckdb_that_is_stored_once_counts_in_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute("create table creators (creator_id text, platform text, bio text)")
        database.execute("insert into creators select 'a' || range, 'weibo', repeat('x', 9000) from range(2000)")
    assert read_tables(tmp_path / "t.duckdb")["creators"].height == 2000
    monkeypatch.setattr(store, "LARGEST_TEXT_BYTES", 2**20)
    assert refuse(tmp_path / "t.duckdb").key == "expected.unpacked"


def test_a_preview_apart_is_the_preview(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "达人.xlsx", {"达人": [[*KOL, "爱好"], [*KOL.values(), "猫"]], "空": []})
    assert preview_apart(path, Options()) == preview_export(path, Options())
    with pytest.raises(InputError) as here:
        preview_export(tmp_path / "nothing", Options())
    with pytest.raises(type(here.value)) as apart:
        preview_apart(tmp_path / "nothing", Options())
    assert apart.value.problems == here.value.problems


@pytest.mark.parametrize("room", [Room(memory_bytes=2**26), Room(wall_s=0.01), Room(answer_bytes=10)])
def test_a_parser_that_takes_too_much_is_an_error_of_the_file(tmp_path: Path, room: Room) -> None:
    path = write_workbook(tmp_path / "达人.xlsx", {"达人": [list(KOL), list(KOL.values())]})
    with pytest.raises(UnreadableFileError) as caught:
        preview_apart(path, Options(), room=room)
    assert [(one.file, one.key) for one in caught.value.problems] == [("达人.xlsx", "expected.room")]


def test_a_long_text_in_many_cells_ends_the_reader_and_nothing_else(tmp_path: Path) -> None:
    def repeat(members: Members) -> None:
        strings = "xl/sharedStrings.xml"
        members[strings] = members[strings].replace("<t>简介</t>".encode(), b"<t>" + b"x" * 200_000 + b"</t>")
        append(members, b"".join(b'<row><c r="A%d" t="s"><v>3</v></c></row>' % row for row in range(3, 8000)))

    path = write_changed(tmp_path / "达人.xlsx", repeat)
    with pytest.raises(UnreadableFileError) as caught:
        preview_apart(path, Options(), room=Room(memory_bytes=2**30))
    assert caught.value.problems[0].key == "expected.room"
