"""The desk as people use it: in a browser, by mouse and by keyboard, narrow and wide, in three languages."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from watched import CHROMIUM, PATIENCE_MS, Watched, serving

from zhenfen.desk_cases.project import open_projects

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.service, pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")]
LIST = """达人昵称,平台,粉丝数,近30天平均点赞,近30天平均评论,近30天平均收藏,数据日期
阿木,小红书,120000,800,40,300,2026-10-01
"""


TOY_JOBS = f"""import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from toy_models import toy_models
from zhenfen.service import job_process
job_process.warm_up = toy_models
job_process.main()"""
"""The process of a job with toys on its shelf: an encoder takes seconds to load, for every job anew."""


@pytest.fixture(scope="module")
def address(desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk with a project, on a port of its own."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(desk_data, folder / "data")
    with serving(folder, program=(sys.executable, "-c", TOY_JOBS)) as (place, _):
        yield place


@pytest.fixture
def home(desk_data: Path) -> str:
    """Address of the project that is there."""
    return f"/projects/{open_projects(desk_data).list_all()[-1].project_id}"


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Any]:
    opened: list[Watched] = []

    def start(language: str = "en", width: int = 1440) -> Watched:
        opened.append(Watched(chromium, address, language, width))
        return opened[-1]

    yield start
    for one in opened:
        one.context.close()


def test_a_dropped_sheet_is_a_shortlist_after_two_clicks(open_page: Any, tmp_path: Path) -> None:
    watched = open_page("zh")
    page = watched.go("/")
    path = tmp_path / "名单.csv"
    path.write_text(LIST, encoding="utf-8")
    page.set_input_files("#files", path)
    page.click("form#drop button.main")
    page.click("button[value=start]")
    page.wait_for_url("**/index.html")
    assert page.inner_text("table.live th a") == "阿木"
    assert watched.wrong == []


def test_the_shortlist_is_worked_by_keyboard(open_page: Any, home: str) -> None:
    watched = open_page()
    page = watched.go(f"{home}/index.html")
    names = page.locator("table.live th a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator("input[name=only]:checked").count() == 2
    assert page.inner_text("#n-chosen") == "2 chosen"
    page.fill("#filter", names[0])
    assert page.locator("table.live tbody:visible").count() == 1
    page.fill("#filter", "")
    for order in (1, -1):
        page.click("button.sort[data-by=name]")
        assert page.locator("table.live th a").all_inner_texts() == sorted(names)[::order]
    page.click("#chosen .chosen button:first-of-type")
    page.wait_for_url("**/compare.html?*")
    assert page.locator("thead th a").count() == 2
    page.go_back()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/creator-*.html")
    assert watched.wrong == []


SHOWS_FOCUS = """() => {
  const shows = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  };
  const at = document.activeElement;
  // A field for files is shown by a button beside it.
  return shows(at) || (at.type === "file" && [...at.parentElement.querySelectorAll(".button")].some(shows));
}"""


def tab_to(page: Any, selector: str) -> None:
    """Go on to an element by Tab alone; wherever that stops on the way can be seen."""
    for _ in range(150):
        page.keyboard.press("Tab")
        # After the last stop a browser's own controls come first.
        if page.evaluate("document.activeElement === document.body"):
            continue
        assert page.evaluate(SHOWS_FOCUS), page.evaluate("document.activeElement.outerHTML")[:200]
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(selector)


def test_from_a_dropped_sheet_to_a_signed_decision_by_keyboard_alone(open_page: Any, tmp_path: Path) -> None:
    watched = open_page("fr")
    page = watched.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a.skip')")
    page.keyboard.press("Enter")
    path = tmp_path / "liste.csv"
    path.write_text(LIST, encoding="utf-8")
    # The window in which files are chosen is the system's own.
    tab_to(page, "#files")
    page.set_input_files("#files", path)
    tab_to(page, "form#drop button.main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/intake")
    tab_to(page, "button[value=start]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/creator-*.html")
    tab_to(page, "#decision input[name=decision]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("#decision input[value=conditions]")
    tab_to(page, "#decision textarea")
    page.keyboard.type("sous réserve des justificatifs")
    tab_to(page, "#decision button.main")
    page.keyboard.press("Enter")
    page.wait_for_selector("#decision a[href$='/sign']")
    tab_to(page, "#decision a[href$='/sign']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign")
    tab_to(page, "input[name=name]")
    page.keyboard.type("Li Lei")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signed/*")
    assert page.inner_text("p.lead") == "Sous conditions · sous réserve des justificatifs"
    assert watched.wrong == []


def test_two_browsers_that_decide_lose_nothing(open_page: Any, home: str) -> None:
    one, other = open_page(), open_page()
    place = one.go(f"{home}/index.html").get_attribute("table.live tbody:last-of-type th a", "href")
    for watched in (one, other):
        watched.go(f"{home}/{place}")
    one.page.check("#decision input[value=approve]")
    one.page.fill("#decision textarea", "answers are fine")
    one.page.click("#decision button.main")
    one.page.wait_for_selector("#decision >> text=Decided by local")
    other.page.check("#decision input[value=decline]")
    other.page.fill("#decision textarea", "too late")
    other.page.click("#decision button.main")
    other.page.wait_for_selector("#decision [role=alert] >> text=answers are fine")
    assert other.page.input_value("#decision textarea") == "too late"
    other.page.click("#decision button.main")
    other.page.wait_for_selector("#decision [role=alert]", state="detached")
    assert other.page.is_checked("#decision input[value=decline]")
    # A refusal is told by its status, which a console notes.
    assert [text for text in one.wrong + other.wrong if "409" not in text] == []


def test_a_declared_giveaway_is_read_again_beside_what_was(open_page: Any, home: str) -> None:
    watched = open_page()
    page = watched.go(f"{home}/index.html")
    links = page.eval_on_selector_all("table.live th a", "links => links.map(link => link.pathname)")
    for link in links:
        watched.go(link)
        page.click("details.declare summary")
        if page.locator(".spans a").count():
            break
    # The number on the curve opens the same days.
    page.click("svg .opens >> nth=0")
    page.wait_for_selector("#days table")
    page.click(".spans a")
    assert page.input_value("#declared input[name=starts_on]") != ""
    page.fill("#declared input[name=said]", "link to the draw")
    page.click("#declared form button")
    page.wait_for_selector(".events li >> text=link to the draw")
    assert page.locator(".changes").count() + page.locator("#declared > p.what").count() == 1
    assert watched.wrong == []


def test_a_page_is_printed(open_page: Any, home: str) -> None:
    watched = open_page("zh")
    place = watched.go(f"{home}/index.html").get_attribute("table.live th a", "href").replace(".html", ".pdf")
    printed = watched.context.request.get(f"{watched.address}{home}/{place}", timeout=PATIENCE_MS)
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.body().startswith(b"%PDF-")
    assert watched.context.request.get(f"{watched.address}{home}/creator-none.pdf").status == 404


def test_pages_can_be_used_without_script(chromium: Any, address: str, home: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{address}{home}/index.html")
    page.click("table.live tbody:first-of-type th a")
    page.check("#decision input[value=wait]")
    page.fill("#decision textarea", "no script")
    page.click("#decision button.main")
    assert page.input_value("#decision textarea") == "no script"
    context.close()


def test_a_job_is_watched_until_its_report_is_there(open_page: Any) -> None:
    watched = open_page("fr")
    page = watched.go("/")
    page.click("form[action='/demo'] button")
    page.wait_for_selector("#job progress")
    started = time.monotonic()
    page.wait_for_url("**/index.html")
    assert page.locator("table.live tbody").count() == 12
    assert time.monotonic() - started < PATIENCE_MS / 1000
    assert watched.wrong == []


def press(page: Any, key: str) -> None:
    """Press a key and wait until another profile is shown."""
    item = page.input_value("#audit input[name=item]")
    page.keyboard.press(key)
    page.wait_for_function("item => document.querySelector('#audit input[name=item]').value !== item", arg=item)


def test_profiles_are_labelled_by_keyboard_taken_back_and_read(open_page: Any, home: str) -> None:
    watched = open_page("zh")
    page = watched.go(f"{home}/index.html")
    creators = page.eval_on_selector_all("table.live th a", "links => links.map(link => link.pathname)")
    audits = [f"{creator.removesuffix('.html')}/audit" for creator in creators]
    watched.go(next(one for one in audits if watched.go(one).locator("form[action$='/begin']").count()))
    page.click("form[action$='/begin'] button")
    page.wait_for_selector(".judge input[name=item]", state="attached")
    for at in range(10):
        press(page, "123"[at % 3])
    assert page.inner_text(".how-far").strip() == "已标 10 / 100"
    shown = page.input_value("#audit input[name=item]")
    press(page, "u")
    assert page.inner_text(".how-far").strip() == "已标 9 / 100"
    press(page, "1")
    assert page.input_value("#audit input[name=item]") == shown
    # A name that is typed is no label.
    page.fill(".analyst input[name=by]", "")
    page.locator(".analyst input[name=by]").press_sequentially("12u")
    assert page.inner_text(".how-far").strip() == "已标 10 / 100"
    page.locator("h1").click()
    for at in range(25):
        press(page, "12"[at % 2])
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.locator("svg.looks .newest").count() == 1
    assert watched.overflow() <= 0
    assert watched.wrong == []
