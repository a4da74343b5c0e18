"""What every page of the desk stands in: who looks, in which language, and under which rules a browser shows it."""

from __future__ import annotations

import hashlib
import hmac
import sys
import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import UndefinedError
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from zhenfen.config import load_platforms
from zhenfen.desk_cases.kept import Kept
from zhenfen.desk_cases.panel import Panels
from zhenfen.desk_cases.project import Project, Projects
from zhenfen.desk_cases.rereading import Rereads
from zhenfen.desk_cases.review import Reviews
from zhenfen.errors import LONGEST_VALUE_CHARS, Problem
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import read_style, render_page
from zhenfen.service.errors import ServiceError
from zhenfen.service.gate import LOCAL_OWNER
from zhenfen.service.keys import Role
from zhenfen.service.service import Service
from zhenfen.service.sessions import COOKIE
from zhenfen.vetting.problems import tell_problem

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
LANGUAGE_COOKIE = "zhenfen_language"
STAMP = "stamp"
STAMP_HEADER = "x-stamp"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
"""Nothing from elsewhere is loaded, sent to or run; whatever a file smuggled into a page does nothing."""


MARKS = {name: Markup(f"<{name}>") for name in ("stamp", "owner", "back", "decision", "declared", "open")}  # noqa: S704 (ours)
"""What stands in a kept page for something else. Text from outside cannot hold one: its angle brackets are escaped."""
MOST_BYTES_OF_PAGES, MOST_BYTES_OF_SHORTLISTS = 32 * 2**20, 32 * 2**20
"""A creator's page takes about 20 kB as it is kept, 200 lines of a shortlist 200 kB, their dict 3.5 MB."""
BYTES_A_KEY = 800
"""What says when a page is another one takes as much as a line: 750 to 774 bytes (tracemalloc)."""


@dataclass(frozen=True)
class Desk:
    """What all pages share.

    Attributes:
        service: Jobs, models, limits and sessions.
        projects: Shortlists with their files.
        reviews: What people decided.
        rereads: Creators read again with what was declared.
        pages: Pages and their parts, compressed.
        shortlists: What shortlists are made from, with its size.
    """

    service: Service
    projects: Projects
    reviews: Reviews
    rereads: Rereads = field(default_factory=Rereads)
    pages: Kept[bytes] = field(
        default_factory=lambda: Kept(MOST_BYTES_OF_PAGES, lambda one: sys.getsizeof(one) + BYTES_A_KEY)
    )
    shortlists: Kept[tuple[dict[str, Any], int]] = field(
        default_factory=lambda: Kept(MOST_BYTES_OF_SHORTLISTS, lambda one: one[1])
    )

    def page(
        self, request: Request, template: str, content: Mapping[str, Any] | None = None, status: int = 200
    ) -> HTMLResponse:
        """A page in the reader's language.

        Args:
            request: Who asks.
            template: A file of templates/.
            content: What the template shows; of the report's own pages `r`, their dict.
            status: HTTP status.
        """
        return HTMLResponse(self.render(request, template, content or {}), status, headers=HEADERS)

    def render(self, request: Request, template: str, content: Mapping[str, Any]) -> str:
        """The text of a page, or of a part of one, see `page`."""
        return self._render(request, template, content, self._tell_reader(request))

    def keep(
        self, request: Request, template: str, key: Hashable, make_content: Callable[[], Mapping[str, Any]]
    ) -> str:
        """A page, or a part of one, that is the same for every reader of a language as long as `key` is: made once.

        What is a reader's own stands in it as marks, see `fill`.

        Args:
            request: Who asks.
            template: A file of templates/.
            key: Changes with everything that the content holds.
            make_content: What the template shows; asked for only where the page is not kept.
        """

        def make() -> bytes:
            text = self._render(request, template, make_content(), MARKS)
            return zlib.compress(text.encode(), 1)

        return zlib.decompress(self.pages.recall((template, language_of(request), key), make)).decode()

    def fill(self, request: Request, text: str, **parts: str) -> Markup:
        """A kept page with what is this reader's own.

        Args:
            request: Who asks.
            text: What `keep` returned.
            parts: Names of MARKS → HTML.
        """
        own = {name: escape(value) for name, value in self._tell_reader(request).items()}
        for name, part in {**own, **parts}.items():
            text = text.replace(MARKS[name], part)
        return Markup(text)  # noqa: S704 (rendered with autoescape)

    def forget(self) -> None:
        """Drop what is kept in memory of projects, where one of them was deleted."""
        for kept in (self.pages, self.shortlists, self.rereads.sets, self.rereads.changes):
            kept.clear()

    def _stamp(self, request: Request) -> str:
        return self.service.sessions.make_stamp(request.state.owner, request.cookies.get(COOKIE, ""))

    def _tell_reader(self, request: Request) -> dict[str, str]:
        """What differs in the frame of a page from one reader to the next."""
        return {"stamp": self._stamp(request), "owner": request.state.owner, "back": quote(address_of(request))}

    def _render(self, request: Request, template: str, content: Mapping[str, Any], reader: Mapping[str, str]) -> str:
        language = language_of(request)
        shown = {"project": None, "current": "", **content}
        summary = shown.pop("r", None) or {"language": language}
        catalogue = Catalogue(summary["language"])
        try:
            return render_page(
                template,
                summary,
                TEMPLATES,
                desk_language=language,
                languages=LANGUAGES,
                **{name: reader[name] for name in ("stamp", "owner", "back")},
                share=catalogue.share,
                role=self.role_of(request),
                has_login=self.service.settings.needs_key,
                name_person=partial(name_person, catalogue=catalogue),
                name_platform=partial(name_platform, catalogue=catalogue),
                assets=hash_assets(),
                **shown,
            )
        except UndefinedError as error:
            # A page of a report that an older version wrote may lack what the template of this one shows.
            if "r" not in content:
                raise
            raise ServiceError(409, "old_report", "the report was written by another version") from error

    def find(self, project_id: str) -> Project:
        """A project.

        Raises:
            ServiceError: There is none.
        """
        project = self.look_up(project_id)
        if project is None:
            raise ServiceError(404, "not_found", "there is no such project")
        return project

    @property
    def panels(self) -> Panels:
        """Reference panels of the team's own."""
        return Panels(self.projects)

    def look_up(self, project_id: str) -> Project | None:
        """A project, None where there is none."""
        try:
            return self.projects.get(project_id)
        except LookupError:
            return None

    async def check_stamp(self, request: Request) -> None:
        """Refuse a form that no page of this session made.

        Raises:
            ServiceError: Its stamp is missing or another's.
        """
        given = request.headers.get(STAMP_HEADER) or request.query_params.get(STAMP)
        if given is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            given = str((await request.form()).get(STAMP, ""))
        expected = self._stamp(request)
        if given is None or not hmac.compare_digest(given.encode(), expected.encode()):
            raise ServiceError(403, "stale_form", "the form is of another session; load the page again")
        if self.role_of(request) == "reader":
            raise ServiceError(403, "read_only", "this key may read only")

    async def check_lead(self, request: Request) -> None:
        """Refuse what only a lead may do.

        Raises:
            ServiceError: The reader is none.
        """
        if self.role_of(request) != "lead":
            raise ServiceError(403, "leads_only", "only a lead may do this")

    def role_of(self, request: Request) -> Role:
        """What a reader may do; whoever sits at this machine may do everything."""
        if not self.service.settings.needs_key:
            return "lead"
        return self.service.keys.find_role(request.state.owner) or "reader"


