"""A desk with a project whose reports are written by hand: a few facts a page, in three languages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from app_builder import LOCAL, build_service
from starlette.testclient import TestClient

from zhenfen.desk.application import add_desk
from zhenfen.desk.frame import Desk
from zhenfen.desk_cases.database import now
from zhenfen.desk_cases.project import RUNS, Project, open_projects
from zhenfen.desk_cases.review import Reviews
from zhenfen.messages import LANGUAGES
from zhenfen.service.factory import make_app

FILE = "creator-a"
QUESTIONS = ("9 月 3 日涨粉的原因？", "这些评论是谁写的？")
VERSIONS = {"zhenfen": "1", "creator": "creator/1 aaaa", "score": "0" * 16}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|'/c calc'!A1",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u202c",
    "'; drop table letters; --",
    "../../etc/passwd",
    "\r\nSet-Cookie: a=b",
    "名" * 300,
)
STAMPS: WeakKeyDictionary[TestClient, str] = WeakKeyDictionary()


def make_desk(folder: Path, *, runs: bool = False, **options: Any) -> tuple[Desk, TestClient]:
    """A desk and a client of it; `runs` is for a client that is entered as a context, with its threads."""
    service = build_service(folder, **options)
    app = make_app(service)
    desk = add_desk(app, service)
    client = TestClient(app, LOCAL, raise_server_exceptions=not runs, follow_redirects=False)
    return desk, client


def make_quiet_desk(folder: Path) -> Desk:
    """One that nobody asks for a page: its routes take long to make."""
    service = build_service(folder)
    projects = open_projects(service.settings.data)
    return Desk(service, projects, Reviews(projects.database))


def add_run(
    desk: Desk,
    project: Project,
    *,
    number: int = 1,
    questions: Sequence[str] = QUESTIONS,
    languages: Sequence[str] = LANGUAGES,
    versions: Mapping[str, str] = VERSIONS,
    level: str = "low",
    creators: Sequence[str] = ("a",),
    **row: Any,
) -> None:
    """A report of a project, written without any work."""
    for language in languages:
        folder = desk.projects.place(project.project_id) / RUNS / str(number) / language
        folder.mkdir(parents=True)
        listed = []
        for creator_id in creators:
            facts = describe(creator_id, language, level, row)
            letter = {"language": "zh", "opening": "您好！", "questions": list(questions), "closing": "谢谢！"}
            page = {**facts, "letter": letter, "audience": {"share": facts["share"]}, "as_of_day": "2026-09-30"}
            (folder / f"creator-{creator_id}.json").write_text(json.dumps(page), encoding="utf-8")
            (folder / f"creator-{creator_id}.html").write_text(f"<p>{language} {number}</p>", encoding="utf-8")
            listed.append(facts)
        (folder / "index.json").write_text(json.dumps({"creators": listed}), encoding="utf-8")
    with desk.projects.database.open() as database:
        database.execute(
            "insert into runs values (?, ?, ?, ?, ?, ?)",
            (project.project_id, number, "2026-09-30T00:00:00+00:00", f"{number:016x}", json.dumps(versions), now()),
        )
        database.executemany(
            "insert or ignore into reviews (project_id, creator_id, file, name) values (?, ?, ?, ?)",
            [(project.project_id, one, f"creator-{one}", f"达人 {one}") for one in creators],
        )


def describe(creator_id: str, language: str, level: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a line of the shortlist says."""
    return {
        "creator_id": creator_id,
        "file": f"creator-{creator_id}",
        "name": f"达人 {creator_id}",
        "language": language,
        "followers_text": "1万",
        "families": [{"family": "growth", "label": "Growth", "level": level, "level_text": f"{level} in {language}"}],
        "priority": {"kind": "nothing_found", "label": "Nothing found"},
        "share": {"share_text": "10%", "low_text": "8%", "high_text": "13%"},
        **row,
    }


def send(client: TestClient, url: str, *, is_htmx: bool = False, **values: Any) -> Any:
    """Send a form as a page of this session does; its stamp is read once, for it stays the same."""
    if client not in STAMPS:
        (STAMPS[client],) = re.findall(r'data-stamp="([^"]+)"', client.get("/", follow_redirects=True).text)
    headers = {"x-stamp": STAMPS[client], **({"hx-request": "true"} if is_htmx else {})}
    files = values.pop("files", None)
    return client.post(url, data=values, files=files, headers=headers)
