"""What OpenAPI shows: bodies with examples that work as they stand, answers, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhenfen.service.errors import ErrorReply
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.uploads import ARCHIVES, MULTIPART

ROWS_SHOWN: dict[str, dict[str, Any]] = {
    "profiles": {
        "rows": [
            {
                "profile_id": "1001",
                "platform": "weibo",
                "display_name": "用户7391846502",
                "created_at": "2026-03-01T08:00:00Z",
                "n_followers": 2,
                "n_following": 871,
                "n_posts": 0,
                "has_avatar": False,
            },
            {
                "profile_id": "1002",
                "platform": "weibo",
                "display_name": "阿明爱吃面",
                "n_followers": 312,
                "n_posts": 208,
            },
        ]
    },
    "comments": {
        "rows": [{"comment_id": "1", "text": "求链接，想买同款"}, {"comment_id": "2", "text": "加微信领优惠"}]
    },
    "posts": {"rows": [{"post_id": "1", "text": "#广告# 这款面霜用了两周，点击下方链接下单", "is_labelled_ad": None}]},
    "creators": {
        "creators": [
            {
                "creator_id": "a",
                "platform": "weibo",
                "snapshot_at": "2026-03-10T00:00:00Z",
                "n_followers": 12400,
                "found_by": "list",
            }
        ],
        "follower_counts": [
            {"creator_id": "a", "observed_at": f"2026-03-{day:02}T00:00:00Z", "n_followers": 12000 + 40 * day}
            for day in range(1, 11)
        ],
    },
}
"""Request bodies by kind; tests/service/test_app_status.py sends each."""
SCORES_SHOWN: dict[str, dict[str, Any]] = {
    "profiles": {"profile_id": "1002", "p_fake": 0.23, "model": "audience/2@93d71f93", "out_of_domain": False},
    "comments": {
        "comment_id": "1",
        "p_advert": 0.87,
        "p_filler": 0.48,
        "p_praise": 0.02,
        "cluster_id": None,
        "cluster_size": 1,
        "model": "comment/2@97b93b0b",
    },
    "posts": {
        "post_id": "1",
        "p_sponsored": 0.99,
        "is_disclosed": True,
        "has_purchase_means": True,
        "kind": "third_party",
        "is_read_closely": False,
        "p_passage": None,
        "passage_start": None,
        "passage_end": None,
        "n_alike": None,
        "n_alike_marked": None,
        "model": "post/2@18e4c03f",
    },
    "creators": {
        "creator_id": "a",
        "level": "not_assessed",
        "p_manipulated": 0.46,
        "families_assessed": [],
        "top_findings": [],
        "model": "creator/2@ebe2a9d9",
    },
}
"""A row of an answer by kind; the columns are those of `scoring`."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_REFUSALS = {
    400: "The body cannot be read.",
    401: "No known API key.",
    403: "A page of another site asks.",
    404: "No such thing.",
    406: "Another form of answer is expected.",
    408: "The body came too slowly.",
    413: "Too many bytes or rows.",
    415: "Another content type is expected.",
    421: "Without keys, another host name than this machine's.",
    422: "The body or an option cannot be used; every problem is listed.",
    500: "The service failed.",
    503: "Too busy, or no such model.",
    504: "No answer in time.",
    507: "No room left on the disk.",
}
_ANY = (401, 403, 421, 500)
BODY_REFUSALS = (400, 408, 413, 415, 422, 503, 507)
SCORE_REFUSALS = (*BODY_REFUSALS, 406, 504)


def describe_rows(kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a route that takes rows and gives rows."""
    shown = {"schema": dict(schema), "example": ROWS_SHOWN[kind]}
    return {
        "openapi_extra": _body({JSON: shown, ARROW: _BINARY, PARQUET: _BINARY}),
        "responses": describe_answer(kind, "One row for each, in the same order."),
    }


def describe_answer(kind: str, text: str) -> dict[int | str, dict[str, Any]]:
    """Answers of a route that scores."""
    rows = {"type": "array", "items": {"type": "object"}}
    schema = {"type": "object", "properties": {"n_rows": {"type": "integer"}, "rows": rows}}
    example = {"n_rows": 1, "rows": [SCORES_SHOWN[kind]]}
    content = {JSON: {"schema": schema, "example": example}, ARROW: _BINARY, PARQUET: _BINARY}
    return {200: {"description": text, "content": content}, **refusals(*SCORE_REFUSALS)}


def describe_upload(others: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a route that takes an export: an archive, or files."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    parts = {"schema": {"type": "object", "properties": {"file": files}, "required": ["file"]}}
    return _body({**others, **dict.fromkeys(ARCHIVES, _BINARY), MULTIPART: parts})


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers other than success: these, and those of every route but the health checks."""
    return {one: {"model": ErrorReply, "description": _REFUSALS[one]} for one in sorted({*_ANY, *statuses})}


def _body(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": dict(content)}}
