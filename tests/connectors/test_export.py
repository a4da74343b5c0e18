from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from export_builder import write_workbook

from zhenfen.connectors.export import open_export
from zhenfen.connectors.reading.archive import Bounds
from zhenfen.errors import InputError, UnreadableFileError


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


MAKERS = {"a.zip": make_zip, "a.tar.gz": make_tar}


def test_a_folder_is_walked_in_one_order_without_litter(tmp_path: Path) -> None:
    for name in ("b/2.csv", "a.csv", "b/1.csv", ".git/x.csv", "__MACOSX/a.csv", "~$open.xlsx", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a,b\n1,2\n")
    with open_export(tmp_path) as export:
        assert export.files == ("a.csv", "b/1.csv", "b/2.csv")
        assert export.sheets("b/1.csv") == {"": ("a", "b")}
        sheet = export.read("b/1.csv", "", {})
        assert (sheet.label, sheet.frame.rows()) == ("b/1.csv", [("1", "2", "b/1.csv", 1)])
        assert export.used == {"b/1.csv"}


def test_a_file_that_cannot_be_opened_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"torn")
    with open_export(tmp_path) as export:
        assert export.sheets("a.parquet") == {}
        assert list(export.unreadable) == ["a.parquet"]


def test_a_pipe_and_a_link_to_nothing_are_named(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("a\n1\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with open_export(tmp_path) as export:
        assert [export.sheets(file) for file in export.files] == [{"": ("a",)}, {}, {}]
        assert "link.csv: found 'No such file" in str(export.unreadable["link.csv"])
        assert "pipe.csv: expected a file, not a pipe" in str(export.unreadable["pipe.csv"])


def test_a_file_that_vanishes_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with open_export(tmp_path) as export:
        (tmp_path / "a.csv").unlink()
        with pytest.raises(UnreadableFileError, match=r"a\.csv"):
            export.read("a.csv", "", {})


def test_kinds_and_sheets_that_nobody_read_are_found(tmp_path: Path) -> None:
    for name in ("old.xls", "more.tsv", "inner.zip", "photo.jpg", "a.csv"):
        (tmp_path / name).write_text("a\n1\n")
    write_workbook(tmp_path / "b.xlsx", {"read": [["a"], [1]], "left": [["b"], [2]], "empty": []})
    with open_export(tmp_path) as export:
        export.read("b.xlsx", "read", {})
        assert export.find_unread() == ["a.csv", "b.xlsx:left", "inner.zip", "more.tsv", "old.xls"]


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_is_unpacked_for_as_long_as_it_is_open(tmp_path: Path, name: str) -> None:
    path = MAKERS[name](tmp_path / name, {"笔记/a.csv": b"a\n1\n", "b.csv": b"a\n"})
    with open_export(path) as export:
        root = export.root
        assert export.files == ("b.csv", "笔记/a.csv")
        assert export.path("笔记/a.csv").read_bytes() == b"a\n1\n"
    assert not root.exists()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("member", ["../evil.csv", "a/../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, name: str, member: str) -> None:
    path = MAKERS[name](tmp_path / name, {"good.csv": b"a\n", member: b"a\n"})
    with pytest.raises(UnreadableFileError, match="paths inside the archive"), open_export(path):
        pass
    assert not list(tmp_path.rglob("evil.csv"))
    assert not (tmp_path.parent / "evil.csv").exists()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("bounds", "said"),
    [(Bounds(total_bytes=10**6), "at most 1000000 bytes unpacked"), (Bounds(n_files=2), "at most 2 files")],
)
def test_an_archive_is_bounded(tmp_path: Path, name: str, bounds: Bounds, said: str) -> None:
    path = MAKERS[name](tmp_path / name, {f"{number}.csv": b"0" * 400_000 for number in range(3)})
    assert path.stat().st_size < 10_000
    with pytest.raises(UnreadableFileError, match=said), open_export(path, bounds):
        pass


def test_links_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        member = zipfile.ZipInfo("link.csv")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(member, str(secret))
    for name in ("a.tar", "a.zip"):
        with pytest.raises(UnreadableFileError, match="no links"), open_export(tmp_path / name):
            pass


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz", "a.tar"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive" * 100)
    refused = pytest.raises(UnreadableFileError, match=f"{name}: .*expected a whole zip or tar archive")
    with refused, open_export(tmp_path / name):
        pass


def test_a_torn_archive_is_refused(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "a.zip", {"a.csv": bytes(range(256)) * 400}).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError), open_export(tmp_path / "b.zip"):
        pass


def test_names_that_chinese_windows_wrote_are_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"XXXX.csv": b"a\n"})
    # What an old packer does: bytes in GBK, and no flag that says so.
    path.write_bytes(path.read_bytes().replace(b"XXXX", "达人".encode("gbk")))
    with open_export(path) as export:
        assert export.files == ("达人.csv",)


@pytest.mark.parametrize("what", ["nothing there", "an empty folder"])
def test_nothing_is_an_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "export"
    if what == "an empty folder":
        (path / "sub").mkdir(parents=True)
    with pytest.raises(InputError, match="export"), open_export(path):
        pass
