"""Labelling at the desk: what is begun, said, taken back, settled and written into the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from zhenfen.desk.audit_page import Bench
from zhenfen.desk.frame import HEADERS, Desk
from zhenfen.desk.review import find_review
from zhenfen.desk_cases.audit import USUAL_N, draw, export_labels
from zhenfen.desk_cases.audit_share import apply_audit
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.labelling import LONGEST_ANALYST_CHARS, Kind, Labelling
from zhenfen.errors import ConfigError, InputError, MissingTableError
from zhenfen.service.errors import ServiceError

Text = Annotated[str, Form()]
Count = Annotated[int, Form(ge=0)]
LARGEST_DRAW = 10_000
"""One person labels a profile a minute: 10,000 are a month of work."""


def make_audit_router(desk: Desk) -> APIRouter:
    """The routes of labelling."""
    router = APIRouter(prefix="/projects/{project_id}/{file}/audit")
    labelling = Labelling(desk.projects.database)
    checked = [Depends(desk.check_stamp)]

    def sit(request: Request, project_id: str, file: str, kind: Kind, given: str) -> Bench:
        # Without keys everybody is the same to the service: people say themselves who labels.
        by = given.strip()[:LONGEST_ANALYST_CHARS] if not desk.service.settings.needs_key else ""
        review = find_review(desk, project_id, file)
        return Bench(desk, labelling, request, desk.find(project_id), review, kind, by or request.state.owner)

    def take(
        request: Request, project_id: str, file: str, kind: Annotated[Kind, Form()], by: Annotated[str, Form()] = ""
    ) -> Bench:
        return sit(request, project_id, file, kind, by)

    seated = Depends(take)

    @router.get("")
    def get_audit(
        request: Request, project_id: str, file: str, kind: Kind = "profile", by: Annotated[str, Query()] = ""
    ) -> Response:
        return sit(request, project_id, file, kind, by).show()

    @router.post("/begin", dependencies=checked)
    def post_begin(
        number: Count, n: Annotated[int, Form(ge=1, le=LARGEST_DRAW)] = USUAL_N, bench: Bench = seated
    ) -> Response:
        about = (bench.project.project_id, bench.review.creator_id, bench.kind)
        models, by = desk.service.models, bench.by
        return attempt(bench, lambda: labelling.begin(draw(bench.folder, *about, n, number + 1, models, by)))

    @router.post("/label", dependencies=checked)
    def post_label(number: Count, item: Text, label: Text, bench: Bench = seated) -> Response:
        return attempt(bench, lambda: labelling.label(bench.need(number), item, label, bench.by))

    @router.post("/undo", dependencies=checked)
    def post_undo(number: Count, bench: Bench = seated) -> Response:
        return attempt(bench, lambda: labelling.undo(bench.need(number), bench.by))

    @router.post("/settle", dependencies=checked)
    def post_settlement(number: Count, item: Text, label: Text, version: Count, bench: Bench = seated) -> Response:
        return attempt(bench, lambda: labelling.settle(bench.need(number), item, label, version, bench.by))

    @router.post("/apply", dependencies=checked)
    def post_apply(number: Count, bench: Bench = seated) -> Response:
        return attempt(bench, lambda: apply_audit(desk.projects, bench.need(number), bench.by))

    @router.get("/labels.csv")
    def get_labels(request: Request, project_id: str, file: str, kind: Kind) -> Response:
        bench = sit(request, project_id, file, kind, "")
        if bench.audit is None or kind == "profile":
            raise ServiceError(404, "not_found", "there are no labels to take away")
        made = export_labels(bench.folder, labelling.read(bench.audit))
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{kind}_labels_{file}.csv"'}
        return Response(made, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def attempt(bench: Bench, act: Callable[[], object]) -> Response:
    """Do it and show what comes of it; what cannot be done is said on the page, which shows how things stand."""
    try:
        act()
    except ConflictError as error:
        return bench.show("settled" if "settled_by" in error.current else "renewed", error.current)
    except LookupError:
        return bench.show("no_such_label")
    except MissingTableError:
        return bench.show("nothing")
    except ConfigError:
        return bench.show("too_few")
    except InputError:
        return bench.show("not_written")
    return bench.answer()
