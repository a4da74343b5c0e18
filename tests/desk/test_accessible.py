"""Every page of the desk in every language, narrow and wide: for eyes, for screen readers, and without a stranger."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from desk_builder import real_models
from full_desk import SLEEPS, await_running
from test_pages import RAW_KEY
from watched import CHROMIUM, WIDTHS, Watched, serving

from zhenfen.config import load_platforms
from zhenfen.desk_cases.project import TABLES, open_projects
from zhenfen.desk_cases.review import DECISIONS
from zhenfen.features.base import load_families
from zhenfen.messages import LANGUAGES
from zhenfen.service.jobs import State
from zhenfen.service.keys import ROLES, add_key
from zhenfen.tables import EVENT_KINDS, FOUND_BY, FRAMES, read_tables

axe = pytest.importorskip("axe_playwright_python.base")
pytestmark = [pytest.mark.service, pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")]
NAMED = [f"cat.{kind}" for kind in ("name-role-value", "text-alternatives", "forms", "language")]
COLOURS = "color-contrast"
AXE: dict[str, tuple[int, dict[str, Any]]] = {
    "zh": (360, {}),
    "en": (1440, {"preload": False}),
    "fr": (360, {"preload": False, "runOnly": {"type": "tag", "values": NAMED}}),
}
"""Where a screen reader's rules are asked, and which. Two widths show other things; what is written in a language are
names, labels and alternatives of pictures. Style sheets, fetched for a rule of their own, are the same for all.
"""
PAINTED_ALIKE = {"creator declared", "creator untouched"}
"""Pages of as many colours as "creator decided": theirs, which take axe-core longest, are asked for at one width."""
ALLOWED = {
    "card": "a file of the shelf, shown as it is",
    "drift": "measurements go by the names that stand in the models' files",
}
TOLD = {"kind_a", "kind_b", "under_posts", "under_posts_labelled"}
"""What an engineer is told of the file of labels: its columns and whose they are."""
CODES = {
    *load_platforms(),
    *load_families(),
    *DECISIONS,
    *ROLES,
    *EVENT_KINDS,
    *FOUND_BY,
    *FRAMES,
    *get_args(State),
} - {"x"}
"""Words for programs: in Chinese text none of them is a word for people."""
TEXT = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("code, pre, kbd, script, style").forEach((one) => one.remove());
  document.body.append(copy);
  const text = copy.innerText;
  copy.remove();
  return text;
}"""


class Desks:
    """Three desks on ports of their own: one on which everything was done, the same where people log in, an empty one.

    Args:
        addresses: Of each, by its name.
        places: Pages of the first.
        key: Of a lead, with which the second is opened.
    """

    def __init__(self, addresses: dict[str, str], places: dict[str, str], key: str) -> None:
        self.addresses, self.places, self.key = addresses, places, key

    def walk(self, browser: Any, language: str) -> Iterator[tuple[str, Watched]]:
        """Every page in turn, with its name."""
        full = Watched(browser, self.addresses["full"], language, WIDTHS[0])
        for name, place in self.places.items():
            yield name, full.go(place) and full
        full.submit(self.places["shortlist"], "form.owner", {"version": "99", "owner": "wang"})
        yield "clash", full
        full.submit(self.places["project settings"], "main form", {"name": "x", "keep_until": "2020-01-01"})
        yield "a setting that cannot be", full
        locked = Watched(browser, self.addresses["locked"], language, WIDTHS[0])
        yield "login", locked.go("/login") and locked
        locked.submit("/login", "form", {"key": "zf_wrong"})
        yield "login refused", locked
        locked.submit("/login", "form", {"key": self.key})
        for name in ("home", "settings", "project settings", "audit at work", "letter"):
            yield f"{name} of a member", locked.go(self.places[name]) and locked
        locked.submit("/settings", "form[action='/settings/keys']", {"name": f"new-{language}"})
        yield "a new key", locked
        empty = Watched(browser, self.addresses["empty"], language, WIDTHS[0])
        for name, place in (("empty desk", "/"), ("models of an empty desk", "/models")):
            yield name, empty.go(place) and empty
        for one in (full, locked, empty):
            one.context.close()


@pytest.fixture(scope="module")
def desks(full_desk: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    data, places = full_desk
    folders = {name: tmp_path_factory.mktemp(name) for name in ("full", "locked", "empty")}
    for name in ("full", "locked"):
        shutil.copytree(data, folders[name] / "data")
    made = {"models": real_models(), "program": SLEEPS}
    key = add_key(folders["locked"] / "keys.json", "wang", "lead")
    with (
        serving(folders["full"], **made) as (full, service),
        serving(folders["locked"], **made, needs_key=True) as (locked, _),
        serving(folders["empty"], **made) as (empty, _),
    ):
        await_running(service)
        yield Desks({"full": full, "locked": locked, "empty": empty}, places, key)


@pytest.fixture(scope="module")
def names(full_desk: tuple[Path, dict[str, str]]) -> set[str]:
    """Words of creators' names: what people are called is shown as it stands."""
    projects = open_projects(full_desk[0])
    tables = read_tables(projects.place(projects.list_all()[-1].project_id) / TABLES)
    return set(re.findall(r"\w+", " ".join(tables["creators"]["display_name"].drop_nulls())))


@pytest.mark.usefixtures("reads_here")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_read_by_everybody(desks: Desks, chromium: Any, names: set[str], language: str) -> None:
    found: list[tuple[str, object]] = []
    widths = WIDTHS
    for name, watched in desks.walk(chromium, language):
        page = watched.page
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if watched.overflow() > 0:
                found.append((name, f"{watched.overflow()} pixels too wide at {width}"))
            if width == AXE[language][0]:
                found += [(name, one) for one in ask_axe(page, choose_rules(name, language))]
            if width == WIDTHS[0]:
                found += [(name, one) for one in find_codes(page, name, language, names)]
        found += [(name, one) for one in watched.take_wrong()]
        # The next page begins as wide as this one ended.
        widths = widths[::-1]
    assert found == []


def choose_rules(name: str, language: str) -> dict[str, Any]:
    """Options of axe-core for a page."""
    options = AXE[language][1]
    is_painted_alike = name in PAINTED_ALIKE and AXE[language][0] < WIDTHS[-1]
    return {**options, "rules": {COLOURS: {"enabled": False}}} if is_painted_alike else options


def ask_axe(page: Any, options: dict[str, Any]) -> Iterator[str]:
    """Findings of axe-core, of any impact: the rule, and where."""
    page.evaluate(axe.AXE_SCRIPT)
    # Its own requests for style sheets stay on the origin.
    asked = {"resultTypes": ["violations"], **options}
    for rule in page.evaluate("async (asked) => (await axe.run(asked)).violations", asked):
        for node in rule["nodes"]:
            yield f"{rule['id']} ({rule['impact']}): {node['html'][:120]}"


def find_codes(page: Any, name: str, language: str, names: set[str]) -> Iterator[str]:
    """Keys of messages and words for programs in what a person sees; what is marked as code may be code."""
    if RAW_KEY.search(page.content()):
        yield "the key of a message"
    if name in ALLOWED:
        return
    words = set(re.findall(r"[\w/-]+", page.evaluate(TEXT), flags=re.ASCII))
    yield from sorted({word for word in words if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", word)} - names - TOLD)
    if language == "zh":
        yield from sorted(words & CODES)
