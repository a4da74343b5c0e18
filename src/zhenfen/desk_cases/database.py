"""The desk's database: one SQLite file; migrations bring it to the newest form, every edit is written down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError

BUSY_S = 30
MIGRATIONS = Path(__file__).parent / "migrations"


class ConflictError(Exception):
    """Somebody else changed a row since it was read; nothing was written.

    Attributes:
        current: The row as it stands now.
    """

    def __init__(self, current: Mapping[str, Any]) -> None:
        super().__init__("the row was changed since it was read")
        self.current = dict(current)


class DeskDatabase:
    """Everything that people enter at a desk; may be used from any thread and process.

    Args:
        path: The file; made, or brought to the newest form, when this is made.

    Raises:
        ConfigError: It is no database of ours, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with closing(sqlite3.connect(path, timeout=BUSY_S)) as database:
                database.execute("pragma journal_mode = wal")
            migrate(path)
        except (sqlite3.DatabaseError, OSError) as error:
            raise ConfigError(f"{path}: cannot be used as the desk's database ({error})") from error

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept together when the block ends well, and not at all when it does not."""
        with closing(sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.execute("pragma foreign_keys = on")
            # What is deleted must not be readable in the file.
            database.execute("pragma secure_delete = on")
            database.execute("begin immediate")
            try:
                yield database
            except BaseException:
                database.execute("rollback")
                raise
            database.execute("commit")

    def read(self, query: str, *values: object) -> list[dict[str, Any]]:
        """All rows of a query."""
        with closing(sqlite3.connect(self.path, timeout=BUSY_S)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values).fetchall()]

    def compact(self) -> None:
        """Take what was deleted out of every byte of the file, and of the log beside it."""
        compact(self.path)


def compact(path: Path) -> None:
    """Write a database file anew without what was deleted, and empty the log beside it.

    Where somebody else works in it all the while, it stays as it is until the next time.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as database, suppress(sqlite3.OperationalError):
        # Pages that were split keep copies of rows in gaps that are in no list of free ones.
        database.execute("vacuum")
        database.execute("pragma wal_checkpoint(truncate)")


def migrate(path: Path) -> None:
    """Bring a database file to the newest form.

    Raises:
        ConfigError: A newer version of the package wrote it.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["path"] = path
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigError(f"{path}: was written by another version of zhenfen ({error})") from error


def edit(
    database: sqlite3.Connection,
    table: str,
    key: Mapping[str, object],
    values: Mapping[str, object],
    *,
    version: int,
    by: str,
    about: Mapping[str, object] | None = None,
) -> None:
    """Change a row that nobody changed since `version` was read, and write both states into the history.

    Args:
        database: Within `DeskDatabase.open`.
        table: One of ours, with the columns `project_id` and `version`.
        key: Column → value that find the row; project_id among them.
        values: Column → new value.
        version: The row's, as it was read.
        by: Who changes it.
        about: What the history says besides, so that a reader knows which row it was.

    Raises:
        LookupError: There is no such row.
        ConflictError: Somebody else changed it.
    """
    where = " and ".join(f"{name} = ?" for name in key)
    # Names of tables and columns are our own; values are bound.
    found = database.execute(f"select * from {table} where {where}", tuple(key.values())).fetchone()  # noqa: S608
    if found is None:
        raise LookupError(f"{table}: no row {dict(key)}")
    if found["version"] != version:
        raise ConflictError(found)
    changed = {name: value for name, value in values.items() if found[name] != value}
    if not changed:
        return
    sets = ", ".join(f"{name} = ?" for name in changed)
    database.execute(
        f"update {table} set {sets}, version = version + 1 where {where}",  # noqa: S608
        (*changed.values(), *key.values()),
    )
    before = {name: found[name] for name in changed}
    content = {"before": before, "after": changed, **({"about": about} if about else {})}
    note(database, str(key["project_id"]), key.get("creator_id"), table, content, by=by)


def note(
    database: sqlite3.Connection,
    project_id: str,
    creator_id: object,
    what: str,
    content: Mapping[str, object],
    *,
    by: str,
) -> None:
    """Write a line into the history, which is only ever added to."""
    database.execute(
        "insert into history (project_id, creator_id, what, content, by, at) values (?, ?, ?, ?, ?, ?)",
        (project_id, creator_id, what, json.dumps(content, ensure_ascii=False), by, now()),
    )


def now() -> str:
    """This moment, UTC, ISO to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
