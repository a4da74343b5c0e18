"""A project at the desk with tables of its own, without a report: what labelling needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from zhenfen.desk_cases.audit import draw
from zhenfen.desk_cases.labelling import Audit, Kind, Labelling
from zhenfen.desk_cases.project import TABLES, Projects, open_projects
from zhenfen.model_store import Models, load_models
from zhenfen.simulate import simulate
from zhenfen.tables import Tables, write_tables

CREATOR_FILE = "creator-one"


@cache
def real_models() -> Models:
    """Those of the shelf, loaded once."""
    return load_models()


@cache
def audience_tables() -> Tables:
    """A simulated creator with followers, comments and posts whom nobody has labelled."""
    frames = simulate(["burst_buyer"], seed=3, platforms=["weibo"]).tables.frames
    return Tables({name: frame for name, frame in frames.items() if name != "audit_labels"})


def creator_of(tables: Tables) -> str:
    """The one creator."""
    return str(tables["creators"]["creator_id"][0])


def make_project(data: Path, tables: Tables) -> tuple[Projects, str]:
    """A project with these tables and a page for the one creator; its id."""
    data.mkdir(parents=True, exist_ok=True)
    projects = open_projects(data)
    project_id = projects.make("试", "tester").project_id
    write_tables(tables, projects.place(project_id) / TABLES)
    with projects.database.open() as database:
        database.execute(
            "insert into reviews (project_id, creator_id, file, name) values (?, ?, ?, ?)",
            (project_id, creator_of(tables), CREATOR_FILE, "某达人"),
        )
    return projects, project_id


def begin(projects: Projects, project_id: str, tables: Tables, kind: Kind = "profile", n: int = 50) -> Audit:
    """An audit of the one creator."""
    labelling = Labelling(projects.database)
    before = labelling.find(project_id, creator_of(tables), kind)
    number = 1 if before is None else before.number + 1
    folder = projects.place(project_id) / TABLES
    return labelling.begin(draw(folder, project_id, creator_of(tables), kind, n, number, real_models(), "chen"))


def label_all(projects: Projects, audit: Audit, labels: dict[str, str], by: str = "chen") -> None:
    """Label items in the order of the draw."""
    for item in audit.order:
        if item in labels:
            Labelling(projects.database).label(audit, item, labels[item], by)


def by_id(audit: Audit) -> dict[str, str]:
    """Some label for every profile drawn, the same for the same id: every third one is not real."""
    digits = pl.Series(audit.order).hash(7) % 3
    return {item: "fake" if digit == 0 else "real" for item, digit in zip(audit.order, digits, strict=True)}
