"""What strangers send: every route and every form of the desk, found by itself, so that a new one is tried as well."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from app_builder import LOCAL, archive, build_service
from desk_builder import real_models
from fastapi.routing import APIRoute
from forms import Form, read_forms
from full_desk import SLEEPS
from starlette.testclient import TestClient

from conftest import Browser, OpenDesk, add_member, serving_desk
from zhenfen.desk.application import ROUTERS, add_desk
from zhenfen.desk.frame import Desk
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.service.factory import make_app
from zhenfen.service.sessions import COOKIE

EVIL = "http://evil.example"
UNSTAMPED = {"/login": "whoever logs in has no session yet", "/logout": "ends a session and changes nothing else"}
OPEN = ("/login", "/refused/{code}")
"""What a stranger may look at where people log in; the second sends to the first."""
MARK = "<zf-mark>\"'></textarea></title><script>alert(1)</script>"
Full = tuple[Browser, dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def full(full_desk: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Full:
    """A browser at the desk on which everything was done, its pages, and an id for each parameter of a route."""
    data, places = full_desk
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(data, folder / "data")
    service = build_service(folder, models=real_models(), program=SLEEPS)
    app = make_app(service)
    desk = add_desk(app, service)
    # No thread takes the jobs: nobody enters the client.
    browser = Browser(TestClient(app, LOCAL, raise_server_exceptions=False), desk, {"accept-language": "en"})
    database = desk.projects.database
    (signature,) = database.read("select * from signatures limit 1")
    (attachment,) = database.read("select * from attachments limit 1")
    home, file = places["letter"].split("/")[2:4]
    ids = {
        "project_id": home,
        "file": file,
        "stem": file,
        "signature_id": signature["signature_id"],
        "attachment_id": attachment["attachment_id"],
        "question_id": str(attachment["question_id"]),
        "language": "en",
        "name": f"{file}.html",
        "version": "2",
        "code": "body_too_large",
        "ending": "csv",
    }
    return browser, places, ids


def list_routes(desk: Desk, method: str) -> list[str]:
    """Paths of the desk's routes that take `method`."""
    routes = [one for make in ROUTERS for one in make(desk).routes]
    return [one.path for one in routes if isinstance(one, APIRoute) and method in one.methods]


def fill(path: str, ids: dict[str, str]) -> str:
    return path.format(**ids)


def dump(desk: Desk) -> list[str]:
    """Everything in the database."""
    with desk.projects.database.open() as connection:
        # How many rows of history there ever were says nothing of anybody.
        return [line for line in connection.iterdump() if "sqlite_sequence" not in line]


def test_no_route_takes_a_form_of_another_page(full: Full) -> None:
    browser, _, ids = full
    before = dump(browser.desk)
    paths = list_routes(browser.desk, "POST")
    assert len(paths) > 20
    for path in paths:
        place = fill(path, ids)
        wrong = [{"origin": LOCAL}, {"origin": LOCAL, "x-stamp": "0" * 64}]
        for headers in [] if path in UNSTAMPED else wrong:
            answer = browser.client.post(place, headers=headers, data={"stamp": "0" * 64}, follow_redirects=False)
            assert answer.status_code == 403, path
        # The stamp of a page does not help a page of another site.
        assert browser.post(place, headers={"origin": EVIL}).status_code == 403, path
    assert set(UNSTAMPED) <= set(paths)
    assert dump(browser.desk) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_route_answers_under_a_strange_name(full: Full, method: str) -> None:
    browser, _, ids = full
    before = dump(browser.desk)
    for path in [*list_routes(browser.desk, method), "/static/desk.css"]:
        answer = browser.client.request(method, fill(path, ids), headers={"host": "evil.example"})
        assert answer.status_code == 421, path
    assert dump(browser.desk) == before


def test_no_route_answers_without_a_session_or_after_a_logout(open_desk: OpenDesk, full: Full) -> None:
    ids = full[2]
    browser = open_desk(needs_key=True)
    browser.log_in(add_member(browser.desk, "wang", "lead"))
    token = browser.client.cookies[COOKIE]
    assert browser.post("/logout").headers["location"] == "/login"
    before = dump(browser.desk)
    for cookies in ({}, {COOKIE: token}, {COOKIE: "x"}):
        browser.client.cookies.clear()
        browser.client.cookies.update(cookies)
        for path in list_routes(browser.desk, "GET"):
            answer = browser.client.get(fill(path, ids), follow_redirects=False)
            if path != "/login":
                assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), path
        for path in list_routes(browser.desk, "POST"):
            answer = browser.client.post(fill(path, ids), headers={"origin": LOCAL}, follow_redirects=False)
            assert answer.status_code in ((422,) if path == "/login" else (401, 403)), path
    assert dump(browser.desk) == before


