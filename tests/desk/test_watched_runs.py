"""A new export in a watched folder: taken, read, judged, and told of as what changed since."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from app_builder import LOCAL, build_service
from starlette.testclient import TestClient

from conftest import Browser
from toy_models import toy_models
from zhenfen.desk.application import add_desk
from zhenfen.desk.job import find_due
from zhenfen.desk.watching import BY, SETTLE_S, Watch
from zhenfen.desk_cases.project import ProjectOptions
from zhenfen.service.factory import make_app
from zhenfen.service.job_process import run
from zhenfen.tables import Tables, read_tables, write_tables


def look_twice(desk: Any) -> None:
    """What was complete at the first look is taken at the second."""
    watch = Watch(desk)
    for at_s in (0.0, SETTLE_S):
        watch.take_new(at_s)


def pack(tables: Tables, folder: Path, path: Path) -> None:
    """An export as one file, complete at once."""
    write_tables(tables, folder)
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(folder.iterdir()):
            archive.write(one, one.name)
    shutil.rmtree(folder)


def work(browser: Any, models: Any) -> Any:
    """Do the job that waits, as its process would; returns it."""
    desk = browser.desk
    job = desk.service.store.claim()
    assert job is not None
    run(desk.service.settings.data, job.job_id, job.attempt, models)
    return desk.service.store.get(job.job_id)


@pytest.fixture
def watched(desk_data: Path, tmp_path: Path) -> Any:
    """A desk whose project watches a folder; no thread of it runs, so that the test says when it looks and works."""
    shutil.copytree(desk_data, tmp_path / "desk" / "data")
    service = build_service(tmp_path / "desk")
    app = make_app(service)
    desk = add_desk(app, service)
    browser = Browser(TestClient(app, LOCAL), desk, {"accept-language": "en"})
    exports = tmp_path / "exports"
    exports.mkdir()
    options = ProjectOptions(watched=str(exports), recheck_days=7).model_dump_json()
    project = browser.project
    desk.projects.edit(project.project_id, project.version, "local", options=options)
    return browser, exports


def test_a_new_file_becomes_a_second_report_that_says_what_changed(
    watched: Any, small_tables: Path, tmp_path: Path
) -> None:
    browser, exports = watched
    desk, project_id = browser.desk, browser.project.project_id
    tables = read_tables(small_tables)
    grown = tables["creators"].with_columns(n_followers=tables["creators"]["n_followers"] * 3)
    pack(tables.replace(creators=grown), tmp_path / "t", exports / "october.zip")
    watch = Watch(desk)
    watch.take_new(0.0)
    assert desk.service.store.counts()["queued"] == 0
    watch.take_new(SETTLE_S)
    assert desk.service.store.counts()["queued"] == 1
    # A model has moved on meanwhile, too.
    models = toy_models()
    newer = models.with_models(post=replace_version(models.post))
    job = work(browser, newer)
    assert (job.state, job.error) == ("done", None)
    second, first = desk.projects.list_runs(project_id)
    assert (first.number, second.number) == (1, 2)
    assert second.score_id != first.score_id
    assert second.versions["post_model"] == "post/9 bbbbbbbbbbbb"

    page = browser.get(f"{browser.home}/history").text
    assert "october.zip" in page
    assert "New file in the watched folder" in page
    assert f"<bdi>{BY}</bdi>" in page
    # What changed of whom, and that a model is another one.
    names = [one.name for one in desk.reviews.list_all(project_id).values()]
    between = page.partition("<h2>Between two reports</h2>")[2].partition("</section>")[0]
    assert any(name in between for name in names)
    assert "Followers" in between
    assert "post/9 bbbbbbbbbbbb" in between
    assert first.versions["post_model"] in between
    assert "a change may come from a new model" in between
    assert re.search(r"Other versions: 1\b", page)
    # The shortlist is that of the newer report, and everybody who was judged keeps what people said.
    assert browser.get(f"{browser.home}/index.json").json() == read_index(desk, project_id, 2)
    assert read_index(desk, project_id, 1) != read_index(desk, project_id, 2)


def replace_version(model: Any) -> Any:
    """The same model under another version."""
    other = type("Newer", (type(model),), {"version": "post/9 bbbbbbbbbbbb"})
    return other(**{name: getattr(model, name) for name in getattr(model, "__dataclass_fields__", {})})


def read_index(desk: Any, project_id: str, number: int) -> Any:
    path = desk.projects.place(project_id) / "runs" / str(number) / "en" / "index.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_people_said_outlives_the_newer_report(watched: Any, small_tables: Path, tmp_path: Path) -> None:
    browser, exports = watched
    desk, project_id = browser.desk, browser.project.project_id
    review = desk.reviews.find(project_id, browser.files()[0])
    desk.reviews.decide(project_id, review, review.version, "li", decision="wait", reason="ask first")
    tables = read_tables(small_tables)
    counts = tables["follower_counts"].with_columns(n_followers=tables["follower_counts"]["n_followers"] + 1)
    pack(tables.replace(follower_counts=counts), tmp_path / "t", exports / "october.zip")
    look_twice(desk)
    assert work(browser, toy_models()).state == "done"
    found = desk.reviews.find(project_id, browser.files()[0])
    assert (found.decision, found.reason) == ("wait", "ask first")
    # The same models: whatever changed comes from the data, and the page says so.
    page = browser.get(f"{browser.home}/history").text
    assert "Models and rules are the same" in page
    # A reminder to look again counts from the newer report.
    assert find_due(desk, desk.projects.get(project_id)) is None


def test_the_same_export_under_another_name_makes_no_second_report(
    watched: Any, small_tables: Path, tmp_path: Path
) -> None:
    browser, exports = watched
    desk, project_id = browser.desk, browser.project.project_id
    pack(read_tables(small_tables), tmp_path / "t", exports / "again.zip")
    look_twice(desk)
    assert work(browser, toy_models()).state == "done"
    assert [one.number for one in desk.projects.list_runs(project_id)] == [1]


def test_a_file_that_fails_within_the_job_is_told_and_the_report_stays(
    watched: Any, small_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked when it was taken, gone wrong since: the old report is still the newest."""
    browser, exports = watched
    desk, project_id = browser.desk, browser.project.project_id
    pack(read_tables(small_tables), tmp_path / "t", exports / "a.zip")
    look_twice(desk)
    (_, newest) = desk.projects.list_batches(project_id)
    newest.write_bytes(b"no archive any more")
    job = work(browser, toy_models())
    assert job.state == "failed"
    assert browser.get(f"{browser.home}/index.html").status_code == 200
    assert [one.number for one in desk.projects.list_runs(project_id)] == [1]


