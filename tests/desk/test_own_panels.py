"""Panels of a team's own: brought or made at the desk, used by a project, with the very results of the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk_folder import HOSTILE

from conftest import add_member
from toy_models import toy_models
from zhenfen.desk_cases.assessment import assess
from zhenfen.desk_cases.panel import LARGEST_PANEL_BYTES, PanelError
from zhenfen.desk_cases.project import RUNS, ProjectOptions
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables
from zhenfen.verdict.panel import read_panel
from zhenfen.vetting.options import VetOptions
from zhenfen.vetting.panels import build_own_panel
from zhenfen.vetting.vet import vet


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of forty Weibo creators, and their panel as the command line makes it."""
    folder = tmp_path_factory.mktemp("house")
    write_tables(simulate(["organic_small"] * 40, seed=2, platforms=("weibo",)).tables, folder / "tables")
    build_own_panel(folder / "tables", folder / "panel.csv", "House list", "as exported")
    return folder


def bring(browser: Any, content: bytes, name: str = "House list", **more: Any) -> Any:
    files = {"file": ("panel.csv", content, "text/csv")}
    return browser.post("/settings/panels", data={"name": name}, files=files, **more)


def set_panel(browser: Any, name: str, **more: str) -> Any:
    project = browser.project
    form = {"version": project.version, "name": project.name, "panel": name, **more}
    return browser.post(f"{browser.home}/settings", form)


def read_dicts(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def test_a_project_judged_beside_it_has_the_bits_of_the_command_line(
    browser: Any, house: Path, small_tables: Path, tmp_path: Path
) -> None:
    desk = browser.desk
    # The test makes the report itself, with models that are at hand.
    desk.service.worker.stop()
    home = desk.projects.place(browser.project.project_id) / RUNS
    shipped = read_dicts(home / "1" / "en")
    assert bring(browser, (house / "panel.csv").read_bytes()).status_code == 303
    answer = set_panel(browser, "House list")
    # What is shown was judged beside others: the report is made anew.
    assert answer.headers["location"] == f"{browser.home}/job"
    assert desk.service.store.counts()["queued"] == 1
    assert "Compared with" not in browser.get(f"{browser.home}/index.html").text
    assess(desk.projects, browser.project, toy_models(), "en")
    own = toy_models()
    own = replace(own, panel=read_panel(house / "panel.csv"))
    vetted = vet(small_tables, tmp_path / "cli", own, VetOptions("en"))
    found = read_dicts(home / "2" / "en")
    assert found == read_dicts(tmp_path / "cli")
    assert found != shipped
    (newest, _) = desk.projects.list_runs(browser.project.project_id)
    assert newest.score_id == vetted.findings.versions["score"]
    assert newest.versions["panel"] == own.panel.sha256[:12]
    desk.service.store.remove(browser.project.job_id)
    assert "House list" in json.dumps(found, ensure_ascii=False)
    assert "Compared with: House list" in browser.get(f"{browser.home}/index.html").text
    history = browser.get(f"{browser.home}/history").text
    assert "<ins><bdi>House list</bdi></ins>" in history
    assert "Other versions: 1" in history


def test_one_made_of_a_project_is_that_of_the_command_line(browser: Any, house: Path) -> None:
    desk = browser.desk
    project = desk.projects.make("Trusted", "local")
    folder = desk.projects.place(project.project_id) / "tables"
    folder.mkdir(parents=True)
    for path in (house / "tables").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    answer = browser.post("/settings/panels/build", {"project": project.project_id, "name": "  House   list "})
    assert answer.status_code == 303
    assert desk.panels.find("House list").read_bytes() == (house / "panel.csv").read_bytes()
    page = browser.get("/settings").text
    assert "Weibo: 40 creators" in page
    assert list(desk.service.settings.scratch.iterdir()) == []


def test_too_few_creators_make_none(browser: Any) -> None:
    answer = browser.post("/settings/panels/build", {"project": browser.project.project_id, "name": "x"})
    assert answer.status_code == 422
    assert "at least 30 creators" in answer.text
    assert browser.desk.panels.list_names() == []


def test_the_shipped_peers_come_back_with_an_emptied_choice(browser: Any, house: Path) -> None:
    bring(browser, (house / "panel.csv").read_bytes())
    set_panel(browser, "House list")
    assert browser.project.options.panel == "House list"
    set_panel(browser, "")
    assert browser.project.options.panel is None


def test_what_is_said_of_files_leaves_the_panel_alone(browser: Any, house: Path) -> None:
    bring(browser, (house / "panel.csv").read_bytes())
    set_panel(browser, "House list")
    project = browser.project
    form = {"version": project.version, "name": "x", "go": "look"}
    assert browser.post(f"{browser.home}/intake", form).status_code == 303
    assert browser.project.options.panel == "House list"


def test_a_panel_in_use_stays(browser: Any, house: Path) -> None:
    bring(browser, (house / "panel.csv").read_bytes())
    set_panel(browser, "House list")
    answer = browser.post("/settings/panels/remove", {"name": "House list"})
    assert answer.status_code == 422
    assert "judged beside this panel" in answer.text
    set_panel(browser, "")
    path = browser.desk.panels.find("House list")
    assert browser.post("/settings/panels/remove", {"name": "House list"}).status_code == 303
    assert not path.exists()
    assert browser.post("/settings/panels/remove", {"name": "House list"}).status_code == 404


def test_a_panel_that_is_not_there_is_not_chosen(browser: Any) -> None:
    answer = set_panel(browser, "nobody's")
    assert answer.status_code == 422
    assert "no such panel" in answer.text
    assert browser.project.options.panel is None


def spoil(text: str, column: str, value: str) -> str:
    head, first, *rest = text.split("\n")
    cells = first.split(",")
    cells[head.split(",").index(column)] = value
    return "\n".join((head, ",".join(cells), *rest))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("p50", ""),
        ("p50", "inf"),
        ("p1", "nan"),
        ("p99", "-1e9"),
        ("n_peers", "many"),
        ("observed_on", ""),
        ("observed_on", "yesterday"),
        ("platform", ""),
        ("source", ""),
        ("followers_to", ""),
        ("n_followers", "7"),
    ],
)
def test_a_spoiled_panel_is_refused(shared_browser: Any, house: Path, column: str, value: str) -> None:
    spoiled = spoil((house / "panel.csv").read_text(encoding="utf-8"), column, value)
    answer = bring(shared_browser, spoiled.encode())
    assert answer.status_code == 422
    assert "no reference panel" in answer.text
    assert shared_browser.desk.panels.list_names() == []
    assert list(shared_browser.desk.service.settings.scratch.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"PK\x03\x04", b"a,b\n1,2\n", *(one.encode() for one in HOSTILE)]
)
def test_what_is_no_panel_is_refused(shared_browser: Any, content: bytes) -> None:
    assert bring(shared_browser, content).status_code == 422
    assert shared_browser.desk.panels.list_names() == []


