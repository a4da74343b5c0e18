"""Bodies are read in processes of their own: one that aborts, hangs or wants all memory is an answer, not an end."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from app_builder import archive, as_body, open_client

from zhenfen.errors import InputError, UnreadableFileError
from zhenfen.service import readers
from zhenfen.service.errors import ServiceError
from zhenfen.service.exports import PackedExport
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.packed_rows import PackedRows, read_packed
from zhenfen.service.readers import Readers
from zhenfen.service.settings import Limits

URL = "/v1/score/comments"
GOOD = pl.DataFrame({"comment_id": ["1", "2"], "text": ["好", None]})
MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing holds a process to its limits there")


@pytest.fixture
def some() -> Iterator[Readers]:
    one = Readers()
    yield one
    one.close()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started, as they are."""
    begun: list[subprocess.Popen[bytes]] = []

    class Begun(subprocess.Popen[bytes]):
        def __init__(self, *args, **options) -> None:
            super().__init__(*args, **options)
            begun.append(self)

    monkeypatch.setattr(subprocess, "Popen", Begun)
    return begun


def pack(folder: Path, body: bytes | None, limits: Limits | None = None) -> PackedRows:
    path = folder / "body"
    if body is not None:
        path.write_bytes(body)
    return PackedRows(str(path), False, "comments", ("comment_id", "text"), None, limits or Limits())


def bomb() -> bytes:
    """An Arrow stream of some kB whose buffers unpack to 700 MiB, in a column that nobody asked for."""
    zeros = pa.array([b"\0" * (700 * MIB)], pa.large_binary())
    table = pa.table({"comment_id": ["1"], "text": ["x"], "junk": zeros})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(table)
    return sink.getvalue()


def test_a_body_that_unpacks_to_more_than_there_is_ends_its_reader_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "find_memory", lambda: 1024 * MIB)
    with open_client(tmp_path) as client:
        body = bomb()
        assert len(body) < MIB
        answer = client.post(URL, content=body, headers={"content-type": ARROW})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable_body"), answer.text
        assert "/tmp" not in answer.text
        headers = {"content-type": PARQUET, "accept": JSON}
        good = client.post(URL, content=as_body(GOOD, PARQUET), headers=headers)
        assert good.json()["n_rows"] == 2, good.text


def test_batches_that_unpack_to_more_than_is_allowed_are_not_written(tmp_path: Path) -> None:
    batch = pa.record_batch({"comment_id": ["1"], "text": ["0" * MIB]})
    path = tmp_path / "body"
    with pa.ipc.new_stream(path, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        for _ in range(40):
            stream.write_batch(batch)
    assert path.stat().st_size < MIB
    packed = PackedRows(str(path), True, "comments", ("comment_id", "text"), None, Limits(expanded_bytes=4 * MIB))
    with pytest.raises(ServiceError, match="once unpacked"):
        read_packed(packed)
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) < 8 * MIB


@pytest.mark.parametrize(("end", "status"), [("os.abort()", 400), ("os._exit(1)", 500)])
def test_what_a_reader_ends_with_says_whose_fault_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, status: int
) -> None:
    monkeypatch.setattr(readers, "PROGRAM", (sys.executable, "-c", f"import os; input(); {end}"))
    with open_client(tmp_path) as client:
        rows = client.post(URL, content=as_body(GOOD, PARQUET), headers={"content-type": PARQUET})
        export = client.post(
            "/v1/score/creators", content=archive({"a.csv": b"a,b"}), headers={"content-type": "application/zip"}
        )
        assert (rows.status_code, export.status_code) == (status, status)
        assert client.get("/healthz").status_code == 200


def test_a_reader_that_does_not_come_to_an_end_is_ended(tmp_path: Path, some: Readers) -> None:
    # Nobody ever writes into this: whoever opens it waits.
    packed = pack(tmp_path, None, Limits(answer_s=1))
    os.mkfifo(packed.path)
    some.memory_bytes = 512 * MIB
    with pytest.raises(UnreadableFileError, match="512 MiB of memory within 1 s"):
        some.read(packed)


def test_a_reader_stays_warm_until_it_is_gone(
    tmp_path: Path, some: Readers, begun: list[subprocess.Popen[bytes]]
) -> None:
    for n_begun, folder in ((1, "first"), (1, "second"), (2, "third")):
        (tmp_path / folder).mkdir()
        if folder == "third":
            begun[0].kill()
            begun[0].wait()
        found = some.read(pack(tmp_path / folder, as_body(GOOD, PARQUET)))
        assert found["comments"].select("comment_id", "text").equals(GOOD)
        assert len(begun) == n_begun
    # A refusal is an answer like any other.
    (tmp_path / "fourth").mkdir()
    with pytest.raises(ServiceError, match="cannot be used"):
        some.read(pack(tmp_path / "fourth", b"PAR1"))
    assert len(begun) == 2


def test_a_reader_whose_word_is_none_is_ended(
    tmp_path: Path, some: Readers, begun: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "PROGRAM", (sys.executable, "-c", "input(); print('{', flush=True); input()"))
    for n_begun in (1, 2):
        with pytest.raises(ValueError, match="Invalid JSON"):
            some.read(pack(tmp_path, as_body(GOOD, PARQUET)))
        assert len(begun) == n_begun
        assert begun[-1].poll() is not None


def test_what_a_reader_says_of_an_export_is_what_was_said_before(tmp_path: Path, some: Readers) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(archive({"a.csv": b"nothing,known\n1,2\n"}))
    with pytest.raises((ServiceError, InputError)) as found:
        some.read(PackedExport(str(path), None, None, Limits()))
    assert str(tmp_path) not in str(found.value.problems)  # type: ignore[attr-defined]
