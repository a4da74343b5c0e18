"""Reference panels of a team's own: brought as a file, made of a project's creators, taken away."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from zhenfen.desk.frame import Desk, catalogue_of, see
from zhenfen.desk.settings import show
from zhenfen.desk_cases.panel import PanelError
from zhenfen.desk_cases.project import ID_BYTES
from zhenfen.service.errors import ServiceError
from zhenfen.service.frames import media_type
from zhenfen.service.uploads import MULTIPART

PAGE = "/settings#panels"


def make_panel_router(desk: Desk) -> APIRouter:
    """The routes of panels."""
    router = APIRouter(prefix="/settings/panels")
    needs_lead = [Depends(desk.check_stamp), Depends(desk.check_lead)]

    def attempt(request: Request, act: Callable[[Path], None]) -> Response:
        """Do it with a file of its own to write; what cannot be done is said on the page."""
        path = desk.service.settings.scratch / f"{secrets.token_hex(ID_BYTES)}.csv"
        try:
            act(path)
        except PanelError as error:
            return show(desk, request, wrong_panel=error.code)
        except LookupError:
            raise ServiceError(404, "not_found", "there is no such panel") from None
        finally:
            path.unlink(missing_ok=True)
        return see(PAGE)

    @router.post("", dependencies=needs_lead)
    async def post_panel(request: Request) -> Response:
        media_type(request.headers, (MULTIPART,))
        async with request.form(max_files=1, max_fields=2) as form:
            file, name = form.get("file"), str(form.get("name", ""))
            if not isinstance(file, UploadFile):
                raise ServiceError(400, "no_file", "expected a file")

            def keep(path: Path) -> None:
                with path.open("wb") as copy:
                    shutil.copyfileobj(file.file, copy)
                desk.panels.add(name, path, request.state.owner)

            return await run_in_threadpool(attempt, request, keep)

    @router.post("/build", dependencies=needs_lead)
    def post_built(request: Request, project: Annotated[str, Form()], name: Annotated[str, Form()] = "") -> Response:
        found, window = desk.find(project), catalogue_of(request).text("desk.panels.window")
        build = partial(desk.panels.build, name, found, window=window, by=request.state.owner)
        return attempt(request, lambda path: build(scratch=path))

    @router.post("/remove", dependencies=needs_lead)
    def post_removal(request: Request, name: Annotated[str, Form()]) -> Response:
        return attempt(request, lambda _: desk.panels.remove(name))

    return router
