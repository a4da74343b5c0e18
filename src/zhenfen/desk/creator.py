"""A creator's page: the report's own, with what a person says of it beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from zhenfen.desk.frame import HEADERS, MARKS, Desk, catalogue_of, see
from zhenfen.desk.review import describe_decision, find_review
from zhenfen.desk.shortlist import find_part, read_json, read_part
from zhenfen.desk_cases.days import describe_days
from zhenfen.desk_cases.declaration import declare, list_declarations, withdraw
from zhenfen.desk_cases.project import Project
from zhenfen.desk_cases.rereading import Reread
from zhenfen.desk_cases.review import Review
from zhenfen.messages import Catalogue
from zhenfen.scoring import describe_features
from zhenfen.service.errors import ServiceError
from zhenfen.tables import EVENT_KINDS

EventKind = Literal["giveaway", "advert", "collab", "live", "news", "promotion"]
PAGE = "/{file}.html"
MOST_POINTS = 4000
"""Of a curve: eleven years of days, and more than a screen has pixels."""


def make_creator_router(desk: Desk) -> APIRouter:
    """The routes of one creator."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.get("/{file}/days")
    def get_days(request: Request, project_id: str, file: str, start: date, end: date) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        days = describe_days(desk.projects.place(project_id), review.creator_id, start, end)
        content = {"project": project, "review": review, "days": days, "start": start, "end": end}
        return desk.page(request, "parts/days.html" if request.headers.get("hx-request") else "days.html", content)

    @router.get("/{file}/curve")
    def get_curve(request: Request, project_id: str, file: str) -> Response:
        growth = read_part(desk, request, desk.find(project_id), f"{file}.json").get("growth")
        if not growth:
            raise ServiceError(404, "not_found", "there is no curve of this creator")
        return JSONResponse(thin_curve(growth), headers=HEADERS)

    @router.post("/{file}/declare", dependencies=[Depends(desk.check_stamp)])
    def post_declaration(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        kind: Annotated[EventKind, Form()],
        starts_on: Annotated[date, Form()],
        said: Annotated[str, Form()] = "",
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        declare(
            desk.projects.database,
            project_id,
            review.creator_id,
            kind,
            starts_on,
            said=said.strip(),
            by=request.state.owner,
        )
        return show_declared(desk, request, project, review)

    @router.post("/{file}/withdraw", dependencies=[Depends(desk.check_stamp)])
    def post_withdrawal(
        request: Request, project_id: str, file: str, declaration_id: Annotated[int, Form()]
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        try:
            withdraw(desk.projects.database, project_id, declaration_id, request.state.owner)
        except LookupError:
            raise ServiceError(404, "not_found", "there is no such declaration") from None
        return show_declared(desk, request, project, review)

    @router.get(PAGE)
    def get_page(request: Request, project_id: str, file: str) -> Response:
        return show_creator(desk, request, desk.find(project_id), file)

    return router


def thin_curve(growth: Mapping[str, Any]) -> dict[str, Any]:
    """The curve of the growth page with its marked spans, to be zoomed.

    Args:
        growth: The report's dict of it.

    Returns:
        days (ISO) and followers, null where that is unknown: all, or at most MOST_POINTS with the last day among them;
        spans: number, first and last day, and whether nothing explains it.
    """
    step = -(-len(growth["days"]) // MOST_POINTS)
    days, followers = (growth[name][::-1][::step][::-1] for name in ("days", "n_followers"))
    names = ("number", "starts_on", "ends_on", "is_unexplained")
    return {
        "days": days,
        "followers": followers,
        "spans": [{name: one[name] for name in names} for one in growth["spans"]],
    }


def show_creator(desk: Desk, request: Request, project: Project, file: str) -> Response:
    """The report's page, kept, with what people say of the creator."""
    path = find_part(desk, request, project, f"{file}.json")
    review = find_review(desk, project.project_id, file)
    about = {"project": project, "review": review}
    left_open = {name: MARKS[name] for name in ("decision", "declared", "open")}
    kept = desk.keep(
        request,
        "desk_creator.html",
        (path, path.stat().st_mtime_ns, project.name),
        lambda: {"r": read_json(path), "current": "creator", **about, **left_open},
    )
    shown = describe_declared(desk, project, review, catalogue_of(request))
    said = {"clash": None, **about, **describe_decision(desk, project, review)}
    parts = {
        "decision": desk.render(request, "parts/decision.html", said),
        "declared": desk.render(request, "parts/declared.html", {**shown, **about}),
        "open": " open" if shown["declared"] else "",
    }
    return HTMLResponse(desk.fill(request, kept, **parts), headers=HEADERS)


def show_declared(desk: Desk, request: Request, project: Project, review: Review) -> Response:
    """What was declared by now and what it changes: a part of the page, or the page."""
    if not request.headers.get("hx-request"):
        return see(f"/projects/{project.project_id}/{review.file}.html")
    shown = describe_declared(desk, project, review, catalogue_of(request))
    return desk.page(request, "parts/declared.html", {"project": project, "review": review, **shown})


def describe_declared(desk: Desk, project: Project, review: Review, catalogue: Catalogue) -> dict[str, Any]:
    """What was declared of a creator, and each value that it changes, before and after."""
    declared = list_declarations(desk.projects.database, project.project_id, review.creator_id)
    models = desk.panels.use(project, desk.service.models)
    changes = desk.rereads.read(desk.projects, project, models, review.creator_id) if declared else []
    return {"declared": declared, "event_kinds": EVENT_KINDS, "changes": tell_changes(changes, catalogue)}


def tell_level(level: str, catalogue: Catalogue) -> str:
    """A family's level in words; `basis.level`, or not_assessed alone."""
    return catalogue.text("report.level.not_assessed" if level.endswith("not_assessed") else f"report.level.{level}")


def tell_changes(changes: Sequence[Reread], catalogue: Catalogue) -> list[dict[str, str]]:
    """Values and levels before and after, in words."""
    units = dict(describe_features().select("feature", "unit").iter_rows())
    told = []
    for one in changes:
        family = catalogue.text(f"family.{one.family}")
        if one.feature is None:
            values = {name: tell_level(getattr(one, name), catalogue) for name in ("before", "after")}
            told.append({"label": family, **values})
            continue
        unit = units.get(one.feature, "")
        values = {name: catalogue.value(getattr(one, name), unit) for name in ("before", "after")}
        if values["before"] != values["after"]:
            told.append({"label": f"{family} · {catalogue.text(f'feature.{one.feature}')}", **values})
    return told
