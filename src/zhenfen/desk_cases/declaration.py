"""What a creator declares about days of the past: a giveaway, an advert, a promotion. It is on record as an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from zhenfen.desk_cases.database import DeskDatabase, note, now
from zhenfen.tables import TABLES, Tables, make_frame

LONGEST_NOTE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Declaration:
    """One event that somebody put on record.

    Attributes:
        declaration_id: Its number.
        creator_id: Whose event.
        kind: One of `tables.EVENT_KINDS`.
        starts_on: Its day.
        note: How it was shown, in the analyst's words.
        declared_by: Who put it on record.
        declared_at: UTC, ISO.
    """

    declaration_id: int
    creator_id: str
    kind: str
    starts_on: date
    note: str
    declared_by: str
    declared_at: str


def list_declarations(database: DeskDatabase, project_id: str, creator_id: str | None = None) -> list[Declaration]:
    """What was declared in a project, or by one of its creators, in order of days."""
    rows = database.read(
        "select * from declarations where project_id = ? and (? is null or creator_id = ?) order by starts_on, kind",
        project_id,
        creator_id,
        creator_id,
    )
    return [_declaration(row) for row in rows]


def declare(
    database: DeskDatabase, project_id: str, creator_id: str, kind: str, starts_on: date, *, said: str, by: str
) -> None:
    """Put an event on record; the same event again changes nothing."""
    with database.open() as connection:
        same = connection.execute(
            "select 1 from declarations where project_id = ? and creator_id = ? and kind = ? and starts_on = ?",
            (project_id, creator_id, kind, starts_on.isoformat()),
        ).fetchone()
        if same:
            return
        connection.execute(
            "insert into declarations (project_id, creator_id, kind, starts_on, note, declared_by, declared_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (project_id, creator_id, kind, starts_on.isoformat(), said[:LONGEST_NOTE_CHARS], by, now()),
        )
        content = {"kind": kind, "starts_on": starts_on.isoformat(), "note": said[:LONGEST_NOTE_CHARS]}
        note(connection, project_id, creator_id, "declaration", {"after": content}, by=by)


def withdraw(database: DeskDatabase, project_id: str, declaration_id: int, by: str) -> None:
    """Take an event off the record; the history keeps it.

    Raises:
        LookupError: There is none of that number in the project.
    """
    with database.open() as connection:
        row = connection.execute(
            "delete from declarations where project_id = ? and declaration_id = ? returning *",
            (project_id, declaration_id),
        ).fetchone()
        if row is None:
            raise LookupError(f"declaration {declaration_id}")
        content = {name: row[name] for name in ("kind", "starts_on", "note")}
        note(connection, project_id, row["creator_id"], "declaration", {"before": content}, by=by)


def add_declared(tables: Tables, declared: list[Declaration]) -> Tables:
    """The tables with what was declared among their events; an event that is there already stays as it is."""
    if not declared:
        return tables
    rows = [
        {
            "creator_id": one.creator_id,
            "starts_at": datetime.combine(one.starts_on, datetime.min.time(), UTC),
            "kind": one.kind,
            "note": one.note or None,
        }
        for one in declared
    ]
    events = make_frame(TABLES["events"], pl.DataFrame(rows))
    there = tables["events"] if tables.has("events") else events.clear()
    return tables.replace(
        events=pl.concat([there, events]).unique(TABLES["events"].key, keep="first", maintain_order=True)
    )


def _declaration(row: dict[str, Any]) -> Declaration:
    values = {name: row[name] for name in Declaration.__dataclass_fields__}
    return Declaration(**{**values, "starts_on": date.fromisoformat(row["starts_on"]), "note": row["note"] or ""})
