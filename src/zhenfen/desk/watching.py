"""Watched folders: new exports that are complete become a project's next batch, each of them once."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from zhenfen.desk.frame import Desk
from zhenfen.desk.job import find_due, start_job
from zhenfen.desk_cases.assessment import check_batch
from zhenfen.desk_cases.attachment import hash_file
from zhenfen.desk_cases.database import ConflictError, note, now
from zhenfen.desk_cases.project import ID_BYTES, Project
from zhenfen.errors import InputError
from zhenfen.files import is_disk_full, settle
from zhenfen.messages import LANGUAGES
from zhenfen.service.errors import ServiceError
from zhenfen.service.uploads import check_name, new_folder

SETTLE_S = 10
"""A file whose size and time have not changed for so long is complete: browsers and copies write every second or so."""
BY = "zhenfen"
"""Who takes the files, in the history."""
MOST_LISTED = 10_000
"""Names of a folder that are looked at every few seconds; a folder of exports holds tens."""
State = tuple[int, int]
"""Size and time of the latest change."""


class Watch:
    """Looks at watched folders; a file is known by what is in it, whatever it is called.

    Only where the service is on this machine alone and without keys: elsewhere a reader could have any file of the
    server's read.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._since: dict[tuple[str, Path], tuple[State, float]] = {}
        self._done: dict[tuple[str, Path], State] = {}
        self._to_start: set[str] = set()
        self._due: dict[str, date] = {}

    def take_new(self, at_s: float) -> None:
        """Take what is new and complete, and have the reports made anew; also where a re-check is due.

        Args:
            at_s: Seconds of a clock that only goes forward.
        """
        if self.desk.service.settings.needs_key:
            return
        for project in self.desk.projects.list_all():
            if project.options.watched is not None:
                files = list(self.list_complete(project, Path(project.options.watched), at_s))
                if (files and self.take(project, files)) or self.is_newly_due(project):
                    self._to_start.add(project.project_id)
        for project_id in sorted(self._to_start):
            try:
                # Which language comes first matters to nobody: nobody waits.
                start_job(self.desk, self.desk.find(project_id), LANGUAGES[0], BY)
            except ServiceError as error:
                if error.code == "busy":
                    continue
            except ConflictError:
                # Somebody edits the project just now.
                continue
            self._to_start.discard(project_id)

    def is_newly_due(self, project: Project) -> bool:
        """Whether the newest report is to be looked at again; said once, or a job that fails were begun for ever."""
        due = find_due(self.desk, project)
        if due is None or self._due.get(project.project_id) == due:
            return False
        self._due[project.project_id] = due
        return True

    def list_complete(self, project: Project, folder: Path, at_s: float) -> Iterator[Path]:
        """Files of a folder that are new to a project and unchanged for SETTLE_S; as many as one upload may have."""
        limits = self.desk.service.settings.limits
        found = sorted(islice(folder.iterdir(), MOST_LISTED)) if folder.is_dir() else []
        # What is gone from the folder is forgotten.
        there = {(project.project_id, path) for path in found}
        for memory in (self._since, self._done):
            for key in [key for key in memory if key[0] == project.project_id and key not in there]:
                del memory[key]
        n_files, n_bytes = 0, 0
        for path in found:
            # A link may lead anywhere.
            if path.is_symlink() or not path.is_file() or not _is_plain(path.name):
                continue
            key, state = (project.project_id, path), _state(path)
            if self._done.get(key) == state:
                continue
            seen, since = self._since.get(key, (None, at_s))
            if seen != state:
                self._since[key] = (state, at_s)
            elif at_s - since >= SETTLE_S and n_files < limits.n_files and n_bytes + state[0] <= limits.upload_bytes:
                n_files, n_bytes = n_files + 1, n_bytes + state[0]
                yield path

    def take(self, project: Project, files: list[Path]) -> bool:
        """Copy files into the project as its next batch; whether there is one.

        What cannot be read is noted in the history and left where it is, or every later report would fail too.
        """
        batch = self.desk.service.settings.scratch / secrets.token_hex(ID_BYTES)
        try:
            with new_folder(batch):
                taken = list(self._copy_new(project, files, batch))
            if not taken:
                return False
            try:
                path = batch if len(taken) > 1 else batch / taken[0][0]
                check_batch(self.desk.projects, project, path, LANGUAGES[0])
                is_usable = True
            except InputError as error:
                if is_disk_full(error):
                    # The file's turn comes again once there is room.
                    raise
                is_usable = False
            with self.desk.projects.database.open() as database:
                for name, sha256 in taken:
                    row = (project.project_id, sha256, name, now())
                    database.execute("insert into taken (project_id, sha256, name, taken_at) values (?, ?, ?, ?)", row)
                    content = {"after": {"name": name, "is_taken": int(is_usable)}}
                    note(database, project.project_id, None, "taken", content, by=BY)
                if is_usable:
                    settle(batch, self.desk.projects.add_batch(project.project_id))
            return is_usable
        except sqlite3.IntegrityError:
            # The project was deleted meanwhile, or another desk took the same file first.
            return False
        finally:
            shutil.rmtree(batch, ignore_errors=True)

    def _copy_new(self, project: Project, files: list[Path], batch: Path) -> Iterator[tuple[str, str]]:
        """Name and hash of each file that the project has not had yet, now in `batch`."""
        rows = self.desk.projects.database.read("select sha256 from taken where project_id = ?", project.project_id)
        known = {row["sha256"] for row in rows}
        for path in files:
            state, sha256, copy = _state(path), hash_file(path), batch / path.name
            if sha256 not in known:
                shutil.copyfile(path, copy)
                if hash_file(copy) != sha256:
                    # Somebody writes it just now: later.
                    copy.unlink()
                    continue
            self._done[project.project_id, path] = state
            if sha256 in known:
                continue
            known.add(sha256)
            yield path.name, sha256


def check_watched(desk: Desk, text: str) -> str | None:
    """A folder of this machine to watch; None for none.

    Raises:
        ServiceError: Other machines or readers with keys can reach the service, there is no such folder, or it is one
            of the service's own.
    """
    if not text.strip():
        return None
    if desk.service.settings.needs_key:
        raise ServiceError(403, "no_watching", "folders are watched only by a service of this machine without keys")
    folder, own = Path(text.strip()), desk.service.settings.data.resolve()
    try:
        is_good = folder.is_absolute() and folder.is_dir()
        real = folder.resolve()
    except (OSError, ValueError):
        is_good, real = False, own
    if not is_good or real.is_relative_to(own) or own.is_relative_to(real):
        raise ServiceError(422, "bad_folder", "expected the whole path of a folder of this machine")
    return str(real)


def _is_plain(name: str) -> bool:
    try:
        return bool(check_name(name))
    except ServiceError:
        return False


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
