"""A project's job: begun, watched, ended."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from zhenfen.desk.frame import HEADERS, Desk, catalogue_of, language_of, see, tell_on_page, tell_refusal
from zhenfen.desk_cases.assessment import list_made
from zhenfen.desk_cases.project import Project
from zhenfen.errors import Problem
from zhenfen.messages import Catalogue
from zhenfen.report.write import STEP as REPORT_STEP
from zhenfen.service.errors import ServiceError
from zhenfen.service.jobs import Job
from zhenfen.service.vetting import ID_BYTES

TICK_S = 0.4
LONGEST_WATCH_S = 600
"""After that a browser asks again by itself."""
ENDED = ("done", "failed")


def make_job_router(desk: Desk) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(prefix="/projects/{project_id}/job")

    @router.get("")
    def get_job(request: Request, project_id: str) -> Response:
        project = desk.find(project_id)
        job = find_job(desk, project)
        if job is None:
            return see(f"/projects/{project_id}/intake")
        if is_ready(desk, project, job):
            return see(f"/projects/{project_id}/index.html")
        told = tell(desk, project, job, catalogue_of(request))
        return desk.page(request, "job.html", {"project": project, "job": job, "current": "job", "told": told})

    @router.get("/told")
    def get_told(request: Request, project_id: str) -> dict[str, Any]:
        project = desk.find(project_id)
        job = find_job(desk, project)
        return {} if job is None else dict(tell(desk, project, job, catalogue_of(request)))

    @router.get("/events")
    async def get_events(request: Request, project_id: str) -> Response:
        catalogue = catalogue_of(request)
        project = await run_in_threadpool(desk.find, project_id)

        async def stream() -> AsyncIterator[str]:
            last = None
            for _ in range(int(LONGEST_WATCH_S / TICK_S)):
                job = await run_in_threadpool(find_job, desk, project)
                told = {} if job is None else await run_in_threadpool(tell, desk, project, job, catalogue)
                if told != last:
                    yield f"data: {json.dumps(told, ensure_ascii=False)}\n\n"
                    last = told
                if job is None or job.state in ENDED or await request.is_disconnected():
                    return
                await asyncio.sleep(TICK_S)

        return StreamingResponse(stream(), media_type="text/event-stream", headers=HEADERS)

    @router.post("", dependencies=[Depends(desk.check_stamp)])
    def post_job(request: Request, project_id: str) -> Response:
        start_job(desk, desk.find(project_id), language_of(request), request.state.owner)
        return see(f"/projects/{project_id}/job")

    @router.post("/cancel", dependencies=[Depends(desk.check_stamp)])
    def post_cancel(request: Request, project_id: str) -> Response:
        project = desk.find(project_id)
        if project.job_id is not None:
            desk.service.store.remove(project.job_id)
            desk.projects.edit(project_id, project.version, request.state.owner, job_id=None)
        return see(f"/projects/{project_id}")

    return router


def find_job(desk: Desk, project: Project) -> Job | None:
    """The job that makes the newest report; None before the first, and when it is long over."""
    return None if project.job_id is None else desk.service.store.get(project.job_id)


def find_due(desk: Desk, project: Project) -> date | None:
    """Since when the newest report is to be looked at again; None where it is not yet."""
    runs = desk.projects.list_runs(project.project_id)
    due = project.find_due_day(runs[0] if runs else None)
    return due if due is not None and due <= datetime.now(UTC).date() else None


def start_job(desk: Desk, project: Project, language: str, by: str) -> None:
    """Have the reports made anew.

    Raises:
        ServiceError: Too many jobs wait.
    """
    if desk.service.store.counts()["queued"] >= desk.service.settings.limits.n_jobs_waiting:
        raise ServiceError(503, "busy", "too many jobs are waiting")
    running = find_job(desk, project)
    if running is not None and running.state not in ENDED:
        # What it reads is older than what was said since: the new one begins from the start.
        desk.service.store.remove(running.job_id)
    job_id = secrets.token_hex(ID_BYTES)
    desk.projects.edit(project.project_id, project.version, by, job_id=job_id)
    desk.service.store.add(job_id, by, {"project": project.project_id, "lang": language})
    try:
        desk.find(project.project_id)
    except ServiceError:
        # It was deleted between the two: nobody would look for this job.
        desk.service.store.remove(job_id)
        raise
    desk.service.worker.call()


def tell(desk: Desk, project: Project, job: Job, catalogue: Catalogue) -> Mapping[str, Any]:
    """How far a job is, and the creators whose pages are made."""
    is_running = job.state == "running" and job.step is not None and job.step[0] == REPORT_STEP
    made = list_made(desk.projects.place(project.project_id)) if is_running else []
    told = tell_job(job, catalogue)
    return {**told, "state": "done" if is_ready(desk, project, job) else told["state"], "made": made}


def is_ready(desk: Desk, project: Project, job: Job) -> bool:
    """Whether a job's report is there for whoever asked for it; those in the other languages may still be written."""
    if job.state != "running" or job.started_at is None:
        return job.state == "done"
    runs = desk.projects.list_runs(project.project_id)
    return bool(runs) and datetime.fromisoformat(runs[0].made_at) > datetime.fromisoformat(job.started_at)


def tell_job(job: Job, catalogue: Catalogue) -> Mapping[str, Any]:
    """How far a job is, in words."""
    step, share = "", None
    if job.step is not None:
        name, n_done, n_total = job.step
        key = next((key for key in (f"step.{name}", f"family.{name}") if catalogue.has(key)), None)
        step = name if key is None else catalogue.text(key)
        share = n_done / n_total if n_total else None
        if n_total > 1:
            step = f"{step} · {catalogue.number(n_done, 0)} / {catalogue.number(n_total, 0)}"
    label = catalogue.text(f"desk.job.{job.state}")
    return {"state": job.state, "label": label, "step": step, "share": share, "why": tell_failure(job, catalogue)}


def tell_failure(job: Job, catalogue: Catalogue) -> list[str]:
    """Why a job failed, problem by problem; nothing of one that did not."""
    if job.error is None:
        return []
    problems = [tell_on_page(Problem(**one), catalogue) for one in job.error["problems"]]
    return problems or [tell_refusal(job.error["code"], job.error["text"], catalogue)]
