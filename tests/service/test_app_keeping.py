"""How long personal data stay, and where: uploads, what was unpacked, bodies of requests, reports."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from app_builder import BREAKS, ZIP, add_job, build_service, open_client, wait_for, zipped

from zhenfen.service import worker
from zhenfen.service.errors import make_reply
from zhenfen.service.jobs import JobStore, hold_folder
from zhenfen.service.worker import jobs_folder

ERROR = make_reply("worker_died", "…").error.model_dump()


def test_what_ended_long_ago_is_removed_and_says_before_when(tmp_path: Path) -> None:
    with open_client(tmp_path, program=BREAKS, keep_s=2) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        ended = wait_for(client, url, "failed")
        ends = datetime.fromisoformat(ended["finished_at"]) + timedelta(seconds=2)
        assert datetime.fromisoformat(ended["expires_at"]) == ends
        waiting = client.post("/v1/vet", content=b"x", headers=ZIP).json()
        assert waiting["expires_at"] is None
        time.sleep(max(0, (ends - datetime.now(UTC)).total_seconds()) + 0.1)
        # Any new job makes it look; without one it does so by itself, see the next test.
        client.post("/v1/vet", content=b"x", headers=ZIP)
        for _ in range(100):
            if client.get(url).status_code == 404:
                break
            time.sleep(0.05)
        assert client.get(url).status_code == 404
    assert not (jobs_folder(tmp_path / "data") / url.rpartition("/")[2]).exists()


def test_a_service_without_work_removes_what_was_kept_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FORGET_EVERY_S", 0.2)
    with open_client(tmp_path, program=BREAKS, keep_s=1) as client:
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        wait_for(client, url, "failed")
        for _ in range(100):
            if client.get(url).status_code == 404:
                break
            time.sleep(0.05)
        assert client.get(url).status_code == 404
        assert list(jobs_folder(tmp_path / "data").iterdir()) == []


def test_only_ended_jobs_are_ever_forgotten(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs.sqlite")
    for number in (1, 2, 3, 4):
        add_job(store, number)
    done, failed = store.claim(), store.claim()
    assert done is not None
    assert failed is not None
    store.finish(done, ["index.html"])
    store.fail(failed, ERROR)
    store.claim()
    now = datetime.now(UTC)
    assert store.remove_ended(now - timedelta(hours=1)) == []
    assert sorted(store.remove_ended(now + timedelta(hours=1))) == [done.job_id, failed.job_id]
    assert store.counts() == {"queued": 1, "running": 1, "done": 0, "failed": 0}


def test_what_a_job_unpacked_goes_when_its_process_is_killed(tmp_path: Path) -> None:
    leaves = (
        "import os, tempfile; from pathlib import Path; from zhenfen.service import job_process as job;"
        "job.run = lambda *_: (Path(tempfile.mkdtemp(), 'persons.csv').write_text('x'), os.kill(os.getpid(), 9));"
        "job.main()"
    )
    with open_client(tmp_path, program=(sys.executable, "-c", leaves)) as client:
        before = set(Path(tempfile.gettempdir()).glob("*/persons.csv"))
        url = client.post("/v1/vet", content=b"x", headers=ZIP).headers["location"]
        assert wait_for(client, url, "failed")["error"]["code"] == "worker_died"
        assert set(Path(tempfile.gettempdir()).glob("*/persons.csv")) == before
    assert list((tmp_path / "data").rglob("persons.csv")) == []


def test_a_start_empties_the_folder_of_requests_that_a_kill_cut_off(tmp_path: Path) -> None:
    left = tmp_path / "data" / "scratch" / "tmp1" / "body.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    with open_client(tmp_path):
        assert not left.exists()


def test_bodies_and_exports_lie_nowhere_but_in_the_data_folder(
    tmp_path: Path, small_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    mkdtemp = tempfile.mkdtemp

    def note(*arguments: Any, **options: Any) -> str:
        made.append(Path(mkdtemp(*arguments, **options)))
        return str(made[-1])

    with open_client(tmp_path) as client:
        monkeypatch.setattr(tempfile, "mkdtemp", note)
        parquet = {"content-type": "application/vnd.apache.parquet"}
        client.post("/v1/score/profiles", content=(small_tables / "audience.parquet").read_bytes(), headers=parquet)
        client.post("/v1/score/creators", content=zipped(small_tables), headers=ZIP)
        assert {path.parent for path in made} == {tmp_path / "data" / "scratch"}
        assert list((tmp_path / "data" / "scratch").iterdir()) == []


def test_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with hold_folder(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_start_removes_files_that_belong_to_no_job(tmp_path: Path) -> None:
    service = build_service(tmp_path)
    folder = jobs_folder(tmp_path / "data")
    waiting, done = add_job(service.store, 1), add_job(service.store, 2)
    for name in (waiting.job_id, done.job_id, "f" * 32):
        (folder / name / "upload").mkdir(parents=True)
        (folder / name / "report").mkdir()
    service.store.claim()
    running = service.store.claim()
    assert running is not None
    service.store.finish(running, ["index.html"])
    service.worker.start()
    service.worker.stop()
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert left == {waiting.job_id, f"{waiting.job_id}/upload", f"{waiting.job_id}/report"} | {
        done.job_id,
        f"{done.job_id}/report",
    }
