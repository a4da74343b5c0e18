"""A field that somebody empties clears what stood there: the framework takes an empty field for none at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from zhenfen.desk_cases.letter import Letters


@pytest.fixture
def browser(shared_browser: Any, reads_here: None) -> Any:
    """One desk for all: each of these tests takes back what it says."""
    return shared_browser


class Forms(HTMLParser):
    """The forms of a page as a browser would send them: address, and fields with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._inside: str | None = None
        self._area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name = said.get("name") or ""
        if tag == "form":
            self.forms.append((said.get("action") or "", {}))
        elif not self.forms or not name:
            return
        elif tag == "input" and said.get("type") == "radio":
            self.forms[-1][1].setdefault(name, "")
            if "checked" in said:
                self.forms[-1][1][name] = said.get("value") or ""
        elif tag == "input" and said.get("type") == "checkbox":
            if "checked" in said:
                self.forms[-1][1][name] = said.get("value") or "on"
        elif tag == "input":
            self.forms[-1][1][name] = said.get("value") or ""
        elif tag == "select":
            self._inside = name
            self.forms[-1][1][name] = ""
        elif tag == "textarea":
            self._area = name
            self.forms[-1][1][name] = ""
        if tag == "option" and self._inside and "selected" in said:
            self.forms[-1][1][self._inside] = said.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self._inside = self._area = None


def read_form(browser: Any, page: str, action: str, field: str) -> tuple[str, dict[str, str]]:
    """The form of a page that has a field, with what stands in it."""
    found = [one for one in Forms(browser.get(page).text).forms if re.search(action, one[0]) and field in one[1]]
    assert found, (page, action, field)
    return found[0]


def save(browser: Any, page: str, action: str, **values: str) -> Any:
    """Open a page, change some fields of one of its forms, and send the whole form as a browser does."""
    url, fields = read_form(browser, page, action, next(iter(values)))
    answer = browser.post(url, {**fields, **values})
    assert answer.status_code in (200, 303), answer.text
    return answer


def creator(browser: Any, more: str = ".html") -> str:
    return f"{browser.home}/{browser.files()[0]}{more}"


def review(browser: Any) -> Any:
    return browser.desk.reviews.find(browser.project.project_id, browser.files()[0])


def letter(browser: Any) -> Any:
    found = Letters(browser.desk.projects.database).find(browser.project.project_id, review(browser).creator_id)
    assert found is not None
    return found


def _owner(browser: Any) -> Any:
    owners = [one.owner for one in browser.desk.reviews.list_all(browser.project.project_id).values()]
    return next((one for one in owners if one), None)


def _setting(browser: Any, name: str) -> Any:
    return browser.project.keep_until if name == "keep_until" else getattr(browser.project.options, name)


def _option(browser: Any, name: str) -> Any:
    return getattr(browser.project.options, name)


Read = Callable[[Any], Any]
CASES: list[tuple[str, Callable[[Any], str], str, str, str, Read, Any]] = [
    ("owner", lambda b: f"{b.home}/index.html", "/reviews/", "owner", "li", _owner, None),
    ("reason", creator, "/reviews/", "reason", "because", lambda b: review(b).reason, None),
    ("opening", lambda b: creator(b, "/letter"), "/letter$", "opening", "Dear", lambda b: letter(b).opening, ""),
    ("closing", lambda b: creator(b, "/letter"), "/letter$", "closing", "Bye", lambda b: letter(b).closing, ""),
    (
        "keep_days",
        lambda b: "/settings",
        "/settings$",
        "keep_days",
        "30",
        lambda b: b.desk.projects.read_keep_days(),
        None,
    ),
    *(
        (name, lambda b: f"{b.home}/settings", "/settings$", name, value, lambda b, n=name: _setting(b, n), None)
        for name, value in (("keep_until", "2999-01-01"), ("recheck_days", "30"), ("watched", "FOLDER"))
    ),
    *(
        (name, lambda b: f"{b.home}/intake", "/intake$", name, value, lambda b, n=name: _option(b, n), empty)
        for name, value, empty in (
            ("obtained_how", "by hand", ""),
            ("platform", "weibo", None),
            ("found_by", "search", None),
            ("creator_name", "小鹿", None),
            ("as_of", "2026-01-01", None),
            ("target_regions", "上海", ()),
        )
    ),
]


@pytest.mark.parametrize(
    ("page", "action", "field", "value", "read", "empty"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_an_emptied_field_clears_what_stood_there(  # noqa: PLR0917 (a case a column)
    browser: Any,
    tmp_path: Path,
    page: Callable[[Any], str],
    action: str,
    field: str,
    value: str,
    read: Read,
    empty: Any,
) -> None:
    if value == "FOLDER":
        (tmp_path / "exports").mkdir()
        value = str(tmp_path / "exports")
    more = {"decision": "wait"} if field == "reason" else {}
    save(browser, page(browser), action, **{field: value}, **more)
    assert read(browser) not in (empty, None, "", ())
    save(browser, page(browser), action, **{field: ""})
    assert read(browser) == empty


def test_a_decision_is_taken_back_with_its_reason(browser: Any) -> None:
    save(browser, creator(browser), "/reviews/", reason="because", decision="wait")
    assert (review(browser).decision, review(browser).decided_by) == ("wait", "local")
    assert 'name="decision" value=""' in browser.get(creator(browser)).text
    save(browser, creator(browser), "/reviews/", reason="", decision="")
    found = review(browser)
    assert (found.decision, found.reason, found.decided_by, found.decided_at) == (None, None, None, None)
    # Before anything was decided there is nothing to take back.
    assert 'name="decision" value=""' not in browser.get(creator(browser)).text


def test_a_reply_is_emptied_and_a_question_is_not(browser: Any) -> None:
    page = creator(browser, "/letter")
    browser.get(page)
    save(browser, page, "/questions$", question="Why?")
    action = rf"/questions/{letter(browser).questions[-1].question_id}$"
    save(browser, page, action, reply="I do not know")
    assert letter(browser).questions[-1].reply == "I do not know"
    save(browser, page, action, reply="")
    assert letter(browser).questions[-1].reply == ""
    url, fields = read_form(browser, page, action, "question")
    assert browser.post(url, {**fields, "question": ""}).status_code == 422
    assert letter(browser).questions[-1].question == "Why?"


def test_the_name_of_a_project_is_not_emptied(browser: Any) -> None:
    url, fields = read_form(browser, f"{browser.home}/settings", "/settings$", "name")
    assert browser.post(url, {**fields, "name": " "}).status_code == 303
    assert browser.project.name == "Autumn"


def test_the_note_of_a_declaration_may_be_empty(browser: Any) -> None:
    save(browser, creator(browser), "/declare$", starts_on="2026-01-05", said="", kind="giveaway")
    (declared,) = browser.desk.projects.database.read("select * from declarations")
    assert declared["note"] in ("", None)
