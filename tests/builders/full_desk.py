"""A desk on which people did everything that can be done, and the address of every page that shows it."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zhenfen.desk_cases.assessment import ROWS_MADE
from zhenfen.desk_cases.database import now
from zhenfen.desk_cases.labelling import Audit, Labelling
from zhenfen.desk_cases.project import RUNS, TABLES
from zhenfen.desk_cases.signature import list_signatures
from zhenfen.tables import read_tables

if TYPE_CHECKING:
    from conftest import Browser
    from zhenfen.service.service import Service

LONG = "秋季投放名单与候选达人_Herbstkampagne-2026_" + "W" * 30
"""A name as people give files, which breaks nowhere."""
REPLY = "https://example.com/" + "a" * 120 + " 我们那天上了热搜，附截图。"
SHEET = """达人昵称,平台,粉丝数,近30天平均点赞,盘子里的数字与别的说明文字,数据日期
阿木,小红书,120000,800,40,2026-10-01
"""
LIST = """达人昵称,平台,粉丝数,近30天平均点赞,近30天平均评论,近30天平均收藏,数据日期
阿木,小红书,120000,800,40,300,2026-10-01
"""
BAD_INPUT = {
    "code": "bad_input",
    "text": "unusable",
    "problems": [
        {
            "file": "名单.csv",
            "row": 2,
            "column": "粉丝数",
            "value": "很多",
            "expected": "a whole number",
            "key": "",
            "fields": {},
        }
    ],
    "n_problems": 40,
}
N_LABELS = 35
RUNNING_JOB = "1" * 32
SLEEPS = (sys.executable, "-c", "import time; time.sleep(3600)")
"""Stands for a job that is at work as long as anybody looks."""


def furnish(browser: Browser) -> dict[str, str]:
    """Do everything once on a desk whose one project has a report of three creators.

    Returns:
        Addresses of its pages, by what they show.
    """
    places = {**_furnish_projects(browser), **_furnish_creators(browser)}
    desk, home = browser.desk, browser.home
    first, *_ = order_files(browser)
    project = browser.project
    desk.projects.edit(project.project_id, project.version, "local", keep_until="2027-12-31")
    old = desk.projects.make("Frühjahr", "local")
    shutil.copytree(desk.projects.place(project.project_id) / TABLES, desk.projects.place(old.project_id) / TABLES)
    return {
        **places,
        "home": "/",
        "shortlist": f"{home}/index.html",
        "compare": f"{home}/compare.html",
        "roster": f"{home}/roster.html",
        "history": f"{home}/history",
        "history of one": f"{home}/{first}/history",
        "project settings": f"{home}/settings",
        "settings": "/settings",
        "models": "/models",
        "shelf": "/models/shelf",
        "card": "/models/creator/2",
        "drift": f"/models/drift?reference={project.project_id}&new={old.project_id}&table=comments",
        "no such page": "/nowhere",
        "no such project": "/projects/0",
        "no such creator": f"{home}/creator-none.html",
        "too large": "/refused/body_too_large",
        "too few to compare": f"{home}/compare.html?only={first}",
        "no report": f"/projects/{old.project_id}/index.html",
    }


def order_files(browser: Browser) -> list[str]:
    """Pages of creators, those with most followers to label first."""
    tables = read_tables(browser.desk.projects.place(browser.project.project_id) / TABLES)
    counts = dict(tables["audience"].group_by("creator_id").len().iter_rows())
    reviews = browser.desk.reviews.list_all(browser.project.project_id)
    return sorted(reviews, key=lambda file: (-counts.get(reviews[file].creator_id, 0), file))


def await_running(service: Service) -> None:
    """Wait until the job that runs has begun, and let it be at its report."""
    for _ in range(600):
        job = service.store.get(RUNNING_JOB)
        if job is not None and job.state == "running":
            service.store.note_step(job, "report", 1, 3)
            return
        time.sleep(0.05)
    raise AssertionError(job)


def begin_audit(browser: Browser, file: str, kind: str, labels: Mapping[str, Iterable[str]]) -> str:
    """Draw a sample and label it, each person as many as there are labels; the address of its page."""
    place = f"{browser.home}/{file}/audit"
    answer = browser.post(f"{place}/begin", {"kind": kind, "number": 0, "n": N_LABELS})
    assert answer.status_code == 303, answer.text
    labelling = Labelling(browser.desk.projects.database)
    creator_id = browser.desk.reviews.find(browser.project.project_id, file).creator_id
    audit = labelling.find(browser.project.project_id, creator_id, kind)  # type: ignore[arg-type]
    assert isinstance(audit, Audit)
    for by, given in labels.items():
        for item, label in zip(audit.order, given, strict=False):
            labelling.label(audit, item, label, by)
    return f"{place}?kind={kind}"


def upload(browser: Browser, text: str, name: str) -> str:
    """Drop a file; the page that shows how it is read."""
    answer = browser.post("/projects", files={"files": (name, text.encode(), "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _furnish_projects(browser: Browser) -> dict[str, str]:
    """Projects on their way to a report: read, not recognised, not readable, waiting, at work and failed."""
    desk, store = browser.desk, browser.desk.service.store
    names = ("job that failed", "job at work", "job in the queue")
    projects = [desk.projects.make(f"{LONG} {number}"[-80:], "local") for number in range(3)]
    for job_id, project in zip(("0" * 32, RUNNING_JOB, "2" * 32), projects, strict=True):
        store.add(job_id, "local", {"project": project.project_id, "lang": "en"})
        desk.projects.edit(project.project_id, project.version, "local", job_id=job_id)
    failed = store.claim()
    assert failed is not None
    store.fail(failed, BAD_INPUT)
    made = {"name": LONG, "label": "Nothing stands out", "kind": "nothing_found"}
    folder = desk.projects.place(projects[1].project_id)
    folder.mkdir(parents=True)
    (folder / ROWS_MADE).write_text(json.dumps(made) + "\n", encoding="utf-8")
    return {
        "intake": upload(browser, LIST, "名单.csv"),
        "intake of a strange sheet": upload(browser, SHEET, f"{LONG}.csv"),
        "intake of nothing": upload(browser, "\x00\x01 nothing", "x.csv"),
        **{name: f"/projects/{project.project_id}/job" for name, project in zip(names, projects, strict=True)},
    }


def _furnish_creators(browser: Browser) -> dict[str, str]:
    """Decisions, declarations, letters, signatures and labels of the three creators."""
    home, project_id = browser.home, browser.project.project_id
    first, second, third = order_files(browser)
    reason = f"{LONG} — {REPLY}"
    for file, decision in ((first, "approve"), (second, "conditions")):
        browser.post(
            f"{home}/reviews/{file}", {"version": 1, "is_decision": "true", "decision": decision, "reason": reason}
        )
    browser.post(f"{home}/reviews/{third}", {"version": 1, "is_owner": "true", "owner": LONG})
    browser.post(f"{home}/reviews/{third}", {"version": 2, "pinned": "true"})
    browser.post(f"{home}/{second}/declare", {"kind": "giveaway", "starts_on": "2026-09-01", "said": LONG})
    browser.get(f"{home}/{first}/letter")
    page = browser.get(f"{home}/{second}/letter").text
    for question in re.findall(r'name="question" value="([^"]+)"', page)[:2]:
        browser.post(f"{home}/{second}/questions", {"question": question, "is_offered": "true"})
    browser.post(f"{home}/{second}/questions", {"question": LONG})
    page = browser.get(f"{home}/{second}/letter").text
    numbers = re.findall(r'id="question-(\d+)"', page)
    for number, status in zip(numbers, ("answered", "accepted", "rejected"), strict=False):
        said = {"version": 1, "question": LONG, "reply": REPLY, "status": status}
        browser.post(f"{home}/{second}/questions/{number}", said)
    file = (f"{LONG}.png", b"\x89PNG", "image/png")
    browser.post(f"{home}/{second}/attachments?question={numbers[0]}", files={"files": file})
    for signed in (first, second):
        version = browser.desk.reviews.find(project_id, signed).version
        answer = browser.post(f"{home}/{signed}/sign", {"version": version, "run": 1, "name": "李雷"})
        assert "/signed/" in answer.headers["location"]
    creator_id = browser.desk.reviews.find(project_id, first).creator_id
    (signature,) = list_signatures(browser.desk.projects, project_id, creator_id)
    _write_second_run(browser)
    growth = json.loads(
        (browser.desk.projects.place(project_id) / RUNS / "1" / "en" / f"{second}.json").read_text(encoding="utf-8")
    )["growth"]
    span = growth["spans"][0] if growth and growth["spans"] else {"starts_on": "2026-09-01", "ends_on": "2026-09-05"}
    agreed = ["fake", "real", "cannot_say"] * 11
    both = {"local": ["fake", "real", "cannot_say", *agreed], "lou": ["fake", "fake", "real", *agreed]}
    return {
        "audit to begin": f"{home}/{first}/audit?kind=post",
        "audit with nobody to draw": f"{home}/{third}/audit",
        "audit finished and torn": begin_audit(browser, first, "profile", both),
        "audit for a second person": f"{home}/{first}/audit?kind=profile&by=chen",
        "audit at work": begin_audit(browser, first, "comment", {"local": ["advert", "filler"] * 16}),
        "creator decided": f"{home}/{first}.html",
        "creator declared": f"{home}/{second}.html",
        "creator untouched": f"{home}/{third}.html",
        "days": f"{home}/{second}/days?start={span['starts_on']}&end={span['ends_on']}",
        "letter": f"{home}/{second}/letter",
        "letter untouched": f"{home}/{first}/letter",
        "sign": f"{home}/{second}/sign",
        "sign undecided": f"{home}/{third}/sign",
        "signed": f"{home}/signed/{signature.signature_id}",
    }


def _write_second_run(browser: Browser) -> None:
    """A second report, which says something else of everybody's first family, judged by another model."""
    project_id = browser.project.project_id
    runs = browser.desk.projects.place(project_id) / RUNS
    shutil.copytree(runs / "1", runs / "2")
    for page in (runs / "2").rglob("*.json"):
        content = json.loads(page.read_text(encoding="utf-8"))
        for one in content.get("creators", [content]):
            for family in one.get("families", [])[:1]:
                family["level_text"] += " *"
        page.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (run,) = browser.desk.projects.list_runs(project_id)
    versions = json.dumps({**run.versions, "creator": "creator/99 bbbbbbbbbbbb"})
    with browser.desk.projects.database.open() as database:
        row = (project_id, 2, "2026-11-01T00:00:00+00:00", "f" * 16, versions, now())
        database.execute("insert into runs values (?, ?, ?, ?, ?, ?)", row)
