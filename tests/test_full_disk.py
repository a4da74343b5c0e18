"""A full disk, whatever was being written: it is said, in the reader's language, and nothing half-written is left."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from app_builder import ZIP, add_job, as_body, open_client, zipped
from made_once import keep_first

from toy_models import toy_models
from zhenfen.connectors.base import Options
from zhenfen.connectors.importing import import_export
from zhenfen.connectors.preview_process import preview_apart
from zhenfen.connectors.privacy import load_key
from zhenfen.desk_cases.database import DeskDatabase
from zhenfen.errors import ConfigError, DiskFullError, Problem, UnreadableFileError
from zhenfen.files import is_disk_full, replace_folder, whole_file, write_file, write_secret
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.service import job_process
from zhenfen.service.jobs import JobStore
from zhenfen.service.worker import UPLOAD, jobs_folder
from zhenfen.tables import Tables, write_tables
from zhenfen.tables.parquet import ParquetSink
from zhenfen.template import write_template
from zhenfen.vetting import vet

if TYPE_CHECKING:
    from cli_runner import Runner
    from small_disk import SmallDisk

MANY = pl.DataFrame({"creator_id": [os.urandom(16).hex() for _ in range(20_000)]})
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def chained(error: Exception, before: Exception) -> Exception:
    error.__cause__ = before
    return error


def of_sqlite(code: int) -> Exception:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "quota"), True),
        (OSError(errno.EACCES, "denied"), False),
        (OSError("No space left on device (os error 28)"), True),
        (pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)"), True),
        (pl.exceptions.ComputeError("parquet: underlying IO error: (os error 13)"), False),
        (of_sqlite(sqlite3.SQLITE_FULL), True),
        (of_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE), True),
        (of_sqlite(sqlite3.SQLITE_BUSY), False),
        (sqlite3.OperationalError("database is locked"), False),
        (chained(ConfigError("x"), FULL), True),
        (chained(UnreadableFileError(Problem("a whole archive", "x.zip")), chained(ValueError("y"), FULL)), True),
        (ConfigError("x: cannot be written"), False),
        (DiskFullError("x"), True),
    ],
)
def test_whatever_library_says_it(error: Exception, is_full: bool) -> None:
    assert is_disk_full(error) is is_full


def write_sink(path: Path) -> None:
    with ParquetSink(path, path.with_name("another")) as sink:
        sink.write(MANY)


def write_folder(path: Path) -> None:
    with replace_folder(path, lambda _: True) as partial:
        MANY.write_csv(partial / "a.csv")


def write_csv(path: Path) -> None:
    with whole_file(path) as partial:
        MANY.write_csv(partial)


WRITERS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: write_file(path, bytes(100_000)),
    "secret": lambda path: write_secret(path, "x" * 100_000),
    "csv": write_csv,
    "folder": write_folder,
    "tables": lambda path: write_tables(Tables({"creators": MANY.with_columns(platform=pl.lit("weibo"))}), path),
    "parquet": write_sink,
    "template": lambda path: write_template(path.with_suffix(".xlsx"), "en"),
}


@pytest.mark.parametrize("n_free", [0, 4096])
@pytest.mark.parametrize("name", WRITERS)
def test_nothing_half_written_is_left(small_disk: SmallDisk, name: str, n_free: int) -> None:
    small_disk.fill(n_free)
    with pytest.raises(DiskFullError, match=str(small_disk.root)):
        WRITERS[name](small_disk.root / "made")
    assert small_disk.names() == []


def test_what_was_there_stays(small_disk: SmallDisk) -> None:
    write_tables(Tables({"creators": MANY.head(3).with_columns(platform=pl.lit("weibo"))}), small_disk.root / "made")
    before = (small_disk.root / "made" / "creators.parquet").read_bytes()
    small_disk.fill()
    with pytest.raises(DiskFullError):
        WRITERS["tables"](small_disk.root / "made")
    assert (small_disk.root / "made" / "creators.parquet").read_bytes() == before


def test_no_half_a_key_is_left(small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(small_disk.root))
    small_disk.fill()
    with pytest.raises(DiskFullError, match="hmac"):
        load_key()
    assert small_disk.names() == []


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An export that unpacks to 2 MB."""
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr("达人.csv", "达人昵称,平台,粉丝数\n" + "小王,小红书,1\n" * 80_000)
        sink.writestr("另一.csv", "达人昵称,平台,粉丝数\n小李,小红书,2\n")
    return path


@pytest.mark.parametrize(
    "read", [lambda path: import_export(path, obtained_how="x"), lambda path: preview_apart(path, Options())]
)
def test_an_archive_is_not_called_torn(
    small_disk: SmallDisk, archive: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk.root))
    small_disk.fill(4096)
    with pytest.raises(Exception) as caught:
        read(archive)
    assert is_disk_full(caught.value)


def test_the_desks_database_takes_all_of_a_change_or_none(small_disk: SmallDisk) -> None:
    database = DeskDatabase(small_disk.root / "desk.sqlite")
    small_disk.fill()
    with pytest.raises(sqlite3.Error) as caught, database.open() as connection:
        connection.execute("create table big (x)")
        connection.executemany("insert into big values (?)", [(bytes(1000),)] * 1000)
    assert is_disk_full(caught.value)
    small_disk.fill(4_000_000)
    assert database.read("select name from sqlite_master where name = 'big'") == []


