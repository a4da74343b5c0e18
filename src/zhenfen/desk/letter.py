"""The letter to a creator: questions, what became of them, replies and the files that came with them."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from zhenfen.config import load_platforms
from zhenfen.desk.frame import HEADERS, Desk, language_of, see
from zhenfen.desk.review import find_review
from zhenfen.desk_cases.attachment import AttachmentLimitError, Attachments
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.letter import STATUSES, Letter, LetterError, Letters, Status
from zhenfen.desk_cases.project import RUNS, Project
from zhenfen.desk_cases.review import Review
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.service.errors import ServiceError
from zhenfen.service.frames import media_type
from zhenfen.service.uploads import MULTIPART, save_export
from zhenfen.service.vetting import ID_BYTES

DOWNLOAD_HEADERS = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
"""A stranger's file is never shown: a browser keeps it, or does nothing."""
TEXT = "text/plain; charset=utf-8"


def make_letter_router(desk: Desk) -> APIRouter:
    """The routes of letters."""
    router = APIRouter(prefix="/projects/{project_id}/{file}")
    letters = Letters(desk.projects.database)

    @router.get("/letter")
    def get_letter(request: Request, project_id: str, file: str) -> Response:
        return show_letter(desk, request, desk.find(project_id), find_review(desk, project_id, file))

    @router.get("/letter.txt")
    def get_text(request: Request, project_id: str, file: str) -> Response:
        letter = open_letter(desk, request, desk.find(project_id), find_review(desk, project_id, file))[0]
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{file}.txt"'}
        return Response(letter.write(), media_type=TEXT, headers=headers)

    @router.post("/letter", dependencies=[Depends(desk.check_stamp)])
    def post_frame(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        version: Annotated[int, Form()],
        opening: Annotated[str, Form()] = "",
        closing: Annotated[str, Form()] = "",
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        with told():
            try:
                letters.frame(
                    project_id, review.creator_id, version, request.state.owner, opening=opening, closing=closing
                )
            except ConflictError as error:
                mine = {"opening": opening, "closing": closing}
                return show_letter(desk, request, project, review, {"head": {"mine": mine, "current": error.current}})
        return see(f"/projects/{project_id}/{file}/letter")

    @router.post("/letter/send", dependencies=[Depends(desk.check_stamp)])
    def post_send(request: Request, project_id: str, file: str) -> Response:
        letters.send(project_id, find_review(desk, project_id, file).creator_id, request.state.owner)
        return see(f"/projects/{project_id}/{file}/letter")

    return router


def make_question_router(desk: Desk) -> APIRouter:
    """The routes of a letter's questions."""
    router = APIRouter(prefix="/projects/{project_id}/{file}/questions")
    letters = Letters(desk.projects.database)

    @router.post("", dependencies=[Depends(desk.check_stamp)])
    def post_question(
        request: Request,
        project_id: str,
        file: str,
        question: Annotated[str, Form()] = "",
        is_offered: Annotated[bool, Form()] = False,
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        open_letter(desk, request, project, review)
        with told():
            asked = question if is_offered else None
            made = letters.ask(project_id, review.creator_id, request.state.owner, question, asked)
        return see(f"/projects/{project_id}/{file}/letter#question-{made}")

    @router.post("/{question_id}", dependencies=[Depends(desk.check_stamp)])
    def post_change(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        question_id: int,
        version: Annotated[int, Form()],
        question: Annotated[str, Form()] = "",
        reply: Annotated[str, Form()] = "",
        status: Annotated[Status, Form()] = "draft",
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        said, clash = {"question": question, "reply": reply, "status": status}, {}
        with told():
            try:
                found = letters.find_question(project_id, review.creator_id, question_id)
                letters.change(project_id, review.creator_id, found, version, by=request.state.owner, said=said)
            except ConflictError as error:
                clash = {question_id: {"mine": said, "current": error.current}}
        if request.headers.get("hx-request"):
            return show_question(desk, request, project, review, question_id, clash=clash)
        if clash:
            return show_letter(desk, request, project, review, clash)
        return see(f"/projects/{project_id}/{file}/letter#question-{question_id}")

    @router.post("/{question_id}/drop", dependencies=[Depends(desk.check_stamp)])
    def post_drop(
        request: Request, project_id: str, file: str, question_id: int, version: Annotated[int, Form()]
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        with told():
            try:
                letters.drop(project_id, review.creator_id, question_id, version, request.state.owner)
            except ConflictError as error:
                clash = {question_id: {"mine": error.current, "current": error.current}}
                return show_letter(desk, request, project, review, clash)
        return see(f"/projects/{project_id}/{file}/letter")

    return router


def make_attachment_router(desk: Desk) -> APIRouter:
    """The routes of files that came with replies."""
    router = APIRouter(prefix="/projects/{project_id}/{file}/attachments")
    attachments = attachments_of(desk)

    @router.post("", dependencies=[Depends(desk.check_stamp)])
    async def post_files(request: Request, project_id: str, file: str, question: int) -> Response:
        review = await run_in_threadpool(find_review, desk, project_id, file)
        media_type(request.headers, (MULTIPART,))
        # Under their own names only as long as this takes; the folder is emptied at every start.
        folder = desk.service.settings.scratch / secrets.token_hex(ID_BYTES)
        try:
            saved = await save_export(request, folder, desk.service.settings.limits)
            files = sorted(saved.iterdir()) if saved.is_dir() else [saved]
            with told():
                await run_in_threadpool(
                    attachments.add, project_id, review.creator_id, question, request.state.owner, files
                )
        finally:
            await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)
        return see(f"/projects/{project_id}/{file}/letter#question-{question}")

    @router.get("/{attachment_id}")
    def get_file(project_id: str, file: str, attachment_id: str) -> Response:
        review = find_review(desk, project_id, file)
        with told():
            found, path = attachments.find(project_id, review.creator_id, attachment_id)
        # The name is given back in a form that no header can be broken with.
        return FileResponse(path, media_type="application/octet-stream", filename=found.name, headers=DOWNLOAD_HEADERS)

    @router.post("/{attachment_id}/delete", dependencies=[Depends(desk.check_stamp)])
    def post_delete(request: Request, project_id: str, file: str, attachment_id: str) -> Response:
        review = find_review(desk, project_id, file)
        with told():
            question = attachments.remove(project_id, review.creator_id, attachment_id, request.state.owner)
        return see(f"/projects/{project_id}/{file}/letter#question-{question}")

    return router


def attachments_of(desk: Desk) -> Attachments:
    """Attachments within the limits of this service."""
    limits = desk.service.settings.limits
    return Attachments(desk.projects, limits.n_files, limits.upload_bytes)


@contextmanager
def told() -> Iterator[None]:
    """Refusals of a letter as answers of the service.

    Raises:
        ServiceError: In place of what the block raises.
    """
    try:
        yield
    except LookupError:
        raise ServiceError(404, "not_found", "there is no such question or file") from None
    except LetterError as error:
        raise ServiceError(422, error.code, "the letter does not take this") from None
    except AttachmentLimitError:
        raise ServiceError(413, "too_much_attached", "the files of this project are too many or too large") from None


def open_letter(desk: Desk, request: Request, project: Project, review: Review) -> tuple[Letter, list[str]]:
    """The letter, and what the newest report asks.

    Raises:
        ServiceError: There is no report yet.
    """
    letters = Letters(desk.projects.database)
    there = letters.find(project.project_id, review.creator_id)
    language = language_of(request) if there is None else there.language
    for run in desk.projects.list_runs(project.project_id):
        folder = desk.projects.place(project.project_id) / RUNS / str(run.number)
        # In another language as long as that one is being written.
        pages = (folder / one / f"{review.file}.json" for one in (language, *LANGUAGES))
        page = next((path for path in pages if path.exists()), None)
        if page is None:
            continue
        content = json.loads(page.read_text(encoding="utf-8"))
        written = content["letter"]
        if written is None:
            platform = load_platforms().get(content["creator"]["platform"])
            language = (platform.language if platform else None) or language
            text = Catalogue(language).text
            opening, closing = text("letter.opening", name=review.name), text("letter.closing")
            written = {"language": language, "opening": opening, "closing": closing, "questions": []}
        with told():
            return letters.open(project.project_id, review.creator_id, run.number, written), written["questions"]
    raise ServiceError(404, "no_report", "this project has no report yet")


def show_letter(
    desk: Desk, request: Request, project: Project, review: Review, clash: Mapping[Any, Any] | None = None
) -> Response:
    """The page; `clash` holds what was not saved, by question, or under `head`."""
    letter, asked = open_letter(desk, request, project, review)
    content = {
        "project": project,
        "review": review,
        "current": "letter",
        "letter": letter,
        "offered": letter.list_new(asked),
        "asked": set(asked),
        "statuses": STATUSES,
        "attached": attachments_of(desk).list_all(project.project_id, review.creator_id),
        "clash": clash or {},
    }
    return desk.page(request, "letter.html", content, 409 if clash else 200)


def show_question(
    desk: Desk, request: Request, project: Project, review: Review, question_id: int, *, clash: Mapping[int, Any]
) -> Response:
    """One question after it was saved, or was not, and the letter's text beside it."""
    letters = Letters(desk.projects.database)
    with told():
        question = letters.find_question(project.project_id, review.creator_id, question_id)
    content = {
        "project": project,
        "review": review,
        "question": question,
        "letter": letters.find(project.project_id, review.creator_id),
        "statuses": STATUSES,
        "attached": attachments_of(desk).list_all(project.project_id, review.creator_id),
        "clash": clash,
    }
    return desk.page(request, "parts/question_saved.html", content, 409 if clash else 200)