def test_what_a_reader_may_not_do_no_route_does(open_desk: OpenDesk, full: Full) -> None:
    ids = full[2]
    browser = open_desk(needs_key=True)
    browser.log_in(add_member(browser.desk, "guest", "reader"))
    before = dump(browser.desk)
    for path in list_routes(browser.desk, "POST"):
        if path not in UNSTAMPED:
            assert browser.post(fill(path, ids)).status_code == 403, path
    assert dump(browser.desk) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ids_of_another_project_lead_nowhere(full: Full, method: str) -> None:
    browser, places, ids = full
    stranger = places["no report"].split("/")[2]
    before = dump(browser.desk)
    query = {"start": "2026-01-01", "end": "2026-12-31", "question": ids["question_id"], "kind": "profile"}
    form = {"version": "1", "question": "x", "name": "x", "run": "1", "starts_on": "2026-09-01"}
    form |= {"declaration_id": "1", "label": "real", "item": "x", "n": "40", "number": "1"}
    for path in list_routes(browser.desk, method):
        params = set(re.findall(r"{(\w+)}", path)) - {"language", "name"}
        if "project_id" not in params:
            continue
        for project_id in (stranger, "0" * 32, "..", "%00") if len(params) > 1 else ("0" * 32, "%00"):
            place = fill(path, {**ids, "project_id": project_id})
            kind = "profile" if "/audit" in path else "giveaway"
            sent = (
                {"files": {"files": ("a.png", b"x")}}
                if path.endswith("/attachments")
                else {"data": {**form, "kind": kind}}
            )
            answer = browser.get(place, params=query) if method == "GET" else browser.post(place, params=query, **sent)
            assert answer.status_code in (404, 405), (path, project_id, answer.status_code)
    assert dump(browser.desk) == before


def name_kinds(form: Form) -> dict[str, str]:
    """The first field of each kind by what it is: a sheet has one for each of its columns."""
    return {re.sub(r"(-\d+)+$", "", name): name for name in reversed(form.kinds)}


def list_forms(browser: Browser, places: dict[str, str]) -> Iterator[tuple[str, Form]]:
    """Every form of every page once, each with the page that it stands on."""
    seen = set()
    for place in places.values():
        for form in read_forms(browser.get(place).text):
            form.action = urljoin(place, form.action)
            known = (re.sub(r"[0-9a-f]{32}|\d+|creator-[^/]+", "*", form.action.partition("?")[0]), *name_kinds(form))
            if known not in seen and not form.action.startswith(("/demo", "/language")):
                seen.add(known)
                yield place, form


def test_what_is_written_into_any_field_is_shown_as_text_and_breaks_nothing(full: Full, reads_here: None) -> None:
    browser, places, _ = full
    tried = set()
    for place, form in list(list_forms(browser, places)):
        if "/delete" in form.action or "files" in form.kinds:
            continue
        for name in [*name_kinds(form).values(), "*"]:
            # All that people write at once; then each field, those of selects, days and versions too.
            fields = form.typed if name == "*" else [name]
            if name == "stamp" or not fields:
                continue
            values = {**form.values, **dict.fromkeys(fields, MARK)}
            values.pop("stamp", None)
            answer = (
                browser.post(form.action, values) if form.method == "post" else browser.get(form.action, params=values)
            )
            assert answer.status_code < 500, (place, form.action, fields)
            if "text/html" in answer.headers.get("content-type", ""):
                assert "<zf-mark" not in answer.text, (form.action, fields)
            tried.add((form.action, name))
    assert len(tried) > 60
    for place in places.values():
        page = browser.get(place)
        assert page.status_code < 500, place
        assert "<zf-mark" not in page.text, place
    assert "&lt;zf-mark" in browser.get(places["history"]).text


def far_workbook() -> bytes:
    """A workbook whose one value lies in the last cell that there is."""
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        book.add_worksheet().write(1048575, 16383, 1)
    return sink.getvalue()


