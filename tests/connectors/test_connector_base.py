from __future__ import annotations

from pathlib import Path

import pytest
from export_builder import note, write_csv, write_json, write_notes

from zhenfen.connectors.base import Connector, Imported, Options, choose_connector, load_connectors
from zhenfen.connectors.export import Export, open_export
from zhenfen.errors import UnknownFormatError, UnreadableFileError


def chosen(path: Path) -> str:
    with open_export(path) as export:
        return choose_connector(export).name


def test_every_format_registers_itself() -> None:
    known = load_connectors()
    assert list(known) == [
        "canonical",
        "douk",
        "follower_series",
        "instaloader",
        "mediacrawler",
        "spreadsheet",
        "weibo_crawler",
        "weibo_statuses",
        "xhs_downloader",
        "yt_dlp",
    ]
    assert all(connector.title and 0 < connector.certainty <= 100 for connector in known.values())


@pytest.mark.parametrize("order", [1, -1])
def test_the_surest_wins_and_then_the_first_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    monkeypatch.setattr(Connector, "registry", dict(Connector.registry))

    def claim(name: str, certainty: int) -> None:
        class Claims(Connector, name=name):
            title = "claims everything"

            def detect(self, export: Export) -> bool:
                return True

            def read(self, export: Export, options: Options) -> Imported:
                raise AssertionError

        Claims.certainty = certainty

    write_csv(tmp_path / "达人.csv", [{"达人昵称": "小王", "粉丝数": "1"}])
    assert chosen(tmp_path) == "spreadsheet"
    for name in ("zz", "mm")[::order]:
        claim(name, 50)
    assert chosen(tmp_path) == "mm"
    claim("aa", 10)
    assert chosen(tmp_path) == "mm"


def test_an_unknown_format_says_what_was_found_and_what_is_known(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "0.csv", [{"温度": "1", "湿度": "2"}])
    write_json(tmp_path / "in" / "1.json", [{"pressure": 1}])
    for number in range(2, 9):
        (tmp_path / "in" / f"{number}.txt").write_text("hello")
    with pytest.raises(UnknownFormatError) as caught:
        chosen(tmp_path / "in")
    text = str(caught.value)
    for word in ("in:", "0.csv", "温度", "湿度", "pressure", "4.txt", "4 more files", *load_connectors()):
        assert word in text
    assert "5.txt" not in text


def test_a_file_that_cannot_be_opened_is_named_when_nothing_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"torn")
    (tmp_path / "b.db").write_bytes(b"torn" * 1000)
    with pytest.raises(UnreadableFileError) as caught:
        chosen(tmp_path)
    assert [problem.file for problem in caught.value.problems] == ["a.xlsx", "b.db"]


def test_a_file_that_cannot_be_opened_does_not_hide_the_others(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    (tmp_path / "a.xlsx").write_bytes(b"torn")
    assert chosen(tmp_path) == "mediacrawler"
