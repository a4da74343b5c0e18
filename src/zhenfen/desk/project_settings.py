"""What is set for one project: its name and days, its reference panel, when to look again, which folder is watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, language_of, see
from zhenfen.desk.job import start_job
from zhenfen.desk.watching import check_watched
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.project import LONGEST_NAME_CHARS, Project, ProjectOptions
from zhenfen.service.errors import ServiceError


def make_project_settings_router(desk: Desk) -> APIRouter:
    """The routes of a project's settings."""
    router = APIRouter(prefix="/projects/{project_id}/settings")

    @router.get("")
    def get_settings(request: Request, project_id: str) -> Response:
        return show_settings(desk, request, desk.find(project_id))

    # Lead alone: a day set here deletes everything.
    @router.post("", dependencies=[Depends(desk.check_stamp), Depends(desk.check_lead)])
    def post_settings(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        version: Annotated[int, Form()],
        name: Annotated[str, Form()] = "",
        keep_until: Annotated[str, Form()] = "",
        recheck_days: Annotated[str, Form()] = "",
        watched: Annotated[str, Form()] = "",
        is_unwatched: Annotated[bool, Form()] = False,
        panel: Annotated[str, Form()] = "",
    ) -> Response:
        project = desk.find(project_id)
        if desk.service.settings.needs_key and not watched and not is_unwatched:
            # Nobody was asked: it stays, for the day when the service runs without keys again.
            watched = project.options.watched or ""
        mine = {
            "name": name,
            "keep_until": keep_until,
            "recheck_days": recheck_days,
            "watched": watched,
            "panel": panel,
        }
        try:
            values = read_settings(desk, project, mine)
            desk.projects.edit(project_id, version, request.state.owner, **values)
        except ConflictError as error:
            return show_settings(desk, request, desk.find(project_id), mine, current=error.current)
        except ServiceError as error:
            if error.code == "no_watching":
                raise
            return show_settings(desk, request, project, mine, wrong=error.code)
        except LookupError:
            raise ServiceError(404, "not_found", "there is no such project") from None
        edited = desk.find(project_id)
        if edited.options.panel != project.options.panel and desk.projects.list_runs(project_id):
            # What is shown was judged beside others.
            start_job(desk, edited, language_of(request), request.state.owner)
            return see(f"/projects/{project_id}/job")
        return see(f"/projects/{project_id}/settings")

    return router


def read_settings(desk: Desk, project: Project, said: Mapping[str, str]) -> dict[str, object]:
    """Columns of the project from what was entered.

    Raises:
        ServiceError: A day or a number is none, the day is over, the folder cannot be watched, or there is no such
            reference panel.
    """
    try:
        until = date.fromisoformat(said["keep_until"]) if said["keep_until"].strip() else None
        days = int(said["recheck_days"]) if said["recheck_days"].strip() else None
        watched = project.options.watched
        if said["watched"].strip() != (watched or ""):
            watched = check_watched(desk, said["watched"])
        kept = project.options.model_dump() | {"recheck_days": days, "watched": watched, "panel": said["panel"] or None}
        options = ProjectOptions.model_validate(kept)
    except ValueError:
        raise ServiceError(422, "bad_setting", "a day or a number of days cannot be read") from None
    if said["panel"] and said["panel"] not in desk.panels.list_names():
        raise ServiceError(422, "no_panel", "there is no such reference panel")
    if until is not None and until < datetime.now(UTC).date():
        raise ServiceError(422, "past_day", "the day is over")
    name = said["name"].strip()[:LONGEST_NAME_CHARS] or project.name
    day = None if until is None else until.isoformat()
    return {"name": name, "keep_until": day, "options": options.model_dump_json()}


def show_settings(
    desk: Desk,
    request: Request,
    project: Project,
    mine: Mapping[str, str] | None = None,
    *,
    current: Mapping[str, Any] | None = None,
    wrong: str | None = None,
) -> Response:
    """The page; with what was entered where it was not saved, and why."""
    kept = {
        "name": project.name,
        "keep_until": project.keep_until or "",
        "recheck_days": project.options.recheck_days or "",
        "watched": project.options.watched or "",
        "panel": project.options.panel or "",
    }
    content = {
        "project": project,
        "current": "project_settings",
        "kept": kept,
        "mine": mine or kept,
        "is_clash": current is not None,
        "wrong": wrong,
        "panels": desk.panels.list_names(),
        "is_local": not desk.service.settings.needs_key,
    }
    return desk.page(request, "project_settings.html", content, 409 if current else 422 if wrong else 200)
