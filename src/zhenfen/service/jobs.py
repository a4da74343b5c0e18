"""Vetting jobs in SQLite: what was asked for, how far it is, what came of it. What is written here outlives a kill.

queued → running → done | failed
   ↑________|  the service was stopped or killed: the job is run again from its upload
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from zhenfen.errors import ConfigError

State = Literal["queued", "running", "done", "failed"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed")
MOST_ATTEMPTS = 10
"""A job that was begun so often and is not done is set aside: it may be what kills the service."""
BUSY_S = 30
VERSION = 1

_SCHEMA = """
create table if not exists jobs (
    job_id text primary key, owner text not null, options text not null, state text not null,
    attempt integer not null default 0, step text, n_done integer, n_total integer,
    error text, files text, created_at text not null, started_at text, finished_at text
) strict
"""
_NEXT = "select job_id from jobs where state = 'queued' order by rowid limit 1"


@dataclass(frozen=True, slots=True)
class Job:
    """One vetting.

    Attributes:
        job_id: 32 hexadecimal digits.
        owner: Name of the key that asked; nobody else sees the job.
        options: What was asked for, see `vetting`.
        state: See above.
        attempt: How often it was begun.
        step: What is being done, how much of it, out of how much; None before and after.
        error: Why it failed, see `errors.ErrorDetail`.
        files: Names of the report's files.
        created_at: UTC, ISO; so are the others, None when it has not come to that.
        started_at: Of the latest attempt.
        finished_at: When it was done or had failed.
    """

    job_id: str
    owner: str
    options: dict[str, Any]
    state: State
    attempt: int
    step: tuple[str, int, int] | None
    error: dict[str, Any] | None
    files: tuple[str, ...]
    created_at: str
    started_at: str | None
    finished_at: str | None


class JobStore:
    """The jobs of one data folder; may be used from any thread and process.

    Raises:
        ConfigError: The file was written by another version, or is no database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with self._open() as database:
                database.execute("pragma journal_mode = wal")
                found = database.execute("pragma user_version").fetchone()[0]
                if found not in (0, VERSION):
                    raise ConfigError(f"{path}: expected jobs of version {VERSION}, found {found}")
                database.execute(_SCHEMA)
                database.execute(f"pragma user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"{path}: cannot be used as the database of jobs ({error})") from error

    def add(self, job_id: str, owner: str, options: dict[str, Any]) -> None:
        """A new job, at the end of the queue."""
        self._change(
            "insert into jobs (job_id, owner, options, state, created_at) values (?, ?, ?, 'queued', ?)",
            (job_id, owner, json.dumps(options), _now()),
        )

    def get(self, job_id: str) -> Job | None:
        """A job, None when there is none."""
        with self._open() as database:
            row = database.execute("select * from jobs where job_id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row)

    def claim(self) -> Job | None:
        """The oldest job that waits, now running; None when none waits."""
        query = f"update jobs set state = 'running', attempt = attempt + 1, started_at = ?, step = null where job_id = ({_NEXT}) returning *"  # noqa: S608, E501 (our own text)
        with self._open() as database:
            row = database.execute(query, (_now(),)).fetchone()
        return None if row is None else _job(row)

    def note_step(self, job: Job, step: str, n_done: int, n_total: int) -> None:
        """How far an attempt is."""
        self._settle(job, "step = ?, n_done = ?, n_total = ?", (step, n_done, n_total))

    def finish(self, job: Job, files: Sequence[str]) -> None:
        """An attempt made its report."""
        self._settle(job, "state = 'done', step = null, files = ?, finished_at = ?", (json.dumps(list(files)), _now()))

    def fail(self, job: Job, error: dict[str, Any]) -> None:
        """An attempt ended without a report, and another would too."""
        self._settle(job, "state = 'failed', step = null, error = ?, finished_at = ?", (json.dumps(error), _now()))

    def put_back(self, job: Job, *, counts: bool) -> None:
        """An attempt was cut off: the job waits again; `counts` says whether the attempt was spent."""
        self._settle(job, "state = 'queued', step = null, attempt = attempt - ?", (0 if counts else 1,))

    def recover(self, error: dict[str, Any]) -> None:
        """Jobs that ran when the service was killed wait again; those that were begun too often fail with `error`.

        A kill is not the job's fault, so that it keeps its place; one that was cut off before, by a kill or a death of
        its own process, waits behind all others, which it would hold up for ever if it were what kills the service.
        """
        self._change(
            "update jobs set state = 'failed', step = null, error = ?, finished_at = ? "
            "where state = 'running' and attempt >= ?",
            (json.dumps(error), _now(), MOST_ATTEMPTS),
        )
        for job_id in self.job_ids("running"):
            last = "update jobs set rowid = (select max(rowid) + 1 from jobs) where job_id = ? and attempt > 1"
            self._change(last, (job_id,))
        self._change("update jobs set state = 'queued', step = null where state = 'running'", ())

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        self._change("delete from jobs where job_id = ?", (job_id,))

    def list_of_project(self, project_id: str) -> list[str]:
        """Ids of the jobs that make a project's reports, whatever has become of them."""
        with self._open() as database:
            rows = database.execute(
                "select job_id from jobs where json_extract(options, '$.project') = ?", (project_id,)
            )
            return [row["job_id"] for row in rows.fetchall()]

    def remove_ended(self, before: datetime) -> list[str]:
        """Forget the jobs that ended before a moment; returns their ids."""
        query = "delete from jobs where state in ('done', 'failed') and finished_at < ? returning job_id"
        with self._open() as database:
            return [row["job_id"] for row in database.execute(query, (before.isoformat(),)).fetchall()]

    def job_ids(self, *states: State) -> set[str]:
        """Ids of the jobs in these states."""
        marks = ", ".join("?" * len(states))
        with self._open() as database:
            rows = database.execute(f"select job_id from jobs where state in ({marks})", states).fetchall()  # noqa: S608 (question marks)
        return {row["job_id"] for row in rows}

    def counts(self) -> dict[str, int]:
        """State → number of jobs in it."""
        with self._open() as database:
            rows = database.execute("select state, count(*) as n from jobs group by state").fetchall()
        return dict.fromkeys(STATES, 0) | {row["state"]: row["n"] for row in rows}

    def _settle(self, job: Job, changes: str, values: tuple[object, ...]) -> None:
        """Change a job that this very attempt still runs; a later attempt's word stands."""
        query = f"update jobs set {changes} where job_id = ? and state = 'running' and attempt = ?"  # noqa: S608 (our own text)
        self._change(query, (*values, job.job_id, job.attempt))

    def _change(self, query: str, values: tuple[object, ...]) -> None:
        with self._open() as database:
            database.execute(query, values)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_S)) as database:
            database.row_factory = sqlite3.Row
            # What is deleted must not be readable in the file.
            database.execute("pragma secure_delete = on")
            with database:
                yield database


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep the data folder for this process: a lock that the system lets go of when the process ends, however it ends.

    Raises:
        ConfigError: Another service works in it, or it cannot be written.
    """
    try:
        # Exports and reports are about persons: nobody else on this machine reads them.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / "service.lock", timeout=0, isolation_level=None)
        lock.execute("begin exclusive")
    except (OSError, sqlite3.DatabaseError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ConfigError(f"{folder}: another service works in this folder; choose another with --data") from error
        raise ConfigError(f"{folder}: cannot be used as the service's data folder ({error})") from error
    with closing(lock):
        yield


def _job(row: sqlite3.Row) -> Job:
    step = None if row["step"] is None else (row["step"], row["n_done"], row["n_total"])
    return Job(
        row["job_id"],
        row["owner"],
        json.loads(row["options"]),
        row["state"],
        row["attempt"],
        step,
        None if row["error"] is None else json.loads(row["error"]),
        tuple(json.loads(row["files"] or "[]")),
        row["created_at"],
        row["started_at"],
        row["finished_at"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
