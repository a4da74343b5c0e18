"""What a desk is set up with: standards that levels rest on, retention, and who may do what."""

from __future__ import annotations

import json
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, catalogue_of, see
from zhenfen.desk_cases.panel import LONGEST_PANEL_NAME_CHARS
from zhenfen.desk_cases.project import KEEP
from zhenfen.errors import ConfigError
from zhenfen.service.errors import ServiceError
from zhenfen.service.keys import ROLES, Role, add_key, read_keys, remove_key

LONGEST_DAYS = 3650


def make_settings_router(desk: Desk) -> APIRouter:
    """The routes of the settings."""
    router = APIRouter(prefix="/settings")
    needs_lead = [Depends(desk.check_stamp), Depends(desk.check_lead)]
    keys = desk.service.settings.keys

    @router.get("")
    def get_settings(request: Request) -> Response:
        return show(desk, request)

    @router.post("", dependencies=needs_lead)
    def post_settings(keep_days: Annotated[int | None, Form(ge=1, le=LONGEST_DAYS)] = None) -> Response:
        with desk.projects.database.open() as database:
            database.execute(
                "insert into settings (name, value) values (?, ?)"
                " on conflict (name) do update set value = excluded.value",
                (KEEP, json.dumps(keep_days)),
            )
        return see("/settings")

    @router.post("/keys", dependencies=needs_lead)
    def post_key(request: Request, name: Annotated[str, Form()], role: Annotated[Role, Form()]) -> Response:
        try:
            made = add_key(keys, name.strip(), role)
        except ConfigError:
            raise ServiceError(422, "bad_key_name", "the name cannot be used, or has a key already") from None
        return show(desk, request, made)

    @router.post("/keys/remove", dependencies=needs_lead)
    def post_removal(request: Request, name: Annotated[str, Form()]) -> Response:
        if name == request.state.owner:
            # Whoever removes the last lead's key has nobody left to make another.
            raise ServiceError(422, "own_key", "one's own key is removed on the command line")
        try:
            remove_key(keys, name)
        except ConfigError:
            raise ServiceError(404, "not_found", "there is no such key") from None
        return see("/settings")

    return router


def show(desk: Desk, request: Request, made: str = "", wrong_panel: str | None = None) -> Response:
    """The page, with the key that was just made: it is shown this once; or with why a panel was not kept."""
    models = desk.service.models
    sources = models.panel.frame.group_by("platform", "source").agg(pl.col("observed_on").max())
    content = {
        "current": "settings",
        "versions": models.versions,
        "lines": models.audience_levels.rules,
        "sources": sources.sort("platform", "source").select("source", "platform", "observed_on").rows(),
        "keep_days": desk.projects.read_keep_days(),
        "keys": read_keys(desk.service.settings.keys) if desk.service.settings.needs_key else (),
        "roles": ROLES,
        "made": made,
        "panels": desk.panels.list_all(),
        "longest_name": LONGEST_PANEL_NAME_CHARS,
        "projects": [one for one in desk.projects.list_all() if desk.projects.list_runs(one.project_id)],
        "wrong_panel": wrong_panel,
        "count": catalogue_of(request).count,
    }
    return desk.page(request, "settings.html", content, 422 if wrong_panel else 200)
