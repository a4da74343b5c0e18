"""Whatever is done at a desk whose disk is full: a page in the reader's language says so, and nothing is half kept."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_builder import LOCAL
from small_disk import SmallDisk, mount_disk

from zhenfen.desk.watching import Watch
from zhenfen.messages import LANGUAGES, Catalogue

FILE = ("达人.csv", "达人昵称,平台,粉丝数\n".encode() + b"x,weibo,1\n" * 20_000, "text/csv")
Act = Callable[[Any, str, str], Any]
"""Desk, address of a project and page of a creator → the answer."""

ACTS: dict[str, Act] = {
    "new project": lambda desk, _home, _file: desk.post("/projects", files={"files": FILE}),
    "more files": lambda desk, home, _: desk.post(f"{home}/uploads", files={"files": FILE}),
    "decision": lambda desk, home, file: desk.post(
        f"{home}/reviews/{file}", {"version": 1, "is_decision": "true", "decision": "wait", "reason": "x" * 4000}
    ),
    "declaration": lambda desk, home, file: desk.post(
        f"{home}/{file}/declare", {"kind": "giveaway", "starts_on": "2026-08-01", "said": "x"}
    ),
    "question": lambda desk, home, file: desk.post(f"{home}/{file}/questions", {"question": "x" * 400}),
    "letter": lambda desk, home, file: desk.post(
        f"{home}/{file}/letter", {"version": 1, "opening": "x", "closing": "y"}
    ),
    "settings": lambda desk, home, _: desk.post(f"{home}/settings", {"version": desk.version, "name": "y" * 80}),
    "panel": lambda desk, _home, _file: desk.post("/settings/panels", {"name": "x"}, files={"file": FILE}),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Where the first desk that is opened keeps its data."""
    with mount_disk(tmp_path / "0", 24) as disk:
        yield disk


@pytest.mark.parametrize("act", ACTS)
def test_a_page_says_it_and_nothing_is_half_kept(disk: SmallDisk, open_desk: Any, act: str) -> None:
    browser = open_desk()
    browser.version = browser.project.version
    home, file = browser.home, browser.files()[0]
    stamp = browser.get("/").text
    assert "data-stamp" in stamp
    before = disk.names()
    get = browser.get
    # The page that a form is sent from was loaded when there was room.
    browser.get = lambda url, **more: type("Page", (), {"text": stamp}) if url == "/" else get(url, **more)
    disk.fill()
    answer = ACTS[act](browser, home, file)
    assert answer.status_code == 507
    assert Catalogue("en").text("desk.error.disk_full") in answer.text
    assert "<html" in answer.text
    assert not [name for name in disk.names() if name not in before and not name.endswith(("-shm", "-wal"))]
    disk.fill(8_000_000)
    assert ACTS[act](browser, home, file).status_code < 500


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_said_in_the_readers_language(disk: SmallDisk, open_desk: Any, lang: str) -> None:
    browser = open_desk(lang)
    stamp = re.search(r'data-stamp="([0-9a-f]+)"', browser.get("/").text)
    assert stamp is not None
    sent = {"x-stamp": stamp[1], "origin": LOCAL, "accept-language": lang}
    disk.fill()
    answer = browser.client.post("/projects", files={"files": FILE}, headers=sent)
    assert (answer.status_code, Catalogue(lang).text("desk.error.disk_full") in answer.text) == (507, True)
    disk.fill(4_000_000)


def test_a_watched_file_is_taken_once_there_is_room(
    disk: SmallDisk, open_desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    with zipfile.ZipFile(watched / "new.zip", "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr("达人.csv", "达人昵称,平台,粉丝数\n" + "小王,weibo,1\n" * 200_000)
    browser = open_desk()
    desk, project = browser.desk, browser.project
    monkeypatch.setattr(tempfile, "tempdir", str(disk.root))
    disk.fill(200_000)
    watch = Watch(desk)
    with pytest.raises(Exception, match=r"archive|full"):
        watch.take(project, [watched / "new.zip"])
    disk.fill(8_000_000)
    assert desk.projects.database.read("select * from taken") == []
    assert watch.take(project, [watched / "new.zip"]) in (True, False)
    assert len(desk.projects.database.read("select * from taken")) == 1