COMMANDS: dict[str, Callable[[Path, Path], tuple[object, ...]]] = {
    "vet": lambda tables, out: ("vet", tables, "--out", out),
    "import": lambda tables, out: ("import", tables, "--out", out, "--obtained-how", "x"),
    "into": lambda tables, out: ("import", tables, "--into", out, "--obtained-how", "x"),
    "template": lambda _, out: ("template", "--out", out.with_suffix(".xlsx")),
    "profiles": lambda tables, out: (
        "score",
        "profiles",
        tables / "audience.parquet",
        "--out",
        out,
        "--platform",
        "weibo",
    ),
    "comments": lambda tables, out: ("score", "comments", tables / "comments.parquet", "--out", out),
    "creators": lambda tables, out: ("score", "creators", tables, "--out", out),
    "spans": lambda tables, out: ("spans", tables, "--out", out.with_suffix(".csv")),
}


@pytest.fixture
def _scored_once(kept: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are the same in every language."""
    monkeypatch.setattr(vet, "score", keep_first(vet.score, kept))


@pytest.mark.usefixtures("_scored_once")
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", ["vet", "import", "template"])
def test_the_command_line_says_it_in_every_language(
    small_disk: SmallDisk, zhenfen: Runner, plain_tables: Path, command: str, lang: str
) -> None:
    small_disk.fill(8192)
    ran = zhenfen(*COMMANDS[command](plain_tables, small_disk.root / "out"), "--lang", lang)
    assert ran.code == 2
    around, after = Catalogue(lang).text("cli.disk_full", place="§").split("§")
    assert around in ran.err
    assert after in ran.err
    assert str(small_disk.root / "out") in ran.err
    assert small_disk.names() == []


@pytest.mark.parametrize("command", ["into", "profiles", "comments", "creators", "spans"])
def test_every_command_says_it(small_disk: SmallDisk, zhenfen: Runner, small_tables: Path, command: str) -> None:
    small_disk.fill()
    ran = zhenfen(*COMMANDS[command](small_tables, small_disk.root / "out"))
    assert (ran.code, "the disk is full" in ran.err) == (2, True), ran.err
    assert small_disk.names() in ([], ["out"])


def test_records_of_scores_say_it_too(
    small_disk: SmallDisk, zhenfen: Runner, plain_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(small_disk.root))
    load_key()
    small_disk.fill()
    ran = zhenfen("vet", plain_tables, "--out", tmp_path / "out")
    assert (ran.code, "the disk is full" in ran.err) == (2, True), ran.err
    assert small_disk.names() == ["hmac.key", "hmac.key.name", "scores"]


def test_the_service_answers_507_and_goes_on(small_disk: SmallDisk, plain_tables: Path) -> None:
    export = zipped(plain_tables)
    rows = pl.DataFrame({"profile_id": [os.urandom(16).hex() for _ in range(5000)], "platform": ["weibo"] * 5000})
    body = as_body(rows.with_columns(n_followers=1, n_following=1), "application/vnd.apache.parquet")
    with open_client(small_disk.root) as client:
        small_disk.fill(4096)
        sent = [
            client.post("/v1/vet", content=export, headers=ZIP),
            client.post("/v1/vet", files={"file": ("export.zip", io.BytesIO(export))}),
            client.post("/v1/score/creators", content=export, headers=ZIP),
            client.post("/v1/score/profiles", content=body, headers={"content-type": "application/vnd.apache.parquet"}),
        ]
        assert [(one.status_code, one.json()["error"]["code"]) for one in sent] == [(507, "disk_full")] * len(sent)
        assert client.get("/healthz").status_code == 200
        assert list(jobs_folder(small_disk.root / "data").iterdir()) == []
        assert not any((small_disk.root / "data" / "scratch").rglob("*"))
        small_disk.fill(4_000_000)


@pytest.mark.parametrize("n_free", [0, 100_000])
def test_a_job_ends_as_one_of_a_full_disk(
    small_disk: SmallDisk, plain_tables: Path, monkeypatch: pytest.MonkeyPatch, n_free: int
) -> None:
    store = JobStore(small_disk.root / job_process.STORE)
    add_job(store)
    job = store.claim()
    assert job is not None
    folder = jobs_folder(small_disk.root) / job.job_id
    (folder / UPLOAD).mkdir(parents=True)
    (folder / UPLOAD / "export.zip").write_bytes(zipped(plain_tables))
    job.options["path"] = f"{UPLOAD}/export.zip"
    monkeypatch.setattr(store, "get", lambda _: job)
    monkeypatch.setattr(job_process, "JobStore", lambda _: store)
    noted: list[dict] = []
    monkeypatch.setattr(store, "fail", lambda _, error: noted.append(error))
    monkeypatch.setattr(store, "note_step", lambda *_: None)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    small_disk.fill(n_free)
    job_process.run(small_disk.root, job.job_id, job.attempt, toy_models())
    assert [one["code"] for one in noted] == ["disk_full"]
    assert [path.name for path in folder.iterdir()] == [UPLOAD]
