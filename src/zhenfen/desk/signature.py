"""Signing a decision, and what was signed: frozen pages, whether they are unchanged, what has changed since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from zhenfen.desk.frame import Desk, language_of, see
from zhenfen.desk.review import find_review
from zhenfen.desk_cases.comparison import Difference, compare_readings, compare_versions
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.project import RUNS, Project, Run
from zhenfen.desk_cases.review import Review
from zhenfen.desk_cases.signature import (
    Signature,
    SigningError,
    find_signature,
    is_unchanged,
    list_signatures,
    sign,
)
from zhenfen.messages import LANGUAGES
from zhenfen.report.write import is_report_file
from zhenfen.service.errors import ServiceError
from zhenfen.service.vetting import PAGE_HEADERS


def make_signing_router(desk: Desk) -> APIRouter:
    """The routes of signing."""
    router = APIRouter(prefix="/projects/{project_id}/{file}/sign")

    @router.get("")
    def get_sign(request: Request, project_id: str, file: str) -> Response:
        return show_signing(desk, request, desk.find(project_id), find_review(desk, project_id, file))

    @router.post("", dependencies=[Depends(desk.check_stamp)])
    def post_sign(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        version: Annotated[int, Form()],
        run: Annotated[int, Form()],
        name: Annotated[str, Form()] = "",
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        by = request.state.owner
        # Where people log in, nobody signs under another's name.
        signer = by if desk.service.settings.needs_key else name
        try:
            if review.version != version:
                raise SigningError("changed_decision")
            made = sign(desk.projects, project, review, run, signer, by=by)
        except ConflictError:
            return show_signing(desk, request, project, find_review(desk, project_id, file), wrong="changed_decision")
        except SigningError as error:
            return show_signing(desk, request, project, review, wrong=error.code, name=name)
        except LookupError:
            raise ServiceError(404, "not_found", "the project was deleted") from None
        return see(f"/projects/{project_id}/signed/{made.signature_id}")

    return router


def make_signature_router(desk: Desk) -> APIRouter:
    """The routes of what was signed."""
    router = APIRouter(prefix="/projects/{project_id}/signed/{signature_id}")

    @router.get("")
    def get_signature(request: Request, project_id: str, signature_id: str) -> Response:
        project = desk.find(project_id)
        signature, folder = find_signed(desk, project_id, signature_id)
        review = next(
            one for one in desk.reviews.list_all(project_id).values() if one.creator_id == signature.creator_id
        )
        content = {
            "project": project,
            "review": review,
            "current": "signature",
            "signature": signature,
            "is_unchanged": is_unchanged(signature, folder),
            "since": compare_since(desk, request, project, review, signature=signature, folder=folder),
        }
        return desk.page(request, "signature.html", content)

    @router.get("/{language}/{name}")
    def get_frozen(project_id: str, signature_id: str, language: str, name: str) -> Response:
        _, folder = find_signed(desk, project_id, signature_id)
        if name == "index.html":
            # The way back of a page that stood in a report's folder.
            return see(f"/projects/{project_id}/signed/{signature_id}")
        path = folder / language / name
        if language not in LANGUAGES or not is_report_file(Path(name)) or not path.is_file():
            raise ServiceError(404, "not_found", "nothing was signed under this name")
        return FileResponse(path, headers=PAGE_HEADERS)

    return router


def find_signed(desk: Desk, project_id: str, signature_id: str) -> tuple[Signature, Path]:
    """A signature and its frozen files.

    Raises:
        ServiceError: There is none.
    """
    try:
        return find_signature(desk.projects, project_id, signature_id)
    except LookupError:
        raise ServiceError(404, "not_found", "there is no such signature in this project") from None


def show_signing(
    desk: Desk, request: Request, project: Project, review: Review, *, wrong: str | None = None, name: str = ""
) -> Response:
    """The page on which a decision is signed; `wrong` says why it was not.

    Raises:
        ServiceError: There is no report yet.
    """
    runs = desk.projects.list_runs(project.project_id)
    if not runs:
        raise ServiceError(404, "no_report", "this project has no report yet")
    content = {
        "project": project,
        "review": review,
        "current": "sign",
        "run": runs[0],
        "signatures": list_signatures(desk.projects, project.project_id, review.creator_id),
        "signer": request.state.owner if desk.service.settings.needs_key else None,
        "name": name,
        "wrong": wrong,
    }
    return desk.page(request, "sign.html", content, 409 if wrong else 200)


def compare_since(
    desk: Desk, request: Request, project: Project, review: Review, *, signature: Signature, folder: Path
) -> dict[str, Any] | None:
    """What the newest report says otherwise than the signed pages; None where there is no newer one."""
    newest: Run = desk.projects.list_runs(project.project_id)[0]
    language, name = language_of(request), f"{review.file}.json"
    later = desk.projects.place(project.project_id) / RUNS / str(newest.number) / language / name
    signed = folder / language / name
    if newest.number == signature.run or not later.is_file() or not signed.is_file():
        return None
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (signed, later))
    readings: list[Difference] = compare_readings(before, after)
    return {"run": newest, "readings": readings, "versions": compare_versions(signature.versions, newest.versions)}
