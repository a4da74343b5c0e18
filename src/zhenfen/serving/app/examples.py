"""What OpenAPI shows: bodies with examples that work as they stand, answers, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhenfen.serving.app.errors import ErrorReply
from zhenfen.serving.app.frames import ARROW, JSON, PARQUET

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
            {"creator_id": "a", "platform": "weibo", "snapshot_at": "2026-03-10T00:00:00Z", "n_followers": 12400}
        ],
        "follower_counts": [
            {"creator_id": "a", "observed_at": f"2026-03-{day:02}T00:00:00Z", "n_followers": 12000 + 40 * day}
            for day in range(1, 11)
        ],
    },
}
"""Request bodies by kind; tests/serving/test_app_openapi.py sends each."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_REFUSALS = {
    400: "The body cannot be read.",
    401: "No known API key.",
    404: "No such thing.",
    408: "The body came too slowly.",
    413: "Too many bytes or rows.",
    415: "Another content type is expected.",
    422: "The body or an option cannot be used; every problem is listed.",
    503: "Too busy, or no such model.",
    504: "No answer in time.",
    507: "No room left on the disk.",
}
_BODY_REFUSALS = (400, 401, 408, 413, 415, 422, 503, 504, 507)


def describe_rows(schema: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a route that takes rows and gives rows."""
    kinds = {
        JSON: {"schema": {"type": "object", "properties": {"n_rows": {"type": "integer"}, "rows": {"type": "array"}}}},
        ARROW: _BINARY,
        PARQUET: _BINARY,
    }
    shown = {"schema": dict(schema), "example": dict(example)}
    return {
        "openapi_extra": _body({JSON: shown, ARROW: _BINARY, PARQUET: _BINARY}),
        "responses": {200: {"description": "One row for each, in the same order.", "content": kinds}, **refusals()},
    }


def describe_upload(others: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a route that takes an export: an archive, or files."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    parts = {"schema": {"type": "object", "properties": {"file": files}, "required": ["file"]}}
    return _body({**others, "application/zip": _BINARY, "multipart/form-data": parts})


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers other than success; of all routes that take a body when none are named."""
    return {one: {"model": ErrorReply, "description": _REFUSALS[one]} for one in statuses or _BODY_REFUSALS}


def _body(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": dict(content)}}
