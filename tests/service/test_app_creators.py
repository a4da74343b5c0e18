"""Creators over HTTP: the same rows as `zhenfen score creators`, from an archive, from files and from JSON."""

from __future__ import annotations

import errno
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from app_builder import archive, from_body, open_client
from starlette.testclient import TestClient

from toy_models import toy_models
from zhenfen.batch.creator_files import score_creators_file
from zhenfen.errors import Problem, UnreadableFileError
from zhenfen.service.body_reading import answer_to
from zhenfen.service.creators import NOT_SENT
from zhenfen.service.exports import PackedExport
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.settings import Limits
from zhenfen.tables import read_tables

URL = "/v1/score/creators"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_client(tmp_path_factory.mktemp("creators"), expanded_bytes=2**24) as one:
        yield one


def as_json(folder: Path) -> str:
    frames = {name: frame for name, frame in read_tables(folder).frames.items() if name not in NOT_SENT}
    times = {
        name: frame.with_columns(pl.col(pl.Datetime).dt.to_string("%+")).to_dicts() for name, frame in frames.items()
    }
    return json.dumps(times)


def test_every_form_has_the_command_lines_rows(client: TestClient, small_tables: Path, tmp_path: Path) -> None:
    score_creators_file(small_tables, tmp_path / "out.parquet", toy_models())
    expected = pl.read_parquet(tmp_path / "out.parquet").to_dicts()
    files = {path.name: path.read_bytes() for path in small_tables.iterdir()}
    zipped = client.post(URL, content=archive(files), headers={"content-type": "application/zip", "accept": PARQUET})
    assert from_body(zipped.content, PARQUET).to_dicts() == expected
    parts = client.post(URL, files=[("file", part) for part in files.items()], headers={"accept": ARROW})
    assert from_body(parts.content, ARROW).to_dicts() == expected
    typed = client.post(URL, content=as_json(small_tables), headers={"content-type": JSON})
    assert typed.status_code == 200, typed.text
    assert typed.json()["rows"] == expected


def test_options_are_those_of_the_command_line(client: TestClient) -> None:
    row = "达人ID,达人昵称,粉丝数,日期\n7,小明,1200,2026-01-01\n".encode()
    without = client.post(URL, files={"file": ("export.csv", row)})
    assert without.status_code == 422
    named = client.post(f"{URL}?platform=douyin&as_of=2026-02-01", files={"file": ("export.csv", row)})
    assert [one["creator_id"] for one in named.json()["rows"]] == ["7"]


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"../../evil.csv": b"x"}, 400, "unreadable_body"),
        ({"/etc/cron.d/evil": b"x"}, 400, "unreadable_body"),
        ({"bomb.csv": b"0" * 2**25}, 400, "unreadable_body"),
        ({"x": b"a,b", "x/y.csv": b"a,b"}, 400, "unreadable_body"),
        ({"n" * 300 + ".csv": b"a,b"}, 400, "unreadable_body"),
        ({"inner.zip": archive({"x.csv": b"a,b"})}, 422, "unknown_format"),
        ({f"{n}.csv": b"" for n in range(1001)}, 400, "unreadable_body"),
        ({"notes.txt": b"x"}, 422, "unknown_format"),
        ({}, 422, "bad_input"),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused(
    client: TestClient, members: dict[str, bytes], status: int, code: str
) -> None:
    answer = client.post(URL, content=archive(members), headers={"content-type": "application/zip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "/tmp" not in answer.text
    assert tempfile.gettempdir() not in answer.text
    assert {one["file"] for one in answer.json()["error"]["problems"]} <= {"export.zip", "upload", *members}


def test_halves_of_characters_are_the_clients_fault(client: TestClient) -> None:
    """Names that are no UTF-8, and what JSON may hold: a refusal that named them as they are could not be sent."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", errors="surrogateescape") as one:
        one.addfile(tarfile.TarInfo("../\udcff.csv"))
    packed = client.post(URL, content=sink.getvalue(), headers={"content-type": "application/x-tar"})
    assert (packed.status_code, packed.json()["error"]["code"]) == (400, "unreadable_body")
    assert packed.json()["error"]["problems"][0]["value"] == "../?.csv"
    parts = client.post(URL, files={"file": ("e.json", b'[{"comment_id": "1", "\\ud800": "\\ud800"}]')})
    assert (parts.status_code, parts.json()["error"]["code"]) == (422, "unknown_format")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(client: TestClient, kind: bytes) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as one:
        member = tarfile.TarInfo("x.csv")
        member.type, member.linkname = kind, "/etc/passwd"
        one.addfile(member)
    answer = client.post(URL, content=sink.getvalue(), headers={"content-type": "application/x-tar"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable_body")


def test_a_disk_that_is_full_when_unpacking_is_not_the_clients_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise UnreadableFileError(Problem("a whole archive", "export.zip")) from OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("zhenfen.connectors.reading.archive.unpack", fill)
    path = tmp_path / "export.zip"
    path.write_bytes(archive({"x.csv": b"a"}))
    refusal = answer_to(PackedExport(str(path), None, None, Limits()), 2**30).refusal
    assert refusal is not None
    assert (refusal.status, refusal.code) == (507, "disk_full")


def test_every_problem_of_json_tables_is_listed(client: TestClient) -> None:
    body = {
        "creators": [{"creator_id": "a", "platform": "weibo"}, {"creator_id": "b", "platform": "myspace"}],
        "posts": [{"post_id": "1", "n_likes": -2}],
        "likes": [],
    }
    answer = client.post(URL, json=body)
    assert answer.status_code == 422
    found = [(one["file"], one["row"], one["column"]) for one in answer.json()["error"]["problems"]]
    assert found == [
        ("creators", 2, "platform"),
        ("posts", 1, "creator_id"),
        ("posts", 1, "n_likes"),
        ("body", None, "likes"),
    ]


def test_json_tables_keep_the_contract_too(client: TestClient) -> None:
    twice = {"creators": [{"creator_id": "a", "platform": "weibo", "n_followers": 1}] * 2}
    error = client.post(URL, json=twice).json()["error"]
    assert error["code"] == "invalid_table"
    assert {(one["file"], one["row"], one["expected"]) for one in error["problems"]} == {
        ("creators", 1, "each key once"),
        ("creators", 2, "each key once"),
    }
    assert client.post(URL, json={}).json()["error"]["code"] == "missing_table"
