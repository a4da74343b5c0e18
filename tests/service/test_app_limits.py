"""How much, how fast, how many and who: what stands before every route."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from app_builder import build_service, open_client
from starlette.testclient import TestClient

from zhenfen.estimators.text_encoder import BEFORE_BATCH
from zhenfen.service import server
from zhenfen.service.errors import ServiceError
from zhenfen.service.factory import make_app
from zhenfen.service.frames import JSON
from zhenfen.service.keys import add_key, remove_key
from zhenfen.service.pool import Pool

BODY = b'{"rows": [{"profile_id": "a"}]}'
SCORE = "/v1/score/profiles"


@contextmanager
def running(folder: Path, **options) -> Iterator[int]:
    """The service on a loopback port, with a real HTTP server in a thread."""
    service = build_service(folder, **options)
    listener = server.listen("127.0.0.1", 0)
    one = server.make_server(make_app(service), service.settings.limits)
    thread = threading.Thread(target=one.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not one.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        one.should_exit = True
        thread.join()


def talk(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back for some bytes, until the service hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in pieces:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(piece)
            time.sleep(pause_s)
        received = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def head(*lines: str) -> bytes:
    return "\r\n".join([f"POST {SCORE} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {JSON}", *lines, "", ""]).encode()


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_client(tmp_path_factory.mktemp("small"), body_bytes=1000, upload_bytes=5000) as client:
        yield client


@pytest.mark.parametrize("n_bytes", [1001, 10_000])
def test_too_large_a_body_is_refused(small: TestClient, n_bytes: int) -> None:
    headers = {"content-type": JSON}
    assert outcome(small.post(SCORE, content=b" " * n_bytes, headers=headers)) == (413, "body_too_large")
    pieces = (b" " * 100 for _ in range(n_bytes // 100 + 1))
    assert outcome(small.post(SCORE, content=pieces, headers=headers)) == (413, "body_too_large")


def test_a_body_at_the_limit_is_read(small: TestClient) -> None:
    assert small.post(SCORE, content=BODY.ljust(1000), headers={"content-type": JSON}).status_code == 200


def test_uploads_have_a_limit_of_their_own(small: TestClient) -> None:
    headers = {"content-type": "application/zip"}
    assert small.post("/v1/vet", content=b" " * 5000, headers=headers).status_code == 202
    assert outcome(small.post("/v1/vet", content=b" " * 5001, headers=headers)) == (413, "body_too_large")


def test_a_client_that_sends_ten_times_too_much_still_reads_the_answer(tmp_path: Path) -> None:
    with running(tmp_path, body_bytes=2**20) as port:
        answer = httpx2.post(
            f"http://127.0.0.1:{port}{SCORE}", content=b" " * 10 * 2**20, headers={"content-type": JSON}
        )
        assert outcome(answer) == (413, "body_too_large")
        assert (
            httpx2.post(f"http://127.0.0.1:{port}{SCORE}", content=BODY, headers={"content-type": JSON}).status_code
            == 200
        )


def test_slow_clients_are_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.4)
    with running(tmp_path, idle_s=0.3, body_s=0.8) as port:
        silent = talk(port)
        half_a_head = talk(port, b"POST /v1", b"/score", b"/prof", pause_s=0.2)
        second_head = talk(port, head("Content-Length: 31") + BODY, b"POST /v1", pause_s=0.3)
        no_body = talk(port, head("Content-Length: 31"), BODY[:10])
        drops = talk(port, head("Content-Length: 31"), *(BODY[n : n + 1] for n in range(6)), pause_s=0.2)
        whole = talk(port, head("Content-Length: 31", "Connection: close"), BODY)
    assert (silent, half_a_head) == (b"", b"")
    assert second_head.count(b"HTTP/1.1") == 1
    for answer in (no_body, drops):
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"too_slow"' in answer
    assert whole.startswith(b"HTTP/1.1 200 ")


def test_slow_clients_make_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "N_CONNECTIONS", 4)
    monkeypatch.setattr(server, "PROMPT_S", 0.2)
    with running(tmp_path) as port, contextlib.ExitStack() as open_ones:
        slow = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(6)]
        for one in slow:
            one.sendall(b"POST /v1")
        time.sleep(0.5)
        answer = talk(port, head("Content-Length: 31", "Connection: close"), BODY)
        assert answer.startswith(b"HTTP/1.1 200 ")
        slow[0].settimeout(5)
        assert slow[0].recv(1) == b""


def test_no_answer_waits_for_an_acknowledgement() -> None:
    with server.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 no HTTP\r\n\r\n",
        head("Content-Length: -5"),
        head("Content-Length: 3", "Content-Length: 31") + BODY,
        b"POST " + SCORE.encode() + b" HTTP/1.1\r\nX: " + b"a" * 200_000,
    ],
)
def test_what_is_no_request_is_refused_and_hung_up_on(tmp_path: Path, sent: bytes) -> None:
    with running(tmp_path) as port:
        answer = talk(port, sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad_request"' in answer


def test_a_body_in_chunks_that_states_a_length_too_is_read_once(tmp_path: Path) -> None:
    chunked = head("Content-Length: 3", "Transfer-Encoding: chunked") + b"1f\r\n" + BODY + b"\r\n0\r\n\r\n"
    with running(tmp_path) as port:
        answer = talk(port, chunked, b"", pause_s=0.2)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"host": "localhost:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "127.0.0.1", "origin": "http://127.0.0.1"}, 200),
        ({"host": "evil.example"}, (421, "unknown_host")),
        ({"host": "127.0.0.1.evil.example:80"}, (421, "unknown_host")),
        ({"origin": "https://evil.example"}, (403, "other_origin")),
        ({"origin": "null"}, (403, "other_origin")),
    ],
)
def test_without_keys_only_this_machine_may_ask(small: TestClient, headers: dict[str, str], expected) -> None:
    answer = small.get("/openapi.json", headers=headers)
    assert (answer.status_code if answer.status_code == 200 else outcome(answer)) == expected


def test_a_key_is_needed_and_can_be_taken_back(tmp_path: Path) -> None:
    mine = add_key(tmp_path / "keys.json", "mine")
    with open_client(tmp_path, needs_key=True) as client:

        def ask(**headers: str):
            return client.get("/openapi.json", headers={"host": "scores.example", **headers})

        for wrong in ({}, {"x-api-key": "zf_guess"}, {"authorization": f"Basic {mine}"}, {"x-api-key": "mine"}):
            answer = ask(**wrong)
            assert outcome(answer) == (401, "no_key")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert ask(**{"x-api-key": mine}).status_code == 200
        assert ask(authorization=f"Bearer {mine}").status_code == 200
        added = add_key(tmp_path / "keys.json", "another")
        assert ask(**{"x-api-key": added}).status_code == 200
        remove_key(tmp_path / "keys.json", "mine")
        assert ask(**{"x-api-key": mine}).status_code == 401
        (tmp_path / "keys.json").unlink()
        assert ask(**{"x-api-key": added}).status_code == 401


def test_health_needs_no_key_and_everything_else_does(tmp_path: Path) -> None:
    with open_client(tmp_path, needs_key=True) as client:
        paths = client.app.openapi()["paths"]
        for path, methods in paths.items():
            for method in methods:
                answer = client.request(method, path.format(job_id="0" * 32, name="index.html"))
                assert answer.status_code == (200 if path in ("/healthz", "/readyz") else 401), path
        assert client.get("/openapi.json").status_code == 401


def test_a_broken_key_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"mine": "x"}')
    with open_client(tmp_path, needs_key=True) as client:
        assert outcome(client.get("/openapi.json", headers={"x-api-key": "x"})) == (500, "misconfigured")


def test_paths_that_are_not_there(small: TestClient) -> None:
    assert outcome(small.get("/v1/nothing")) == (404, "not_found")
    assert outcome(small.get(SCORE)) == (405, "method_not_allowed")
    assert outcome(small.get("/docs")) == (404, "not_found")


def test_a_service_starts_while_a_process_of_the_one_before_still_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "scratch" / "body").mkdir(parents=True)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert build_service(tmp_path).settings.scratch.is_dir()


def test_work_that_nobody_waits_for_reads_no_further() -> None:
    gate, reached = threading.Event(), []

    def work() -> None:
        BEFORE_BATCH.get()()
        reached.append("first batch")
        gate.wait()
        BEFORE_BATCH.get()()
        reached.append("second batch")

    async def ask() -> None:
        pool = Pool(1, 1, 0.2)
        with pytest.raises(ServiceError) as late:
            await pool.run(work)
        assert late.value.code == "took_too_long"
        gate.set()
        while pool.n_open:
            await asyncio.sleep(0.01)
        # Another's time is its own.
        await pool.run(BEFORE_BATCH.get())
        pool.close()

    asyncio.run(ask())
    assert reached == ["first batch"]


def test_more_than_can_wait_is_refused_and_what_takes_too_long_is_given_up() -> None:
    async def ask() -> None:
        pool = Pool(1, 1, 0.2)
        gate = threading.Event()
        first, second = (asyncio.ensure_future(pool.run(gate.wait)) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(ServiceError) as busy:
            await pool.run(gate.wait)
        assert (busy.value.status, busy.value.headers) == (503, {"Retry-After": "1"})
        for late in (first, second):
            with pytest.raises(ServiceError) as refused:
                await late
            assert refused.value.status == 504
        # The first still holds the only thread; the second never began and makes room.
        with pytest.raises(ServiceError) as stuck:
            await pool.run(gate.wait)
        assert stuck.value.status == 504
        gate.set()
        await asyncio.sleep(0.05)
        assert await pool.run(lambda: 7) == 7
        pool.close()

    asyncio.run(ask())
