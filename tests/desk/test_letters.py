"""Letters: edited by people, kept whatever a newer report says; files of replies are only ever handed back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from desk_folder import FILE, HOSTILE, QUESTIONS, add_run, make_desk, send

from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.letter import MOST_QUESTIONS, STATUSES, LetterError, Letters
from zhenfen.desk_cases.project import ATTACHED


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Desk and client of all these tests, each of which has a project of its own: routes take long to make."""
    return make_desk(tmp_path_factory.mktemp("letters"), n_files=3, upload_bytes=2_000)


@pytest.fixture
def opened(served: Any) -> Any:
    """Desk, client, project and the address of a creator of it."""
    desk, client = served
    project = desk.projects.make("项目", "li")
    add_run(desk, project)
    return desk, client, project, f"/projects/{project.project_id}/{FILE}"


def letter_of(desk: Any, project: Any) -> Any:
    return Letters(desk.projects.database).find(project.project_id, "a")


def test_the_letter_is_the_reports_until_somebody_touches_it(opened: Any) -> None:
    desk, client, project, home = opened
    assert client.get(f"{home}/letter.txt").text == f"您好！\n\n1. {QUESTIONS[0]}\n2. {QUESTIONS[1]}\n\n谢谢！\n"
    add_run(desk, project, number=2, questions=["新问题"])
    assert client.get(f"{home}/letter.txt").text == "您好！\n\n1. 新问题\n\n谢谢！\n"
    assert letter_of(desk, project).run == 2


@pytest.mark.parametrize("touch", ["question", "frame", "ask", "drop", "send"])
def test_a_newer_report_never_takes_the_place_of_an_edited_letter(opened: Any, touch: str) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    first = letter_of(desk, project).questions[0]
    sent = {
        "question": lambda: send(
            client, f"{home}/questions/{first.question_id}", version=1, question="改过", status="draft"
        ),
        "frame": lambda: send(client, f"{home}/letter", version=1, opening="开头", closing="结尾"),
        "ask": lambda: send(client, f"{home}/questions", question="我的问题"),
        "drop": lambda: send(client, f"{home}/questions/{first.question_id}/drop", version=1),
        "send": lambda: send(client, f"{home}/letter/send"),
    }[touch]()
    assert sent.status_code == 303
    before = letter_of(desk, project)
    add_run(desk, project, number=2, questions=[QUESTIONS[1], "新问题"])
    page = client.get(f"{home}/letter").text
    assert letter_of(desk, project) == before
    assert 'value="新问题"' in page
    assert f'name="question" value="{QUESTIONS[1]}"' not in page


def test_an_offered_question_is_taken_once(opened: Any) -> None:
    desk, client, project, home = opened
    send(client, f"{home}/questions", question="我的问题")
    add_run(desk, project, number=2, questions=["新问题"])
    for _ in range(2):
        send(client, f"{home}/questions", question="新问题", is_offered="true")
    assert [one.asked for one in letter_of(desk, project).questions] == [*QUESTIONS, None, "新问题"]
    assert 'name="is_offered"' not in client.get(f"{home}/letter").text