def test_one_that_is_too_large_is_not_read(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(LARGEST_PANEL_BYTES + 1)
    with pytest.raises(PanelError, match="bad_panel"):
        browser.desk.panels.add("large", path, "li")


@pytest.mark.parametrize("name", ["", "   ", "House list"])
def test_a_name_is_needed_and_used_once(shared_browser: Any, house: Path, name: str) -> None:
    content = (house / "panel.csv").read_bytes()
    bring(shared_browser, content)
    assert bring(shared_browser, content, name).status_code == 422
    assert shared_browser.desk.panels.list_names() == ["House list"]
    shared_browser.desk.panels.remove("House list")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_text(shared_browser: Any, house: Path, name: str) -> None:
    browser = shared_browser
    assert bring(browser, (house / "panel.csv").read_bytes(), name).status_code == 303
    (kept,) = browser.desk.panels.list_names()
    set_panel(browser, kept)
    for url in ("/settings", f"{browser.home}/settings", f"{browser.home}/history"):
        page = browser.get(url)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    set_panel(browser, "")
    browser.desk.panels.remove(kept)


def test_only_a_lead_brings_makes_and_takes_away(open_desk: Any, house: Path) -> None:
    browser = open_desk(needs_key=True)
    content = (house / "panel.csv").read_bytes()
    browser.log_in(add_member(browser.desk, "li", "analyst"))
    project = browser.project.project_id
    assert bring(browser, content).status_code == 403
    assert browser.post("/settings/panels/build", {"project": project, "name": "x"}).status_code == 403
    assert browser.post("/settings/panels/remove", {"name": "x"}).status_code == 403
    assert set_panel(browser, "").status_code == 403
    assert "Add a panel" not in browser.get("/settings").text
    assert browser.desk.panels.list_names() == []


def test_a_file_without_the_stamp_changes_nothing(browser: Any, house: Path) -> None:
    assert bring(browser, (house / "panel.csv").read_bytes(), headers={"x-stamp": "0"}).status_code == 403
    assert browser.desk.panels.list_names() == []


def test_panels_outlive_the_project_that_they_were_made_of(browser: Any, house: Path) -> None:
    bring(browser, (house / "panel.csv").read_bytes())
    browser.desk.projects.remove(browser.project.project_id)
    browser.desk.projects.sweep()
    assert browser.desk.panels.find("House list").exists()


def test_options_of_an_older_version_name_no_panel() -> None:
    assert ProjectOptions.model_validate_json('{"obtained_how": "", "watched": null}').panel is None
