"""What was once read wrongly, or ended in a traceback: each with its place, or read for what it is."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from export_builder import comment, ignored, note, read, rows, unusable, write_csv, write_notes, write_workbook

from zhenfen.connectors.export import open_export
from zhenfen.errors import InputError, Problem, UnreadableFileError

KOL = {"达人昵称": "小王", "平台": "小红书", "粉丝数": "34000", "简介": "简介", "数据日期": "2024-01-02"}


def refuse(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value.problems


def write_text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_quotation_mark_that_is_not_closed_is_named_by_its_row(tmp_path: Path) -> None:
    lines = ("达人昵称,平台,粉丝数,简介", "小王,微博,1,a", '小李,微博,2,"b', "小赵,微博,3,c")
    path = write_text(tmp_path / "达人.csv", *lines)
    (problem,) = refuse(path)
    assert (problem.file, problem.row, problem.key) == ("达人.csv", 2, "expected.closed_quotes")


def test_a_quotation_mark_within_a_cell_swallows_no_row(tmp_path: Path) -> None:
    lines = [f'达人{number},微博,{number + 1},{number}" 屏幕' for number in range(5)]
    for n_rows in (4, 5):
        path = write_text(tmp_path / "达人.csv", "达人昵称,平台,粉丝数,简介", *lines[:n_rows])
        assert rows(read(path), "creators", "display_name", "bio")[-1] == (f"达人{n_rows - 1}", f'{n_rows - 1}" 屏幕')


def test_a_quotation_mark_in_a_heading_swallows_no_row(tmp_path: Path) -> None:
    path = write_text(tmp_path / "达人.csv", '达人昵称,平台,粉丝数,简"介', "小王,微博,1,a", "小李,微博,2,b")
    assert read(path)["creators"].height == 2


def test_a_heading_that_stands_twice_is_told(tmp_path: Path) -> None:
    path = write_text(tmp_path / "达人.csv", "达人昵称,平台,粉丝数,粉丝数,,", "小王,微博,1,2,x,")
    tables = read(path)
    assert rows(tables, "creators", "n_followers") == [(1,)]
    assert set(ignored(tables)) == {"粉丝数_1", "__UNNAMED__4"}


def test_zero_bytes_are_no_text(tmp_path: Path) -> None:
    path = write_text(tmp_path / "达人.csv", "达人昵称,平台,粉丝数", "小王,微博,1", "\0\0\0", "小李,微博,2")
    (problem,) = refuse(path)
    assert (problem.row, problem.key) == (3, "expected.encoding")


def test_an_empty_file_of_an_export_is_listed(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    (tmp_path / "xhs" / "json" / "search_comments_2025-09-06.json").write_text("\n", encoding="utf-8")
    (tmp_path / "作品.csv").touch()
    write_csv(tmp_path / "xhs" / "csv" / "search_contents_2025-09-06.csv", [note("n2")])
    (tmp_path / "xhs" / "csv" / "search_comments_2025-09-06.csv").touch()
    listed = {row[0]: row[1] for row in rows(read(tmp_path), "unusable", "file", "expected")}
    assert listed["xhs/csv/search_comments_2025-09-06.csv"] == "unusable.empty"
    assert "xhs/csv/search_contents_2025-09-06.csv" not in listed


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_half_a_character_is_a_mark_and_no_end(tmp_path: Path, suffix: str) -> None:
    text = json.dumps(note(desc="上海\ud83d", title="\ud83d\ude00 \\ud83d", nickname=None))
    folder = tmp_path / "xhs" / suffix
    folder.mkdir(parents=True)
    (folder / f"search_contents_2025-09-05.{suffix}").write_text(f"[{text}]" if suffix == "json" else text, "utf-8")
    assert rows(read(tmp_path), "posts", "text") == [("😀 \\ud83d\n上海\ufffd",)]


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_number_of_5000_digits_is_named(tmp_path: Path, suffix: str) -> None:
    # Where the fast reader takes it, it is read as no count; else its line is named.
    text = json.dumps(note(liked_count=7)).replace('"liked_count": 7', '"liked_count": ' + "9" * 5000)
    folder = tmp_path / "xhs" / suffix
    folder.mkdir(parents=True)
    content = f"[{json.dumps(note())},\n{text}]" if suffix == "json" else f"{json.dumps(note())}\n{text}"
    (folder / f"search_contents_2025-09-05.{suffix}").write_text(content, "utf-8")
    (problem,) = refuse(tmp_path)
    assert (problem.row, problem.key, problem.value) == (2, "expected.digits", "9999999999…")


def test_deep_nesting_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "xhs" / "jsonl"
    folder.mkdir(parents=True)
    deep = json.dumps(note()).replace('"u1"', "[" * 10**5 + "]" * 10**5)
    (folder / "search_contents_2025-09-05.jsonl").write_text(f"{json.dumps(note())}\n{deep}\n", "utf-8")
    assert {problem.file for problem in refuse(tmp_path)} == {"xhs/jsonl/search_contents_2025-09-05.jsonl"}


def pack_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


TWO_SHEETS = {f"{name}.csv": f"达人昵称,平台,粉丝数\n{name},微博,1\n".encode() for name in "ab"}


@pytest.mark.parametrize("damage", [b"\xff" * 8, bytes(512)])
def test_a_torn_header_of_a_tar_drops_no_member(tmp_path: Path, damage: bytes) -> None:
    path = pack_tar(tmp_path / "a.tar", TWO_SHEETS)
    assert read(path)["creators"].height == 2
    data = path.read_bytes()
    second = 1024  # a header and a block of each member
    path.write_bytes(data[:second] + damage + data[second + len(damage) :])
    (problem,) = refuse(path)
    assert (problem.file, problem.value, problem.key) == ("a.tar", "a.csv", "expected.archive_end")


def test_equal_names_in_a_zip_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for content in TWO_SHEETS.values():
            archive.writestr("达人.csv", content)
    (problem,) = refuse(path)
    assert (problem.value, problem.key) == ("达人.csv", "expected.names_once")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_broken_stream_is_an_error_of_the_archive(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("达人.csv", "达人昵称,平台,粉丝数\n" + "小王,微博,1\n" * 1000)
    data = bytearray(path.read_bytes())
    data[50:70] = b"\xff" * 20
    path.write_bytes(data)
    (problem,) = refuse(path)
    assert (problem.file, problem.key) == ("a.zip", "expected.archive")


def test_names_of_chinese_windows_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / os.fsdecode("达人.csv".encode("gb18030"))).write_bytes(TWO_SHEETS["a.csv"])
    (folder / os.fsdecode(b"\xff.csv")).write_bytes(TWO_SHEETS["b.csv"])
    tables = read(folder)
    assert sorted(tables["provenance"]["file"]) == ["达人.csv", "�.csv"]
    assert tables["creators"].height == 2
    alone = folder / os.fsdecode("达人.csv".encode("gb18030"))
    assert rows(read(alone), "provenance", "file") == [("达人.csv",)]


def test_names_that_would_become_one_are_refused(tmp_path: Path) -> None:
    for raw in (b"\xff.csv", b"\xfe.csv"):
        (tmp_path / os.fsdecode(raw)).write_bytes(TWO_SHEETS["a.csv"])
    with pytest.raises(UnreadableFileError, match="each name once"), open_export(tmp_path):
        pass


def test_a_cell_far_away_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "达人.xlsx", {"达人": [list(KOL), list(KOL.values())]})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", far)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    (problem,) = refuse(path)
    assert (problem.value, problem.key) == ("XFD1048576", "expected.area")


def test_tables_in_an_archive_are_named_as_they_stand_there(tmp_path: Path) -> None:
    path = tmp_path / "tables.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tables.duckdb", b"no database")
    (problem,) = refuse(path)
    assert (problem.file, problem.key) == ("tables.duckdb", "expected.duckdb")


def test_comments_of_a_sound_file_stay_beside_a_damaged_one(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()], [comment()])
    bad = tmp_path / "xhs" / "json" / "search_comments_2025-09-06.json"
    bad.write_text('[{"comment_id": "c2", "content": "', encoding="utf-8")
    tables = read(tmp_path)
    assert tables["comments"].height == 1
    assert {(row[4], row[5]) for row in unusable(tables)} == {("unusable.unreadable", "row_left_out")}
