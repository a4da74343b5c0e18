"""The desk put on a service: its pages beside the routes of the service, over the same jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from zhenfen.desk.account import make_account_router
from zhenfen.desk.audit import make_audit_router
from zhenfen.desk.creator import make_creator_router
from zhenfen.desk.download import make_download_router
from zhenfen.desk.frame import HEADERS, STATIC, Desk, catalogue_of, tell_refusal
from zhenfen.desk.history import make_history_router
from zhenfen.desk.home import make_home_router
from zhenfen.desk.intake import make_intake_router
from zhenfen.desk.job import make_job_router
from zhenfen.desk.keeper import keep_with
from zhenfen.desk.letter import make_attachment_router, make_letter_router, make_question_router
from zhenfen.desk.models import make_models_router
from zhenfen.desk.panel import make_panel_router
from zhenfen.desk.project_settings import make_project_settings_router
from zhenfen.desk.removal import make_removal_router
from zhenfen.desk.review import make_review_router
from zhenfen.desk.settings import make_settings_router
from zhenfen.desk.shortlist import make_shortlist_router
from zhenfen.desk.signature import make_signature_router, make_signing_router
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.project import open_projects
from zhenfen.desk_cases.review import Reviews
from zhenfen.report.html import read_style
from zhenfen.service.errors import ServiceError
from zhenfen.service.gate import API_PATHS
from zhenfen.service.service import Service

KEPT = f"public, max-age={365 * 24 * 60 * 60}, immutable"
ROUTERS = (
    make_home_router,
    make_account_router,
    make_intake_router,
    make_job_router,
    make_shortlist_router,
    make_download_router,
    make_review_router,
    make_audit_router,
    make_models_router,
    make_settings_router,
    make_panel_router,
    make_creator_router,
    make_letter_router,
    make_question_router,
    make_attachment_router,
    make_signing_router,
    make_signature_router,
    make_history_router,
    make_project_settings_router,
    make_removal_router,
)


class Assets(StaticFiles):
    """Files that pages load; their address changes with them, so they may be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One of them."""
        response = await super().get_response(path, scope)
        response.headers.update({**HEADERS, "Cache-Control": KEPT})
        return response


def add_desk(app: FastAPI, service: Service) -> Desk:
    """Put the desk's pages on an application.

    Raises:
        ConfigError: The desk's database cannot be used.
    """
    projects = open_projects(service.settings.data)
    desk = Desk(service, projects, Reviews(projects.database))
    for make_router in ROUTERS:
        app.include_router(make_router(desk), include_in_schema=False)

    @app.get("/static/report.css", include_in_schema=False)
    def get_report_style() -> Response:
        return Response(read_style(), media_type="text/css", headers={**HEADERS, "Cache-Control": KEPT})

    app.mount("/static", Assets(directory=STATIC))
    keep_with(app, desk)
    for kind, answer in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, partial(_refuse, desk, answer))
    app.add_exception_handler(ConflictError, partial(_refuse, desk, _tell_clash))
    return desk


def _tell_clash(_request: Request, _error: Exception) -> JSONResponse:
    return ServiceError(409, "clash", "somebody else changed this at the same moment").respond()


async def _refuse(desk: Desk, answer: Callable[..., Any], request: Request, error: Exception) -> Response:
    """What the service answers; of pages, the same as a page in the reader's language."""
    refused: JSONResponse = await run_in_threadpool(answer, request, error)
    if request.url.path.startswith(API_PATHS) or not hasattr(request.state, "owner"):
        return refused
    said = json.loads(bytes(refused.body))["error"]
    text = tell_refusal(said["code"], said["text"], catalogue_of(request))
    # A refusal within a project keeps the way on to its other pages. On a full disk nothing can be read either.
    project = None
    if said["code"] != "disk_full":
        project = await run_in_threadpool(desk.look_up, request.path_params.get("project_id", ""))
    return await run_in_threadpool(
        desk.page, request, "error.html", {"said": text, "project": project}, refused.status_code
    )
