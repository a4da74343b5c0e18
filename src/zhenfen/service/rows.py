"""POST /v1/score/profiles, comments and posts: the same functions as the batch commands call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from zhenfen.estimators.comment_model import COMMENT
from zhenfen.estimators.post_model import POST, is_text_outside
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.estimators.shelved import ShelvedModel
from zhenfen.model_store import Models
from zhenfen.moment import read_moment
from zhenfen.scoring import N_REASONS, score_comments, score_posts, score_profiles
from zhenfen.service.examples import describe_rows
from zhenfen.service.frames import JSON, MEDIA_TYPES, encode, make_reader, media_type, reply_type
from zhenfen.service.json_rows import JsonTables
from zhenfen.service.score_counts import BY_LENGTH, count_outside_profiles
from zhenfen.service.service import Service, need
from zhenfen.tables import EPOCH, PLATFORMS, latest_time, time_columns
from zhenfen.text.brands import load_brands


def one_of(choices: Collection[str]) -> Callable[[str], str]:
    """A check that lets a word of `choices` through and raises ValueError, which lists them, for any other."""

    def check(word: str) -> str:
        if word not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return word

    return check


def list_choices(choices: Collection[str]) -> WithJsonSchema:
    """The words as the service's description lists them."""
    return WithJsonSchema({"type": "string", "enum": list(choices)})


Platform = Annotated[str, AfterValidator(one_of(PLATFORMS)), list_choices(PLATFORMS)]
Moment = Annotated[
    datetime,
    BeforeValidator(read_moment, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "examples": ["2026-01-31", "2026-01-31T18:00:00Z"]}),
]


class RowOptions(BaseModel):
    """Options of the query; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    explain: bool = Field(default=False, description="Also list the largest contributions.")

    @property
    def n_reasons(self) -> int:
        """How many contributions to list."""
        return N_REASONS if self.explain else 0


class ProfileOptions(RowOptions):
    """Options for profiles."""

    platform: Platform | None = Field(default=None, description="Platform of rows that name none.")
    as_of: Moment | None = Field(
        default=None,
        description="Ages are counted at the end of this day, or at this moment, UTC; default the latest time in the "
        "rows. "
        "Give it to get the same score for a profile whatever stands beside it.",
    )


class PostOptions(RowOptions):
    """Options for posts."""

    brands: bool = Field(default=False, description="Also name the brands and shops that stand in each post.")


def make_rows_router(service: Service) -> APIRouter:
    """The three routes."""
    router = APIRouter(prefix="/v1/score", tags=["score"])
    settings = service.settings
    profiles = make_reader(PROFILE.table, PROFILE.needed, PROFILE.read, settings, service.readers)
    comments = make_reader(COMMENT.table, COMMENT.needed, COMMENT.read, settings, service.readers)
    # Read when a caller first asks for names, once a process.
    open_book = cache(load_brands)
    posts = make_reader(POST.table, POST.needed, POST.read, settings, service.readers)

    @router.post("/profiles", summary="P(inauthentic) of every profile", **_about("profiles", profiles.json))
    async def post_profiles(request: Request, options: Annotated[ProfileOptions, Query()]) -> Response:
        def find_outside(rows: pl.DataFrame, scored: pl.DataFrame) -> dict[str, int]:
            # A row that names no platform was scored as one of the query's.
            platforms = rows["platform"].fill_null(pl.lit(options.platform, dtype=pl.String))
            return count_outside_profiles(scored, platforms, need(service.models, PROFILE).manifest)

        return await _answer(
            service,
            request,
            PROFILE,
            profiles.frame,
            lambda rows: score_audience(rows, service.models, options),
            find_outside=find_outside,
        )

    @router.post(
        "/comments",
        summary="P(advert), P(filler) and P(stock praise) of every comment, and its cluster",
        **_about("comments", comments.json),
    )
    async def post_comments(request: Request, options: Annotated[RowOptions, Query()]) -> Response:
        model = need(service.models, COMMENT)
        return await _answer(
            service,
            request,
            COMMENT,
            comments.frame,
            lambda rows: score_comments(rows, model, n_reasons=options.n_reasons),
        )

    @router.post("/posts", summary="P(sounds sponsored) of every post", **_about("posts", posts.json))
    async def post_posts(request: Request, options: Annotated[PostOptions, Query()]) -> Response:
        model = need(service.models, POST)

        def score(rows: pl.DataFrame) -> pl.DataFrame:
            return score_posts(rows, model, n_reasons=options.n_reasons, brands=open_book() if options.brands else None)

        def find_outside(rows: pl.DataFrame, _scored: pl.DataFrame) -> dict[str, int]:
            return {BY_LENGTH: int(is_text_outside(rows["text"], model.manifest).sum())}

        return await _answer(service, request, POST, posts.frame, score, find_outside=find_outside)

    return router


def score_audience(audience: pl.DataFrame, models: Models, options: ProfileOptions) -> pl.DataFrame:
    """`scoring.score_profiles` with the options of a query."""
    model = need(models, PROFILE)
    moment = options.as_of or latest_time(audience, time_columns("audience")) or EPOCH
    if options.platform is not None:
        audience = audience.with_columns(pl.col("platform").fill_null(options.platform))
    return score_profiles(audience, model, moment, n_reasons=options.n_reasons)


async def _answer(
    service: Service,
    request: Request,
    kind: ShelvedModel[Any],
    read: Callable[[bytes, str], pl.DataFrame],
    score: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    find_outside: Callable[[pl.DataFrame, pl.DataFrame], dict[str, int]] | None = None,
) -> Response:
    given = media_type(request.headers, MEDIA_TYPES)
    wanted = reply_type(request.headers, given)
    body = await request.body()

    # What is read apart takes none of the threads that score: bodies that never come to an end would keep them all.
    read_apart = None if given == JSON else await service.reading.run(partial(read, body, given))

    def work() -> bytes:
        rows = read(body, given) if read_apart is None else read_apart
        scored = score(rows)
        label = need(service.models, kind).manifest.label
        service.metrics.count_scored(kind.rows, label, scored, find_outside(rows, scored) if find_outside else {})
        return encode(scored, wanted)

    return Response(await service.pool.run(work), media_type=wanted)


def _about(kind: str, json: JsonTables) -> dict[str, Any]:
    return describe_rows(kind, json.describe())
