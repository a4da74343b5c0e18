"""What every request passes before any route: who asks, under which name, how much and how fast; and counting."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from zhenfen.service.errors import REFUSAL, ServiceError
from zhenfen.service.metrics import OTHER
from zhenfen.service.sessions import COOKIE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from zhenfen.service.keys import KeyFile
    from zhenfen.service.metrics import Metrics
    from zhenfen.service.sessions import Sessions
    from zhenfen.service.settings import Limits, Settings

OPEN_PATHS = ("/healthz", "/readyz")
"""Schedulers ask these without a key; they say nothing of anybody."""
DESK_OPEN_PATHS = ("/login", "/static/")
"""Pages of the desk that are shown to whoever has yet to log in."""
API_PATHS = ("/v1/", "/metrics", "/openapi.json", "/healthz", "/readyz")
UPLOAD_PATH = re.compile(r"/v1/vet|/projects|/projects/[0-9a-f]+/uploads|/projects/[0-9a-f]+/[^/]+/attachments")
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
LOCAL_OWNER = "local"
SAFE_METHODS = ("GET", "HEAD")
DRAIN_S = 5
"""A client that sends too much rarely reads an answer before it is done: so long its bytes are thrown away first."""


class Counted:
    """Counts and times every request, whatever becomes of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # Whoever refuses the request notes why in its state.
        state = scope.setdefault("state", {})
        self.metrics.open_request()
        start = time.perf_counter()
        try:
            await self.app(scope, receive, note_status)
        finally:
            route = getattr(scope.get("route"), "path", OTHER)
            self.metrics.close_request(route, scope["method"], status, time.perf_counter() - start)
            if (code := state.get(REFUSAL)) is not None:
                self.metrics.count_refusal(code, is_upload=bool(UPLOAD_PATH.fullmatch(scope["path"])))


class Gate:
    """Lets a request through with its owner noted and its body bounded, or refuses it."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: KeyFile, sessions: Sessions) -> None:
        self.app, self.settings, self.keys, self.sessions = app, settings, keys, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = BoundedBody(receive, self.settings.limits, is_upload=bool(UPLOAD_PATH.fullmatch(scope["path"])))
        try:
            scope.setdefault("state", {})["owner"] = self._find_owner(scope, headers)
            await body.check_declared(headers)
        except ServiceError as error:
            scope.setdefault("state", {})[REFUSAL] = error.code
            answer: Response = error.respond()
            if not scope["path"].startswith(API_PATHS):
                # Whoever sits at a page is told on one.
                if error.code == "no_key" and scope["method"] == "GET":
                    answer = RedirectResponse("/login", 303)
                elif error.code == "body_too_large":
                    answer = RedirectResponse(f"/refused/{error.code}", 303, headers=error.headers)
            await answer(scope, receive, send)
            return
        await self.app(scope, body, send)

    def _find_owner(self, scope: Scope, headers: Headers) -> str:
        if scope["path"] in OPEN_PATHS:
            return ""
        if not self.settings.needs_key:
            # Without keys, a page of another site in this machine's browser must not be able to read or write here.
            host, origin = headers.get("host", ""), headers.get("origin")
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            if name.lower() not in LOCAL_NAMES:
                raise ServiceError(421, "unknown_host", f"expected one of the host names {', '.join(LOCAL_NAMES)}")
            if origin is not None and not _is_own(origin, headers):
                raise ServiceError(403, "other_origin", "pages of other sites may not ask without an API key")
            return LOCAL_OWNER
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        is_page = not scope["path"].startswith(API_PATHS)
        # A browser sends the cookie whoever asks, and logs in whom another page wants: what changes anything must come
        # from a page of ours.
        if is_page and (cookie or scope["path"].startswith(DESK_OPEN_PATHS)):
            if scope["method"] not in SAFE_METHODS and not _is_own(headers.get("origin", ""), headers):
                raise ServiceError(403, "other_origin", "pages of other sites may not ask in somebody's name")
            if cookie and (known := self.sessions.find_owner(cookie)) is not None:
                return known
        if scope["path"].startswith(DESK_OPEN_PATHS):
            return ""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        shown = value.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        owner = self.keys.find_owner(shown)
        if owner is None:
            text = "expected a known API key in the header Authorization (Bearer) or X-API-Key"
            raise ServiceError(401, "no_key", text, headers={"WWW-Authenticate": "Bearer"})
        return owner


def _is_own(origin: str, headers: Headers) -> bool:
    return origin.partition("://")[2].lower() == headers.get("host", "").lower() != ""


class BoundedBody:
    """The `receive` of a request that stops when the body is too large or comes too slowly."""

    def __init__(self, receive: Receive, limits: Limits, *, is_upload: bool) -> None:
        self._receive = receive
        self._idle_s = limits.idle_s
        self._most_bytes = limits.upload_bytes if is_upload else limits.body_bytes
        self._until = time.monotonic() + (limits.upload_s if is_upload else limits.body_s)
        self._n_bytes = 0
        self._is_complete = False

    async def __call__(self) -> Message:
        """The next piece.

        Raises:
            ServiceError: Too large or too slow.
        """
        if self._is_complete:
            # What comes now is the news that the client has left: that may take as long as it likes.
            return await self._receive()
        message = await self._next()
        if self._n_bytes > self._most_bytes:
            await self._refuse_size()
        return message

    async def check_declared(self, headers: Headers) -> None:
        """Refuse a body that says itself that it is too large."""
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self._most_bytes:
            await self._refuse_size()

    async def _next(self) -> Message:
        wait_s = min(self._idle_s, self._until - time.monotonic())
        try:
            # Unlike wait_for, this makes no task of a body that is here already.
            async with asyncio.timeout(max(wait_s, 0)):
                message = await self._receive()
        except TimeoutError:
            text = "the body came too slowly"
            raise ServiceError(408, "too_slow", text, headers={"Connection": "close"}) from None
        self._n_bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message

    async def _refuse_size(self) -> None:
        self._until = min(self._until, time.monotonic() + DRAIN_S)
        try:
            while not self._is_complete:
                await self._next()
        except ServiceError:
            pass
        text = f"expected a body of at most {self._most_bytes} bytes"
        raise ServiceError(413, "body_too_large", text, headers={"Connection": "close"})
