"""Runs vetting jobs one after another, each in a process of its own.

A process can be stopped when it takes too long, gives its memory back, and takes nothing with it when it dies. What a
job has come to stands in the store alone, so a service that is killed finds everything again. The process of the next
job waits with its models loaded, so that nobody waits for them.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from zhenfen.service.errors import make_reply
from zhenfen.service.jobs import MOST_ATTEMPTS, Job, JobStore
from zhenfen.service.settings import Settings

Result = TypeVar("Result")
LOG = logging.getLogger("zhenfen.service")
UPLOAD, REPORT, SCRATCH = "upload", "report", "scratch"
"""Folders of a job; its process unpacks in the last one, so that nothing stays elsewhere when it is killed."""
TICK_S = 0.2
"""How soon a stop, a removal or a deadline is noticed."""
FORGET_EVERY_S = 3600
"""How often a service without work looks for reports that have been kept long enough."""
LONGEST_END_S = 10
"""A process that is told to end does so within a tick; more than that and something else is wrong."""
FULL_DISK_S = 5
"""Pause before writing again what could not be written."""
PROGRAM = (sys.executable, "-m", "zhenfen.service.job_process")
MOST_DEATHS = 2
"""A job whose process died so often, of its own or for want of memory, is set aside."""
CUT_OFF = make_reply("worker_died", "the job was cut off too often").error.model_dump()
TOO_LONG = make_reply("took_too_long", "the job took longer than the service allows").error.model_dump()
INTERNAL = make_reply("internal", "the service failed; its log says why").error.model_dump()


def jobs_folder(data: Path) -> Path:
    """Where the jobs' uploads and reports lie."""
    return data / "jobs"


class Worker:
    """The thread that looks after the jobs.

    Args:
        store: Jobs.
        settings: Where their files lie, and how long they may take.
        program: Command that runs a job; gets the data folder, and on its standard input a line with the job's id and
            attempt once there is one.
    """

    def __init__(self, store: JobStore, settings: Settings, program: Sequence[str] = PROGRAM) -> None:
        self.store = store
        self.settings = settings
        self.program = program
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._called = threading.Event()
        self._stop_by: float | None = None
        self._running: str | None = None
        self._next: subprocess.Popen[bytes] | None = None
        # Of each job whose process died: kills of the service count elsewhere.
        self._deaths = Counter[str]()

    @property
    def is_alive(self) -> bool:
        """Whether jobs are being looked after."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Put right what a kill has left, and begin."""
        self.store.recover(CUT_OFF)
        # What belongs to no job, the uploads of jobs that need them no more, and what killed processes left.
        ended, waiting = self.store.job_ids("done", "failed"), self.store.job_ids("queued")
        folder = jobs_folder(self.settings.data)
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.name not in ended | waiting:
                shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(path / SCRATCH, ignore_errors=True)
            if path.name in ended:
                shutil.rmtree(path / UPLOAD, ignore_errors=True)
        self._thread.start()

    def call(self) -> None:
        """Say that a job waits."""
        self._called.set()

    def stop(self) -> None:
        """Begin no more jobs; a running one gets `grace_s` to finish, else it waits for the next start."""
        self._stop_by = time.monotonic() + self.settings.limits.grace_s
        self._called.set()
        self._thread.join()

    def wait_for_end(self, job_id: str) -> None:
        """Return when no process works on a job that was removed any more; whoever deletes its files waits for that."""
        until = time.monotonic() + LONGEST_END_S
        while self._running == job_id and time.monotonic() < until:
            time.sleep(TICK_S)

    def drop_files(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(jobs_folder(self.settings.data) / job_id, ignore_errors=True)

    def _work(self) -> None:
        while True:
            # Before anything is looked at: a call that comes from now on is heard.
            self._called.clear()
            if self._stop_by is not None:
                break
            if self._next is None:
                self._next = self._spawn()
            self._insist(self._forget_ended)
            job = self._insist(self.store.claim)
            if job is None:
                self._called.wait(FORGET_EVERY_S)
                continue
            self._running = job.job_id
            waiting, self._next = self._next, None
            if waiting.poll() is not None:
                # One that ended while it waited is no loss: another begins.
                with waiting:
                    waiting = self._spawn()
            with waiting as process:
                assert process.stdin is not None
                # Whether it died meanwhile is seen when it is watched.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(f"{job.job_id} {job.attempt}\n".encode())
                settle = self._watch(process, job)
            self._running = None
            self._insist(settle)
            folder = jobs_folder(self.settings.data) / job.job_id
            shutil.rmtree(folder / SCRATCH, ignore_errors=True)
            found = self._insist(partial(self.store.get, job.job_id))
            if found is None:
                self.drop_files(job.job_id)
            elif found.state != "queued":
                shutil.rmtree(folder / UPLOAD, ignore_errors=True)
            if found is None or found.state != "queued":
                del self._deaths[job.job_id]
        if self._next is not None:
            with self._next as idle:
                idle.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A process whose standard input ends knows that the service is gone, and ends too. In a session of its own it
        # does not hear a Ctrl+C that is meant for the service.
        command = [*self.program, str(self.settings.data)]
        return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 (our own program)

    def _forget_ended(self) -> None:
        for job_id in self.store.remove_ended(datetime.now(UTC) - timedelta(seconds=self.settings.limits.keep_s)):
            self.drop_files(job_id)

    def _watch(self, process: subprocess.Popen[bytes], job: Job) -> Callable[[], None]:
        """Wait for the end of a job's process; returns what is left to note of it."""
        deadline = time.monotonic() + self.settings.limits.job_s
        while process.poll() is None:
            try:
                process.wait(TICK_S)
            except subprocess.TimeoutExpired:
                is_removed = self._insist(lambda: self.store.get(job.job_id)) is None
                is_late = time.monotonic() > deadline
                is_stopped = self._stop_by is not None and time.monotonic() > self._stop_by
                if is_removed or is_late or is_stopped:
                    process.kill()
                    process.wait()
                    if is_late:
                        return lambda: self.store.fail(job, TOO_LONG)
                    return lambda: self.store.put_back(job, counts=False)
        # A process that ended well has noted so itself, and then nothing more is changed.
        if process.returncode > 0:
            return lambda: self.store.fail(job, INTERNAL)
        self._deaths[job.job_id] += 1
        if self._deaths[job.job_id] >= MOST_DEATHS or job.attempt >= MOST_ATTEMPTS:
            return lambda: self.store.fail(job, CUT_OFF)
        return lambda: self.store.put_back(job, counts=True)

    def _insist(self, call: Callable[[], Result]) -> Result:
        """The result of a call to the store, once its disk takes it: a job must not be lost because of a full one."""
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                LOG.error("%s: %s", self.store.path, error)
                if self._stop_by is not None:
                    raise
                time.sleep(FULL_DISK_S)
