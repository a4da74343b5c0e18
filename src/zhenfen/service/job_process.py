"""One vetting job in a process of its own: `python -m zhenfen.service.job_process DATA JOB_ID ATTEMPT`.

Notes its end in the store. An error that nobody foresaw goes to standard error, the service's log, with exit code 1.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError, InputError
from zhenfen.progress import Progress
from zhenfen.service.errors import classify, disk_full, is_disk_full, make_reply, rename
from zhenfen.service.jobs import Job, JobStore
from zhenfen.service.worker import REPORT, SCRATCH, UPLOAD, jobs_folder

STORE = "jobs.sqlite"
STEP_S = 1
"""Progress is written at most so often: every write waits for the disk."""


class StepNotes:
    """Writes progress to the store."""

    def __init__(self, store: JobStore, job: Job) -> None:
        self.store, self.job = store, job
        self._name, self._at = "", 0.0

    def __call__(self, step: str, n_done: int, n_total: int) -> None:
        """Note that `n_done` of `n_total` of a step is complete."""
        now = time.monotonic()
        if step != self._name or now - self._at > STEP_S:
            self._name, self._at = step, now
            self.store.note_step(self.job, step, n_done, n_total)


def run(data: Path, job_id: str, attempt: int) -> None:
    """Make the report of a job and note how it ended; nothing when the job is another attempt's by now."""
    store = JobStore(data / STORE)
    job = store.get(job_id)
    if job is None or job.attempt != attempt:
        return
    folder = jobs_folder(data) / job_id
    try:
        if "project" in job.options:
            assess_project(data, job.options, StepNotes(store, job))
            files = []
        else:
            files = make_report(folder, job.options, StepNotes(store, job))
    except (InputError, ConfigError, OSError) as error:
        # What the client is told; what it cannot mend is raised again.
        if is_disk_full(error):
            reply = disk_full().reply
        elif isinstance(error, InputError):
            safe = rename(error, UPLOAD, folder / UPLOAD, folder)
            reply = make_reply(classify(error)[1], "the export cannot be used", safe.problems)
        else:
            raise
        store.fail(job, reply.error.model_dump())
    else:
        store.finish(job, files)


def make_report(folder: Path, options: dict[str, Any], on_progress: Progress) -> list[str]:
    """Vet the upload of a job as `zhenfen vet` does; returns the names of the report's files.

    Raises:
        InputError: The export cannot be used.
        ConfigError: A model or the configuration of the service is broken.
    """
    from datetime import datetime

    from zhenfen.model_store import load_models
    from zhenfen.vetting.options import VetOptions
    from zhenfen.vetting.vet import vet

    as_of = options["as_of"]
    wanted = VetOptions(
        language=options["lang"],
        creators=tuple(options["creator"]),
        as_of=None if as_of is None else datetime.fromisoformat(as_of),
        show_names=options["show_names"],
        frame=options["frame"],
        platform=options["platform"],
        # Jobs that an older version was asked for do not say it.
        found_by=options.get("found_by"),
    )
    vet(folder / options["path"], folder / REPORT, load_models(), wanted, on_progress)
    return sorted(path.name for path in (folder / REPORT).iterdir())


def assess_project(data: Path, options: dict[str, Any], on_progress: Progress) -> None:
    """Make the reports of a project of the desk.

    Raises:
        InputError: Its files cannot be used.
        ConfigError: A model or the configuration of the service is broken.
        LookupError: It was deleted meanwhile.
    """
    from zhenfen.desk_cases.assessment import assess
    from zhenfen.desk_cases.project import open_projects
    from zhenfen.model_store import load_models

    projects = open_projects(data)
    assess(projects, projects.get(options["project"]), load_models, options["lang"], on_progress)


def _end_with_the_service() -> None:
    # Not through sys.stdin: a buffer that is being read when the interpreter ends takes the interpreter down.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    """Entry point."""
    data, job_id, attempt = sys.argv[1:]
    # Schedulers stop all processes of a service at once; whether this one may finish is for the service to say.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    scratch = jobs_folder(Path(data)) / job_id / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)
    run(Path(data), job_id, int(attempt))


if __name__ == "__main__":
    main()
