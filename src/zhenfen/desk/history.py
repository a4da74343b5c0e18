"""Who changed what and when, in words; the reports made so far, and what one says otherwise than another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, catalogue_of, language_of
from zhenfen.desk.review import find_review
from zhenfen.desk_cases.comparison import compare_readings, compare_versions
from zhenfen.desk_cases.project import RUNS, Project, Run
from zhenfen.desk_cases.review import Event, Review
from zhenfen.desk_cases.signature import list_signatures
from zhenfen.messages import Catalogue

EVENTS_A_PAGE = 100
LONGEST_VALUE_CHARS = 400
HIDDEN = ("decided_by", "decided_at", "status_by", "status_at", "asked", "signed_by", "score_id")
"""Columns that say again who and when, or that the page of the signature says."""
WORDS: Mapping[str, str] = {
    "decision": "desk.decision.",
    "status": "desk.letter.status.",
    "kind": "report.event.",
    "frame": "report.frame.",
    "found_by": "report.found_by.",
    "is_pinned": "desk.history.is.",
    "is_taken": "desk.history.is.",
}
"""Column → where the words for its values begin."""


def make_history_router(desk: Desk) -> APIRouter:
    """The routes of histories."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.get("/history")
    def get_project_history(
        request: Request, project_id: str, before: int | None = None, after: int | None = None, page: int = 1
    ) -> Response:
        content = describe_history(desk, request, desk.find(project_id), None, (before, after), page)
        return desk.page(request, "history.html", content)

    @router.get("/{file}/history")
    def get_creator_history(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        project_id: str,
        file: str,
        before: int | None = None,
        after: int | None = None,
        page: int = 1,
    ) -> Response:
        project, review = desk.find(project_id), find_review(desk, project_id, file)
        content = describe_history(desk, request, project, review, (before, after), page)
        return desk.page(request, "history.html", content)

    return router


def describe_history(  # noqa: PLR0917 (what a page is asked for)
    desk: Desk,
    request: Request,
    project: Project,
    review: Review | None,
    pair: tuple[int | None, int | None],
    page: int,
) -> dict[str, Any]:
    """What the page shows of a project, or of one of its creators.

    Args:
        desk: The desk.
        request: Who asks.
        project: Which one.
        review: Of the creator; None for all.
        pair: Numbers of the reports to compare; the newest two where they are not told.
        page: Which hundred of the events, from 1.
    """
    catalogue, runs = catalogue_of(request), desk.projects.list_runs(project.project_id)
    creator_id = None if review is None else review.creator_id
    names = {one.creator_id: one for one in desk.reviews.list_all(project.project_id).values()}
    events = desk.reviews.list_history(project.project_id, creator_id)
    first = (max(page, 1) - 1) * EVENTS_A_PAGE
    before = next((run for run in runs if run.number == pair[0]), runs[1] if len(runs) > 1 else None)
    after = next((run for run in runs if run.number == pair[1]), runs[0] if runs else None)
    shown = None if before is None or after is None else (before, after)
    return {
        "project": project,
        "review": review,
        "current": "history",
        "events": [tell_event(one, names, catalogue) for one in events[first : first + EVENTS_A_PAGE]],
        "page": max(page, 1),
        "is_more": len(events) > first + EVENTS_A_PAGE,
        "runs": [(run, _versions_since(run, runs)) for run in runs],
        "pair": shown,
        "compared": None if shown is None else compare_runs(desk, project, shown, language_of(request), review),
        "signatures": list_signatures(desk.projects, project.project_id, creator_id),
    }


def compare_runs(
    desk: Desk, project: Project, pair: tuple[Run, Run], language: str, review: Review | None
) -> dict[str, Any]:
    """What the later of two reports says otherwise, creator by creator, and which models are other ones."""
    folder = desk.projects.place(project.project_id) / RUNS
    listed = []
    for run in pair:
        path = folder / str(run.number) / language / "index.json"
        rows = json.loads(path.read_text(encoding="utf-8"))["creators"] if path.is_file() else []
        listed.append({row["file"]: row for row in rows if review is None or row["file"] == review.file})
    old, new = listed
    both = [(row, compare_readings(old[file], row)) for file, row in new.items() if file in old]
    return {
        "creators": [{"file": row["file"], "name": row["name"], "readings": found} for row, found in both if found],
        "n_same": sum(not found for _, found in both),
        "came": [row for file, row in new.items() if file not in old],
        "gone": [row for file, row in old.items() if file not in new],
        "versions": compare_versions(pair[0].versions, pair[1].versions),
    }


def tell_event(event: Event, names: Mapping[str, Review], catalogue: Catalogue) -> dict[str, Any]:
    """A line of the history in words."""
    what = f"desk.history.what.{event.what}"
    kind = "made" if not event.before else "taken" if not event.after else "changed"
    key = f"{what}.{kind}"
    if event.what == "projects" and set(event.after) == {"job_id"}:
        key = f"desk.history.what.job.{'begun' if event.after['job_id'] else 'stopped'}"
    told = (
        catalogue.text(key)
        if catalogue.has(key)
        else catalogue.text(what if catalogue.has(what) else "desk.history.what")
    )
    return {
        "at": f"{event.at[:10]} {event.at[11:16]}",
        "by": event.by,
        "creator": names.get(event.creator_id or ""),
        "told": told,
        "about": [str(one)[:LONGEST_VALUE_CHARS] for one in event.about.values()],
        "changes": list(tell_changes(event, catalogue)),
    }


def tell_changes(event: Event, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Label, value before and value after of everything that an event changed and that there are words for."""
    before, after = dict(event.before), dict(event.after)
    for said in (before, after):
        said.update({f"option.{name}": value for name, value in json.loads(said.pop("options", None) or "{}").items()})
    for column in dict.fromkeys((*before, *after)):
        key = f"desk.history.column.{column}"
        old, new = before.get(column), after.get(column)
        if column in HIDDEN or not catalogue.has(key) or old == new:
            continue
        shown = _tell_value(column, old, catalogue), _tell_value(column, new, catalogue)
        if any(shown):
            yield catalogue.text(key), *shown


def _tell_value(column: str, value: Any, catalogue: Catalogue) -> str:
    """A value in words; empty where there is none, or where it is no word of ours."""
    name = column.removeprefix("option.")
    if value in (None, "", []):
        return ""
    if name == "import_map":
        return catalogue.text("desk.history.changed")
    if name in WORDS:
        key = f"{WORDS[name]}{value}"
        return catalogue.text(key) if catalogue.has(key) else ""
    if isinstance(value, str):
        return value[:LONGEST_VALUE_CHARS]
    return ", ".join(map(str, value)) if isinstance(value, list) else catalogue.number(value, 0)


def _versions_since(run: Run, runs: list[Run]) -> int | None:
    """How many models and rules are other ones than at the report before; None for the first."""
    earlier = next((one for one in runs if one.number < run.number), None)
    return None if earlier is None else len(compare_versions(earlier.versions, run.versions))
