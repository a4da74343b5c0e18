# ruff: noqa: F811 (fixtures of the browser's tests)
"""The follower curve to be zoomed: the report's own numbers, bounded; drawn under the policy, by mouse and keyboard."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from typing import Any

import pytest
from test_browser import address, home, open_page  # noqa: F401 (fixtures)

from zhenfen.desk.creator import MOST_POINTS, thin_curve
from zhenfen.desk_cases.project import RUNS
from zhenfen.messages import LANGUAGES, Catalogue

FIRST = date(2010, 1, 1)


def make_growth(n: int) -> dict[str, Any]:
    days = [(FIRST + timedelta(days=at)).isoformat() for at in range(n)]
    followers = [None if at % 7 == 3 else 1000 + at for at in range(n)]
    span = {"number": 1, "starts_on": days[0], "ends_on": days[-1], "is_unexplained": True, "causes": ["much more"]}
    return {"days": days, "n_followers": followers, "spans": [span]}


@pytest.mark.parametrize("n", [1, 2, MOST_POINTS, MOST_POINTS + 1, 3 * MOST_POINTS - 1])
def test_a_curve_is_bounded_and_ends_with_its_last_day(n: int) -> None:
    growth = make_growth(n)
    made = thin_curve(growth)
    assert len(made["days"]) == len(made["followers"]) <= MOST_POINTS
    assert made["days"] == sorted(made["days"])
    assert made["days"][-1] == growth["days"][-1]
    known = dict(zip(growth["days"], growth["n_followers"], strict=True))
    assert [known[day] for day in made["days"]] == made["followers"]
    assert (len(made["days"]) == n) == (n <= MOST_POINTS)
    assert set(made["spans"][0]) == {"number", "starts_on", "ends_on", "is_unexplained"}


def pages(browser: Any) -> dict[str, Any]:
    folder = browser.desk.projects.place(browser.project.project_id) / RUNS / "1" / "en"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("creator-*.json")}


def test_it_is_the_reports_own_curve(browser: Any) -> None:
    for file, page in pages(browser).items():
        answer = browser.get(f"{browser.home}/{file}/curve")
        if page.get("growth") is None:
            assert answer.status_code == 404
            continue
        assert answer.json()["followers"] == page["growth"]["n_followers"]
        assert answer.headers["cache-control"] == "private, no-store"
    assert browser.get(f"{browser.home}/creator-nobody/curve").status_code == 404
    assert browser.get(f"/projects/{'0' * 32}/{file}/curve").status_code == 404


def test_the_licence_of_what_draws_it_is_told() -> None:
    from zhenfen.desk.frame import STATIC

    notice = (STATIC.parents[3] / "NOTICE").read_text("utf-8")
    version = (STATIC / "uplot.min.js").read_text("utf-8").partition("(v")[2].partition(")")[0]
    assert f"uPlot {version}" in notice


@pytest.mark.service
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium is installed")
class TestDrawn:
    def open(self, watched: Any, home: str) -> Any:
        page = watched.go(f"{home}/index.html")
        names = page.eval_on_selector_all("#live th a", "all => all.map(one => one.getAttribute('href'))")
        for name in names:
            watched.go(f"{home}/{name}")
            if page.query_selector("#curve"):
                return page
        raise AssertionError("no creator of the project has a curve")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_it_is_zoomed_by_buttons_and_mouse_under_the_policy(
        self,
        open_page: Any,
        home: str,
        language: str,
    ) -> None:
        watched = open_page(language, 390 if language == "fr" else 1440)
        page, text = self.open(watched, home), Catalogue(language).text
        button = page.get_by_role("button", name=text("desk.curve.open"))
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#curve canvas")
        whole = page.text_content("#curve .range")
        seen = [whole]
        for name in ("in", "right", "left", "out"):
            page.get_by_role("button", name=text(f"desk.curve.{name}"), exact=True).press("Enter")
            seen.append(page.text_content("#curve .range"))
        assert len(set(seen)) == 3
        assert (seen[3], seen[4]) == (seen[1], whole)
        # Scrolls there, and waits until it stands still.
        page.locator("#curve .u-over").hover()
        box = page.locator("#curve .u-over").bounding_box()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60, steps=5)
        page.mouse.up()
        assert page.text_content("#curve .range") not in (whole, "")
        page.get_by_role("button", name=text("desk.curve.all"), exact=True).press("Enter")
        assert page.text_content("#curve .range") == whole
        # Nothing of it stands before it is asked for, or in print; the report's own drawing always does.
        page.emulate_media(media="print")
        assert not page.locator("#curve").is_visible()
        assert page.locator("path.curve").first.is_visible()
        page.emulate_media(media="screen")
        page.get_by_role("button", name=text("desk.curve.close")).press("Enter")
        assert not page.locator("#curve canvas").is_visible()
        assert watched.wrong == []
        assert watched.overflow() == 0

    def test_a_curve_that_cannot_be_fetched_is_told(self, open_page: Any, home: str) -> None:
        watched = open_page()
        page = self.open(watched, home)
        page.route("**/curve", lambda route: route.fulfill(status=404, body="{}"))
        page.click("#curve button[data-do=open]")
        page.get_by_text(Catalogue("en").text("desk.curve.failed")).wait_for()
        page.unroute("**/curve")
        page.click("#curve button[data-do=open]")
        page.wait_for_selector("#curve canvas")

    def test_without_script_only_the_reports_drawing_is_there(self, chromium: Any, address: str, home: str) -> None:
        context = chromium.new_context(java_script_enabled=False, locale="en-GB")
        try:
            page = context.new_page()
            page.goto(f"{address}{home}/index.html")
            n_drawn = 0
            links = page.locator("#live th a")
            for at in range(links.count()):
                page.goto(f"{address}{home}/index.html")
                page.goto(f"{address}{home}/{links.nth(at).get_attribute('href')}")
                assert not page.locator("#curve").is_visible()
                n_drawn += any(one.is_visible() for one in page.locator("path.curve").all())
            assert n_drawn
        finally:
            context.close()
