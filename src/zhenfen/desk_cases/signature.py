"""Signing a decision: the pages it rests on are copied and hashed, and stay as they are whatever comes later."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zhenfen.desk_cases.attachment import hash_file
from zhenfen.desk_cases.database import ConflictError, note, now
from zhenfen.desk_cases.project import ID_BYTES, LONGEST_NAME_CHARS, RUNS, SIGNED, Project, Projects
from zhenfen.desk_cases.review import DECISIONS, Decision, Review
from zhenfen.messages import LANGUAGES

ENDINGS = ("html", "json")
STATEMENT = "signature.json"
"""The file among the frozen ones that says what was signed."""


class SigningError(Exception):
    """Nothing can be signed as things stand; nothing was written.

    Attributes:
        code: `no_decision`, `no_signer`, `newer_report`, `changed_decision`: what was read is not what stands there, or
            `report_unfinished`: a language is still being written.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signature:
    """A decision that was signed, and what it rests on.

    Attributes:
        signature_id: 32 hexadecimal digits, name of the folder of frozen files.
        creator_id: On whom.
        decision: What was decided.
        reason: Why.
        signed_by: Who signed.
        signed_at: UTC, ISO.
        run: Number of the report.
        as_of: Moment that the report's data were read at, UTC, ISO.
        score_id: What `zhenfen reproduce` takes.
        sha256: Over all frozen files, see `hash_folder`.
        versions: Name → version of everything the scores depended on.
    """

    signature_id: str
    creator_id: str
    decision: Decision
    reason: str
    signed_by: str
    signed_at: str
    run: int
    as_of: str
    score_id: str
    sha256: str
    versions: dict[str, str]


def sign(projects: Projects, project: Project, review: Review, run: int, name: str, *, by: str) -> Signature:
    """Sign the decision on a creator: freeze it with the pages of the report that was read.

    Args:
        projects: Where the project lies.
        project: Which one.
        review: Decision and reason, as they were read.
        run: Number of the report that was read.
        name: Who signs.
        by: Whose session it is; for the history.

    Raises:
        SigningError: See there.
        ConflictError: Somebody changed the decision meanwhile.
        LookupError: The project was deleted meanwhile.
    """
    signer = " ".join(name.split())[:LONGEST_NAME_CHARS]
    if review.decision not in DECISIONS:
        raise SigningError("no_decision")
    if not signer:
        raise SigningError("no_signer")
    runs = projects.list_runs(project.project_id)
    if not runs or runs[0].number != run:
        raise SigningError("newer_report")
    signature_id = secrets.token_hex(ID_BYTES)
    folder = projects.place(project.project_id) / SIGNED / signature_id
    said = {
        "creator_id": review.creator_id,
        "decision": review.decision,
        "reason": review.reason or "",
        "signed_by": signer,
        "signed_at": now(),
        "run": run,
        "as_of": runs[0].as_of,
        "score_id": runs[0].score_id,
        "versions": runs[0].versions,
    }
    # Files and row within one change: a project that is being deleted takes either none of them or all.
    with projects.database.open() as connection:
        row = connection.execute(
            "select * from reviews where project_id = ? and creator_id = ?", (project.project_id, review.creator_id)
        ).fetchone()
        if row is None:
            raise LookupError(f"project {project.project_id}")
        if row["version"] != review.version:
            raise ConflictError(row)
        try:
            _freeze(projects.place(project.project_id) / RUNS / str(run), review.file, folder, said)
            made = Signature(signature_id, sha256=hash_folder(folder), **said)  # type: ignore[arg-type]
            values = {**asdict(made), "versions": json.dumps(made.versions), "project_id": project.project_id}
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(f"insert into signatures ({', '.join(values)}) values ({marks})", values)  # noqa: S608 (our own names)
            content = {name: said[name] for name in ("decision", "reason", "signed_by", "score_id")}
            note(connection, project.project_id, review.creator_id, "signatures", {"after": content}, by=by)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return made


def list_signatures(projects: Projects, project_id: str, creator_id: str | None = None) -> list[Signature]:
    """Signatures of a project, or on one of its creators, the newest first."""
    rows = projects.database.read(
        "select * from signatures where project_id = ? and (? is null or creator_id = ?)"
        " order by signed_at desc, rowid desc",
        project_id,
        creator_id,
        creator_id,
    )
    return [_signature(row) for row in rows]


def find_signature(projects: Projects, project_id: str, signature_id: str) -> tuple[Signature, Path]:
    """A signature and the folder of its frozen files.

    Raises:
        LookupError: The project has none of that id.
    """
    rows = projects.database.read(
        "select * from signatures where project_id = ? and signature_id = ?", project_id, signature_id
    )
    if not rows:
        raise LookupError(f"signature {signature_id}")
    return _signature(rows[0]), projects.place(project_id) / SIGNED / signature_id


def is_unchanged(signature: Signature, folder: Path) -> bool:
    """Whether the frozen files, and what the database says was signed, are as they were on that day."""
    statement = folder / STATEMENT
    if not statement.is_file() or hash_folder(folder) != signature.sha256:
        return False
    said = {name: value for name, value in asdict(signature).items() if name not in ("signature_id", "sha256")}
    kept: dict[str, Any] = json.loads(statement.read_text(encoding="utf-8"))
    return kept == said


def hash_folder(folder: Path) -> str:
    """SHA-256 over the names of all files of a folder and the hash of each: one more, one less or a byte changes it."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(folder).as_posix()}\n{hash_file(path)}\n".encode())
    return whole.hexdigest()


def _freeze(report: Path, file: str, folder: Path, said: Mapping[str, object]) -> None:
    """Copy a creator's pages in every language, with what was signed beside them.

    Raises:
        SigningError: A page is not there yet.
    """
    for language in LANGUAGES:
        for ending in ENDINGS:
            page = report / language / f"{file}.{ending}"
            if not page.is_file():
                raise SigningError("report_unfinished")
            target = folder / language / page.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, target)
    statement = json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1)
    (folder / STATEMENT).write_text(f"{statement}\n", encoding="utf-8", newline="\n")
    for path in folder.rglob("*.*"):
        # Nobody writes over them by accident.
        path.chmod(0o444)


def _signature(row: Mapping[str, Any]) -> Signature:
    values = {name: row[name] for name in Signature.__dataclass_fields__}
    return Signature(**{**values, "versions": json.loads(row["versions"])})
