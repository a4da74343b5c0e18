"""A file or folder takes its name when it is whole, and leaves nothing behind when it is not."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from zhenfen.errors import ConfigError
from zhenfen.files import check_replaceable, replace_folder, settle, whole_file, write_file, write_secret


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made" / "a.txt"
    with whole_file(target) as partial:
        partial.write_text("whole", encoding="utf-8")
        assert not target.exists()
    assert target.read_text(encoding="utf-8") == "whole"
    assert names(target.parent) == ["a.txt"]


def test_a_failure_leaves_the_older_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_file(target, "older")
    with pytest.raises(RuntimeError), whole_file(target) as partial:
        partial.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert target.read_text(encoding="utf-8") == "older"
    assert names(tmp_path) == ["a.txt"]


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.part").write_text("half", encoding="utf-8")
    write_file(tmp_path / "a.txt", b"whole")
    assert names(tmp_path) == ["a.txt"]


def test_a_secret_is_its_owners(tmp_path: Path) -> None:
    write_secret(tmp_path / "key", "hush")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert names(tmp_path) == ["key"]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_file(path, "x"),
        lambda path: write_secret(path, "x"),
        lambda path: settle(path.parent, path),
    ],
)
def test_where_no_file_can_be_the_path_is_named(tmp_path: Path, write: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"file/below.*cannot be written"):
        write(tmp_path / "file" / "below")


def test_a_folder_of_somebody_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="diary"):
        check_replaceable(folder, lambda path: path.suffix == ".html")
    with replace_folder(folder, lambda _: True) as partial:
        (partial / "new.html").write_text("", encoding="utf-8")
    assert names(folder) == ["new.html"]
