"""A project: one shortlist with its files, what was said of them, and the reports made so far."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from zhenfen.config import Strict
from zhenfen.connectors.import_map import ImportMap
from zhenfen.desk_cases.database import DeskDatabase, edit, note, now
from zhenfen.files import settle
from zhenfen.moment import read_moment
from zhenfen.vetting.options import VetOptions
from zhenfen.vetting.record import forget

ID_BYTES = 16
"""128 random bits: an id cannot be guessed."""
LONGEST_NAME_CHARS = 80
UPLOADS, TABLES, RUNS, SIGNED, ATTACHED = "uploads", "tables", "runs", "signed", "attached"
"""Folders of a project: what came in, batch by batch; what was read of it; reports by number; signed ones; files that
came with replies."""
KEEP = "keep_days"
"""Name of the setting that says how long new projects are kept."""
_OURS = re.compile(r"\.?[0-9a-f]{32}")
"""Names of folders of projects, and of those that are on their way out."""


class ProjectOptions(Strict):
    """What was said of a project's files, where they do not say it themselves.

    Attributes:
        obtained_how: How the files were come by, in the analyst's words.
        platform: Platform of rows that name none.
        found_by: How creators were found.
        frame: Sampling frame of an audience sample.
        creator_name: Whose posts and comments those are that name nobody.
        as_of: Day, or moment, to read the data at; see `moment.read_moment`.
        target_regions: Places that the audience is wanted from.
        recheck_days: After how many days a reader is reminded to look again.
        watched: Folder of this machine that new exports come into.
        panel: Name of the reference panel to judge beside; None for the shipped one.
    """

    obtained_how: str = ""
    platform: str | None = None
    found_by: str | None = None
    frame: str | None = None
    creator_name: str | None = None
    as_of: Annotated[str, AfterValidator(lambda text: read_moment(text) and text)] | None = None
    target_regions: tuple[str, ...] = ()
    recheck_days: int | None = Field(default=None, ge=1, le=365)
    watched: str | None = None
    panel: str | None = None

    def to_vet(self, language: str, import_map: ImportMap | None) -> VetOptions:
        """The same for a vetting."""
        return VetOptions(
            language=language,
            as_of=None if self.as_of is None else read_moment(self.as_of),
            frame=self.frame,
            platform=self.platform,
            found_by=self.found_by,
            target_regions=self.target_regions,
            creator_name=self.creator_name,
            import_map=import_map,
        )


@dataclass(frozen=True)
class Project:
    """One project.

    Attributes:
        project_id: 32 hexadecimal digits.
        name: As its maker calls it.
        options: What was said of its files.
        import_map: How its sheets are read; None as they are recognised.
        job_id: The job that makes its newest report.
        created_by: Who made it.
        created_at: UTC, ISO.
        keep_until: Day after which it is deleted; None to keep it.
        version: Counts the edits.
    """

    project_id: str
    name: str
    options: ProjectOptions
    import_map: ImportMap | None
    job_id: str | None
    created_by: str
    created_at: str
    keep_until: str | None
    version: int

    def find_due_day(self, newest: Run | None) -> date | None:
        """Day from which on the newest report is to be looked at again; None where nobody asked for that."""
        days = self.options.recheck_days
        return (
            None if days is None or newest is None else date.fromisoformat(newest.made_at[:10]) + timedelta(days=days)
        )


@dataclass(frozen=True)
class Run:
    """One reading of a project's data: what later ones are compared with.

    Attributes:
        number: From 1.
        as_of: Moment the data were read at, UTC, ISO.
        score_id: What `zhenfen reproduce` takes.
        versions: Name → version of everything the scores depend on.
        made_at: UTC, ISO.
    """

    number: int
    as_of: str
    score_id: str
    versions: dict[str, str]
    made_at: str


class Projects:
    """All projects of one data folder.

    Args:
        database: What people entered.
        folder: Where the files of projects lie.
    """

    def __init__(self, database: DeskDatabase, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def place(self, project_id: str) -> Path:
        """Folder of a project's files."""
        return self.folder / project_id

    def make(self, name: str, by: str, options: ProjectOptions | None = None) -> Project:
        """A new project without files."""
        project_id = secrets.token_hex(ID_BYTES)
        said, days = (options or ProjectOptions()).model_dump_json(), self.read_keep_days()
        keep_until = None if days is None else (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
        with self.database.open() as database:
            database.execute(
                "insert into projects (project_id, name, options, created_by, created_at, keep_until)"
                " values (?, ?, ?, ?, ?, ?)",
                (project_id, name[:LONGEST_NAME_CHARS], said, by, now(), keep_until),
            )
            note(database, project_id, None, "project", {"after": {"name": name[:LONGEST_NAME_CHARS]}}, by=by)
        return self.get(project_id)

    def get(self, project_id: str) -> Project:
        """A project.

        Raises:
            LookupError: There is none.
        """
        rows = self.database.read("select * from projects where project_id = ?", project_id)
        if not rows:
            raise LookupError(f"project {project_id}")
        return _project(rows[0])

    def list_all(self) -> list[Project]:
        """All projects, the newest first."""
        return [
            _project(row) for row in self.database.read("select * from projects order by created_at desc, rowid desc")
        ]

    def edit(self, project_id: str, version: int, by: str, **values: object) -> None:
        """Change name, options (JSON), import_map (YAML as JSON), job_id or keep_until.

        Raises:
            LookupError: There is no such project.
            ConflictError: Somebody else changed it since.
        """
        with self.database.open() as database:
            edit(database, "projects", {"project_id": project_id}, values, version=version, by=by)

    def remove(self, project_id: str) -> None:
        """Delete a project: its rows, all its files, and the records that its score ids stand for.

        No job of it may run any more. Rows and files go in one step: whoever writes for the project at that moment
        either comes before, and is deleted too, or finds no project. What a kill leaves lying is swept.
        """
        runs, aside = self.list_runs(project_id), self.folder / f".{secrets.token_hex(ID_BYTES)}"
        try:
            with self.database.open() as database:
                database.execute("delete from projects where project_id = ?", (project_id,))
                if self.place(project_id).exists():
                    settle(self.place(project_id), aside)
        except BaseException:
            if aside.exists():
                settle(aside, self.place(project_id))
            raise
        for folder in (aside, self.place(project_id)):
            _delete(folder)
        for run in runs:
            forget(run.score_id, self.place(project_id))
        self.database.compact()

    def sweep(self) -> None:
        """Delete files that no row stands for: what a kill, or a job that outlived its project, left behind."""
        left: list[Path] = []
        # Nobody makes or deletes anything as long as this looks: what is there without a row stays without one.
        with self.database.open() as database:
            known = {row["project_id"] for row in database.execute("select project_id from projects")}
            kept = {
                ATTACHED: {row[0] for row in database.execute("select attachment_id from attachments")},
                SIGNED: {row[0] for row in database.execute("select signature_id from signatures")},
            }
            folders = list(self.folder.iterdir()) if self.folder.is_dir() else []
            left += [path for path in folders if _OURS.fullmatch(path.name) and path.name not in known]
            for path in (path / name for path in folders if path.name in known for name in kept):
                if path.is_dir():
                    left += [one for one in path.iterdir() if one.name not in kept[path.name]]
        for path in left:
            if path.is_dir():
                _delete(path)
            else:
                path.unlink(missing_ok=True)
        self.database.compact()

    def read_keep_days(self) -> int | None:
        """After how many days a new project is deleted; None to keep it."""
        rows = self.database.read("select value from settings where name = ?", KEEP)
        kept: int | None = json.loads(rows[0]["value"]) if rows else None
        return kept

    def list_kept_too_long(self, today: date) -> list[str]:
        """Ids of the projects whose last day is over."""
        rows = self.database.read("select project_id from projects where keep_until < ?", today.isoformat())
        return [row["project_id"] for row in rows]

    def list_runs(self, project_id: str) -> list[Run]:
        """Reports made so far, the newest first."""
        rows = self.database.read("select * from runs where project_id = ? order by number desc", project_id)
        return [
            Run(row["number"], row["as_of"], row["score_id"], json.loads(row["versions"]), row["made_at"])
            for row in rows
        ]

    def add_batch(self, project_id: str) -> Path:
        """A new folder for files that come in."""
        uploads = self.place(project_id) / UPLOADS
        uploads.mkdir(parents=True, exist_ok=True)
        return uploads / str(1 + max((int(path.name) for path in uploads.iterdir()), default=0))

    def list_batches(self, project_id: str) -> list[Path]:
        """What to import, batch by batch: the one file, or the folder where there are several."""
        uploads = self.place(project_id) / UPLOADS
        if not uploads.is_dir():
            return []
        batches = sorted((path for path in uploads.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
        return [next(batch.iterdir()) if len(list(batch.iterdir())) == 1 else batch for batch in batches]


def _delete(folder: Path) -> None:
    """Delete a folder that somebody else may be deleting at the same time."""

    def go_on(_what: object, _path: object, failed: tuple[object, BaseException, object]) -> None:
        if not isinstance(failed[1], FileNotFoundError):
            raise failed[1]

    shutil.rmtree(folder, onerror=go_on)


def open_projects(data: Path) -> Projects:
    """The projects of a service's data folder."""
    return Projects(DeskDatabase(data / "desk.sqlite"), data / "projects")


def _project(row: Mapping[str, Any]) -> Project:
    return Project(
        row["project_id"],
        row["name"],
        ProjectOptions.model_validate_json(row["options"]),
        None if row["import_map"] is None else ImportMap.model_validate_json(row["import_map"]),
        row["job_id"],
        row["created_by"],
        row["created_at"],
        row["keep_until"],
        row["version"],
    )
