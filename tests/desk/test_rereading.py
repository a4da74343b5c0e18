"""A creator read again with what was declared: the same as a whole scoring says, and remembered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from zhenfen.desk_cases import rereading
from zhenfen.desk_cases.declaration import add_declared, declare, list_declarations, withdraw
from zhenfen.desk_cases.project import TABLES
from zhenfen.desk_cases.rereading import Rereads
from zhenfen.scoring import score
from zhenfen.tables import EVENT_KINDS, read_tables


def facts_of(tables: Any, models: Any, creator_id: str) -> dict[Any, Any]:
    found = score(tables, models, creators=[creator_id], with_details=False)
    levels = {(row["family"], None): f"{row['basis']}.{row['level']}" for row in found.findings.to_dicts()}
    return levels | {(row["family"], row["feature"]): row["value"] for row in found.evidence.to_dicts()}


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_what_changes_is_what_a_whole_scoring_says(browser: Any, kind: str) -> None:
    desk, project = browser.desk, browser.project
    tables = read_tables(desk.projects.place(project.project_id) / TABLES)
    models = desk.service.models
    for review in desk.reviews.list_all(project.project_id).values():
        posts = tables["posts"].filter(creator_id=review.creator_id)["published_at"].drop_nulls()
        days = [day.date() - timedelta(days=1) for day in posts.sort()[-3:]] or [date(2026, 10, 1)]
        for day in days:
            declare(desk.projects.database, project.project_id, review.creator_id, kind, day, said="", by="local")
        declared = list_declarations(desk.projects.database, project.project_id, review.creator_id)
        before = facts_of(tables, models, review.creator_id)
        after = facts_of(add_declared(tables, declared), models, review.creator_id)
        expected = {(*name, before.get(name), after[name]) for name in after if before.get(name) != after[name]}
        changed = Rereads().read(desk.projects, project, models, review.creator_id)
        assert {(one.family, one.feature, one.before, one.after) for one in changed} == expected


def test_a_reading_is_made_once_until_something_else_is_declared(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, project, rereads = browser.desk, browser.project, Rereads()
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
