"""The socket and the HTTP server around the application."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from zhenfen.errors import ConfigError
from zhenfen.service.errors import make_reply

if TYPE_CHECKING:
    from fastapi import FastAPI

    from zhenfen.service.settings import Limits

HEAD_S = 10
"""Seconds for the head of a request; bodies have limits of their own."""
PROMPT_S = 1
"""A head that takes longer makes room where connections are scarce: most heads come in one packet."""
N_CONNECTIONS = 256
"""Connections at once, and a quarter of the file descriptors that systems allow by default."""


class PromptProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on a client whose request line and headers never come to an end."""

    _timer: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client is there; it has HEAD_S to say what it wants."""
        super().connection_made(transport)
        self._wait_for_head()
        n_over = len(self.connections) - (self.limit_concurrency or len(self.connections)) + 1
        if n_over > 0:
            # Whoever is over the limit is refused, so that slow clients could keep all others out.
            waiting = [one for one in self.connections if isinstance(one, PromptProtocol) and one.is_slow()]
            for one in sorted(waiting, key=lambda one: one._since)[:n_over]:
                one.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes came; those of an unfinished head do not give it more time."""
        super().data_received(data)
        is_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if not is_head:
            self._drop_timer()
        elif self._timer is None:
            self._wait_for_head()

    def is_slow(self) -> bool:
        """Whether its client has been sending a head for longer than PROMPT_S."""
        return self._timer is not None and self.loop.time() - self._since > PROMPT_S

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request, in the form of every other refusal."""
        body = make_reply("bad_request", msg).model_dump_json().encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._drop_timer()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._since = self.loop.time()
        self._timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        ConfigError: The address is unknown or taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
        # Connections inherit it. An answer goes out in two pieces, head and body; without this the second waits for the
        # client to acknowledge the first, which takes 40 ms. asyncio does so itself for sockets that it made.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{host}:{port}: cannot listen there ({reason})") from error


def make_server(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """The server; it ends after SIGINT or SIGTERM, when open requests are answered or their time is over."""
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        # Addresses hold ids of persons.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=N_CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(limits.answer_s),
    )
    return uvicorn.Server(config)
