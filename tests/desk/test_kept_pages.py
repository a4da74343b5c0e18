"""Pages that are made once: what anybody says is on the next, no stamp is another's, and marks stay inside."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from starlette.requests import Request

from zhenfen.desk.frame import MARKS
from zhenfen.desk_cases.declaration import declare
from zhenfen.desk_cases.project import RUNS


@pytest.mark.parametrize("page", ["index.html", "creator"])
def test_what_anybody_decides_is_on_the_next_page(browser: Any, page: str) -> None:
    file = browser.files()[0]
    place = f"{browser.home}/{file}.html" if page == "creator" else f"{browser.home}/{page}"
    before = browser.get(place).text
    for owner in ("Wang <b>", "Li & Co"):
        review = browser.desk.reviews.find(browser.project.project_id, file)
        form = {"version": str(review.version), "is_owner": "true", "owner": owner}
        assert browser.post(f"{browser.home}/reviews/{file}", form).status_code == 303
    review = browser.desk.reviews.find(browser.project.project_id, file)
    form = {"version": str(review.version), "is_decision": "true", "decision": "decline", "reason": "a <i>reason"}
    assert browser.post(f"{browser.home}/reviews/{file}", form).status_code == 303
    after = browser.get(place).text
    assert before != after
    said = "a &lt;i&gt;reason" if page == "creator" else "Li &amp; Co"
    assert said in after
    assert said not in before
    assert f'value="{review.version + 1}"' in after


def test_what_is_declared_is_on_the_next_page(browser: Any) -> None:
    file = browser.files()[0]
    place, review = f"{browser.home}/{file}.html", browser.desk.reviews.find(browser.project.project_id, file)
    assert "screenshot of 7 May" not in browser.get(place).text
    declare(
        browser.desk.projects.database,
        browser.project.project_id,
        review.creator_id,
        "giveaway",
        date(2026, 10, 1),
        said="screenshot of 7 May",
        by="local",
    )
    assert "screenshot of 7 May" in browser.get(place).text


@pytest.mark.parametrize("page", ["index.html", "creator"])
def test_no_mark_is_left_and_every_form_has_the_readers_stamp(browser: Any, page: str) -> None:
    place = f"{browser.home}/{browser.files()[0]}.html" if page == "creator" else f"{browser.home}/{page}"
    # The second is the kept one.
    for _ in range(2):
        text = browser.get(place).text
        assert not any(mark in text for mark in MARKS.values())
        (stamp,) = re.findall(r'data-stamp="([0-9a-f]+)"', text)
        assert set(re.findall(r'name="stamp" value="([^"]*)"', text)) == {stamp}


def test_languages_lead_back_to_where_each_reader_is(browser: Any) -> None:
    place = f"{browser.home}/{browser.files()[0]}.html"
    for query in ("?own=1%262", "", "?own=2"):
        back = set(re.findall(r'/language/\w\w\?back=([^"]*)"', browser.get(place + query).text))
        assert back == {quote(place + query)}


def test_each_language_has_its_own(browser: Any) -> None:
    place = f"{browser.home}/{browser.files()[0]}.html"
    texts = {one: browser.get(place, headers={"accept-language": one}).text for one in ("zh", "en", "fr", "zh")}
    assert len(set(texts.values())) == 3
    assert 'lang="zh-Hans"' in texts["zh"]


def test_a_report_that_is_written_anew_is_shown(browser: Any) -> None:
    place = f"{browser.home}/{browser.files()[0]}.html"
    browser.get(place)
    folder = browser.desk.projects.place(browser.project.project_id) / RUNS / "1" / "en"
    path = folder / f"{browser.files()[0]}.json"
    name = browser.desk.reviews.find(browser.project.project_id, browser.files()[0]).name
    path.write_text(path.read_text(encoding="utf-8").replace(name, "Somebody else"), encoding="utf-8")
    assert "Somebody else" in browser.get(place).text


@pytest.mark.parametrize("hostile", list(MARKS.values()))
def test_text_from_outside_holds_no_mark(browser: Any, hostile: str) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "state": {"owner": f"o{hostile}"},
    }
    request, project = Request(scope), browser.project
    content = {"said": f"before {hostile} behind", "project": project}
    kept = browser.desk.keep(request, "error.html", hostile, lambda: content)
    assert str(hostile)[1:-1] in kept
    shown = browser.desk.fill(request, kept, decision="", declared="", open="")
    assert f"before &lt;{hostile[1:-1]}&gt; behind" in shown


def test_a_deleted_project_leaves_nothing_in_memory(browser: Any) -> None:
    browser.get(f"{browser.home}/index.html")
    browser.get(f"{browser.home}/{browser.files()[0]}.html")
    assert len(browser.desk.pages) > 0
    assert len(browser.desk.shortlists) == 1
    assert browser.post(f"{browser.home}/delete").status_code == 303
    assert len(browser.desk.pages) == len(browser.desk.shortlists) == 0
