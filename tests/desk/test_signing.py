"""Signing freezes the pages that a decision rests on; later reports change none, and a change on disk is seen."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from desk_folder import FILE, HOSTILE, VERSIONS, add_run, make_desk, send

from zhenfen.desk_cases.project import SIGNED
from zhenfen.desk_cases.signature import STATEMENT, SigningError, is_unchanged, list_signatures, sign
from zhenfen.messages import LANGUAGES


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Desk and client of all these tests, each of which has a project of its own: routes take long to make."""
    return make_desk(tmp_path_factory.mktemp("signing"))


@pytest.fixture
def opened(served: Any) -> Any:
    """Desk, client, project and the address of a creator that was decided on."""
    desk, client = served
    client.headers.pop("accept-language", None)
    project = desk.projects.make("项目", "li")
    add_run(desk, project)
    home = f"/projects/{project.project_id}/{FILE}"
    decide(desk, project, "conditions", "等回复")
    return desk, client, project, home


def decide(desk: Any, project: Any, decision: str | None, reason: str) -> None:
    review = desk.reviews.find(project.project_id, FILE)
    desk.reviews.decide(project.project_id, review, review.version, "li", decision=decision, reason=reason)


def sign_as(opened: Any, name: str = "李", **values: Any) -> Any:
    desk, client, project, home = opened
    version = desk.reviews.find(project.project_id, FILE).version
    return send(client, f"{home}/sign", **{"version": version, "run": 1, "name": name, **values})


def signed(opened: Any) -> list[Any]:
    desk, _, project, _ = opened
    return list_signatures(desk.projects, project.project_id, "a")


def folder_of(opened: Any, signature: Any) -> Path:
    desk, _, project, _ = opened
    place: Path = desk.projects.place(project.project_id) / SIGNED / signature.signature_id
    return place


def test_a_signature_holds_everything_the_decision_rests_on(opened: Any) -> None:
    answer = sign_as(opened, " 李  雷 ")
    (one,) = signed(opened)
    assert answer.headers["location"].endswith(f"/signed/{one.signature_id}")
    assert (one.decision, one.reason, one.signed_by, one.run) == ("conditions", "等回复", "李 雷", 1)
    assert (one.score_id, one.versions) == (f"{1:016x}", VERSIONS)
    names = {path.relative_to(folder_of(opened, one)).as_posix() for path in folder_of(opened, one).rglob("*.*")}
    assert names == {
        STATEMENT,
        *(f"{language}/{FILE}.{ending}" for language in LANGUAGES for ending in ("html", "json")),
    }
    assert is_unchanged(one, folder_of(opened, one))


def test_later_reports_and_decisions_leave_what_was_signed_alone(opened: Any) -> None:
    desk, client, project, home = opened
    sign_as(opened)
    (first,) = signed(opened)
    place = f"/projects/{project.project_id}/signed/{first.signature_id}"
    before = {name: client.get(f"{place}/{name}").content for name in (f"zh/{FILE}.html", f"fr/{FILE}.json")}
    shutil.rmtree(desk.projects.place(project.project_id) / "runs" / "1")
    add_run(desk, project, number=2, level="high", versions={**VERSIONS, "creator": "creator/2 bbbb"})
    decide(desk, project, "decline", "变了")
    assert sign_as(opened, run=2).status_code == 303
    assert {name: client.get(f"{place}/{name}").content for name in before} == before
    assert [one.decision for one in signed(opened)] == ["decline", "conditions"]
    assert all(is_unchanged(one, folder_of(opened, one)) for one in signed(opened))
    page = client.get(place, headers={"accept-language": "en"}).text
    assert "unchanged since they were signed" in page
    assert re.search(r"low in en.*high in en", page, re.DOTALL)
    assert "creator/2 bbbb" in page
    assert "from a new model rather than from new data" in page
    assert "conditions" in {one.decision for one in signed(opened)}
    assert place in client.get(f"{home}/sign").text


def test_the_same_models_are_said_to_be_the_same(opened: Any) -> None:
    desk, client, project, _ = opened
    sign_as(opened)
    (one,) = signed(opened)
    place = f"/projects/{project.project_id}/signed/{one.signature_id}"
    assert "Models and rules" not in client.get(place, headers={"accept-language": "en"}).text
    add_run(desk, project, number=2, level="high", versions={**VERSIONS, "score": "1" * 16})
    assert "Models and rules are the same" in client.get(place, headers={"accept-language": "en"}).text


