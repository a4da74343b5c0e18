"""A desk on a port of its own, and pages of a browser that note what should not happen."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from app_builder import build_service

from zhenfen.desk.application import add_desk
from zhenfen.service.factory import make_app
from zhenfen.service.service import Service

CHROMIUM = shutil.which("chromium")
LOCALES = {"zh": "zh-CN", "en": "en-GB", "fr": "fr-FR"}
WIDTHS = (360, 820, 1440)
PATIENCE_MS = 120_000
"""A vetting takes seconds, on a machine that does much else a minute."""


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[tuple[str, Service]]:
    """The address of a desk over `folder`/data, as long as the block."""
    service = build_service(folder, **options)
    app = make_app(service)
    add_desk(app, service)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}", service
        server.should_exit = True
        thread.join(30)


class Watched:
    """A page that notes what should not happen: errors of the console, and requests to anywhere else."""

    def __init__(self, browser: Any, address: str, language: str = "en", width: int = 1440) -> None:
        self.context = browser.new_context(locale=LOCALES[language], viewport={"width": width, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.address, self.wrong, self.refused = address, [], 0
        self.page.on("console", lambda told: self._note(told.type in ("error", "warning"), told.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("request", lambda one: self._note(not one.url.startswith((address, "data:")), one.url))

    def _note(self, is_wrong: bool, what: str) -> None:
        if is_wrong:
            self.wrong.append(what)

    def go(self, place: str) -> Any:
        answer = self.page.goto(self.address + place)
        self.refused = answer.status if answer.status >= 400 else 0
        return self.page

    def submit(self, place: str, form: str, values: dict[str, str]) -> None:
        """Send a form of a page as a browser without script does, with some of its fields changed."""
        self.go(place)
        with self.page.expect_navigation() as answer:
            self.page.evaluate(
                """([form, values]) => {
                  const one = document.querySelector(form);
                  for (const [name, value] of Object.entries(values)) one.elements.namedItem(name).value = value;
                  HTMLFormElement.prototype.submit.call(one);
                }""",
                [form, values],
            )
        self.refused = answer.value.status

    def take_wrong(self) -> list[str]:
        """What happened since this was asked the last time, but for the refusal that the page tells of."""
        taken = [text for text in self.wrong if f"status of {self.refused}" not in text]
        self.wrong = []
        return taken

    def overflow(self) -> int:
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width