def lying_workbook() -> bytes:
    """The same, whose directory says that its sheet holds a thousand bytes."""
    data = bytearray(far_workbook())
    for sign, size, name in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        place = -1
        while (place := data.find(sign, place + 1)) != -1:
            if data[place + name :].startswith(b"xl/worksheets/sheet1.xml"):
                data[place + size : place + size + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


def repeated_parquet() -> bytes:
    """Over four gibibytes of text in some kilobytes: one text, which stands in each row."""
    sink, n_rows = io.BytesIO(), 70_000
    text = pa.DictionaryArray.from_arrays(pa.array([0] * n_rows, pa.int32()), pa.array(["a" * 2**16]))
    ids = [str(number) for number in range(n_rows)]
    table = pa.table({"达人昵称": ids, "平台": ["微博"] * n_rows, "简介": text})
    pq.write_table(table, sink, store_schema=False, compression="zstd")
    return sink.getvalue()


def linking_tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("list.csv")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    return sink.getvalue()


HOSTILE_FILES: dict[str, Callable[[], bytes]] = {
    "bomb.zip": lambda: archive({"bomb.csv": b"0" * 2**27}),
    "climbing.zip": lambda: archive({"../../../evil.csv": b"a,b\n1,2\n"}),
    "far.xlsx": far_workbook,
    "lying.xlsx": lying_workbook,
    "repeated.parquet": repeated_parquet,
    "linking.tar": linking_tar,
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_is_told_on_a_page_and_leaves_nothing(shared_browser: Browser, name: str) -> None:
    language = LANGUAGES[sorted(HOSTILE_FILES).index(name) % len(LANGUAGES)]
    browser = shared_browser.speak(language)
    data = browser.desk.service.settings.data
    content = HOSTILE_FILES[name]()
    place = browser.post("/projects", files={"files": (name, content)}).headers["location"]
    page = browser.get(place)
    assert page.status_code == 200
    assert 'class="notice wrong"' in page.text
    assert Catalogue(language).text("desk.intake.problems") in page.text
    for secret in (str(data), "root:", "Traceback"):
        assert secret not in page.text
    folder = browser.desk.projects.place(place.split("/")[2])
    assert [path.read_bytes() for path in folder.rglob("*") if path.is_file()] == [content]
    assert list(browser.desk.service.settings.scratch.iterdir()) == []
    assert not list(data.parent.rglob("evil.csv"))
    assert browser.get("/").status_code == 200


@pytest.fixture(scope="module")
def strict(desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser at a desk that takes three files at once."""
    with serving_desk(tmp_path_factory.mktemp("strict"), desk_data, n_files=3) as browser:
        yield browser


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([(f"{number}.csv", b"a") for number in range(4)], 400),
        ([("../evil.csv", b"a")], 400),
        ([("a.csv", b"a"), ("a.csv", b"b")], 400),
        ([("a.csv", b"a"), ("..\\evil.csv", b"b")], 400),
        ([("a" * 300 + ".csv", b"a")], 400),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_upload_that_is_refused_is_told_in_the_readers_words_and_leaves_nothing(
    strict: Browser, language: str, files: list[tuple[str, bytes]], status: int
) -> None:
    browser = strict.speak(language)
    data, before = browser.desk.service.settings.data, dump(browser.desk)
    stored = sorted(data.joinpath("projects").rglob("*"))
    for place in ("/projects", f"{browser.home}/uploads"):
        answer = browser.post(place, files=[("files", file) for file in files])
        assert answer.status_code == status
        assert f"<h1>{Catalogue(language).text('desk.error')}</h1>" in answer.text
        said = Catalogue(language).text("desk.error.other", text="|").partition("|")[0]
        assert said not in answer.text
    assert sorted(data.joinpath("projects").rglob("*")) == stored
    assert dump(browser.desk) == before


def test_names_of_files_and_projects_are_text(browser: Browser, reads_here: None) -> None:
    name = "<img src=x onerror=alert(1)>.csv"
    place = browser.post("/projects", files={"files": (name, "达人昵称,平台\n阿木,微博\n".encode())}).headers[
        "location"
    ]
    for page in (browser.get("/").text, browser.get(place).text):
        assert "<img" not in page
        assert "&lt;img src=x" in page
