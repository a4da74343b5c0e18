"""The shortlist of a project, live: the report's list with who looks after whom and what was decided."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, catalogue_of, language_of, see
from zhenfen.desk.job import ENDED, find_due, find_job, is_ready, tell_job
from zhenfen.desk.review import find_review
from zhenfen.desk_cases.project import RUNS, Project
from zhenfen.desk_cases.review import DECISIONS
from zhenfen.desk_cases.roster import read_roster
from zhenfen.report.compare import FEWEST, MOST, summarise_comparison
from zhenfen.report.write import is_report_file
from zhenfen.service.errors import ServiceError

Files = Annotated[list[str], Query()]
NOBODY: list[str] = []
BYTES_A_BYTE = 5
"""Memory of a shortlist's dict by the size of its file: 3.7 to 5 on 200 creators (tracemalloc)."""


def make_shortlist_router(desk: Desk) -> APIRouter:
    """The routes of a shortlist."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.get("")
    def get_project(project_id: str) -> Response:
        project = desk.find(project_id)
        job = find_job(desk, project)
        is_there = bool(desk.projects.list_runs(project_id))
        is_waited_for = job is not None and job.state not in ENDED and not is_ready(desk, project, job)
        if is_waited_for or (job is not None and not is_there):
            return see(f"/projects/{project_id}/job")
        return see(f"/projects/{project_id}/{'index.html' if is_there else 'intake'}")

    @router.get("/index.html")
    def get_shortlist(request: Request, project_id: str) -> Response:
        return show_shortlist(desk, request, desk.find(project_id))

    @router.get("/compare.html")
    def get_comparison(request: Request, project_id: str, only: Files = NOBODY) -> Response:
        project = desk.find(project_id)
        files = only or [row["file"] for row in read_part(desk, request, project, "index.json")["creators"]][:MOST]
        if not FEWEST <= len(files) <= MOST:
            raise ServiceError(422, "bad_comparison", f"expected {FEWEST} to {MOST} creators to compare")
        creators = [read_part(desk, request, project, f"{file}.json") for file in files]
        content = {"r": summarise_comparison(creators), "project": project, "current": "compare"}
        return desk.page(request, "compare.html", content)

    @router.get("/roster.html")
    def get_roster(request: Request, project_id: str, only: Files = NOBODY) -> Response:
        project = desk.find(project_id)
        if len(only) == 1:
            raise ServiceError(422, "bad_roster", "expected two creators or more")
        if only:
            ids = [find_review(desk, project_id, file).creator_id for file in only]
            models = desk.panels.use(project, desk.service.models)
            content = read_roster(desk.projects, project, models, ids, language_of(request))
        else:
            content = read_part(desk, request, project, "roster.json")
        return desk.page(request, "roster.html", {"r": content, "project": project, "current": "roster"})

    return router


def show_shortlist(desk: Desk, request: Request, project: Project) -> Response:
    """The list of the newest report, its lines kept as long as nobody changes their review."""
    path = find_part(desk, request, project, "index.json")
    written = path.stat().st_mtime_ns
    content, _ = desk.shortlists.recall((path, written), lambda: (read_json(path), BYTES_A_BYTE * path.stat().st_size))
    job = find_job(desk, project)
    running = None if job is None or is_ready(desk, project, job) else tell_job(job, catalogue_of(request))
    reviews = desk.reviews.list_all(project.project_id)
    about = {"r": content, "project": project, "decisions": DECISIONS}
    lines = [
        desk.keep(
            request,
            "parts/line.html",
            (path, written, row["file"], reviews[row["file"]].version),
            partial(dict, about, row=row, review=reviews[row["file"]]),
        )
        # What somebody pinned stands first, in the order of the list.
        for row in sorted(content["creators"], key=lambda row: not reviews[row["file"]].is_pinned)
    ]
    shown = {
        "lines": [desk.fill(request, line) for line in lines],
        "running": running,
        "current": "shortlist",
        "due": find_due(desk, project),
        "own_panel": desk.panels.find_used(project),
        "fewest_compared": FEWEST,
        "most_compared": MOST,
    }
    return desk.page(request, "desk_shortlist.html", {**about, **shown})


def place_of(desk: Desk, request: Request, project: Project) -> Path:
    """Folder of the newest report in the reader's language, or in another as long as that one is being written.

    Raises:
        ServiceError: There is none yet.
    """
    for run in desk.projects.list_runs(project.project_id):
        folder = desk.projects.place(project.project_id) / RUNS / str(run.number)
        for language in (language_of(request), *(path.name for path in sorted(folder.glob("*")))):
            if (folder / language / "index.json").exists():
                return folder / language
    raise ServiceError(404, "no_report", "this project has no report yet")


def read_part(desk: Desk, request: Request, project: Project, name: str) -> dict[str, Any]:
    """The dict that a page of the newest report is made from.

    Raises:
        ServiceError: The report has no such page.
    """
    return read_json(find_part(desk, request, project, name))


def find_part(desk: Desk, request: Request, project: Project, name: str) -> Path:
    """The file of the dict that a page of the newest report is made from.

    Raises:
        ServiceError: The report has no such page.
    """
    path = place_of(desk, request, project) / name
    # Only names that the report's writer gives: none of them leads anywhere else.
    if not is_report_file(Path(name)) or not path.exists():
        raise ServiceError(404, "not_found", "this report has no such page")
    return path


def read_json(path: Path) -> dict[str, Any]:
    """A file that `find_part` found."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