def language_of(request: Request) -> str:
    """The reader's language: as chosen, else as the browser asks, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    asked = [part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
    return next((one for one in (chosen, *asked) if one in LANGUAGES), "en")


def catalogue_of(request: Request) -> Catalogue:
    """Words and number formats of the reader's language."""
    return Catalogue(language_of(request))


def address_of(request: Request) -> str:
    """Where a page is found again; of an answer to a form, the page that it stood on."""
    place = urlsplit(str(request.url) if request.method == "GET" else request.headers.get("referer", ""))
    return f"{place.path or '/'}?{place.query}".removesuffix("?")


def name_person(name: str, catalogue: Catalogue) -> str:
    """Who did something; without keys that is whoever sits at this machine."""
    return catalogue.text("desk.person.local") if name == LOCAL_OWNER else name


def name_platform(platform: str, catalogue: Catalogue) -> str:
    """Where texts and profiles are from, in the reader's language; its id where nobody has put it into words."""
    known, key = load_platforms().get(platform), f"desk.source.{platform}"
    if known is not None:
        return known.name[catalogue.language]
    return catalogue.text(key) if catalogue.has(key) else platform


def tell_refusal(code: str, text: str, catalogue: Catalogue) -> str:
    """Why something was refused, in the reader's language; `text` where nobody has put it into words."""
    key = f"desk.error.{code}"
    return catalogue.text(key) if catalogue.has(key) else catalogue.text("desk.error.other", text=text)


def tell_on_page(problem: Problem, catalogue: Catalogue) -> str:
    """A problem of a file in words: where a command would take an option, a page of the desk has a field."""
    key = f"desk.{problem.key}"
    if not catalogue.has(key):
        return tell_problem(problem, catalogue)
    value = (problem.value or "")[:LONGEST_VALUE_CHARS]
    return catalogue.text(key, file=problem.file, column=problem.column or "", value=value, **problem.fields)


@cache
def hash_assets() -> str:
    """Changes with any file that pages load, so that browsers may keep them for long."""
    whole = hashlib.sha256(read_style().encode())
    for path in sorted(STATIC.iterdir()):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def see(url: str) -> RedirectResponse:
    """Send the browser on, after a form was taken."""
    return RedirectResponse(url, 303, headers=HEADERS)
