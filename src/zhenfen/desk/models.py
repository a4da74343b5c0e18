"""The engineer's corner: models that score, those of the registry, their cards, and where labels would teach most."""

from __future__ import annotations

import os
import re
from typing import Literal, get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from zhenfen.config import models_dir
from zhenfen.desk.frame import Desk, language_of
from zhenfen.desk_cases.project import TABLES
from zhenfen.desk_cases.uncertainty import list_unsure
from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.model_listing import list_registry, list_shelf, mark_used
from zhenfen.model_registry import CHOICE, Registry, read_choice, registry_uri
from zhenfen.monitoring.files import watch
from zhenfen.monitoring.page import draw
from zhenfen.monitoring.summary import summarise
from zhenfen.service.errors import ServiceError
from zhenfen.service.status import describe_models

DriftTable = Literal["audience", "comments", "posts"]
FOLDER = re.compile(r"[a-z_]{1,40}/[0-9]{1,6}")


def make_models_router(desk: Desk) -> APIRouter:
    """The routes of the engineer's corner."""
    router = APIRouter(prefix="/models")

    @router.get("")
    def get_models(request: Request) -> Response:
        model = desk.service.models.audience
        content = {
            "used": describe_models(desk.service.models),
            "unsure": [] if model is None else list_unsure(desk.projects, model),
            "projects": desk.projects.list_all(),
            "tables": get_args(DriftTable),
            "current": "models",
        }
        return desk.page(request, "models.html", content)

    @router.get("/shelf")
    def get_shelf(request: Request) -> Response:
        listed, problem = list_shelf(), ""
        try:
            address = registry_uri(None)
            listed += list_registry(Registry(address)) if address else []
        except (RegistryUnreachableError, ConfigError) as error:
            problem = str(error)
        references = read_choice(os.environ.get(CHOICE, ""))
        content = {"listed": mark_used(listed, references), "problem": problem, "current": "models"}
        return desk.page(request, "shelf.html", content)

    @router.get("/drift")
    def get_drift(request: Request, reference: str, new: str, table: DriftTable) -> Response:
        then, now = (
            desk.projects.place(desk.find(one).project_id) / TABLES / f"{table}.parquet" for one in (reference, new)
        )
        if not (then.is_file() and now.is_file()):
            raise ServiceError(404, "no_rows", "one of the projects has no such rows")
        summary = summarise(watch(then, now, desk.service.models), language_of(request))
        return desk.page(request, "monitor.html", {"r": draw(summary), "current": "models"})

    @router.get("/{name}/{version}")
    def get_card(request: Request, name: str, version: str) -> Response:
        folder = f"{name}/{version}"
        path = models_dir() / folder / "card.md"
        if not FOLDER.fullmatch(folder) or not path.is_file():
            raise ServiceError(404, "not_found", "there is no card of such a model")
        content = {"name": folder, "card": path.read_text(encoding="utf-8"), "current": "models"}
        return desk.page(request, "card.html", content)

    return router
