"""Deleting a project, by hand or because its last day is over: rows, files, jobs, and every byte of them."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from zhenfen.desk.frame import Desk, see
from zhenfen.desk_cases.database import compact


def make_removal_router(desk: Desk) -> APIRouter:
    """The route of deleting."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.post("/delete", dependencies=[Depends(desk.check_stamp), Depends(desk.check_lead)])
    def post_delete(project_id: str) -> Response:
        remove_project(desk, desk.find(project_id).project_id)
        return see("/")

    return router


def remove_project(desk: Desk, project_id: str) -> None:
    """Delete a project and all that is left of it, its jobs first: nothing of it is in the data folder afterwards."""
    end_jobs(desk, project_id)
    desk.projects.remove(project_id)
    # Somebody may have begun another meanwhile; what it wrote goes with the folder that it made anew.
    if end_jobs(desk, project_id):
        desk.projects.sweep()
    compact(desk.service.store.path)
    desk.forget()


def end_jobs(desk: Desk, project_id: str) -> list[str]:
    """Remove the jobs of a project, and wait until none of their processes runs; returns their ids."""
    jobs = desk.service.store.list_of_project(project_id)
    for job_id in jobs:
        desk.service.store.remove(job_id)
        desk.service.worker.wait_for_end(job_id)
        desk.service.worker.drop_files(job_id)
    return jobs


def remove_expired(desk: Desk, today: date) -> None:
    """Delete the projects whose last day is over, and what lies about without a project."""
    for project_id in desk.projects.list_kept_too_long(today):
        remove_project(desk, project_id)
    desk.projects.sweep()
