"""A creator read again with what was declared: the same as a whole scoring says, and remembered."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from desk_folder import make_quiet_desk
from made_once import keep_first

from zhenfen.desk.frame import Desk
from zhenfen.desk_cases import rereading
from zhenfen.desk_cases.declaration import add_declared, declare, list_declarations, withdraw
from zhenfen.desk_cases.project import TABLES
from zhenfen.desk_cases.rereading import Rereads
from zhenfen.scoring import score
from zhenfen.tables import EVENT_KINDS, read_tables


@pytest.fixture
def desk(tmp_path: Path, desk_data: Path) -> Desk:
    """A desk of which no pages are asked for, with a project whose report is there."""
    shutil.copytree(desk_data, tmp_path / "data")
    return make_quiet_desk(tmp_path)


def facts_of(tables: Any, models: Any) -> dict[Any, Any]:
    """Levels and measurements of all creators."""
    found = score(tables, models, with_details=False)
    levels = {
        (row["creator_id"], row["family"], None): f"{row['basis']}.{row['level']}" for row in found.findings.to_dicts()
    }
    return levels | {
        (row["creator_id"], row["family"], row["feature"]): row["value"] for row in found.evidence.to_dicts()
    }


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_what_changes_is_what_a_whole_scoring_says(desk: Desk, kept: list[Any], kind: str) -> None:
    (project,), models = desk.projects.list_all(), desk.service.models
    tables = read_tables(desk.projects.place(project.project_id) / TABLES)
    reviews = desk.reviews.list_all(project.project_id).values()
    for review in reviews:
        posts = tables["posts"].filter(creator_id=review.creator_id)["published_at"].drop_nulls()
        days = [day.date() - timedelta(days=1) for day in posts.sort()[-3:]] or [date(2026, 10, 1)]
        for day in days:
            declare(desk.projects.database, project.project_id, review.creator_id, kind, day, said="", by="local")
    declared = list_declarations(desk.projects.database, project.project_id)
    before = keep_first(facts_of, kept)(tables, models)
    after = facts_of(add_declared(tables, declared), models)
    rereads = Rereads()
    changed = {
        (review.creator_id, one.family, one.feature, one.before, one.after)
        for review in reviews
        for one in rereads.read(desk.projects, project, models, review.creator_id)
    }
    assert changed == {(*name, before.get(name), after[name]) for name in after if before.get(name) != after[name]}


def test_a_reading_is_made_once_until_something_else_is_declared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (project,), rereads = desk.projects.list_all(), Rereads()
    review = next(iter(desk.reviews.list_all(project.project_id).values()))
    asked: list[str] = []

    def count(name: str) -> None:
        made = getattr(rereading, name)
        monkeypatch.setattr(rereading, name, lambda *args: (asked.append(name), made(*args))[1])

    count("read_around")
    count("read_declared")
    database, id_ = desk.projects.database, project.project_id

    def read() -> Any:
        return rereads.read(desk.projects, project, desk.service.models, review.creator_id)

    declare(database, id_, review.creator_id, "giveaway", date(2026, 10, 1), said="", by="local")
    first = read()
    assert read() == first
    assert asked == ["read_around", "read_declared"]
    declare(database, id_, review.creator_id, "advert", date(2026, 10, 2), said="", by="local")
    read()
    assert len(asked) == 3
    withdraw(database, id_, list_declarations(database, id_, review.creator_id)[1].declaration_id, "local")
    assert read() == first
    assert len(asked) == 3
