"""One vetting job in a process of its own: `python -m zhenfen.service.job_process DATA`.

Loads the models first, then waits for a line with the job's id and attempt. Notes its end in the store. An error that
nobody foresaw goes to standard error, the service's log, with exit code 1.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenfen.errors import ConfigError, InputError
from zhenfen.files import is_disk_full
from zhenfen.memory import find_memory, limit_memory
from zhenfen.progress import Progress
from zhenfen.service.errors import classify, disk_full, make_reply, rename
from zhenfen.service.jobs import Job, JobStore
from zhenfen.service.worker import REPORT, SCRATCH, UPLOAD, jobs_folder

if TYPE_CHECKING:
    from zhenfen.model_store import Models

STORE = "jobs.sqlite"
STEP_S = 1
"""Progress is written at most so often: every write waits for the disk."""


NICENESS = 10
"""Whoever looks at a page comes before a job: ten steps are a tenth of the processor's time where both want it."""
MEMORY_SHARE = 0.8
"""Of the machine's memory, or of the container's: a job that would take all of it ends before the service does."""


def bound_memory() -> int:
    """Hold this process to MEMORY_SHARE of the memory that there is; returns how many bytes that is."""
    most = int(MEMORY_SHARE * find_memory())
    limit_memory(most)
    return most


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


def run(data: Path, job_id: str, attempt: int, models: Models | Callable[[], Models]) -> None:
    """Make the report of a job and note how it ended; nothing when the job is another attempt's by now.

    Args:
        data: The service's folder.
        job_id: Which job.
        attempt: How often it was begun, this time included.
        models: Panel, rules and models to judge with, or what loads them.
    """
    store = JobStore(data / STORE)
    job = store.get(job_id)
    if job is None or job.attempt != attempt:
        return
    folder = jobs_folder(data) / job_id
    try:
        if "project" in job.options:
            assess_project(data, job.options, models, StepNotes(store, job))
            files = []
        else:
            files = make_report(folder, job.options, models, StepNotes(store, job))
    except Exception as error:
        # What the client is told; what it cannot mend is raised again.
        if is_disk_full(error):
            noted = disk_full().reply.error.model_dump()
        elif isinstance(error, InputError):
            places = list_places(data, job) if "project" in job.options else [folder / UPLOAD, folder]
            safe = rename(error, UPLOAD, *places)
            noted = make_reply(classify(error)[1], "the export cannot be used", safe.problems).error.model_dump()
            for shown, problem in zip(noted["problems"], safe.problems, strict=False):
                # Tells it in the language of whoever looks at it later.
                shown |= {"key": problem.key, "fields": {name: str(value) for name, value in problem.fields.items()}}
        else:
            raise
        store.fail(job, noted)
    else:
        store.finish(job, files)


def list_places(data: Path, job: Job) -> list[Path]:
    """Folders that the files of a project's job lie in, the innermost first: readers know the files by name only."""
    from zhenfen.desk_cases.project import UPLOADS, open_projects

    place = open_projects(data).place(job.options["project"])
    uploads = place / UPLOADS
    return [*(uploads.iterdir() if uploads.is_dir() else ()), uploads, place]


def make_report(
    folder: Path, options: dict[str, Any], models: Models | Callable[[], Models], on_progress: Progress
) -> list[str]:
    """Vet the upload of a job as `zhenfen vet` does; returns the names of the report's files.

    Raises:
        InputError: The export cannot be used.
        ConfigError: A model or the configuration of the service is broken.
    """
    from datetime import datetime

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
    vet(folder / options["path"], folder / REPORT, models, wanted, on_progress)
    return sorted(path.name for path in (folder / REPORT).iterdir())


def assess_project(
    data: Path, options: dict[str, Any], models: Models | Callable[[], Models], on_progress: Progress
) -> None:
    """Make the reports of a project of the desk.

    Raises:
        InputError: Its files cannot be used.
        ConfigError: A model or the configuration of the service is broken.
        LookupError: It was deleted meanwhile.
    """
    from zhenfen.desk_cases.assessment import assess
    from zhenfen.desk_cases.project import open_projects

    projects = open_projects(data)
    assess(projects, projects.get(options["project"]), models, options["lang"], on_progress)


def _end_with_the_service() -> None:
    # Not through sys.stdin: a buffer that is being read when the interpreter ends takes the interpreter down.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    """Entry point."""
    data = Path(sys.argv[1])
    bound_memory()
    if sys.platform != "win32":
        os.nice(NICENESS)
    # Schedulers stop all processes of a service at once; whether this one may finish is for the service to say.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    models = warm_up()
    line = b""
    # Byte by byte: what follows the line is not this loop's.
    while not line.endswith(b"\n"):
        if not (one := os.read(sys.stdin.fileno(), 1)):
            return
        line += one
    job_id, attempt = line.decode().split()
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    scratch = jobs_folder(data) / job_id / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)
    run(data, job_id, int(attempt), models)


def warm_up() -> Models | Callable[[], Models]:
    """Everything that a job needs of the package, loaded; where a model is broken, what says so once there is a job."""
    from zhenfen.desk_cases import assessment  # noqa: F401 (loaded for what follows)
    from zhenfen.estimators.post_model import has_encoder
    from zhenfen.model_store import load_models
    from zhenfen.vetting import vet  # noqa: F401

    try:
        models = load_models()
        # What takes seconds to load: as long as no job waits for it.
        if sys.platform != "win32" and not select.select([sys.stdin], [], [], 0)[0]:
            import scipy.sparse
            import scipy.special  # noqa: F401

            if models.post is not None and has_encoder():
                _ = models.post.encoder
    except ConfigError:
        return load_models
    return models


if __name__ == "__main__":
    main()
