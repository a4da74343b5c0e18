"""Who looks after a creator, who is pinned, and what is decided: checked against what the page showed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, see
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.project import Project
from zhenfen.desk_cases.review import DECISIONS, Decision, Review
from zhenfen.desk_cases.signature import list_signatures
from zhenfen.service.errors import ServiceError


def make_review_router(desk: Desk) -> APIRouter:
    """The route of reviews."""
    router = APIRouter(prefix="/projects/{project_id}/reviews")

    @router.post("/{file}", dependencies=[Depends(desk.check_stamp)])
    def post_review(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        version: Annotated[int, Form()],
        is_owner: Annotated[bool, Form()] = False,
        owner: Annotated[str, Form()] = "",
        pinned: Annotated[bool | None, Form()] = None,
        decision: Annotated[Decision | None, Form()] = None,
        is_decision: Annotated[bool, Form()] = False,
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        project, by = desk.find(project_id), request.state.owner
        review = find_review(desk, project_id, file)
        clash: Mapping[str, Any] | None = None
        try:
            # An empty field is no field to the framework: what the form is about is said beside it.
            if is_owner:
                desk.reviews.assign(project_id, review, version, by, owner)
            elif pinned is not None:
                desk.reviews.pin(project_id, review, version, by, is_pinned=pinned)
            elif is_decision:
                desk.reviews.decide(project_id, review, version, by, decision=decision, reason=reason)
        except ConflictError as error:
            clash = {"current": error.current, "mine": {"owner": owner, "decision": decision, "reason": reason}}
        part = "decision" if is_decision else "row"
        review = find_review(desk, project_id, file)
        content = {"project": project, "review": review, **describe_decision(desk, project, review)}
        if request.headers.get("hx-request"):
            return desk.page(request, f"parts/{part}.html", {"clash": clash, **content}, 409 if clash else 200)
        if clash:
            return desk.page(request, "clash.html", {"clash": clash, **content}, 409)
        return see(f"/projects/{project_id}/{file + '.html' if is_decision else 'index.html'}")

    return router


def find_review(desk: Desk, project_id: str, file: str) -> Review:
    """The review of a page.

    Raises:
        ServiceError: There is none.
    """
    try:
        return desk.reviews.find(project_id, file)
    except LookupError:
        raise ServiceError(404, "not_found", "there is no such creator in this project") from None


def describe_decision(desk: Desk, project: Project, review: Review) -> dict[str, Any]:
    """What stands beside a decision: the choices, the newest report where it came later, and what was signed last.

    Returns:
        decisions; newer: the report made after the decision, or None; signed: the last signature on the creator,
        or None; is_signed: whether that is of this decision and of the newest report.
    """
    runs = desk.projects.list_runs(project.project_id)
    signatures = list_signatures(desk.projects, project.project_id, review.creator_id)
    run, signed = runs[0] if runs else None, signatures[0] if signatures else None
    decided_at = review.decided_at if review.decision else None
    return {
        "decisions": DECISIONS,
        "newer": run if run and decided_at and run.made_at > decided_at else None,
        "signed": signed,
        "is_signed": bool(
            run and signed and decided_at and signed.run == run.number and signed.signed_at >= decided_at
        ),
    }
