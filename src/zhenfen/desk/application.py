"""The desk put on a service: its pages beside the routes of the service, over the same jobs."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from zhenfen.desk.account import make_account_router
from zhenfen.desk.creator import make_creator_router
from zhenfen.desk.frame import HEADERS, STATIC, Desk, language_of
from zhenfen.desk.home import make_home_router
from zhenfen.desk.intake import make_intake_router
from zhenfen.desk.job import make_job_router
from zhenfen.desk.shortlist import make_shortlist_router
from zhenfen.desk_cases.project import open_projects
from zhenfen.desk_cases.review import Reviews
from zhenfen.messages import Catalogue
from zhenfen.service.errors import ServiceError
from zhenfen.service.gate import API_PATHS
from zhenfen.service.service import Service

LONG_S = 365 * 24 * 60 * 60
ROUTERS = (
    make_home_router,
    make_account_router,
    make_intake_router,
    make_job_router,
    make_shortlist_router,
    make_creator_router,
)


class Assets(StaticFiles):
    """Files that pages load; their address changes with them, so they may be kept."""

    async def get_response(self, path: str, scope: object) -> Response:  # type: ignore[override]
        """One of them."""
        response = await super().get_response(path, scope)  # type: ignore[arg-type]
        response.headers.update({**HEADERS, "Cache-Control": f"public, max-age={LONG_S}, immutable"})
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
    app.mount("/static", Assets(directory=STATIC))
    answer = app.exception_handlers[ServiceError]

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)
        if request.url.path.startswith(API_PATHS) or not hasattr(request.state, "owner"):
            return answer(request, error)  # type: ignore[return-value]
        return show_error(desk, request, error)

    app.add_exception_handler(ServiceError, refuse)
    return desk


def show_error(desk: Desk, request: Request, error: ServiceError) -> HTMLResponse:
    """A refusal as a page, in the reader's language."""
    catalogue = Catalogue(language_of(request))
    key = f"desk.error.{error.code}"
    said = catalogue.text(key) if catalogue.has(key) else catalogue.text("desk.error.other", text=error.text)
    return desk.page(request, "error.html", error.status, said=said)
