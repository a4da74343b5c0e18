"""Files that came with a reply: kept as they are, under a random name, and never opened."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhenfen.desk_cases.database import note, now
from zhenfen.desk_cases.project import ATTACHED, ID_BYTES, Projects
from zhenfen.files import settle


class AttachmentLimitError(Exception):
    """The files of a project would be too many, or too large; none was kept."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a reply.

    Attributes:
        attachment_id: 32 hexadecimal digits, its name on the disk.
        question_id: Of the question that it answers.
        name: As its sender called it.
        sha256: Of its bytes, in hexadecimal digits.
        n_bytes: Its size.
        added_by: Who put it here.
        added_at: UTC, ISO.
    """

    attachment_id: str
    question_id: int
    name: str
    sha256: str
    n_bytes: int
    added_by: str
    added_at: str


class Attachments:
    """The attachments of all projects.

    Args:
        projects: Where their files lie.
        most_files: Of one project.
        most_bytes: Of one project, together.
    """

    def __init__(self, projects: Projects, most_files: int, most_bytes: int) -> None:
        self.projects, self.most_files, self.most_bytes = projects, most_files, most_bytes

    def list_all(self, project_id: str, creator_id: str) -> dict[int, list[Attachment]]:
        """Those of a creator's letter, by question, the oldest first."""
        rows = self.projects.database.read(
            "select a.* from attachments a join questions q using (question_id)"
            " where a.project_id = ? and q.creator_id = ? order by a.added_at, a.rowid",
            project_id,
            creator_id,
        )
        found: dict[int, list[Attachment]] = {}
        for row in rows:
            found.setdefault(row["question_id"], []).append(_attachment(row))
        return found

    def find(self, project_id: str, creator_id: str, attachment_id: str) -> tuple[Attachment, Path]:
        """A file and where it lies.

        Raises:
            LookupError: The creator's letter has none of that id.
        """
        rows = self.projects.database.read(
            "select a.* from attachments a join questions q using (question_id)"
            " where q.project_id = ? and q.creator_id = ? and attachment_id = ?",
            project_id,
            creator_id,
            attachment_id,
        )
        path = self.projects.place(project_id) / ATTACHED / attachment_id
        if not rows or not path.is_file():
            raise LookupError(f"attachment {attachment_id}")
        return _attachment(rows[0]), path

    def add(self, project_id: str, creator_id: str, question_id: int, by: str, files: Sequence[Path]) -> None:
        """Keep files; they are moved away from where they are.

        Raises:
            LookupError: The project has no such question.
            AttachmentLimitError: The project holds too much then.
        """
        folder = self.projects.place(project_id) / ATTACHED
        hashed = [(path, hash_file(path)) for path in files]
        # Rows and files within one change: a project that is being deleted takes either none of them or all.
        with self.projects.database.open() as connection:
            found = connection.execute(
                "select 1 from questions where project_id = ? and creator_id = ? and question_id = ?",
                (project_id, creator_id, question_id),
            ).fetchone()
            if found is None:
                raise LookupError(f"question {question_id}")
            n_files, n_bytes = connection.execute(
                "select count(*), coalesce(sum(n_bytes), 0) from attachments where project_id = ?", (project_id,)
            ).fetchone()
            sizes = [path.stat().st_size for path in files]
            if n_files + len(files) > self.most_files or n_bytes + sum(sizes) > self.most_bytes:
                raise AttachmentLimitError
            folder.mkdir(parents=True, exist_ok=True)
            for (path, sha256), size in zip(hashed, sizes, strict=True):
                attachment_id = secrets.token_hex(ID_BYTES)
                row = (attachment_id, project_id, question_id, path.name, sha256, size, by, now())
                connection.execute("insert into attachments values (?, ?, ?, ?, ?, ?, ?, ?)", row)
                note(connection, project_id, creator_id, "attachments", {"after": {"name": path.name}}, by=by)
                settle(path, folder / attachment_id)

    def remove(self, project_id: str, creator_id: str, attachment_id: str, by: str) -> int:
        """Delete a file; returns the question that it came with.

        Raises:
            LookupError: The creator's letter has none of that id.
        """
        with self.projects.database.open() as connection:
            row = connection.execute(
                "delete from attachments where attachment_id = ? and question_id in"
                " (select question_id from questions where project_id = ? and creator_id = ?) returning *",
                (attachment_id, project_id, creator_id),
            ).fetchone()
            if row is None:
                raise LookupError(f"attachment {attachment_id}")
            note(connection, project_id, creator_id, "attachments", {"before": {"name": row["name"]}}, by=by)
            (self.projects.place(project_id) / ATTACHED / attachment_id).unlink(missing_ok=True)
        return int(row["question_id"])


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _attachment(row: Mapping[str, Any]) -> Attachment:
    return Attachment(**{name: row[name] for name in Attachment.__dataclass_fields__})