@pytest.mark.parametrize("how", ["a byte", "one less", "one more", "the statement", "the row"])
def test_a_change_on_disk_is_seen(opened: Any, how: str) -> None:
    desk, client, project, _ = opened
    sign_as(opened)
    (one,) = signed(opened)
    folder = folder_of(opened, one)
    page = folder / "en" / f"{FILE}.html"
    if how == "a byte":
        page.chmod(0o644)
        page.write_bytes(page.read_bytes().replace(b"1", b"2"))
    elif how == "one less":
        page.unlink()
    elif how == "one more":
        (folder / "en" / "creator-b.html").write_text("x")
    elif how == "the statement":
        (folder / STATEMENT).chmod(0o644)
        said = json.loads((folder / STATEMENT).read_text(encoding="utf-8"))
        (folder / STATEMENT).write_text(json.dumps({**said, "decision": "approve"}), encoding="utf-8")
    else:
        with desk.projects.database.open() as database:
            database.execute("update signatures set reason = 'other' where signature_id = ?", (one.signature_id,))
        (one,) = signed(opened)
    assert not is_unchanged(one, folder)
    place = f"/projects/{project.project_id}/signed/{one.signature_id}"
    assert "were changed on disk" in client.get(place, headers={"accept-language": "en"}).text


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("no decision", "Nothing is decided yet"),
        ("no name", "Please enter your name"),
        ("another decision", "has just changed the decision"),
        ("newer report", "There is a newer report now"),
        ("unfinished", "still being written in another language"),
    ],
)
def test_nothing_is_signed_that_was_not_read(opened: Any, case: str, said: str) -> None:
    desk, client, project, home = opened
    values: dict[str, Any] = {"version": desk.reviews.find(project.project_id, FILE).version, "run": 1, "name": "李"}
    if case == "no decision":
        decide(desk, project, None, "")
        values["version"] += 1
    elif case == "no name":
        values["name"] = " \u3000 "
    elif case == "another decision":
        decide(desk, project, "approve", "好")
    else:
        add_run(desk, project, number=2, languages=("en",) if case == "unfinished" else LANGUAGES)
        values["run"] = 2 if case == "unfinished" else 1
    client.headers["accept-language"] = "en"
    answer = send(client, f"{home}/sign", **values)
    assert answer.status_code == 409
    assert said in answer.text
    assert signed(opened) == []
    folder = desk.projects.place(project.project_id) / SIGNED
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_project_that_is_deleted_meanwhile_leaves_nothing(opened: Any) -> None:
    desk, _, project, _ = opened
    review = desk.reviews.find(project.project_id, FILE)
    runs = desk.projects.list_runs(project.project_id)
    desk.projects.remove(project.project_id)
    with pytest.raises((LookupError, SigningError)):
        sign(desk.projects, project, review, runs[0].number, "李", by="li")
    assert not desk.projects.place(project.project_id).exists()


def test_nobody_signs_under_another_name_where_people_log_in(tmp_path: Path) -> None:
    from zhenfen.service.keys import add_key

    desk, client = make_desk(tmp_path, needs_key=True)
    key = add_key(desk.service.settings.keys, "wang")
    client.headers["authorization"] = f"Bearer {key}"
    project = desk.projects.make("项目", "wang")
    add_run(desk, project)
    decide(desk, project, "approve", "")
    version = desk.reviews.find(project.project_id, FILE).version
    send(client, f"/projects/{project.project_id}/{FILE}/sign", version=version, run=1, name="李")
    (one,) = list_signatures(desk.projects, project.project_id)
    assert one.signed_by == "wang"


def test_frozen_pages_run_nothing_and_lead_back(opened: Any) -> None:
    _, client, project, _ = opened
    sign_as(opened)
    (one,) = signed(opened)
    place = f"/projects/{project.project_id}/signed/{one.signature_id}"
    answer = client.get(f"{place}/zh/{FILE}.html")
    assert answer.text == "<p>zh 1</p>"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"{place}/zh/index.html").headers["location"] == place


@pytest.mark.parametrize(
    "name", ["zh/signature.json", "de/creator-a.html", "zh/creator-b.html", "..%2f/creator-a.html"]
)
def test_only_frozen_pages_are_given(opened: Any, name: str) -> None:
    _, client, project, _ = opened
    sign_as(opened)
    (one,) = signed(opened)
    assert client.get(f"/projects/{project.project_id}/signed/{one.signature_id}/{name}").status_code == 404


def test_a_signature_of_another_project_is_not_there(opened: Any) -> None:
    desk, client, _, _ = opened
    sign_as(opened)
    (one,) = signed(opened)
    other = desk.projects.make("别人", "wang")
    add_run(desk, other)
    place = f"/projects/{other.project_id}/signed/{one.signature_id}"
    assert client.get(place).status_code == 404
    assert client.get(f"{place}/zh/{FILE}.html").status_code == 404


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_signed_as_text(opened: Any, text: str) -> None:
    desk, client, project, _ = opened
    decide(desk, project, "decline", text)
    assert sign_as(opened, text).status_code == 303
    (one,) = signed(opened)
    assert is_unchanged(one, folder_of(opened, one))
    page = client.get(f"/projects/{project.project_id}/signed/{one.signature_id}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_forms_need_the_stamp(opened: Any) -> None:
    _, client, _, home = opened
    assert client.post(f"{home}/sign", data={"version": 2, "run": 1, "name": "x"}).status_code == 403
    assert signed(opened) == []
