from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from export_builder import write_database, write_json, write_lines, write_workbook

from zhenfen.connectors.reading import binary_files, json_files
from zhenfen.connectors.reading.files import peek, read
from zhenfen.errors import UnreadableFileError

AB = {"a": pl.String(), "b": pl.String()}


def cells(path: Path, sheet: str = "") -> list[tuple[object, ...]]:
    frame = read(path, path.name, sheet, AB)
    assert set(frame.dtypes) <= {pl.String()}
    return frame.rows()


ROWS = [{"a": "x", "b": 12345678901234567}, {"b": None, "a": "=cmd()"}, {"a": True, "b": 1.5, "c": [1]}]
TEXTS = [("x", "12345678901234567"), ("=cmd()", None), ("true", "1.5")]


@pytest.mark.parametrize("indent", [None, 4])
def test_a_json_list_is_a_table_of_texts(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ROWS, indent=indent), encoding="utf-8")
    assert peek(path, "a.json") == {"": ("a", "b")}
    assert cells(path) == TEXTS


def test_json_lines_are_a_table_of_texts(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", ROWS)
    assert peek(path, "a.jsonl") == {"": ("a", "b", "c")}
    assert cells(path) == TEXTS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_json_comes_in_three_encodings(tmp_path: Path, encoding: str) -> None:
    row = {"a": "小王，你好", "b": "达人"}
    lines, document = tmp_path / "a.jsonl", tmp_path / "a.json"
    lines.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding=encoding)
    document.write_text(json.dumps([row], ensure_ascii=False), encoding=encoding)
    assert cells(lines) == cells(document) == [("小王，你好", "达人")]
    assert peek(document, "a.json") == {"": ("a", "b")}


def test_an_object_has_a_table_for_each_key(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", {"user": {"a": 1}, "weibo": [{"a": "x", "b": 2}, {"a": "y"}]})
    assert peek(path, "a.json") == {"user": ("a",), "weibo": ("a", "b")}
    assert cells(path, "user") == [("1", None)]
    assert cells(path, "weibo") == [("x", "2"), ("y", None)]


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_file_without_rows_is_an_empty_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("[]" if suffix == ".json" else "", encoding="utf-8")
    assert read(path, path.name, "", AB).height == 0


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ('[{"a": 1},\n {"a": "x', 2, "column 8"),
        ('[{"a": 1}\n', 2, "column 1"),
        ("", 1, "column 1"),
        ('[{"a": 1}] and more', 1, "column 12"),
        ('[{"a": 1}, 7]', 2, "7"),
    ],
)
def test_torn_json_names_line_and_column(tmp_path: Path, text: str, row: int, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFileError) as caught:
        read(path, "sub/a.json", "", AB)
    (problem,) = caught.value.problems
    assert (problem.file, problem.row) == ("sub/a.json", row)
    assert said in str(problem.value)


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": \n\n[1]\n{"a": 2}\n{"a": 3', encoding="utf-8")
    with pytest.raises(UnreadableFileError) as caught:
        read(path, "a.jsonl", "", AB)
    assert [problem.row for problem in caught.value.problems] == [2, 4, 6]


