"""GET /healthz, /readyz, /metrics and /v1/models."""

from __future__ import annotations

import shutil
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from zhenfen.estimators.shelved import load_kinds
from zhenfen.model_store import Models
from zhenfen.service.examples import refusals
from zhenfen.service.metrics import CONTENT_TYPE
from zhenfen.service.service import Service
from zhenfen.version import __version__


class ModelReply(BaseModel):
    """A model that scores, from its manifest.

    `platforms` are those it was validated on; `threshold` is the probability from which a row is flagged.
    """

    name: str
    version: int
    label: str
    platforms: list[str]
    threshold: float
    trained_on: list[str]
    files: dict[str, str]
    metrics: dict[str, Any]


class ModelsReply(BaseModel):
    """Everything outside the data that a score depends on; `parts` is what a report's footer says."""

    package_version: str
    parts: dict[str, str]
    models: list[ModelReply]


def make_status_router(service: Service) -> APIRouter:
    """The four routes."""
    router = APIRouter(tags=["status"])

    @router.get("/healthz", summary="Whether the process answers")
    async def get_health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="Whether it can take work", responses={503: {"description": "It cannot."}})
    def get_ready() -> JSONResponse:
        free = shutil.disk_usage(service.settings.data).free
        checks = {"jobs": service.worker.is_alive, "disk": free > service.settings.limits.body_bytes}
        is_ready = all(checks.values())
        return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)

    @router.get("/metrics", summary="Counts and times for Prometheus", response_class=Response, responses=refusals())
    def get_metrics() -> Response:
        n_open = service.pool.n_open + service.reading.n_open
        told = service.metrics.render(service.store.counts(), n_open)
        return Response(told, media_type=CONTENT_TYPE)

    @router.get("/v1/models", summary="The models that score", responses=refusals())
    def get_models() -> ModelsReply:
        return describe_models(service.models)

    return router


def describe_models(models: Models) -> ModelsReply:
    """What `models` holds."""
    held = [model.manifest for kind in load_kinds().values() if (model := models.find(kind)) is not None]
    return ModelsReply(
        package_version=__version__,
        parts=dict(models.versions),
        models=[
            ModelReply(
                name=manifest.name,
                version=manifest.version,
                label=manifest.label,
                platforms=list(manifest.platforms),
                threshold=manifest.threshold,
                trained_on=[one.source for one in manifest.trained_on],
                files=manifest.files,
                metrics=manifest.metrics,
            )
            for manifest in held
        ],
    )
