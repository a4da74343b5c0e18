"""Vetting over HTTP: upload → job → report; what a stop, a kill, a full disk and a stranger do to it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app_builder import BREAKS, SLEEP, ZIP, add_job, open_client, wait_for, zipped
from cli_runner import Runner
from starlette.testclient import TestClient

from toy_models import toy_models
from zhenfen.errors import ConfigError, Problem, UnreadableFileError
from zhenfen.service import job_process, jobs
from zhenfen.service.errors import ServiceError, make_reply
from zhenfen.service.jobs import MOST_ATTEMPTS, Job, JobStore, hold_folder
from zhenfen.service.keys import KeyFile, add_key
from zhenfen.service.sessions import LASTS_S, Sessions
from zhenfen.service.uploads import check_name
from zhenfen.service.worker import PROGRAM, jobs_folder

DIES = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
ERROR = make_reply("worker_died", "…").error.model_dump()


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs.sqlite")


def test_a_report_over_http_is_the_command_lines_byte_for_byte(
    plain_tables: Path, zhenfen: Runner, tmp_path: Path
) -> None:
    assert zhenfen("vet", plain_tables, "--out", tmp_path / "report", "--lang", "fr", "--as-of", "2026-10-31").code == 0
    with open_client(tmp_path, program=PROGRAM) as client:
        answer = client.post("/v1/vet?lang=fr&as_of=2026-10-31", content=zipped(plain_tables), headers=ZIP)
        assert answer.status_code == 202
        url = answer.headers["location"]
        job = wait_for(client, url, "done", "failed")
        assert job["error"] is None
        expected = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
        assert set(job["files"]) == set(expected)
        assert {name: client.get(f"{url}/report/{name}").content for name in expected} == expected
        page = client.get(job["report"])
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert 'zhenfen_jobs{state="done"} 1' in client.get("/metrics").text


def test_an_export_that_cannot_be_used_says_why(small_tables: Path, tmp_path: Path) -> None:
    store = JobStore(tmp_path / job_process.STORE)
    add_job(store)
    job = store.claim()
    assert job is not None
    upload = jobs_folder(tmp_path) / job.job_id / "upload"
    upload.mkdir(parents=True)
    (upload / "export.zip").write_bytes(zipped(small_tables)[:-500])
    job_process.run(tmp_path, job.job_id, job.attempt, toy_models())
    failed = store.get(job.job_id)
    assert failed is not None
    assert failed.error is not None
    assert (failed.state, failed.error["code"]) == ("failed", "unreadable_body")
    assert failed.error["problems"][0]["file"] == "export.zip"
    assert "/tmp" not in str(failed.error)


def test_an_upload_is_gone_when_its_job_has_ended(tmp_path: Path) -> None:
    with open_client(tmp_path, program=BREAKS) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        wait_for(client, url, "failed")
    assert list((jobs_folder(tmp_path / "data") / url.rpartition("/")[2]).iterdir()) == []


def test_a_stopped_service_leaves_its_job_for_the_next_start(tmp_path: Path) -> None:
    with open_client(tmp_path, program=SLEEP) as client:
        url = client.post("/v1/vet", content=b"an export", headers=ZIP).headers["location"]
        assert wait_for(client, url, "running")["started_at"] is not None
    store = JobStore(tmp_path / "data" / "jobs.sqlite")
    left = store.get(url.rpartition("/")[2])
    assert left is not None
    assert (left.state, left.attempt) == ("queued", 0)
    assert (jobs_folder(tmp_path / "data") / left.job_id / "upload" / "export.zip").read_bytes() == b"an export"
    with open_client(tmp_path, program=BREAKS) as client:
        assert wait_for(client, url, "done", "failed")["error"]["code"] == "internal"


def test_a_stop_lets_a_job_finish_within_its_grace(tmp_path: Path) -> None:
    nearly_done = (sys.executable, "-c", "import time; time.sleep(1); raise SystemExit(1)")
    with open_client(tmp_path, program=nearly_done, grace_s=30) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        wait_for(client, url, "running")
    job = JobStore(tmp_path / "data" / "jobs.sqlite").get(url.rpartition("/")[2])
    assert job is not None
    assert job.state == "failed"


@pytest.mark.parametrize(
    ("program", "limits", "code"),
    [(DIES, {}, "worker_died"), (BREAKS, {}, "internal"), (SLEEP, {"job_s": 0.3}, "took_too_long")],
)
def test_a_job_that_cannot_end_well_fails(tmp_path: Path, program, limits, code: str) -> None:
    with open_client(tmp_path, program=program, **limits) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        job = wait_for(client, url, "failed")
        assert (job["error"]["code"], job["report"]) == (code, None)
        assert client.get("/readyz").json()["ready"]


def test_a_removed_job_leaves_nothing(tmp_path: Path) -> None:
    with open_client(tmp_path, program=SLEEP) as client:
        urls = [client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"] for _ in range(2)]
        wait_for(client, urls[0], "running")
        for url in urls:
            assert client.delete(url).status_code == 204
            assert client.get(url).status_code == 404
            assert client.delete(url).status_code == 404
        folder = jobs_folder(tmp_path / "data")
        for _ in range(100):
            if not list(folder.iterdir()):
                break
            time.sleep(0.05)
        assert list(folder.iterdir()) == []


def test_jobs_of_others_are_not_there(tmp_path: Path) -> None:
    mine, other = ({"x-api-key": add_key(tmp_path / "keys.json", name)} for name in ("mine", "other"))
    with open_client(tmp_path, program=BREAKS, needs_key=True) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP | mine).headers["location"]
        wait_for(client, url, "failed", headers=mine)
        assert client.get(url, headers=other).status_code == 404
        assert client.delete(url, headers=other).status_code == 404
        assert client.get(url, headers=mine).status_code == 200


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_client(tmp_path_factory.mktemp("idle"), program=SLEEP, n_jobs_waiting=8, n_files=3) as client:
        yield client


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "..\\evil.csv", "/etc/passwd", "C:evil.csv", "a/b.csv", ".hidden", "..", "长" * 90],
)
def test_a_file_name_that_leads_elsewhere_is_refused(idle: TestClient, name: str) -> None:
    answer = idle.post("/v1/vet", files={"file": (name, b"x")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_file_name")
    with pytest.raises(ServiceError, match="a file's name cannot be used"):
        check_name(name)


@pytest.mark.parametrize("name", [None, "", "a\0b", "a\nb", "a\ud800b"])
def test_a_name_that_is_none_is_refused(name: str | None) -> None:
    with pytest.raises(ServiceError, match="a file's name cannot be used"):
        check_name(name)


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"files": [("file", ("a.csv", b"")), ("file", ("a.csv", b""))]}, 400, "bad_file_name"),
        ({"files": [("file", (f"{n}.csv", b"")) for n in range(4)]}, 400, "bad_request"),
        ({"files": {"file": ("a.csv", b"")}, "data": {"platform": "weibo"}}, 400, "not_a_file"),
        ({"content": b"--x--\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, "no_file"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_request"),
        ({"content": b"a,b", "headers": {"content-type": "text/csv"}}, 415, "unknown_content_type"),
        ({"content": b"x", "headers": ZIP, "params": {"lang": "de"}}, 422, "bad_option"),
        ({"content": b"x", "headers": ZIP, "params": {"frame": "oldest"}}, 422, "bad_option"),
    ],
)
def test_an_upload_that_cannot_be_used_is_refused(idle: TestClient, send: dict, status: int, code: str) -> None:
    answer = idle.post("/v1/vet", **send)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    ["../../jobs.sqlite", "%2e%2e%2f%2e%2e%2fjobs.sqlite", "index.html%00", "..%5cx", "upload", "creator-a.html"],
)
def test_a_path_leads_to_files_of_the_report_alone(idle: TestClient, path: str) -> None:
    url = idle.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
    assert idle.get(f"{url}/report/{path}").status_code == 404
    assert idle.get(f"/v1/jobs/{path}").status_code == 404
    idle.delete(url)


def test_more_jobs_than_may_wait_are_refused(tmp_path: Path) -> None:
    with open_client(tmp_path, program=SLEEP, n_jobs_waiting=1) as client:
        urls = [client.post("/v1/vet", content=b"x", headers=ZIP).headers.get("location")]
        wait_for(client, urls[0], "running")
        assert client.post("/v1/vet", content=b"x", headers=ZIP).status_code == 202
        answer = client.post("/v1/vet", content=b"x", headers=ZIP)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
        assert answer.headers["retry-after"]
        assert len(list(jobs_folder(tmp_path / "data").iterdir())) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
@pytest.mark.parametrize(
    "send", [{"content": b"x" * 5000, "headers": ZIP}, {"files": {"file": ("export.zip", b"x" * 5000)}}]
)
def test_a_full_disk_refuses_an_upload_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, send: dict
) -> None:
    opened = Path.open

    def open_on_full_disk(path: Path, *arguments, **options):
        return opened(Path("/dev/full") if path.name == "export.zip" else path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_on_full_disk)
    with open_client(tmp_path) as client:
        answer = client.post("/v1/vet", **send)
        assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
        assert list(jobs_folder(tmp_path / "data").iterdir()) == []
        assert client.get("/healthz").status_code == 200


def test_a_full_database_refuses_a_job_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def add(*_: object) -> None:
        raise full

    with open_client(tmp_path) as client:
        monkeypatch.setattr(JobStore, "add", add)
        answer = client.post("/v1/vet", content=b"x", headers=ZIP)
        assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
        assert list(jobs_folder(tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [ConfigError("the report cannot be written"), UnreadableFileError(Problem("a whole archive", "export.zip"))],
)
def test_a_disk_that_fills_up_during_a_job_fails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fill(*_: object) -> list[str]:
        raise error from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(job_process, "make_report", fill)
    store = JobStore(tmp_path / job_process.STORE)
    add_job(store)
    job = store.claim()
    assert job is not None
    job_process.run(tmp_path, job.job_id, job.attempt, toy_models())
    failed = store.get(job.job_id)
    assert failed is not None
    assert failed.error is not None
    assert failed.error["code"] == "disk_full"


def test_jobs_come_in_the_order_they_were_asked_for(store: JobStore) -> None:
    for number in (3, 1, 2):
        add_job(store, number)
    claimed = [store.claim() for _ in range(4)]
    assert [None if job is None else int(job.job_id, 16) for job in claimed] == [3, 1, 2, None]
    assert store.counts() == {"queued": 0, "running": 3, "done": 0, "failed": 0}


def test_a_clock_that_jumps_changes_neither_the_order_nor_the_end_of_jobs(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = datetime.now(UTC)
    for number, hours in ((1, 0), (2, -1), (3, 1), (4, -1)):
        monkeypatch.setattr(jobs, "_now", lambda hours=hours: (true + timedelta(hours=hours)).isoformat())
        add_job(store, number)
    claimed = [store.claim() for _ in range(4)]
    assert [int(job.job_id, 16) for job in claimed if job is not None] == [1, 2, 3, 4]
    for job, hours in zip(claimed, (-1, 1, 0, -1), strict=True):
        assert job is not None
        monkeypatch.setattr(jobs, "_now", lambda hours=hours: (true + timedelta(hours=hours)).isoformat())
        store.finish(job, ["index.html"])
    # Whoever keeps reports for a day keeps them through an hour's jump.
    assert store.remove_ended(true + timedelta(hours=1) - timedelta(days=1)) == []
    assert store.counts()["done"] == 4


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_ends_no_session_and_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    sessions = Sessions(keys)
    token = sessions.begin(add_key(keys.path, "lin", "lead"))
    assert token is not None
    stamp = sessions.make_stamp("lin", token)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    assert (sessions.find_owner(token), sessions.make_stamp("lin", token)) == ("lin", stamp)
    passed = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: passed + LASTS_S + 1)
    assert sessions.find_owner(token) is None


@pytest.mark.parametrize(
    "settle",
    [
        lambda store, job: store.finish(job, ["index.html"]),
        lambda store, job: store.fail(job, ERROR),
        lambda store, job: store.put_back(job, counts=True),
        lambda store, job: store.note_step(job, "growth", 1, 2),
    ],
)
def test_an_attempt_that_was_given_up_changes_nothing(store: JobStore, settle: Callable[[JobStore, Job], None]) -> None:
    add_job(store)
    first = store.claim()
    assert first is not None
    store.put_back(first, counts=True)
    second = store.claim()
    settle(store, first)
    assert store.get(first.job_id) == second


def test_what_a_kill_left_running_waits_again_but_not_for_ever(store: JobStore) -> None:
    add_job(store)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        job = store.claim()
        assert job is not None
        assert job.attempt == attempt
        store.recover(ERROR)
    assert store.claim() is None
    assert store.counts()["failed"] == 1


def test_a_job_that_kills_cut_off_again_lets_the_others_pass(store: JobStore) -> None:
    first, second = (add_job(store, number).job_id for number in (1, 2))
    taken = []
    for _ in range(3):
        job = store.claim()
        assert job is not None
        taken.append(job.job_id)
        store.recover(ERROR)
    # One kill may hit any job, so that it keeps its place; the second makes it suspect.
    assert taken == [first, first, second]


def test_kills_of_the_service_are_not_held_against_a_job(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    add_job(store := JobStore(tmp_path / "data" / "jobs.sqlite"))
    for _ in range(MOST_ATTEMPTS - 3):
        store.claim()
        store.recover(ERROR)
    # Its own process dies once, and does its work when it is begun again.
    dies_once = (
        "import os, signal, sys; from pathlib import Path; from zhenfen.service.jobs import JobStore\n"
        "data = Path(sys.argv[1]); job_id, attempt = sys.stdin.readline().split(); mark = data / 'died'\n"
        "if not mark.exists(): mark.touch(); os.kill(os.getpid(), signal.SIGKILL)\n"
        "store = JobStore(data / 'jobs.sqlite'); store.finish(store.get(job_id), [])"
    )
    with open_client(tmp_path, program=(sys.executable, "-c", dies_once)) as client:
        job = wait_for(client, f"/v1/jobs/{1:032x}", "done", "failed")
    assert (job["state"], job["error"]) == ("done", None)


def test_one_folder_has_one_service(tmp_path: Path) -> None:
    expected = pytest.raises(ConfigError, match="another service works in this folder")
    with hold_folder(tmp_path), expected, hold_folder(tmp_path):
        pass
    with hold_folder(tmp_path):
        assert (tmp_path / "service.lock").exists()


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigError, match="cannot be used as the database of jobs"):
        JobStore(tmp_path / "jobs.sqlite")
    JobStore(tmp_path / "other.sqlite")
    with sqlite3.connect(tmp_path / "other.sqlite") as database:
        database.execute("pragma user_version = 7")
    database.close()
    with pytest.raises(ConfigError, match="expected jobs of version 1, found 7"):
        JobStore(tmp_path / "other.sqlite")


@pytest.mark.parametrize(("work_s", "hang_up", "code"), [(60, True, 1), (0, False, 0)])
def test_a_jobs_process_ends_with_its_service_and_by_itself(
    tmp_path: Path, work_s: int, hang_up: bool, code: int
) -> None:
    program = (
        "import time; from zhenfen.service import job_process\n"
        f"job_process.run = lambda *_: time.sleep({work_s})\n"
        "print('begun', flush=True)\n"
        "job_process.main()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.stdin.write(b"job 1\n")
        process.stdin.flush()
        if hang_up:
            process.stdin.close()
        assert process.wait(30) == code
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_job_is_held_to_a_share_of_the_memory() -> None:
    program = (
        "import resource\n"
        "from zhenfen.service.job_process import bound_memory\n"
        "most = bound_memory()\n"
        "assert resource.getrlimit(resource.RLIMIT_DATA) == (most, most)\n"
        "try:\n    bytearray(most)\nexcept MemoryError:\n    print('refused')\n"
    )
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, check=True)
    assert done.stdout.strip() == b"refused"