def test_a_question_that_was_taken_out_is_offered_again(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    send(client, f"{home}/questions/{letter_of(desk, project).questions[0].question_id}/drop", version=1)
    assert f'name="question" value="{QUESTIONS[0]}"' in client.get(f"{home}/letter").text


@pytest.mark.parametrize("status", STATUSES[1:])
def test_a_status_has_a_day_and_a_name_and_a_draft_has_none(opened: Any, status: str) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    question = letter_of(desk, project).questions[0]
    place = f"{home}/questions/{question.question_id}"
    said = {"question": question.question, "reply": "截图见附件"}
    answer = send(client, place, is_htmx=True, version=1, status=status, **said)
    found = letter_of(desk, project).questions[0]
    assert (found.status, found.reply, found.status_by) == (status, "截图见附件", "local")
    assert found.status_at is not None
    assert answer.status_code == 200
    assert 'id="letter-text"' in answer.text
    send(client, place, is_htmx=True, version=2, status="draft", **said)
    found = letter_of(desk, project).questions[0]
    assert (found.status_by, found.status_at) == (None, None)


@pytest.mark.parametrize("is_htmx", [True, False])
def test_two_who_edit_one_question_lose_nothing(opened: Any, is_htmx: bool) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    place = f"{home}/questions/{letter_of(desk, project).questions[0].question_id}"
    send(client, place, version=1, question="她的", reply="她的回复", status="sent")
    answer = send(client, place, is_htmx=is_htmx, version=1, question="我的", reply="", status="draft")
    assert answer.status_code == 409
    assert "她的回复" in answer.text
    assert re.search(r"<textarea name=\"question\"[^>]*>我的</textarea>", answer.text)
    assert letter_of(desk, project).questions[0].question == "她的"
    # What the page shows now can be saved: theirs was seen.
    send(client, place, is_htmx=is_htmx, version=2, question="我的", reply="她的回复", status="sent")
    assert letter_of(desk, project).questions[0].question == "我的"


def test_two_who_edit_the_frame_lose_nothing(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    send(client, f"{home}/letter", version=1, opening="她的", closing="她")
    answer = send(client, f"{home}/letter", version=1, opening="我的", closing="我")
    assert answer.status_code == 409
    assert "她的" in answer.text
    assert re.search(r"<textarea name=\"opening\"[^>]*>我的</textarea>", answer.text)
    assert letter_of(desk, project).opening == "她的"


def test_a_question_that_somebody_edited_is_not_taken_out_unseen(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    place = f"{home}/questions/{letter_of(desk, project).questions[0].question_id}"
    send(client, place, version=1, question="她的", status="draft")
    assert send(client, f"{place}/drop", version=1).status_code == 409
    assert letter_of(desk, project).questions[0].question == "她的"


def test_what_was_sent_stays_in_the_letter(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    send(client, f"{home}/letter/send")
    question = letter_of(desk, project).questions[0]
    answer = send(client, f"{home}/questions/{question.question_id}/drop", version=question.version)
    assert answer.status_code == 422
    assert letter_of(desk, project).questions[0] == question


@pytest.mark.parametrize("text", ["", "  \r\n ", "\0"])
def test_an_empty_question_is_refused(opened: Any, text: str) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    place = f"{home}/questions/{letter_of(desk, project).questions[0].question_id}"
    for url in (f"{home}/questions", place):
        assert send(client, url, version=1, question=text, status="draft").status_code == 422
    assert [one.question for one in letter_of(desk, project).questions] == list(QUESTIONS)


def test_a_letter_has_an_end(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    letters = Letters(desk.projects.database)
    for number in range(MOST_QUESTIONS - 2):
        letters.ask(project.project_id, "a", "li", f"{number}")
    with pytest.raises(LetterError):
        letters.ask(project.project_id, "a", "li", "one too many")
    assert send(client, f"{home}/questions", question="one too many").status_code == 422


def test_no_number_of_a_question_is_used_again(opened: Any) -> None:
    desk, _, project, _ = opened
    letters = Letters(desk.projects.database)
    letters.open(project.project_id, "a", 1, {"language": "zh", "opening": "", "closing": "", "questions": []})
    first = letters.ask(project.project_id, "a", "li", "first")
    letters.drop(project.project_id, "a", first, 1, "li")
    second = letters.ask(project.project_id, "a", "li", "second")
    assert second != first
    with pytest.raises(LookupError):
        letters.drop(project.project_id, "a", first, 1, "li")
    with pytest.raises(ConflictError):
        letters.drop(project.project_id, "a", second, 7, "li")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(opened: Any, text: str) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    place = f"{home}/questions/{letter_of(desk, project).questions[0].question_id}"
    send(client, place, version=1, question=text, reply=text, status="answered")
    send(client, f"{home}/letter", version=1, opening=text, closing=text)
    page = client.get(f"{home}/letter")
    kept = text.replace("\r\n", "\n").strip()
    assert letter_of(desk, project).questions[0].question == kept
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "49" not in re.findall(r"<pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)[0]
    assert client.get(f"{home}/letter.txt").text == letter_of(desk, project).write()
    assert "Set-Cookie" not in client.get(f"{home}/letter.txt").headers


@pytest.mark.parametrize("status", ["", "approved", "DRAFT"])
def test_an_unknown_status_is_refused(opened: Any, status: str) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    place = f"{home}/questions/{letter_of(desk, project).questions[0].question_id}"
    assert send(client, place, version=1, question="?", status=status).status_code in (303, 422)
    assert letter_of(desk, project).questions[0].status == "draft"


def test_a_letter_of_another_project_or_creator_is_not_there(opened: Any) -> None:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    number = letter_of(desk, project).questions[0].question_id
    other = desk.projects.make("别人", "wang")
    add_run(desk, other, creators=("a", "b"))
    strangers = (f"/projects/{other.project_id}/{FILE}", f"/projects/{other.project_id}/creator-b")
    for stranger in (*strangers, f"/projects/{project.project_id}/creator-b", f"/projects/{'0' * 32}/{FILE}"):
        for place in (f"{stranger}/questions/{number}", f"{stranger}/questions/{number}/drop"):
            assert send(client, place, version=1, question="x", status="sent").status_code == 404
    assert letter_of(desk, project).questions[0].question == QUESTIONS[0]
    assert client.get(f"/projects/{project.project_id}/creator-b/letter").status_code == 404


def test_forms_need_the_stamp(opened: Any) -> None:
    _, client, _, home = opened
    client.get(f"{home}/letter")
    for place in ("letter", "letter/send", "questions", "questions/1", "questions/1/drop", "attachments/a/delete"):
        assert client.post(f"{home}/{place}", data={"version": 1, "question": "x"}).status_code == 403
    assert client.post(f"{home}/attachments?question=1", files={"files": ("a.png", b"x")}).status_code == 403


def attach(opened: Any, *files: tuple[str, bytes]) -> Any:
    desk, client, project, home = opened
    client.get(f"{home}/letter")
    number = letter_of(desk, project).questions[0].question_id
    parts = [("files", file) for file in files]
    return send(client, f"{home}/attachments?question={number}", files=parts)


def listed(opened: Any) -> list[Any]:
    desk, _, project, _ = opened
    found = desk.projects.database.read(
        "select * from attachments where project_id = ? order by rowid", project.project_id
    )
    return [dict(row) for row in found]


def test_a_file_is_kept_without_its_name_and_handed_back_as_bytes(opened: Any) -> None:
    desk, client, project, home = opened
    content = b"<html><script>alert(1)</script>"
    assert attach(opened, ("截图.html", content)).status_code == 303
    (row,) = listed(opened)
    folder = desk.projects.place(project.project_id) / ATTACHED
    assert [path.name for path in folder.iterdir()] == [row["attachment_id"]]
    assert row["name"] == "截图.html"
    answer = client.get(f"{home}/attachments/{row['attachment_id']}")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert row["sha256"][:12] in client.get(f"{home}/letter").text
    assert list(desk.service.settings.scratch.iterdir()) == []


def test_a_deleted_file_is_gone(opened: Any) -> None:
    desk, client, project, home = opened
    attach(opened, ("a.png", b"x"), ("b.png", b"y"))
    first, second = listed(opened)
    assert send(client, f"{home}/attachments/{first['attachment_id']}/delete").status_code == 303
    assert listed(opened) == [second]
    folder = desk.projects.place(project.project_id) / ATTACHED
    assert [path.name for path in folder.iterdir()] == [second["attachment_id"]]
    assert client.get(f"{home}/attachments/{first['attachment_id']}").status_code == 404
    assert send(client, f"{home}/attachments/{first['attachment_id']}/delete").status_code == 404


@pytest.mark.parametrize("name", ["../a.png", "a/b.png", ".hidden", "C:a.png", "a" * 256, ""])
def test_a_name_that_leads_elsewhere_is_refused(opened: Any, name: str) -> None:
    assert attach(opened, (name, b"x")).status_code in (400, 422)
    assert listed(opened) == []


@pytest.mark.parametrize(
    "files",
    [[(f"{n}.png", b"x") for n in range(3)] + [("4.png", b"x")], [("a.png", b"x" * 900), ("b.png", b"x" * 1_200)]],
    ids=["too many", "too large"],
)
def test_a_project_takes_only_so_much(opened: Any, files: list[tuple[str, bytes]]) -> None:
    desk, _, project, _ = opened
    for file in files[:-1]:
        assert attach(opened, file).status_code == 303
    assert attach(opened, files[-1]).status_code in (400, 413)
    assert len(listed(opened)) == len(files) - 1
    assert len(list((desk.projects.place(project.project_id) / ATTACHED).iterdir())) == len(files) - 1


def test_a_file_of_another_project_or_creator_is_not_there(opened: Any) -> None:
    desk, client, project, home = opened
    attach(opened, ("a.png", b"secret"))
    (row,) = listed(opened)
    other = desk.projects.make("别人", "wang")
    add_run(desk, other, creators=("a", "b"))
    with desk.projects.database.open() as database:
        database.execute(
            "insert into reviews (project_id, creator_id, file, name) values (?, 'c', 'creator-c', 'c')",
            (project.project_id,),
        )
    for stranger in (
        f"/projects/{other.project_id}/{FILE}",
        f"/projects/{other.project_id}/creator-b",
        f"/projects/{project.project_id}/creator-c",
    ):
        assert client.get(f"{stranger}/attachments/{row['attachment_id']}").status_code == 404
        assert send(client, f"{stranger}/attachments/{row['attachment_id']}/delete").status_code == 404
        answer = send(client, f"{stranger}/attachments?question={row['question_id']}", files={"files": ("b.png", b"x")})
        assert answer.status_code == 404
    assert listed(opened) == [row]
    for odd in ("..%2f..%2fdesk.sqlite", "0" * 32, "%00"):
        assert client.get(f"{home}/attachments/{odd}").status_code == 404


@pytest.mark.parametrize("text", [text for text in HOSTILE if not set("/\\:\r\n") & set(text) and len(text) < 80])
def test_a_hostile_name_is_shown_as_text(opened: Any, text: str) -> None:
    _, client, _, home = opened
    assert attach(opened, (text, b"x")).status_code == 303
    (row,) = listed(opened)
    # Clients may not send a quotation mark as it is.
    assert row["name"] == text.replace('"', "%22")
    assert "<img src=x" not in client.get(f"{home}/letter").text
    answer = client.get(f"{home}/attachments/{row['attachment_id']}")
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_a_question_with_files_stays(opened: Any) -> None:
    desk, client, project, home = opened
    attach(opened, ("a.png", b"x"))
    question = letter_of(desk, project).questions[0]
    answer = send(client, f"{home}/questions/{question.question_id}/drop", version=question.version)
    assert answer.status_code == 422
    assert len(listed(opened)) == 1
