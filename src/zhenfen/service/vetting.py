"""POST /v1/vet and what becomes of it: an upload turns into a job, the job into a report."""

from __future__ import annotations

import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from zhenfen.report.write import is_report_file
from zhenfen.service.creators import FOUND_BY_TEXT, FoundBy
from zhenfen.service.errors import ErrorDetail, ServiceError, disk_full
from zhenfen.service.examples import BODY_REFUSALS, describe_upload, refusals
from zhenfen.service.jobs import Job
from zhenfen.service.rows import Moment, Platform, list_choices, one_of
from zhenfen.service.service import Service
from zhenfen.service.uploads import new_folder, save_export
from zhenfen.service.worker import REPORT, UPLOAD, jobs_folder
from zhenfen.tables import FRAMES

JOBS_RETRY_S = "60"
"""Seconds after which a refused client may try again: a vetting takes from seconds to minutes."""
ID_BYTES = 16
"""128 random bits: an id cannot be guessed."""
PAGE_HEADERS = {
    # A report is one self-contained page without scripts; whatever an export smuggled into it loads and runs nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


Frame = Annotated[str, AfterValidator(one_of(FRAMES)), list_choices(FRAMES)]


class VetQuery(BaseModel):
    """Options of the query; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    lang: Literal["zh", "en", "fr"] = Field(default="en", description="Language of the report.")
    creator: list[str] = Field(default=[], description="Only this creator; may be given again.")
    as_of: Moment | None = Field(
        default=None, description="Read the data as they stood at the end of this day, or at this moment, UTC."
    )
    show_names: bool = Field(default=False, description="Name commenters and followers.")
    frame: Frame | None = Field(default=None, description="How the audience sample was drawn, if the export is silent.")
    found_by: FoundBy | None = Field(default=None, description=FOUND_BY_TEXT)
    platform: Platform | None = Field(default=None, description="Platform of rows that name none.")


class StepReply(BaseModel):
    """What a job is doing."""

    name: str
    n_done: int
    n_total: int


class JobReply(BaseModel):
    """A job; `report` is the address of the shortlist's page once there is one, `expires_at` the end of it all."""

    job_id: str
    state: Literal["queued", "running", "done", "failed"]
    step: StepReply | None
    error: ErrorDetail | None
    report: str | None
    files: list[str]
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None


def make_vet_router(service: Service) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(prefix="/v1", tags=["vet"])
    limits, data = service.settings.limits, service.settings.data

    @router.post(
        "/vet",
        summary="Vet an export: the answer is a job",
        status_code=202,
        response_model=JobReply,
        openapi_extra=describe_upload({}),
        responses=refusals(*BODY_REFUSALS),
    )
    async def post_vet(request: Request, query: Annotated[VetQuery, Query()]) -> Response:
        await run_in_threadpool(_check_room, service, request)
        job_id = secrets.token_hex(ID_BYTES)
        folder = jobs_folder(data) / job_id
        with new_folder(folder):
            path = await save_export(request, folder / UPLOAD, limits)
            options = query.model_dump() | {
                "as_of": None if query.as_of is None else query.as_of.isoformat(),
                "path": path.relative_to(folder).as_posix(),
            }
            await run_in_threadpool(service.store.add, job_id, request.state.owner, options)
        service.worker.call()
        job = await run_in_threadpool(_find, service, request, job_id)
        return JSONResponse(_reply(job, limits.keep_s).model_dump(), 202, headers={"Location": f"/v1/jobs/{job_id}"})

    @router.get("/jobs/{job_id}", summary="How far a job is", responses=refusals(404, 422))
    def get_job(request: Request, job_id: str) -> JobReply:
        return _reply(_find(service, request, job_id), limits.keep_s)

    @router.get(
        "/jobs/{job_id}/report/{name}",
        summary="A file of the report",
        response_class=FileResponse,
        responses=refusals(404, 422),
    )
    def get_file(request: Request, job_id: str, name: str) -> FileResponse:
        job = _find(service, request, job_id)
        # Only names that the report's writer gives: none of them leads anywhere else.
        if name not in job.files or not is_report_file(Path(name)):
            raise ServiceError(404, "not_found", "this report has no such file")
        return send_page(jobs_folder(data) / job.job_id / REPORT / name)

    @router.delete(
        "/jobs/{job_id}",
        summary="Remove a job, its upload and its report",
        status_code=204,
        responses=refusals(404, 422),
    )
    def delete_job(request: Request, job_id: str) -> None:
        job = _find(service, request, job_id)
        service.store.remove(job.job_id)
        if job.state != "running":
            service.worker.drop_files(job.job_id)

    return router


def send_page(path: Path) -> FileResponse:
    """A file of a report as an answer.

    Raises:
        ServiceError: It is gone: somebody removes the job meanwhile.
    """
    try:
        return FileResponse(path, headers=PAGE_HEADERS, stat_result=path.stat())
    except FileNotFoundError:
        raise ServiceError(404, "not_found", "this report is gone") from None


def _find(service: Service, request: Request, job_id: str) -> Job:
    job = service.store.get(job_id)
    if job is None or job.owner != request.state.owner:
        raise ServiceError(404, "not_found", "there is no such job")
    return job


def _reply(job: Job, keep_s: float) -> JobReply:
    ended = None if job.finished_at is None else datetime.fromisoformat(job.finished_at)
    return JobReply(
        job_id=job.job_id,
        state=job.state,
        step=None if job.step is None else StepReply(name=job.step[0], n_done=job.step[1], n_total=job.step[2]),
        error=None if job.error is None else ErrorDetail(**job.error),
        report=f"/v1/jobs/{job.job_id}/report/index.html" if job.state == "done" else None,
        files=list(job.files),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=None if ended is None else (ended + timedelta(seconds=keep_s)).isoformat(),
    )


def _check_room(service: Service, request: Request) -> None:
    """Say at once that an upload will not fit, instead of after an hour."""
    if service.store.counts()["queued"] >= service.settings.limits.n_jobs_waiting:
        raise ServiceError(503, "busy", "too many jobs are waiting", headers={"Retry-After": JOBS_RETRY_S})
    if int(request.headers.get("content-length", "0")) > shutil.disk_usage(service.settings.data).free:
        raise disk_full()
