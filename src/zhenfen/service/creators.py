"""POST /v1/score/creators: an export, or tables as JSON → a row a creator, as `zhenfen score creators` gives."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from zhenfen.connectors.found_by import settle_found_by
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.model_store import Models
from zhenfen.scoring.many import score_creators
from zhenfen.service.examples import ROWS_SHOWN, describe_answer, describe_upload
from zhenfen.service.exports import UPLOAD, PackedExport
from zhenfen.service.frames import JSON, encode, reply_type
from zhenfen.service.json_rows import make_tables_reader
from zhenfen.service.rows import Moment, Platform, list_choices, one_of
from zhenfen.service.service import Service, need
from zhenfen.service.uploads import save_export
from zhenfen.tables import FOUND_BY, TABLES, Tables, check_tables

NOT_SENT = ("provenance", "unusable")
"""Tables that an import writes; nobody sends them row by row."""
SENT = tuple(name for name in TABLES if name not in NOT_SENT)
FoundBy = Annotated[str, AfterValidator(one_of(FOUND_BY)), list_choices(FOUND_BY)]
FOUND_BY_TEXT = "How the creators were found, if the export is silent. What a search selects gives no level."


class CreatorOptions(BaseModel):
    """Options of the query; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    found_by: FoundBy | None = Field(default=None, description=FOUND_BY_TEXT)
    platform: Platform | None = Field(default=None, description="Platform of rows that name none.")
    as_of: Moment | None = Field(
        default=None,
        description="Read the data as they stood at the end of this day, or at this moment, UTC; default the latest "
        "seen.",
    )


def make_creators_router(service: Service) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/score", tags=["score"])
    limits = service.settings.limits
    json = make_tables_reader(SENT, limits)
    shown = {JSON: {"schema": json.describe(), "example": ROWS_SHOWN["creators"]}}

    @router.post(
        "/creators",
        summary="Level and P(manipulated) of every creator",
        openapi_extra=describe_upload(shown),
        responses=describe_answer("creators", "A row a creator, by id."),
    )
    async def post_creators(request: Request, options: Annotated[CreatorOptions, Query()]) -> Response:
        label = need(service.models, CREATOR).manifest.label
        wanted = reply_type(request.headers, JSON)
        # Where the answer is late the process that reads still writes there.
        with tempfile.TemporaryDirectory(dir=service.settings.scratch, ignore_cleanup_errors=True) as place:
            folder = Path(place) / UPLOAD
            is_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON
            body = await request.body() if is_json else None
            path = folder if body is not None else await save_export(request, folder, limits)

            packed = PackedExport(str(path), options.found_by, options.platform, limits)
            found = None if body is not None else await service.reading.run(partial(service.readers.read, packed))

            def work() -> bytes:
                if body is None:
                    # They were checked where they were read.
                    tables = Tables(found or {})
                else:
                    frames = json.read(body)
                    check_tables(frames)
                    if "creators" in frames:
                        frames["creators"] = settle_found_by(frames["creators"], options.found_by)
                    tables = Tables(frames)
                scored = score(tables, service.models, options)
                service.metrics.count_scored("creators", label, scored)
                return encode(scored, wanted)

            return Response(await service.pool.run(work), media_type=wanted)

    return router


def score(tables: Tables, models: Models, options: CreatorOptions) -> pl.DataFrame:
    """`scoring.many.score_creators` with the options of a query."""
    return score_creators(tables, models, as_of=options.as_of)
