from __future__ import annotations

from pathlib import Path

import pytest

from zhenfen.connectors.reading.encoding import CHUNK_BYTES, check_lines, decide_encoding, read_utf8
from zhenfen.errors import UnreadableFileError

TEXT = "达人,粉丝数\n小王，你好😀,1.2万\n" + "联通联通联通\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_is_decided_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    found = decide_encoding(path, "a.csv")
    assert found == encoding
    assert read_utf8(path, found).decode() == TEXT


def test_ascii_and_nothing_are_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for data in (b"", b"a,b\n1,2\n"):
        path.write_bytes(data)
        assert decide_encoding(path, "a.csv") == "utf-8"


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_character_across_two_pieces_is_one_character(tmp_path: Path, encoding: str, shift: int) -> None:
    path = tmp_path / "a.csv"
    filler = (b"x" * 99 + b"\n") * (CHUNK_BYTES // 100)
    path.write_bytes(filler + b"y" * shift + "中文".encode(encoding) * 40)
    assert decide_encoding(path, "a.csv") == encoding


@pytest.mark.parametrize(
    ("data", "row"),
    [
        ("一二三四五六七八九十百千\n".encode() + b"abc \xff def\n", 2),
        ("一二三四五六七八九十百千\n".encode() + "中".encode()[:2], 2),  # torn in the middle of a character
        ("name\nJosé\n".encode("latin-1"), 2),
        ("达人\n".encode("utf-16"), 1),
    ],
)
def test_an_unknown_encoding_names_file_line_and_byte(tmp_path: Path, data: bytes, row: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError) as caught:
        decide_encoding(path, "sub/a.csv")
    (problem,) = caught.value.problems
    assert (problem.file, problem.row) == ("sub/a.csv", row)
    assert problem.value is not None
    assert "0x" in problem.value
    assert "GB18030" in problem.expected


@pytest.mark.parametrize(("longest", "refused"), [(12, False), (11, True), (3, True)])
def test_a_line_is_as_long_as_its_bytes(tmp_path: Path, longest: int, refused: bool) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"short\n" + b"x" * 12 + b"\nshort\n")
    if not refused:
        check_lines(path, "a.jsonl", longest)
        return
    with pytest.raises(UnreadableFileError) as caught:
        check_lines(path, "a.jsonl", longest)
    assert caught.value.problems[0].row == (2 if longest > 5 else 1)


def test_the_last_line_counts_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\n" + b"x" * 50)
    with pytest.raises(UnreadableFileError, match="row 2"):
        check_lines(path, "a.jsonl", 20)
