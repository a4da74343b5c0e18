"""The history says in words who changed what, and what a report says otherwise than the one before."""

from __future__ import annotations

import re
from typing import Any

import pytest
from desk_folder import FILE, HOSTILE, VERSIONS, add_run, make_desk, send

from zhenfen.desk.history import EVENTS_A_PAGE, tell_event
from zhenfen.desk_cases.comparison import Difference, compare_readings, compare_versions
from zhenfen.desk_cases.database import note
from zhenfen.desk_cases.project import ProjectOptions
from zhenfen.messages import LANGUAGES, Catalogue


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Desk and client of all these tests, each of which has a project of its own: routes take long to make."""
    return make_desk(tmp_path_factory.mktemp("history"))


@pytest.fixture
def opened(served: Any) -> Any:
    """Desk, client, project and its address."""
    desk, client = served
    client.headers["accept-language"] = "en"
    project = desk.projects.make("项目", "li")
    add_run(desk, project, creators=("a", "b"))
    return desk, client, project, f"/projects/{project.project_id}"


def tell(opened: Any, language: str = "en") -> list[dict[str, Any]]:
    desk, _, project, _ = opened
    names = {one.creator_id: one for one in desk.reviews.list_all(project.project_id).values()}
    events = desk.reviews.list_history(project.project_id)
    return [tell_event(one, names, Catalogue(language)) for one in events]


def test_a_decision_is_told_before_and_after(opened: Any) -> None:
    _, client, _, home = opened
    for version, (decision, reason) in enumerate([("wait", "等"), ("approve", "好")], 1):
        form = {"version": version, "is_decision": "true", "decision": decision, "reason": reason}
        send(client, f"{home}/reviews/{FILE}", **form)
    newest, first = tell(opened)[:2]
    assert newest["changes"] == [("Decision", "Wait", "Approve"), ("Reason", "等", "好")]
    assert first["changes"] == [("Decision", "", "Wait"), ("Reason", "", "等")]
    assert newest["creator"].file == FILE
    assert newest["by"] == "local"
    page = client.get(f"{home}/{FILE}/history").text
    assert re.search(r"<del><bdi>Wait</bdi></del> → <ins><bdi>Approve</bdi></ins>", page)
    assert "{" not in re.sub(r"<meta[^>]*>", "", page)


def test_every_kind_of_change_is_told_in_every_language(opened: Any) -> None:
    desk, client, project, home = opened
    home_a = f"{home}/{FILE}"
    client.get(f"{home_a}/letter")
    desk.projects.edit(project.project_id, 1, "li", keep_until="2027-01-01", job_id="0" * 32)
    desk.projects.edit(project.project_id, 2, "li", options=ProjectOptions(platform="weibo").model_dump_json())
    desk.projects.edit(project.project_id, 3, "li", import_map='{"sheets": []}')
    send(client, f"{home}/reviews/{FILE}", version=1, is_owner="true", owner="王")
    send(client, f"{home}/reviews/{FILE}", version=2, pinned="true")
    send(client, f"{home_a}/questions", question="我的问题")
    send(client, f"{home_a}/letter", version=1, opening="开头", closing="结尾")
    send(client, f"{home_a}/letter/send")
    told = {language: tell(opened, language) for language in LANGUAGES}
    for language, rows in told.items():
        general = Catalogue(language).text("desk.history.what")
        assert [row["told"] for row in rows if row["told"] == general] == []
        assert all(row["changes"] for row in rows), [row for row in rows if not row["changes"]]
    english = told["en"]
    assert {row["told"] for row in english} >= {"Project changed", "Question added", "Question changed"}
    sent = [row for row in english if row["changes"] == [("State", "Draft", "Sent")]]
    assert [row["about"] for row in sent] == [["我的问题"], ["这些评论是谁写的？"], ["9 月 3 日涨粉的原因？"]]
    assert ("Pinned", "no", "yes") in [change for row in english for change in row["changes"]]
    assert ("Platform", "", "weibo") in [change for row in english for change in row["changes"]]
    assert ("Kept until", "", "2027-01-01") in [change for row in english for change in row["changes"]]


def test_what_nobody_has_words_for_is_told_without_them(opened: Any) -> None:
    desk, client, project, home = opened
    with desk.projects.database.open() as database:
        note(database, project.project_id, "a", "new_table", {"after": {"new_column": '{"a": 1}'}}, by="li")
    assert tell(opened)[0]["changes"] == []
    assert "new_column" not in client.get(f"{home}/history").text


def test_a_creators_history_is_its_own(opened: Any) -> None:
    _, client, _, home = opened
    send(client, f"{home}/reviews/creator-b", version=1, is_owner="true", owner="只属于乙")
    assert "只属于乙" in client.get(f"{home}/history").text
    assert "只属于乙" in client.get(f"{home}/creator-b/history").text
    assert "只属于乙" not in client.get(f"{home}/{FILE}/history").text


def test_a_long_history_has_pages(opened: Any) -> None:
    desk, client, project, home = opened
    with desk.projects.database.open() as database:
        for number in range(EVENTS_A_PAGE + 1):
            note(database, project.project_id, None, "projects", {"after": {"name": f"name-{number}-"}}, by="li")
    first, second = (client.get(f"{home}/history", params={"page": page}).text for page in (1, 2))
    assert f"name-{EVENTS_A_PAGE}-" in first
    assert "name-0-" not in first
    assert "name-0-" in second
    assert client.get(f"{home}/history", params={"page": -3}).status_code == 200


def row(**changes: Any) -> dict[str, Any]:
    """A line of a shortlist."""
    return {
        "followers_text": "10K",
        "priority": {"label": "Nothing found"},
        "share": {"share_text": "10%", "low_text": "8%", "high_text": "13%"},
        "families": [{"family": "growth", "label": "Growth", "level_text": "low"}],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"followers_text": "12K"}, [Difference("followers", "", "10K", "12K")]),
        ({"priority": {"label": "Ask"}}, [Difference("priority", "", "Nothing found", "Ask")]),
        ({"share": None}, [Difference("share", "", "10% (8% – 13%)", "—")]),
        (
            {"share": {"share_text": "10%", "low_text": "9%", "high_text": "13%"}},
            [Difference("share", "", "10% (8% – 13%)", "10% (9% – 13%)")],
        ),
        (
            {"families": [{"family": "growth", "label": "Growth", "level_text": "high"}]},
            [Difference("growth", "Growth", "low", "high")],
        ),
        (
            {"families": [{"family": "posts", "label": "Posts", "level_text": "low"}]},
            [Difference("posts", "Posts", "—", "low"), Difference("growth", "Growth", "low", "—")],
        ),
    ],
)
def test_two_readings_are_compared(changes: dict[str, Any], expected: list[Difference]) -> None:
    assert compare_readings(row(), row(**changes)) == expected
    # The other way round it is the same facts, before and after exchanged.
    back = {(one.fact, one.after, one.before) for one in compare_readings(row(**changes), row())}
    assert back == {(one.fact, one.before, one.after) for one in expected}


def test_an_estimate_that_is_not_assessed_is_no_share() -> None:
    page = row(
        share=None, audience={"share": {"share_text": "—", "low_text": "", "high_text": "", "is_assessed": False}}
    )
    assert compare_readings(page, row(share=None)) == []


def test_versions_are_compared_without_the_score_id() -> None:
    later = {**VERSIONS, "score": "f" * 16, "creator": "creator/2 bbbb", "panel": "panel/1 cccc"}
    assert compare_versions(VERSIONS, later) == [
        Difference("creator", "creator", "creator/1 aaaa", "creator/2 bbbb"),
        Difference("panel", "panel", "—", "panel/1 cccc"),
    ]
    assert compare_versions(VERSIONS, {**VERSIONS, "score": "f" * 16}) == []


def test_two_reports_are_compared_and_a_new_model_is_named(opened: Any) -> None:
    desk, client, project, home = opened
    assert "Between two reports" not in client.get(f"{home}/history").text
    add_run(
        desk, project, number=2, level="high", creators=("a", "b"), versions={**VERSIONS, "creator": "creator/2 bbbb"}
    )
    add_run(
        desk, project, number=3, level="high", creators=("b", "c"), versions={**VERSIONS, "creator": "creator/2 bbbb"}
    )
    page = client.get(f"{home}/history", params={"before": 1, "after": 2}).text
    assert page.count("<del><bdi>low in en</bdi></del>") == 2
    assert "rather than from new data" in page
    assert "creator/2 bbbb" in page
    alone = client.get(f"{home}/{FILE}/history", params={"before": 1, "after": 2}).text
    assert alone.count("<del><bdi>low in en</bdi></del>") == 1
    newest = client.get(f"{home}/history").text
    assert "Models and rules are the same" in newest
    assert re.search(r"New:.*达人 c", newest)
    assert re.search(r"No longer there:.*达人 a", newest)


@pytest.mark.parametrize("query", ["before=9&after=8", "before=-1", "after=0"])
def test_reports_that_are_not_there_are_not_compared(opened: Any, query: str) -> None:
    desk, client, project, home = opened
    assert client.get(f"{home}/history?{query}").status_code == 200
    add_run(desk, project, number=2)
    assert client.get(f"{home}/history?{query}").status_code == 200
    assert client.get(f"{home}/history?before=x").status_code == 422


def test_every_report_has_its_day_its_id_and_its_versions(opened: Any) -> None:
    desk, client, project, home = opened
    add_run(desk, project, number=2, versions={**VERSIONS, "creator": "creator/2 bbbb"})
    page = client.get(f"{home}/history").text
    assert f"{1:016x}" in page
    assert f"{2:016x}" in page
    assert "2026-09-30" in page
    assert "Other versions: 1" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_told_as_text(opened: Any, text: str) -> None:
    desk, client, project, home = opened
    send(client, f"{home}/reviews/{FILE}", version=1, is_decision="true", decision="wait", reason=text)
    with desk.projects.database.open() as database:
        note(database, project.project_id, "a", text, {"after": {"name": text}, "about": {"question": text}}, by=text)
    page = client.get(f"{home}/history").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_history_of_another_project_is_not_there(opened: Any) -> None:
    desk, client, _, home = opened
    send(client, f"{home}/reviews/{FILE}", version=1, is_owner="true", owner="秘密")
    other = desk.projects.make("别人", "wang")
    add_run(desk, other)
    assert "秘密" not in client.get(f"/projects/{other.project_id}/history").text
    assert client.get(f"{home}/creator-z/history").status_code == 404
    assert client.get(f"/projects/{'0' * 32}/history").status_code == 404
