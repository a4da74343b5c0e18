"""Reference panels of a team's own: peers that a project is judged beside in place of the shipped ones."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from zhenfen.desk_cases.database import now
from zhenfen.desk_cases.project import ID_BYTES, TABLES, Project, Projects
from zhenfen.errors import ConfigError, MissingTableError
from zhenfen.files import settle
from zhenfen.model_store import Models
from zhenfen.verdict.panel import Panel, read_panel
from zhenfen.vetting.panels import build_own_panel

LONGEST_PANEL_NAME_CHARS = 60
LARGEST_PANEL_BYTES = 2**24
"""The shipped panel, of 16 sources, has a quarter of a megabyte."""
MOST_PANELS = 50


class PanelError(Exception):
    """A panel that cannot be kept, made or taken away; nothing was changed.

    Attributes:
        code: `panel_name` (none, or taken), `bad_panel` (the file is none), `panel_too_few` (fewer creators than a
            range needs), `panel_in_use` (a project is judged beside it) or `too_many_panels`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Peers:
    """Whom a panel holds of one platform.

    Attributes:
        platform: Its name.
        n_creators: As many as its best covered measurement has.
        followers: Fewest and most of them; None where no sizes are known.
        n_measured: Measurements that have a range.
        observed_on: Day of the youngest observation.
    """

    platform: str
    n_creators: int
    followers: tuple[int, int] | None
    n_measured: int
    observed_on: date


@dataclass(frozen=True, slots=True)
class OwnPanel:
    """A panel that somebody brought or made.

    Attributes:
        name: What people call it; no other one has it.
        made_by: Who brought or made it.
        made_at: UTC, ISO.
        n_projects: How many projects are judged beside it.
        peers: By platform.
    """

    name: str
    made_by: str
    made_at: str
    n_projects: int
    peers: tuple[Peers, ...]


class Panels:
    """The panels of one data folder.

    They hold quantiles of thirty creators and more, nothing of anybody: they stay when a project is deleted.

    Args:
        projects: Those that may be judged beside them.
    """

    def __init__(self, projects: Projects) -> None:
        self.projects, self.database = projects, projects.database
        self.folder = projects.folder.with_name("panels")

    def list_names(self) -> list[str]:
        """Names, in their order."""
        return [row["name"] for row in self.database.read("select name from panels order by name")]

    def list_all(self) -> list[OwnPanel]:
        """All panels, the newest first."""
        used = Counter(one.options.panel for one in self.projects.list_all())
        rows = self.database.read("select * from panels order by made_at desc, rowid desc")
        return [
            OwnPanel(
                row["name"],
                row["made_by"],
                row["made_at"],
                used[row["name"]],
                describe_panel(_read(self._place(row["panel_id"])).frame),
            )
            for row in rows
        ]

    def find(self, name: str) -> Path:
        """The file of a panel, as `zhenfen vet --panel` takes it.

        Raises:
            LookupError: There is none of that name.
        """
        rows = self.database.read("select panel_id from panels where name = ?", name)
        if not rows:
            raise LookupError(f"panel {name}")
        return self._place(rows[0]["panel_id"])

    def add(self, name: str, path: Path, by: str) -> None:
        """Keep a panel; its file is moved away from where it is.

        Raises:
            PanelError: The name is none or taken, the file is no panel, or there are MOST_PANELS.
        """
        name = " ".join(name.split())[:LONGEST_PANEL_NAME_CHARS]
        if not name:
            raise PanelError("panel_name")
        try:
            if path.stat().st_size > LARGEST_PANEL_BYTES or read_panel(path).frame.is_empty():
                raise PanelError("bad_panel")
        except ConfigError:
            raise PanelError("bad_panel") from None
        self.folder.mkdir(parents=True, exist_ok=True)
        panel_id = secrets.token_hex(ID_BYTES)
        try:
            with self.database.open() as connection:
                if connection.execute("select count(*) from panels").fetchone()[0] >= MOST_PANELS:
                    raise PanelError("too_many_panels")
                connection.execute("insert into panels values (?, ?, ?, ?)", (name, panel_id, by, now()))
                settle(path, self._place(panel_id))
        except sqlite3.IntegrityError:
            raise PanelError("panel_name") from None

    def build(self, name: str, project: Project, scratch: Path, window: str, by: str) -> None:
        """Make a panel of the creators of a project, as `zhenfen panel build` does.

        Args:
            name: Of the panel, and of the source that is printed beside every range.
            project: Whose creators, who must be trusted.
            scratch: File to write before it is kept.
            window: What the values cover, in words.
            by: Who makes it.

        Raises:
            PanelError: There are fewer than 30 of one platform, or see `add`.
        """
        tables = self.projects.place(project.project_id) / TABLES
        if not name.strip():
            raise PanelError("panel_name")
        if not tables.is_dir():
            raise PanelError("panel_too_few")
        try:
            build_own_panel(tables, scratch, " ".join(name.split())[:LONGEST_PANEL_NAME_CHARS], window)
        except MissingTableError:
            raise PanelError("panel_too_few") from None
        self.add(name, scratch, by)

    def remove(self, name: str) -> None:
        """Take a panel away.

        Raises:
            PanelError: A project is judged beside it.
            LookupError: There is none of that name.
        """
        with self.database.open() as connection:
            options = connection.execute("select options from projects").fetchall()
            if any(json.loads(row["options"]).get("panel") == name for row in options):
                raise PanelError("panel_in_use")
            row = connection.execute("delete from panels where name = ? returning panel_id", (name,)).fetchone()
            if row is None:
                raise LookupError(f"panel {name}")
            self._place(row["panel_id"]).unlink(missing_ok=True)

    def use(self, project: Project, models: Models) -> Models:
        """What a project is judged with: the same, beside its own panel where it has one.

        Raises:
            ConfigError: Its panel is gone.
        """
        if project.options.panel is None:
            return models
        try:
            return replace(models, panel=_read(self.find(project.options.panel)))
        except LookupError:
            raise ConfigError(f"project {project.project_id}: its reference panel is gone") from None

    def find_used(self, project: Project) -> str | None:
        """A project's own panel where its newest report was judged beside it; None before that, and without one."""
        own, runs = project.options.panel, self.projects.list_runs(project.project_id)
        if own is None or not runs:
            return None
        try:
            sha256 = _read(self.find(own)).sha256
        except LookupError:
            return None
        return own if sha256.startswith(runs[0].versions["panel"]) else None

    def _place(self, panel_id: str) -> Path:
        return self.folder / f"{panel_id}.csv"


@lru_cache(maxsize=MOST_PANELS)
def _read(path: Path) -> Panel:
    # The file of an id is written once.
    return read_panel(path)


def describe_panel(frame: pl.DataFrame) -> tuple[Peers, ...]:
    """Whom a panel holds, by platform."""
    whole = frame.filter(pl.col("n_followers").is_null())
    found = whole.group_by("platform").agg(
        pl.col("n_peers").max(),
        pl.col("followers_from").min(),
        pl.col("followers_to").max(),
        pl.col("feature").n_unique(),
        pl.col("observed_on").max(),
    )
    return tuple(
        Peers(platform, n_peers, None if first is None else (first, last), n_measured, day)
        for platform, n_peers, first, last, n_measured, day in found.sort("platform").iter_rows()
    )
