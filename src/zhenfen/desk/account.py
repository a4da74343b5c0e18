"""Logging in with an API key, logging out, and the language."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from zhenfen.desk.frame import LANGUAGE_COOKIE, Desk, see
from zhenfen.messages import LANGUAGES
from zhenfen.service.errors import ServiceError
from zhenfen.service.sessions import COOKIE, LASTS_S

LANGUAGE_S = 365 * 24 * 60 * 60


def make_account_router(desk: Desk) -> APIRouter:
    """The routes of a reader's account."""
    router = APIRouter()
    sessions = desk.service.sessions

    @router.get("/login")
    def get_login(request: Request) -> Response:
        return desk.page(request, "login.html", {"is_wrong": False})

    @router.post("/login")
    async def post_login(request: Request, key: Annotated[str, Form()]) -> Response:
        token = await run_in_threadpool(sessions.begin, key.strip())
        if token is None:
            return desk.page(request, "login.html", {"is_wrong": True}, 401)
        response = see("/")
        # Behind a proxy the browser's own word says whether it came by TLS.
        is_https = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
        response.set_cookie(COOKIE, token, LASTS_S, httponly=True, samesite="strict", secure=is_https)
        return response

    @router.post("/logout")
    def post_logout(request: Request) -> Response:
        sessions.end(request.cookies.get(COOKIE, ""))
        response = see("/login" if desk.service.settings.needs_key else "/")
        response.delete_cookie(COOKIE)
        return response

    @router.get("/refused/{code}")
    def get_refusal(code: Literal["body_too_large"]) -> Response:
        raise ServiceError(413, code, "the body was too large")

    @router.get("/language/{language}")
    def get_language(language: str, back: str = "/") -> Response:
        # A page of ours and nobody else's: one slash, and what follows is no host.
        place = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
        response = see(place)
        if language in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language, LANGUAGE_S, httponly=True, samesite="lax")
        return response

    return router