def test_a_watched_project_is_judged_again_when_that_is_due(watched: Any) -> None:
    """Nothing came in, but a model has moved on: a report of its own, once."""
    browser, _ = watched
    desk, project_id = browser.desk, browser.project.project_id
    watch = Watch(desk)
    watch.take_new(0.0)
    assert desk.service.store.counts()["queued"] == 0
    (run_then,) = desk.projects.list_runs(project_id)
    made = datetime.fromisoformat(run_then.made_at) - timedelta(days=7)
    with desk.projects.database.open() as database:
        database.execute("update runs set made_at = ?", (made.isoformat(),))
    for at_s in (5.0, 10.0, 15.0):
        watch.take_new(at_s)
    assert desk.service.store.counts()["queued"] == 1
    models = toy_models()
    assert work(browser, models.with_models(post=replace_version(models.post))).state == "done"
    assert [one.number for one in desk.projects.list_runs(project_id)] == [2, 1]
    page = browser.get(f"{browser.home}/history").text
    assert "Priority, levels and audience share are the same." in page
    assert "post/9 bbbbbbbbbbbb" in page
    watch.take_new(20.0)
    assert desk.service.store.counts()["queued"] == 0


def test_a_recheck_that_fails_is_not_begun_for_ever(watched: Any) -> None:
    browser, _ = watched
    desk = browser.desk
    with desk.projects.database.open() as database:
        database.execute("update runs set made_at = '2020-01-01T00:00:00+00:00'")
    watch = Watch(desk)
    watch.take_new(0.0)
    job = desk.service.store.claim()
    assert job is not None
    desk.service.store.fail(job, {"code": "internal", "text": "", "problems": []})
    watch.take_new(5.0)
    assert desk.service.store.counts()["queued"] == 0
