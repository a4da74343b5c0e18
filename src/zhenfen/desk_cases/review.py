"""Who looks after a creator and what was decided; every change is checked against the state it was made on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from zhenfen.desk_cases.database import DeskDatabase, edit, now

Decision = Literal["approve", "conditions", "decline", "wait"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
LONGEST_REASON_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Review:
    """What people said of one creator of a project.

    Attributes:
        creator_id: Whose.
        file: Stem of the report's page.
        name: As the report shows it.
        owner: Who looks after it.
        is_pinned: Whether it stands at the top of the list.
        decision: What was decided; None as long as nothing was.
        reason: Why.
        decided_by: Who decided.
        decided_at: UTC, ISO.
        version: Counts the edits.
    """

    creator_id: str
    file: str
    name: str
    owner: str | None
    is_pinned: bool
    decision: Decision | None
    reason: str | None
    decided_by: str | None
    decided_at: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the history.

    Attributes:
        creator_id: Of whom; None of the project.
        what: The table that was changed.
        before: Column → value before.
        after: Column → value after.
        about: Column → value of what was changed, where the change alone does not say it.
        by: Who changed it.
        at: UTC, ISO.
    """

    creator_id: str | None
    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    about: Mapping[str, Any]
    by: str
    at: str


class Reviews:
    """The reviews of all projects."""

    def __init__(self, database: DeskDatabase) -> None:
        self.database = database

    def list_all(self, project_id: str) -> dict[str, Review]:
        """Review by stem of the page."""
        rows = self.database.read("select * from reviews where project_id = ?", project_id)
        return {row["file"]: _review(row) for row in rows}

    def find(self, project_id: str, file: str) -> Review:
        """The review of a page.

        Raises:
            LookupError: The project has no such page.
        """
        rows = self.database.read("select * from reviews where project_id = ? and file = ?", project_id, file)
        if not rows:
            raise LookupError(f"page {file}")
        return _review(rows[0])

    def assign(self, project_id: str, review: Review, version: int, by: str, owner: str) -> None:
        """Say who looks after a creator; empty for nobody.

        Raises:
            ConflictError: Somebody else changed the review since `version`.
        """
        self._edit(project_id, review, version, by, {"owner": owner.strip()[:LONGEST_REASON_CHARS] or None})

    def pin(self, project_id: str, review: Review, version: int, by: str, *, is_pinned: bool) -> None:
        """Keep a creator at the top of the list, or no more.

        Raises:
            ConflictError: Somebody else changed the review since `version`.
        """
        self._edit(project_id, review, version, by, {"is_pinned": int(is_pinned)})

    def decide(
        self, project_id: str, review: Review, version: int, by: str, *, decision: Decision | None, reason: str
    ) -> None:
        """Write down a decision with its reason, or take it back.

        Raises:
            ConflictError: Somebody else changed the review since `version`.
        """
        said = {"decision": decision, "reason": reason.strip()[:LONGEST_REASON_CHARS] or None}
        signed = {"decided_by": by, "decided_at": now()} if decision else {"decided_by": None, "decided_at": None}
        self._edit(project_id, review, version, by, {**said, **signed})

    def list_history(self, project_id: str, creator_id: str | None = None) -> list[Event]:
        """What was changed in a project, or of one of its creators, the newest first."""
        rows = self.database.read(
            "select * from history where project_id = ? and (? is null or creator_id = ?) order by history_id desc",
            project_id,
            creator_id,
            creator_id,
        )
        return [_event(row) for row in rows]

    def _edit(self, project_id: str, review: Review, version: int, by: str, values: Mapping[str, object]) -> None:
        with self.database.open() as connection:
            key = {"project_id": project_id, "creator_id": review.creator_id}
            edit(connection, "reviews", key, values, version=version, by=by)


def _review(row: Mapping[str, Any]) -> Review:
    values = {name: row[name] for name in Review.__dataclass_fields__}
    return Review(**{**values, "is_pinned": bool(row["is_pinned"])})


def _event(row: Mapping[str, Any]) -> Event:
    content = json.loads(row["content"])
    before, after, about = (content.get(name, {}) for name in ("before", "after", "about"))
    return Event(row["creator_id"], row["what"], before, after, about, row["by"], row["at"])
