"""From files to reports: again is the same, more is joined, and what was cut off is finished."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from toy_models import toy_models
from zhenfen.desk_cases.assessment import assess, list_made, read_batches
from zhenfen.desk_cases.declaration import add_declared, declare, list_declarations
from zhenfen.desk_cases.project import Project, Projects, open_projects
from zhenfen.messages import LANGUAGES
from zhenfen.tables import Tables, read_tables, write_tables


@pytest.fixture
def projects(tmp_path: Path) -> Projects:
    return open_projects(tmp_path)


def make_project(projects: Projects, *batches: Tables) -> Project:
    project = projects.make("Autumn", "local")
    for tables in batches:
        write_tables(tables, projects.add_batch(project.project_id))
    return project


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_run_that_was_cut_off_is_finished_with_the_same_bytes(projects: Projects, plain_tables: Path) -> None:
    project = make_project(projects, read_tables(plain_tables))
    assess(projects, project, toy_models(), "fr")
    runs = projects.place(project.project_id) / "runs"
    whole = read_bytes(runs)
    assert {name.split("/")[1] for name in whole} == set(LANGUAGES)
    # As a kill leaves it: the reader's language is there, another is half.
    for path in (runs / "1" / "zh").iterdir():
        path.unlink()
    assess(projects, project, toy_models(), "fr")
    assert read_bytes(runs) == whole
    assert [one.number for one in projects.list_runs(project.project_id)] == [1]


def test_newer_data_are_joined_and_make_a_run_of_their_own(projects: Projects, plain_tables: Path) -> None:
    tables = read_tables(plain_tables)
    series = tables["follower_counts"].sort("observed_at")
    older = tables.replace(follower_counts=series.head(series.height - 20))
    project = make_project(projects, older)
    assess(projects, project, toy_models(), "en")
    write_tables(tables, projects.add_batch(project.project_id))
    assess(projects, project, toy_models(), "en")
    first, second = reversed(projects.list_runs(project.project_id))
    assert (first.number, second.number) == (1, 2)
    assert first.score_id != second.score_id
    joined = read_tables(projects.place(project.project_id) / "tables")
    assert joined["follower_counts"].height == series.height


def test_what_is_said_of_the_files_reads_them_again(projects: Projects, tmp_path: Path) -> None:
    project = projects.make("Sheet", "local")
    batch = projects.add_batch(project.project_id)
    batch.mkdir()
    (batch / "list.csv").write_text("达人昵称,粉丝数,数据日期\n阿木,120000,2026-10-01\n", encoding="utf-8")

    def read_platforms() -> list[str]:
        tables = read_batches(projects, projects.get(project.project_id), "en")
        return tables["creators"]["platform"].to_list()

    said = project.options.model_copy(update={"platform": "xiaohongshu"})
    projects.edit(project.project_id, 1, "local", options=said.model_dump_json())
    assert read_platforms() == ["xiaohongshu"]
    said = said.model_copy(update={"platform": "douyin"})
    projects.edit(project.project_id, 2, "local", options=said.model_dump_json())
    assert read_platforms() == ["douyin"]


def test_a_declaration_is_an_event_once(projects: Projects, plain_tables: Path) -> None:
    tables = read_tables(plain_tables)
    project = make_project(projects, tables)
    creator_id, day = tables["creators"]["creator_id"][0], date(2026, 10, 3)
    for _ in range(2):
        declare(projects.database, project.project_id, creator_id, "giveaway", day, said="link", by="Lin")
    declared = list_declarations(projects.database, project.project_id)
    assert len(declared) == 1
    first = add_declared(tables, declared)
    assert first["events"].height == tables["events"].height + 1
    assert add_declared(first, declared)["events"].equals(first["events"])
    assert add_declared(tables, []) is tables
    said = first["events"].filter(pl.col("note") == "link")
    assert said["starts_at"].dt.date().to_list() == [day]


def test_a_report_names_what_was_declared(projects: Projects, plain_tables: Path) -> None:
    tables = read_tables(plain_tables)
    project = make_project(projects, tables)
    creator_id = tables["creators"]["creator_id"][0]
    day = tables["follower_counts"]["observed_at"].dt.date().max() - timedelta(days=5)  # type: ignore[operator]
    declare(projects.database, project.project_id, creator_id, "giveaway", day, said="", by="Lin")
    assess(projects, project, toy_models(), "en")
    page = next((projects.place(project.project_id) / "runs" / "1" / "en").glob("creator-*.json"))
    assert str(day) in page.read_text(encoding="utf-8")
    assert json.loads(page.read_text(encoding="utf-8"))["creator"]["creator_id"] == creator_id


def test_each_creator_is_told_as_soon_as_the_page_is_made(projects: Projects, small_tables: Path) -> None:
    project = make_project(projects, read_tables(small_tables))
    folder = projects.place(project.project_id)
    seen: list[int] = []

    def note(step: str, *_: int) -> None:
        if step == "report":
            seen.append(len(list_made(folder)))

    assess(projects, project, toy_models(), "zh", note)
    made = list_made(folder)
    assert seen[:4] == [0, 1, 2, 3]
    assert sorted(one["name"] for one in made) == sorted(read_tables(small_tables)["creators"]["display_name"])
    assert {one["kind"] for one in made} <= {"question", "no_clear_answer", "nothing_found", "too_little"}
    # A line that is being written is not read yet.
    with (folder / "made.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"name": "ha')
    assert list_made(folder) == made