def test_a_line_in_no_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"a": "一二三四五六七八九十百"}, ensure_ascii=False).encode()
    path.write_bytes(good + b'\n{"a": "\xff\xff"}\n')
    with pytest.raises(UnreadableFileError) as caught:
        read(path, "a.jsonl", "", AB)
    assert caught.value.problems[0].row == 2


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_deep_nesting_is_an_error_and_no_crash(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text('{"a":' * 100_000 if suffix == ".jsonl" else "[" * 100_000, encoding="utf-8")
    with pytest.raises(UnreadableFileError):
        read(path, path.name, "", AB)
    assert peek(path, path.name) in ({}, {"": ()})


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_one_line_of_200_mb_is_refused_unread(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as sink:
        sink.write(b'{"a": "')
        sink.truncate(200 * 2**20)  # a hole in the file: it takes no room, and reads as zeros
    with pytest.raises(UnreadableFileError, match=f"a{suffix}, row 1: expected lines of at most 16777216 bytes"):
        read(path, path.name, "", AB)


def test_a_json_document_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as sink:
        sink.truncate(json_files.LARGEST_DOCUMENT_BYTES + 1)
    with pytest.raises(UnreadableFileError, match="a JSON document of at most"):
        read(path, "a.json", "", AB)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_keeps_its_cells_as_texts(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "a.csv"
    lines = [["a", " b "], ["007", '"一行\n两行 ""引号"""'], ["=cmd()", ""], ["短"]]
    path.write_text("\r\n".join(separator.join(line) for line in lines), encoding=encoding, newline="")
    assert peek(path, "a.csv") == {"": ("a", "b")}
    assert cells(path) == [("007", '一行\n两行 "引号"'), ("=cmd()", None), ("短", None)]


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n"])
def test_csv_without_rows_is_an_empty_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert read(path, "a.csv", "", AB).height == 0


def test_csv_rows_with_too_many_cells_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n1,2,3\n1,2\n1,2,,4\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError) as caught:
        read(path, "a.csv", "", AB)
    assert [(problem.row, problem.value) for problem in caught.value.problems] == [(2, "3"), (4, ",4")]


def test_csv_cells_without_heading_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2,,\n3,4\n", encoding="utf-8")
    assert cells(path) == [("1", "2"), ("3", "4")]


def test_a_workbook_is_read_sheet_by_sheet_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    day = dt.datetime(2024, 1, 2, 10, 21, 42)
    write_workbook(path, {"一": [["a", " b "], ["=cmd()", 1.5], ["007", 1753414835000]], "二": [["a"]], "空": []})
    assert peek(path, "a.xlsx") == {"一": ("a", "b"), "二": ("a",), "空": ()}
    assert cells(path, "一") == [("=cmd()", "1.5"), ("007", "1753414835000")]
    pl.DataFrame({"a": [day]}).write_excel(path)
    assert cells(path, "Sheet1") == [("2024-01-02 10:21:42",)]


def test_a_formula_is_the_value_stored_with_it(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("一")
        sheet.write_string("A1", "a")
        sheet.write_formula("A2", "=cmd|' /C calc'!A0", None, "stored")
    assert cells(path, "一") == [("stored",)]


def test_a_workbook_is_bounded_when_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"一": [["a"]] * 1000})
    monkeypatch.setattr(binary_files, "LARGEST_WORKBOOK_BYTES", 1000)
    with pytest.raises(UnreadableFileError, match="a workbook of at most 1000 bytes unpacked"):
        read(path, "a.xlsx", "一", AB)


@pytest.mark.parametrize("suffix", [".xlsx", ".db", ".sqlite", ".parquet"])
def test_what_a_name_promises_is_checked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"no such file at all, but long enough to have a head" * 100)
    with pytest.raises(UnreadableFileError, match=f"a{suffix}"):
        peek(path, path.name)


def test_a_zip_without_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(UnreadableFileError, match="an XLSX workbook"):
        peek(path, "a.xlsx")


def test_a_database_is_read_table_by_table(tmp_path: Path) -> None:
    path = write_database(
        tmp_path / "a %23?b.db", {"one": [{"a": "x", "b": 12345678901234567}, {"a": None, "b": 1.5}], 'q"t': [{"a": 1}]}
    )
    assert peek(path, "a.db") == {"one": ("a", "b"), 'q"t': ("a",)}
    assert cells(path, "one") == [("x", "12345678901234567"), (None, "1.5")]
    assert cells(path, 'q"t') == [("1",)]


def test_parquet_times_keep_their_zone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moment = dt.datetime(2024, 1, 2, 10, 21, 42)
    frame = pl.DataFrame({"a": [moment], "b": [moment], "n": [1.0], "f": [True], "l": [[1]]})
    frame.with_columns(pl.col("b").dt.replace_time_zone("Asia/Shanghai")).write_parquet(path)
    assert read(path, "a.parquet", "", AB).rows() == [
        ("2024-01-02T10:21:42.000000", "2024-01-02T02:21:42.000000Z", "1.0", "true")
    ]
