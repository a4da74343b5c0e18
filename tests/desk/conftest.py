"""A desk in this process, with a project whose report is there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from app_builder import LOCAL, build_service
from desk_builder import real_models
from full_desk import furnish
from made_once import make_once
from starlette.testclient import TestClient
from watched import CHROMIUM

from toy_models import toy_models
from zhenfen.connectors.preview import preview_export
from zhenfen.desk import intake
from zhenfen.desk.application import add_desk
from zhenfen.desk.frame import Desk
from zhenfen.desk_cases.assessment import assess
from zhenfen.desk_cases.project import Project, open_projects
from zhenfen.service.factory import make_app
from zhenfen.service.keys import add_key
from zhenfen.service.sessions import COOKIE
from zhenfen.tables import read_tables, write_tables


@dataclass
class Browser:
    """A client that sends forms as a page would: with its stamp, and from its own origin.

    A session's stamp is read from a page once: it stays the same.
    """

    client: TestClient
    desk: Desk
    headers: dict[str, str]
    stamps: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """The project that is there from the start."""
        return self.desk.projects.list_all()[-1]

    @property
    def home(self) -> str:
        """Its address."""
        return f"/projects/{self.project.project_id}"

    def speak(self, language: str) -> Browser:
        """The same client, whose pages are asked for in another language."""
        return replace(self, headers={"accept-language": language})

    def files(self) -> list[str]:
        """Pages of its creators."""
        return sorted(self.desk.reviews.list_all(self.project.project_id))

    def get(self, url: str, **more: Any) -> Any:
        return self.client.get(url, headers=self.headers | more.pop("headers", {}), **more)

    def post(self, url: str, data: Any = None, **more: Any) -> Any:
        session = self.client.cookies.get(COOKIE, "")
        if session not in self.stamps:
            stamp = re.search(r'data-stamp="([0-9a-f]+)"', self.get("/").text)
            assert stamp is not None
            self.stamps[session] = stamp[1]
        sent = {"x-stamp": self.stamps[session], "origin": LOCAL, **self.headers, **more.pop("headers", {})}
        return self.client.post(url, data=data, headers=sent, follow_redirects=False, **more)

    def log_in(self, key: str) -> Any:
        sent = {"origin": LOCAL, **self.headers}
        return self.client.post("/login", data={"key": key}, headers=sent, follow_redirects=False)


OpenDesk = Callable[..., Browser]


@pytest.fixture(scope="session")
def desk_data(small_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a desk with one project, whose report is there: to be copied, for a vetting takes seconds."""

    def make(folder: Path) -> None:
        projects = open_projects(folder)
        project = projects.make("Autumn", "local")
        write_tables(read_tables(small_tables), projects.add_batch(project.project_id))
        assess(projects, project, toy_models(), "en")
        projects.database.compact()

    return make_once(tmp_path_factory, "desk", make)


@pytest.fixture(scope="session")
def full_desk(desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The data folder of a desk on which people did everything, and the address of each of its pages: to be copied."""

    def make(folder: Path) -> None:
        shutil.copytree(desk_data, folder / "data")
        service = build_service(folder, models=real_models())
        app = make_app(service)
        desk = add_desk(app, service)
        # Nobody enters the client: no thread takes the jobs that are put on the list.
        places = furnish(Browser(TestClient(app, LOCAL), desk, {"accept-language": "en"}))
        desk.projects.database.compact()
        (folder / "places.json").write_text(json.dumps(places), encoding="utf-8")

    folder = make_once(tmp_path_factory, "full", make)
    return folder / "data", json.loads((folder / "places.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all pages."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serving_desk(folder: Path, data: Path, language: str = "en", **options: Any) -> Iterator[Browser]:
    """A desk over a copy of a data folder, with its threads, as long as the block."""
    shutil.copytree(data, folder / "data")
    service = build_service(folder, **options)
    app = make_app(service)
    desk = add_desk(app, service)
    with TestClient(app, LOCAL, raise_server_exceptions=False) as client:
        yield Browser(client, desk, {"accept-language": language})


@pytest.fixture
def open_desk(tmp_path: Path, desk_data: Path) -> Iterator[OpenDesk]:
    """Start a desk with that project; more of them have folders of their own."""
    with ExitStack() as running:
        numbers = count()
        yield lambda language="en", **options: running.enter_context(
            serving_desk(tmp_path / str(next(numbers)), desk_data, language, **options)
        )


@pytest.fixture(scope="module")
def shared_browser(desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A desk of a module's tests that leave nothing there, or what no other minds: routes take long to make."""
    with serving_desk(tmp_path_factory.mktemp("shared"), desk_data) as browser:
        yield browser


@pytest.fixture(scope="module")
def modelled(desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The same, with the models of the shelf."""
    with serving_desk(tmp_path_factory.mktemp("modelled"), desk_data, models=real_models()) as browser:
        yield browser


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at in this process: for what strange ones do to one of its own see test_hostile_requests."""
    monkeypatch.setattr(intake, "preview_apart", preview_export)


@pytest.fixture
def browser(open_desk: OpenDesk) -> Browser:
    """A desk on this machine, without keys."""
    return open_desk()


def add_member(desk: Desk, name: str, role: str) -> str:
    """A key of somebody who may log in."""
    return add_key(desk.service.settings.keys, name, role)  # type: ignore[arg-type]
