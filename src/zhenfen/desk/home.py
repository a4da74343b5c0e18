"""The first page: where files are dropped, and the projects there are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from zhenfen.desk.frame import HEADERS, Desk, catalogue_of, language_of, see
from zhenfen.desk.job import find_due, start_job
from zhenfen.desk_cases.project import Project
from zhenfen.messages import Catalogue
from zhenfen.service.uploads import save_export
from zhenfen.template import write_template
from zhenfen.vetting.demo import write_demo_tables

DEMO_SEED = 2026
MOST_PROJECTS = 100


def make_home_router(desk: Desk) -> APIRouter:
    """The routes of the first page."""
    router = APIRouter()

    @router.get("/")
    def get_home(request: Request) -> Response:
        shown = [_describe(desk, one) for one in desk.projects.list_all()[:MOST_PROJECTS]]
        return desk.page(request, "home.html", {"projects": shown})

    @router.post("/projects", dependencies=[Depends(desk.check_stamp)])
    async def post_project(request: Request) -> Response:
        catalogue = catalogue_of(request)
        project = await run_in_threadpool(desk.projects.make, catalogue.text("desk.untitled"), request.state.owner)
        try:
            batch = desk.projects.add_batch(project.project_id)
            path = await save_export(request, batch, desk.service.settings.limits)
        except BaseException:
            await run_in_threadpool(desk.projects.remove, project.project_id)
            raise
        name = path.name
        if path.is_dir():
            names = sorted(one.name for one in path.iterdir())
            name = catalogue.text("desk.files", name=names[0], n=catalogue.count(len(names)))
        await run_in_threadpool(desk.projects.edit, project.project_id, project.version, request.state.owner, name=name)
        return see(f"/projects/{project.project_id}/intake")

    @router.post("/demo", dependencies=[Depends(desk.check_stamp)])
    def post_demo(request: Request) -> Response:
        project = open_demo(desk, language_of(request), request.state.owner)
        return see(f"/projects/{project.project_id}/job")

    @router.get("/template.xlsx")
    def get_template(request: Request) -> Response:
        folder = Path(tempfile.mkdtemp(dir=desk.service.settings.scratch))
        path = folder / "zhenfen-template.xlsx"
        write_template(path, language_of(request))
        done = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        return FileResponse(path, filename=path.name, headers=HEADERS, background=done)

    return router


def open_demo(desk: Desk, language: str, by: str) -> Project:
    """A project of twelve simulated creators, and the job that vets them."""
    project = desk.projects.make(Catalogue(language).text("desk.demo.name"), by)
    batch = desk.projects.add_batch(project.project_id)
    write_demo_tables(batch, DEMO_SEED)
    start_job(desk, project, language, by)
    return project


def _describe(desk: Desk, project: Project) -> Mapping[str, Any]:
    reviews = desk.reviews.list_all(project.project_id).values()
    job = None if project.job_id is None else desk.service.store.get(project.job_id)
    due = find_due(desk, project)
    return {
        "due": due,
        "project": project,
        "n_creators": len(reviews),
        "n_decided": sum(one.decision is not None for one in reviews),
        "state": "new" if job is None and not reviews else "done" if job is None else job.state,
    }
