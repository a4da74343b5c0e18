"""How the service is set up: where it keeps its jobs, who may ask, and how much it takes on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

DAY_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request and one job may cost.

    Attributes:
        body_bytes: A request body; 100,000 profiles with every column take about 20 MiB of Parquet.
        json_bytes: A JSON body; parsed it takes up to a hundred times as much memory, other forms do not.
        upload_bytes: An export to vet; ten million comments zipped.
        expanded_bytes: What a compressed body may hold once read; leaves two requests room in 4 GiB.
        text_bytes: The texts of a request, each written out; scoring comments takes 24 times as much memory (measured),
            so that is 1.5 GiB at most. 100,000 comments of 80 characters are 23 MiB.
        rows: Rows a request; more is work for the batch commands, which need no answer in time.
        idle_s: Silence in the middle of a body.
        body_s: A whole body; at the limit that is 1 MiB/s.
        upload_s: A whole export; at the limit that is 300 KiB/s.
        answer_s: Waiting for a thread and scoring; proxies give up after 60 s by default. As long again for what
            is read in a process of its own.
        job_s: One vetting; the largest shortlists measured take minutes.
        keep_s: How long an ended job and its report are kept; a month, in which a shortlist is decided on and paid.
        grace_s: What a running job gets to finish when the service stops; container schedulers wait 30 s.
        n_waiting: Requests that wait for a thread.
        n_jobs_waiting: Jobs that wait for their turn.
        n_files: Files of one upload.
    """

    body_bytes: int = 32 * 2**20
    json_bytes: int = 8 * 2**20
    upload_bytes: int = 2**30
    expanded_bytes: int = 2**30
    text_bytes: int = 64 * 2**20
    rows: int = 100_000
    idle_s: float = 10
    body_s: float = 32
    upload_s: float = 3600
    answer_s: float = 60
    job_s: float = 3600
    keep_s: float = 30 * DAY_S
    grace_s: float = 25
    n_waiting: int = 32
    n_jobs_waiting: int = 100
    n_files: int = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """One running service.

    Attributes:
        data: Folder of jobs and their reports; one service at a time works in it.
        keys: File of API keys, see `keys`.
        needs_key: Whether every request but a health check must show a key.
        limits: What a request and a job may cost.
        n_threads: Requests scored at once.
    """

    data: Path
    keys: Path
    needs_key: bool = False
    limits: Limits = field(default_factory=Limits)
    n_threads: int = os.cpu_count() or 1

    @property
    def scratch(self) -> Path:
        """Folder for files that live as long as a request; emptied at every start, as a kill leaves some behind."""
        return self.data / "scratch"
