"""The desk's pages over HTTP: states, languages, conflicts, and what strangers and hostile files get."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from conftest import Browser, OpenDesk, add_member
from zhenfen.desk.frame import HEADERS
from zhenfen.desk_cases.declaration import list_declarations
from zhenfen.desk_cases.project import RUNS
from zhenfen.messages import LANGUAGES, load_entries
from zhenfen.service.sessions import COOKIE
from zhenfen.tables import read_tables, write_tables

SHEET = """达人昵称,平台,粉丝数,近30天平均点赞,近30天平均评论,近30天平均收藏,数据日期
阿木,小红书,120000,800,40,300,2026-10-01
"""
RAW_KEY = re.compile(r">\s*(?:" + "|".join(sorted({key.split(".")[0] for key in load_entries()})) + r")\.[a-z_.]+\s*<")


def upload(browser: Browser, text: str, name: str = "list.csv") -> str:
    answer = browser.post("/projects", files={"files": (name, text.encode(), "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_readers_language_and_under_the_policy(
    modelled: Browser, reads_here: None, language: str
) -> None:
    browser = modelled.speak(language)
    file = browser.files()[0]
    places = ["/", "/models", "/models/shelf", "/models/creator/2", "/settings", "/nowhere", "/projects/0"]
    of_project = ("", "index.html", "intake", "compare.html", "roster.html", f"{file}.html")
    places += [f"{browser.home}/{one}" for one in of_project]
    for place in places:
        page = browser.get(place)
        assert page.headers["content-type"].startswith("text/html"), place
        for name, value in HEADERS.items():
            assert page.headers[name] == value
        assert f'<html lang="{"zh-Hans" if language == "zh" else language}"' in page.text
        assert RAW_KEY.search(page.text) is None, place
        assert " style=" not in page.text
        assert re.search(r"<script(?! src=\"/static/)", page.text) is None
        assert re.search(r"\son[a-z]+=", page.text) is None


def test_the_first_page_of_an_empty_desk_shows_three_ways_and_the_template(open_desk: OpenDesk) -> None:
    browser = open_desk("zh")
    browser.desk.projects.remove(browser.project.project_id)
    page = browser.get("/").text
    assert page.count('class="way"') == 3
    assert "<tbody>" in page
    book = browser.get("/template.xlsx")
    assert pl.read_excel(io.BytesIO(book.content), sheet_id=1, has_header=False).height > 1
    assert list(browser.desk.service.settings.scratch.iterdir()) == []


def test_a_sheet_is_read_after_one_click(browser: Browser) -> None:
    place = upload(browser, SHEET)
    page = browser.get(place).text
    assert "Every sheet was recognised" in page
    project_id = place.split("/")[2]
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    answer = browser.post(place, {"go": "start", "version": version[1], "name": "Spring"})
    assert answer.headers["location"] == f"/projects/{project_id}/job"
    project = browser.desk.projects.get(project_id)
    assert project.name == "Spring"
    assert project.import_map is None
    job = browser.desk.service.store.get(str(project.job_id))
    assert job is not None
    assert job.options == {"project": project_id, "lang": "en"}
    told = browser.get(f"/projects/{project_id}/job/told").json()
    assert told["state"] in ("queued", "running")


def test_a_column_that_was_not_recognised_is_named_and_remembered(browser: Browser, reads_here: None) -> None:
    strange = SHEET.replace("粉丝数", "盘子")
    place = upload(browser, strange)
    page = browser.get(place).text
    assert re.search(r'<tr class="unused"><th scope="row"><bdi>盘子', page)
    fields = dict(re.findall(r'<select name="(column-0-\d+)"[^>]*?aria-label="Used as ([^"]+)"', page))
    given = {name: "n_followers" if heading == "盘子" else "" for name, heading in fields.items()}
    for name, heading in fields.items():
        if heading != "盘子":
            chosen = re.search(rf'<select name="{name}".*?</select>', page, flags=re.S)
            assert chosen is not None
            selected = re.search(r'<option value="([^"]+)" selected', chosen[0])
            given[name] = selected[1] if selected else "-"
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    assert browser.post(place, {"go": "look", "version": version[1], "table-0": "creators", **given}).status_code == 303
    assert 'class="unused"' not in browser.get(place).text
    # The next file with the same headings is read alike.
    again = browser.get(upload(browser, strange, "other.csv")).text
    assert 'class="unused"' not in again


def test_a_file_that_nobody_can_read_says_why_and_nothing_is_begun(shared_browser: Browser) -> None:
    browser = shared_browser
    page = browser.get(upload(browser, "\x00\x01 nothing", "x.csv")).text
    assert 'class="notice wrong"' in page
    assert str(browser.desk.service.settings.data) not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text", ["评论内容,评论时间\n好看,2026-10-01\n", "作品ID,发布时间,点赞数\na,2026-10-01,3\n", "\x00\x01 x"]
)
def test_what_is_wrong_with_a_file_names_fields_of_the_page_and_no_option(
    shared_browser: Browser, reads_here: None, language: str, text: str
) -> None:
    browser = shared_browser.speak(language)
    page = browser.get(upload(browser, text)).text
    told = page[page.index('class="notice wrong"') :].partition("</ul>")[0]
    assert "list.csv" in told
    assert "--" not in told


def test_a_decision_says_what_was_signed_and_which_report_came_after_it(browser: Browser) -> None:
    file, project_id = browser.files()[0], browser.project.project_id
    place, page = f"{browser.home}/reviews/{file}", f"{browser.home}/{file}.html"

    def decide(version: int, decision: str) -> str:
        said = {"version": version, "is_decision": "true", "decision": decision, "reason": "fine"}
        browser.post(place, said)
        return str(browser.get(page).text)

    after, sign = "was made after this decision", f'href="{browser.home}/{file}/sign"'
    shown = decide(1, "approve")
    assert (sign in shown, after in shown, "Signed by" in shown) == (True, False, False)
    browser.post(f"{browser.home}/{file}/sign", {"version": 2, "run": 1, "name": "Li"})
    shown = browser.get(page).text
    assert (sign in shown, after in shown) == (False, False)
    assert re.search(r"Signed by Li on \d{4}-\d\d-\d\d: Approve", shown)
    with browser.desk.projects.database.open() as database:
        row = (project_id, 2, "2026-11-01T00:00:00+00:00", "f" * 16, "{}", "2999-01-01T00:00:00+00:00")
        database.execute("insert into runs values (?, ?, ?, ?, ?, ?)", row)
    shutil.copytree(*(browser.desk.projects.place(project_id) / RUNS / number for number in "12"))
    shown = browser.get(page).text
    assert (sign in shown, f"Report 2 (data to 2026-11-01) {after}" in shown) == (True, True)
    # What was signed stays so when the decision is taken back.
    shown = decide(2, "")
    assert (sign in shown, after in shown, "Signed by Li" in shown) == (False, False, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_that_asks_nothing_yet_is_in_the_language_of_the_platform(modelled: Browser, language: str) -> None:
    browser = modelled.speak(language)
    for file in browser.files():
        assert (
            '<pre class="letter-text" id="letter-text" lang="zh">' in browser.get(f"{browser.home}/{file}/letter").text
        )


@pytest.mark.parametrize("name", ["../../evil.csv", "a/b.csv", ".hidden", ""])
def test_a_name_that_leads_elsewhere_is_refused_and_leaves_no_project(shared_browser: Browser, name: str) -> None:
    browser = shared_browser
    n_before = len(browser.desk.projects.list_all())
    body = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nx\r\n--b--\r\n'.encode()
    answer = browser.post("/projects", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert len(browser.desk.projects.list_all()) == n_before
    assert not list(browser.desk.service.settings.data.rglob("evil.csv"))


def test_a_decision_is_kept_with_its_reason_and_two_browsers_lose_nothing(browser: Browser) -> None:
    file = browser.files()[0]
    place, page = f"{browser.home}/reviews/{file}", f"{browser.home}/{file}.html"
    mine = {"version": 1, "is_decision": "true", "decision": "approve", "reason": "fine <b>so far</b>"}
    assert browser.post(place, mine).headers["location"] == page
    shown = browser.get(page).text
    assert "fine &lt;b&gt;so far&lt;/b&gt;" in shown
    # The other one still has the first version before him: his words stay in the form, hers in the database.
    other = browser.post(place, {**mine, "decision": "decline", "reason": "mine"}, headers={"hx-request": "true"})
    assert other.status_code == 409
    assert "Decided by local" in other.text
    assert ">mine</textarea>" in other.text
    assert "fine &lt;b&gt;" in other.text
    kept = browser.desk.reviews.find(browser.project.project_id, file)
    assert (kept.decision, kept.reason, kept.decided_by, kept.version) == ("approve", "fine <b>so far</b>", "local", 2)
    said = browser.desk.reviews.list_history(browser.project.project_id, kept.creator_id)
    assert [(one.what, one.after["decision"]) for one in said] == [("reviews", "approve")]


def test_an_owner_and_a_pin_are_kept(browser: Browser) -> None:
    first, *_, last = browser.files()
    assert (
        browser.post(f"{browser.home}/reviews/{first}", {"version": 1, "is_owner": "true", "owner": "Lin"}).status_code
        == 303
    )
    assert browser.post(f"{browser.home}/reviews/{last}", {"version": 1, "pinned": "true"}).status_code == 303
    page = browser.get(f"{browser.home}/index.html").text
    assert 'value="Lin"' in page
    assert page.index(f'href="{last}.html"') < page.index(f'href="{first}.html"')
    clash = browser.post(f"{browser.home}/reviews/{first}", {"version": 1, "is_owner": "true", "owner": "Mo"})
    assert clash.status_code == 409
    assert "Lin" in clash.text
    assert "Mo" in clash.text
    assert (
        browser.post(f"{browser.home}/reviews/{first}", {"version": 2, "is_owner": "true", "owner": ""}).status_code
        == 303
    )
    assert browser.desk.reviews.find(browser.project.project_id, first).owner is None


def test_what_is_declared_is_read_again_at_once_and_can_be_withdrawn(browser: Browser) -> None:
    project_id = browser.project.project_id
    content = {
        file: json.loads(
            browser.desk.projects.place(project_id).joinpath("runs", "1", "en", f"{file}.json").read_text()
        )
        for file in browser.files()
    }
    file, span = next(
        (file, one["growth"]["spans"][0])
        for file, one in content.items()
        if one["growth"] and any(span["is_unexplained"] for span in one["growth"]["spans"])
    )
    span = next(one for one in content[file]["growth"]["spans"] if one["is_unexplained"])
    said = {"kind": "giveaway", "starts_on": span["starts_on"], "said": "<script>alert(1)</script>"}
    answer = browser.post(f"{browser.home}/{file}/declare", said, headers={"hx-request": "true"})
    assert "<del>" in answer.text
    assert "<script>" not in answer.text
    creator_id = browser.desk.reviews.find(project_id, file).creator_id
    kept = list_declarations(browser.desk.projects.database, project_id, creator_id)
    assert [(one.kind, one.starts_on) for one in kept] == [("giveaway", date.fromisoformat(span["starts_on"]))]
    number = kept[0].declaration_id
    gone = browser.post(f"{browser.home}/{file}/withdraw", {"declaration_id": number}, headers={"hx-request": "true"})
    assert "<del>" not in gone.text
    assert list_declarations(browser.desk.projects.database, project_id) == []
    assert browser.post(f"{browser.home}/{file}/withdraw", {"declaration_id": number}).status_code == 404


def test_a_span_opens_its_days(modelled: Browser) -> None:
    browser = modelled
    file = browser.files()[0]
    tables = read_tables(browser.desk.projects.place(browser.project.project_id) / "tables")
    creator_id = browser.desk.reviews.find(browser.project.project_id, file).creator_id
    days = tables["follower_counts"].filter(creator_id=creator_id)["observed_at"].dt.date().unique().sort()
    page = browser.get(f"{browser.home}/{file}/days?start={days[-3]}&end={days[-1]}").text
    assert all(f'<td class="day">{day}</td>' in page for day in days[-3:])
    assert f'<td class="day">{days[-4]}</td>' not in page
    assert browser.get(f"{browser.home}/{file}/days?start=x&end=y").status_code == 422


def test_text_of_an_export_is_shown_and_never_run(open_desk: OpenDesk, tmp_path: Path) -> None:
    browser = open_desk()
    folder = browser.desk.projects.place(browser.project.project_id)
    tables = read_tables(folder / "tables")
    hostile = "<img src=x onerror=alert(1)>"
    comments = tables["comments"].with_columns(text=pl.lit(hostile))
    write_tables(tables.replace(comments=comments), folder / "tables")
    file = browser.files()[0]
    days = tables["comments"]["created_at"].dt.date()
    page = browser.get(f"{browser.home}/{file}/days?start={days.min()}&end={days.max()}").text
    assert hostile not in page
    assert "&lt;img src=x" in page


def test_the_list_can_be_taken_away_with_its_decisions(browser: Browser) -> None:
    file = browser.files()[0]
    said = {"version": 1, "is_decision": "true", "decision": "wait", "reason": "=cmd()"}
    browser.post(f"{browser.home}/reviews/{file}", said)
    text = browser.get(f"{browser.home}/shortlist.csv?only={file}").content
    assert text.startswith(b"\xef\xbb\xbf")
    frame = pl.read_csv(text[3:])
    assert frame.height == 1
    assert frame["Decision"].to_list() == ["Wait"]
    assert frame["Reason"].to_list() == ["'=cmd()"]
    book = pl.read_excel(io.BytesIO(browser.get(f"{browser.home}/shortlist.xlsx").content))
    assert book.height == len(browser.files())


def test_a_chosen_set_is_read_as_one_audience(modelled: Browser) -> None:
    browser = modelled

    def n_creators(page: str) -> str:
        found = re.search(r"<dt>Creators</dt><dd>(\d+)</dd>", page)
        assert found is not None
        return found[1]

    first, second, _ = browser.files()
    whole = browser.get(f"{browser.home}/roster.html").text
    chosen = browser.get(f"{browser.home}/roster.html?only={first}&only={second}").text
    assert (n_creators(whole), n_creators(chosen)) == ("3", "2")
    assert browser.get(f"{browser.home}/roster.json").json()["n_creators"] == 3
    assert browser.get(f"{browser.home}/roster.html?only={first}").status_code == 422


def test_a_report_is_shown_while_those_in_other_languages_are_written(browser: Browser) -> None:
    store, database = browser.desk.service.store, browser.desk.projects.database
    project = browser.project
    store.add("f" * 32, "local", {"project": project.project_id, "lang": "en"})
    browser.desk.projects.edit(project.project_id, project.version, "local", job_id="f" * 32)
    for _ in range(600):
        job = store.get("f" * 32)
        if job is not None and job.state == "running":
            break
        browser.desk.service.worker.call()
        time.sleep(0.05)
    # The report that is there is the last job's.
    assert browser.client.get(browser.home, follow_redirects=False).headers["location"].endswith("/job")
    assert browser.get(f"{browser.home}/job/told").json()["state"] == "running"
    later = (datetime.now(UTC) + timedelta(seconds=5)).isoformat(timespec="seconds")
    with database.open() as connection:
        connection.execute("update runs set made_at = ?", (later,))
    assert browser.get(f"{browser.home}/job/told").json()["state"] == "done"
    for place in (browser.home, f"{browser.home}/job"):
        assert browser.client.get(place, follow_redirects=False).headers["location"].endswith("/index.html")


def test_files_that_are_too_large_are_told_of_on_a_page(open_desk: OpenDesk) -> None:
    browser = open_desk("fr", upload_bytes=1000)
    n_before = len(browser.desk.projects.list_all())
    answer = browser.post("/projects", files={"files": ("x.csv", b"x" * 5000, "text/csv")})
    assert answer.headers["location"] == "/refused/body_too_large"
    page = browser.get("/refused/body_too_large")
    assert page.status_code == 413
    assert "trop volumineux" in page.text
    assert len(browser.desk.projects.list_all()) == n_before


def test_a_report_of_another_version_says_so(browser: Browser) -> None:
    file = browser.files()[0]
    page = browser.desk.projects.place(browser.project.project_id) / "runs" / "1" / "en" / f"{file}.json"
    content = json.loads(page.read_text(encoding="utf-8"))
    del content["priority"]
    page.write_text(json.dumps(content), encoding="utf-8")
    answer = browser.get(f"{browser.home}/{file}.html")
    assert answer.status_code == 409
    assert "written by another version" in answer.text


def test_rows_of_two_projects_are_compared(modelled: Browser, small_tables: Path) -> None:
    browser = modelled.speak("fr")
    first = browser.project.project_id
    second = browser.desk.projects.make("Printemps", "local").project_id
    tables = read_tables(small_tables)
    moved = tables["comments"].with_columns(text=pl.lit("加微信领取优惠券"))
    write_tables(tables.replace(comments=moved), browser.desk.projects.place(second) / "tables")
    place = f"/models/drift?reference={first}&table=comments&new="
    same, other = (browser.get(f"{place}{one}").text for one in (first, second))
    assert 'lang="fr"' in same
    assert same != other
    assert "level-elevated" in other.partition("<main")[2]
    assert browser.get(f"{place}0").status_code == 404
    assert browser.get("/models/drift?reference=0&new=0&table=creators").status_code == 422


def test_a_form_of_another_page_changes_nothing(browser: Browser) -> None:
    place = f"{browser.home}/reviews/{browser.files()[0]}"
    said = {"version": 1, "is_owner": "true", "owner": "x"}
    assert browser.client.post(place, data=said).status_code == 403
    assert browser.client.post(place, data={**said, "stamp": "0" * 64}).status_code == 403
    own = browser.post(place, said, headers={"origin": "http://evil.example"})
    assert own.status_code == 403
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 421
    assert browser.desk.reviews.list_all(browser.project.project_id)[browser.files()[0]].owner is None


def test_members_log_in_do_what_they_may_and_log_out(open_desk: OpenDesk) -> None:
    browser = open_desk(needs_key=True)
    keys = {role: add_member(browser.desk, role, role) for role in ("reader", "analyst", "lead")}
    assert browser.client.get("/", follow_redirects=False).headers["location"] == "/login"
    assert browser.client.get("/v1/models").status_code == 401
    assert browser.log_in("zf_wrong").status_code == 401
    by_tls = browser.client.post("/login", data={"key": keys["lead"]}, headers={"origin": "https://127.0.0.1"})
    assert "Secure" in by_tls.history[0].headers["set-cookie"]
    browser.client.cookies.clear()
    sent = {"origin": "http://evil.example"}
    assert browser.client.post("/login", data={"key": keys["lead"]}, headers=sent).status_code == 403
    place = f"{browser.home}/reviews/{browser.files()[0]}"
    may = {"reader": (403, 403), "analyst": (303, 403), "lead": (303, 303)}
    for version, (role, (to_edit, to_delete)) in enumerate(may.items()):
        answer = browser.log_in(keys[role])
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert (
            browser.post(place, {"version": max(1, version), "is_owner": "true", "owner": role}).status_code == to_edit
        )
        assert browser.post(f"{browser.home}/delete").status_code == to_delete
        token = browser.client.cookies[COOKIE]
        assert browser.post("/logout").status_code == 303
        browser.client.cookies.set(COOKIE, token)
        assert browser.client.get("/", follow_redirects=False).headers["location"] == "/login"
        browser.client.cookies.clear()


def test_a_session_ends_with_its_key_and_never_opens_the_interface_of_programs(open_desk: OpenDesk) -> None:
    browser = open_desk(needs_key=True)
    lead, other = add_member(browser.desk, "lead", "lead"), add_member(browser.desk, "other", "lead")
    browser.log_in(other)
    token = browser.client.cookies[COOKIE]
    assert browser.get("/settings").status_code == 200
    assert browser.get("/v1/models").status_code == 401
    browser.client.cookies.clear()
    browser.log_in(lead)
    made = browser.post("/settings/keys", {"name": "new", "role": "reader"})
    assert re.search(r'class="secret">zf_', made.text)
    assert browser.post("/settings/keys/remove", {"name": "lead"}).status_code == 422
    assert browser.post("/settings/keys/remove", {"name": "other"}).status_code == 303
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, token)
    assert browser.client.get("/settings", follow_redirects=False).headers["location"] == "/login"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_language_is_kept_and_leads_nowhere_else(shared_browser: Browser, back: str) -> None:
    browser = shared_browser
    answer = browser.client.get(f"/language/fr?back={back}", follow_redirects=False)
    assert answer.headers["location"] == "/"
    assert "Bureau Zhenfen" in browser.client.get("/").text
    browser.client.cookies.clear()


@pytest.mark.parametrize("name", ["..%2f..%2fdesk.sqlite", "index.html.json", "creator-0.json", "desk.sqlite"])
def test_no_address_leads_out_of_a_report(modelled: Browser, name: str) -> None:
    assert modelled.get(f"{modelled.home}/{name}").status_code == 404
