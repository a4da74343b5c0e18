"""After a deletion nothing of a project is in any byte of the data folder, whoever worked in it at that moment."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from desk_folder import FILE, HOSTILE, add_run, make_desk, make_quiet_desk, send

from toy_models import toy_models
from zhenfen.desk.job import start_job
from zhenfen.desk.keeper import Keeper
from zhenfen.desk.removal import remove_expired, remove_project
from zhenfen.desk.watching import SETTLE_S, Watch
from zhenfen.desk_cases.assessment import assess
from zhenfen.desk_cases.attachment import Attachments
from zhenfen.desk_cases.database import compact
from zhenfen.desk_cases.letter import Letters
from zhenfen.desk_cases.project import ATTACHED, KEEP, SIGNED, ProjectOptions, open_projects
from zhenfen.desk_cases.signature import sign
from zhenfen.errors import ConfigError
from zhenfen.service.errors import ServiceError

TODAY = date(2026, 11, 29)
WORDS = ("小鹿的秘密项目", "wang-the-analyst", "独家理由", "机密回复", "contract-机密.pdf", "粉丝量抬头", "内部备注")
CSV = "creator_id,platform,粉丝量抬头\nsecret-creator-7,weibo,1200\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of score ids are those of this test alone."""
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "own"))


@pytest.fixture
def stocked(tmp_path: Path) -> Any:
    """A desk of which no pages are asked for, and its one project, with a report."""
    desk = make_quiet_desk(tmp_path)
    project = desk.projects.make("项目", "li")
    add_run(desk, project)
    return desk, project


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Desk and client of the tests of settings, each of which has a project of its own."""
    return make_desk(tmp_path_factory.mktemp("settings"))


@pytest.fixture
def opened(served: Any) -> Iterator[Any]:
    """Desk, client and a project with a report."""
    desk, client = served
    project = desk.projects.make("项目", "li")
    add_run(desk, project)
    yield desk, client, project
    desk.projects.remove(project.project_id)


def find_bytes(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Files of a folder, by name or by byte, in which a word stands, in any of the ways that text is kept."""
    found = []
    for path in folder.rglob("*"):
        content = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        for word in words:
            escaped = word.encode("unicode_escape").replace(b"\\x", b"\\u00")
            if any(form in content for form in (word.encode(), word.encode("utf-16-le"), escaped)):
                found.append((path.name, word))
    return found


def fill(desk: Any, client: Any, name: str = WORDS[0]) -> Any:
    """A project in which people did everything."""
    project = desk.projects.make(name, WORDS[1])
    batch = desk.projects.add_batch(project.project_id)
    batch.mkdir(parents=True)
    (batch / "secret-export.csv").write_text(CSV, encoding="utf-8")
    desk.projects.edit(project.project_id, 1, WORDS[1], options=ProjectOptions(obtained_how=WORDS[6]).model_dump_json())
    project_id, home = project.project_id, f"/projects/{project.project_id}/{FILE}"
    add_run(desk, project)
    for version in range(1, 40):
        review = desk.reviews.find(project_id, FILE)
        desk.reviews.decide(project_id, review, version, WORDS[1], decision="wait", reason=f"{WORDS[2]} {version}")
    client.get(f"{home}/letter")
    question = Letters(desk.projects.database).find(project_id, "a").questions[0].question_id
    said = {"question": "?", "reply": WORDS[3] * 500, "status": "answered"}
    send(client, f"{home}/questions/{question}", version=1, **said)
    send(client, f"{home}/attachments?question={question}", files={"files": (WORDS[4], WORDS[3].encode())})
    sign(desk.projects, project, desk.reviews.find(project_id, FILE), 1, WORDS[1], by=WORDS[1])
    options = {"project": project_id, "lang": "zh"}
    desk.service.store.add(f"{1:032x}", WORDS[1], options)
    job = desk.service.store.claim()
    desk.service.store.fail(job, {"code": "bad_input", "text": WORDS[6], "problems": []})
    start_job(desk, desk.projects.get(project_id), "zh", WORDS[1])
    return desk.projects.get(project_id)


def test_nothing_of_a_deleted_project_is_in_any_byte(tmp_path: Path) -> None:
    desk, client = make_desk(tmp_path)
    data = desk.service.settings.data
    others = [desk.projects.make(f"其他项目 {number}", "li") for number in range(30)]
    project = fill(desk, client)
    others += [desk.projects.make(f"其他项目 {number}", "li") for number in range(30, 60)]
    words = (*WORDS[:5], WORDS[6], project.project_id, "secret-creator-7", "secret-export")
    # What this looks for is there before, each of them; else it would prove nothing.
    assert {word for _, word in find_bytes(data, *words)} == set(words)
    assert send(client, f"/projects/{project.project_id}/delete").status_code == 303
    assert find_bytes(data, *words) == []
    assert len(desk.projects.list_all()) == len(others)
    assert client.get(f"/projects/{project.project_id}").status_code == 404


def test_nothing_is_left_of_texts_that_pages_of_the_database_were_split_over(tmp_path: Path) -> None:
    desk = make_quiet_desk(tmp_path)
    projects = [desk.projects.make(f"项目 {number}", "li") for number in range(4)]
    for number in range(200):
        project = projects[number % 4]
        text = f"word-of-{project.project_id}-" * (number % 60)
        with desk.projects.database.open() as database:
            database.execute(
                "insert into reviews (project_id, creator_id, file, name, reason) values (?, ?, ?, ?, ?)",
                (project.project_id, f"{number * 7919 % 200:03}", f"{number}", f"{number}", text),
            )
    desk.projects.remove(projects[1].project_id)
    assert find_bytes(desk.service.settings.data, f"word-of-{projects[1].project_id}") == []
    assert find_bytes(desk.service.settings.data, f"word-of-{projects[2].project_id}") != []


@pytest.mark.parametrize("seed", range(12))
def test_pages_that_were_split_keep_no_copies(tmp_path: Path, seed: int) -> None:
    """Overwriting what is deleted is not enough: without writing the file anew one of these twelve keeps some."""
    draw, path = random.Random(seed), tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma secure_delete = on")
        database.execute("create table t (a text primary key, b text) strict")
        database.execute("begin")
        for number in range(3000):
            who = "other" if number % 3 else "secret"
            text = f"{who}-{number}-" * draw.randint(1, 40)
            database.execute("insert into t values (?, ?)", (f"{draw.random()}", text))
            if number % 5 == 0:
                database.execute("update t set b = b || 'x' where rowid = ?", (draw.randint(1, number + 1),))
        database.execute("commit")
        database.execute("delete from t where b like 'secret%'")
    compact(path)
    assert find_bytes(tmp_path, "secret-") == []
    assert find_bytes(tmp_path, "other-") != []


def test_a_real_report_leaves_nothing_in_the_data_or_among_the_score_ids(tmp_path: Path) -> None:
    desk, client = make_desk(tmp_path)
    project = desk.projects.make(WORDS[0], WORDS[1])
    kept = desk.projects.make("其他", "li")
    for one in (project, kept):
        batch = desk.projects.add_batch(one.project_id)
        batch.mkdir(parents=True)
        text = (
            CSV.replace("粉丝量抬头", "n_followers")
            if one is project
            else "creator_id,platform,n_followers\nb,weibo,5\n"
        )
        (batch / "creators.csv").write_text(text, encoding="utf-8")
        assess(desk.projects, one, toy_models(), "zh")
    words = (WORDS[0], project.project_id, "secret-creator-7")
    assert {word for _, word in find_bytes(tmp_path, *words)} == set(words)
    send(client, f"/projects/{project.project_id}/delete")
    assert find_bytes(tmp_path, *words) == []
    assert find_bytes(tmp_path / "own", kept.project_id) != []


def test_maps_of_sheets_go_with_the_project_that_they_were_made_in(stocked: Any) -> None:
    from zhenfen.connectors.import_map import ImportMap, SheetMap
    from zhenfen.desk.intake import keep_maps, recall_maps

    desk, project = stocked
    other = desk.projects.make("其他", "li")
    made = {
        one.project_id: ImportMap(
            sheets=(SheetMap(file="a.csv", heading_row=1, table="creators", columns={heading: None}),)
        )
        for one, heading in ((project, "粉丝量抬头"), (other, "共有抬头"))
    }
    keep_maps(desk, project.project_id, made[project.project_id])
    keep_maps(desk, project.project_id, made[other.project_id])
    keep_maps(desk, other.project_id, made[other.project_id])
    remove_project(desk, project.project_id)
    assert find_bytes(desk.service.settings.data, "粉丝量抬头") == []
    recalled = recall_maps(desk)
    assert recalled is not None
    assert [list(sheet.columns) for sheet in recalled.sheets] == [["共有抬头"]]


@pytest.mark.parametrize(
    ("keep_until", "today", "is_left"),
    [
        (None, TODAY, True),
        ("2026-11-29", TODAY, True),
        ("2026-11-28", TODAY, False),
        ("2026-11-29", TODAY + timedelta(days=1), False),
    ],
)
def test_a_project_is_kept_through_its_last_day(
    stocked: Any, keep_until: str | None, today: date, is_left: bool
) -> None:
    desk, project = stocked
    desk.projects.edit(project.project_id, 1, "li", keep_until=keep_until)
    remove_expired(desk, today)
    assert [one.project_id for one in desk.projects.list_all()] == [project.project_id] * is_left
    assert desk.projects.place(project.project_id).exists() == is_left


def test_new_projects_get_the_last_day_that_the_settings_say(stocked: Any) -> None:
    desk, project = stocked
    assert project.keep_until is None
    with desk.projects.database.open() as database:
        database.execute("insert into settings (name, value) values (?, '10')", (KEEP,))
    expected = (datetime.now(UTC).date() + timedelta(days=10)).isoformat()
    assert desk.projects.make("neu", "li").keep_until == expected
    assert desk.projects.get(project.project_id).keep_until is None


def test_a_service_deletes_what_is_overdue_when_it_starts(tmp_path: Path) -> None:
    desk, client = make_desk(tmp_path)
    project = desk.projects.make("alt", "li")
    add_run(desk, project)
    desk.projects.edit(project.project_id, 1, "li", keep_until="2020-01-01")
    with client:
        for _ in range(600):
            if not desk.projects.list_all():
                break
            time.sleep(0.05)
    assert desk.projects.list_all() == []
    assert not desk.projects.place(project.project_id).exists()


def test_a_keeper_looks_again_on_the_next_day(stocked: Any) -> None:
    desk, project = stocked
    desk.projects.edit(project.project_id, 1, "li", keep_until="2026-11-29")
    keeper = Keeper(desk)
    keeper.tick(TODAY, 0.0)
    assert len(desk.projects.list_all()) == 1
    keeper.tick(TODAY + timedelta(days=1), 1.0)
    assert desk.projects.list_all() == []


def test_two_who_delete_at_once_are_no_danger_to_each_other(tmp_path: Path) -> None:
    desk = make_quiet_desk(tmp_path)
    failed: list[OSError] = []

    def sweep() -> None:
        try:
            for _ in range(20):
                desk.projects.sweep()
        except OSError as error:
            failed.append(error)

    projects = [desk.projects.make("a", "li") for _ in range(4)]
    for project in projects:
        add_run(desk, project, creators=[f"c{number}" for number in range(20)])
    thread = threading.Thread(target=sweep)
    thread.start()
    for project in projects:
        desk.projects.remove(project.project_id)
    thread.join()
    assert failed == []
    assert list(desk.projects.folder.iterdir()) == []


def test_what_lies_about_without_a_row_is_swept_and_nothing_else(stocked: Any) -> None:
    desk, project = stocked
    place, folder = desk.projects.place(project.project_id), desk.projects.folder
    (place / ATTACHED).mkdir()
    left = [folder / ("a" * 32), folder / f".{'b' * 32}", place / SIGNED / ("c" * 32)]
    for path in left:
        path.mkdir(parents=True)
        (path / "creator-a.html").write_text("x", encoding="utf-8")
    (place / ATTACHED / ("d" * 32)).write_text("x", encoding="utf-8")
    stranger = folder / "notes of the owner"
    stranger.mkdir()
    before = sorted(path for path in (place / "runs").rglob("*"))
    desk.projects.sweep()
    assert [path for path in left if path.exists()] == []
    assert list((place / ATTACHED).iterdir()) == []
    assert stranger.exists()
    assert sorted(path for path in (place / "runs").rglob("*")) == before


def test_a_folder_that_cannot_be_moved_leaves_the_project_whole(stocked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, project = stocked

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "no", str(self))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ConfigError):
        desk.projects.remove(project.project_id)
    monkeypatch.undo()
    assert desk.projects.get(project.project_id).name == "项目"
    assert desk.projects.list_runs(project.project_id) != []
    desk.projects.remove(project.project_id)
    assert desk.projects.list_all() == []


def test_jobs_of_a_deleted_project_end_and_no_other(tmp_path: Path) -> None:
    desk, client = make_desk(tmp_path)
    project, other = desk.projects.make("a", "li"), desk.projects.make("b", "li")
    with client:
        start_job(desk, project, "zh", "li")
        for _ in range(600):
            if desk.service.store.counts()["running"]:
                break
            time.sleep(0.05)
        start_job(desk, other, "zh", "li")
        remove_project(desk, project.project_id)
        assert desk.service.store.list_of_project(project.project_id) == []
        assert len(desk.service.store.list_of_project(other.project_id)) == 1


def test_a_job_is_not_begun_for_a_project_that_is_gone(stocked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, project = stocked
    add = desk.service.store.add

    def add_late(*given: Any) -> None:
        desk.projects.remove(project.project_id)
        add(*given)

    monkeypatch.setattr(desk.service.store, "add", add_late)
    with pytest.raises(ServiceError):
        start_job(desk, project, "zh", "li")
    assert desk.service.store.counts()["queued"] == 0


def test_a_report_that_is_being_made_does_not_bring_a_project_back(
    stocked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = stocked
    project = desk.projects.make("c", "li")
    batch = desk.projects.add_batch(project.project_id)
    batch.mkdir(parents=True)
    (batch / "creators.csv").write_text("creator_id,platform,n_followers\na,weibo,5\n", encoding="utf-8")

    def models() -> Any:
        desk.projects.remove(project.project_id)
        return toy_models()

    with pytest.raises((sqlite3.IntegrityError, LookupError, OSError)):
        assess(desk.projects, project, models, "zh")
    desk.projects.sweep()
    assert not desk.projects.place(project.project_id).exists()
    assert desk.projects.database.read("select * from runs where project_id = ?", project.project_id) == []


def test_writing_and_deleting_at_once_leaves_all_or_nothing(tmp_path: Path) -> None:
    desk = make_quiet_desk(tmp_path)
    for _ in range(5):
        project = desk.projects.make("a", "li")
        add_run(desk, project)
        letters = Letters(desk.projects.database)
        letters.open(project.project_id, "a", 1, {"language": "zh", "opening": "", "closing": "", "questions": ["?"]})
        question = letters.find(project.project_id, "a").questions[0].question_id  # type: ignore[union-attr]
        attachments = Attachments(desk.projects, 1000, 10**9)
        begun = threading.Event()

        def attach(project_id: str = project.project_id, number: int = question) -> None:
            for count in range(50):
                file = tmp_path / f"{project_id}-{count}"
                file.write_text("x", encoding="utf-8")
                begun.set()  # noqa: B023 (joined within the loop)
                try:
                    attachments.add(project_id, "a", number, "li", [file])  # noqa: B023
                except LookupError:
                    return

        thread = threading.Thread(target=attach)
        thread.start()
        begun.wait()
        desk.projects.remove(project.project_id)
        thread.join()
        assert not desk.projects.place(project.project_id).exists()
    assert desk.projects.database.read("select * from attachments") == []


def settings_of(client: Any, project: Any, **values: Any) -> Any:
    form = {"version": project.version, "name": project.name, **values}
    return send(client, f"/projects/{project.project_id}/settings", **form)


def test_settings_of_a_project_are_kept(opened: Any, tmp_path: Path) -> None:
    desk, client, project = opened
    exports = tmp_path / "exports"
    exports.mkdir()
    answer = settings_of(client, project, name="新名", keep_until="2999-01-01", recheck_days="30", watched=str(exports))
    assert answer.status_code == 303
    found = desk.projects.get(project.project_id)
    assert (found.name, found.keep_until, found.options.recheck_days) == ("新名", "2999-01-01", 30)
    assert found.options.watched == str(exports)
    assert "2999-01-01" in client.get("/").text
    settings_of(client, found)
    found = desk.projects.get(project.project_id)
    assert (found.keep_until, found.options.recheck_days, found.options.watched) == (None, None, None)


def test_what_is_said_of_files_leaves_the_other_settings_alone(opened: Any, tmp_path: Path) -> None:
    desk, client, project = opened
    (tmp_path / "exports").mkdir()
    settings_of(client, project, recheck_days="30", watched=str(tmp_path / "exports"))
    found = desk.projects.get(project.project_id)
    form = {"version": found.version, "name": "x", "go": "look"}
    assert send(client, f"/projects/{project.project_id}/intake", **form).status_code == 303
    assert desk.projects.get(project.project_id).options.recheck_days == 30


@pytest.mark.parametrize(
    "values",
    [
        {"keep_until": "2020-01-01"},
        {"keep_until": "morgen"},
        {"recheck_days": "0"},
        {"recheck_days": "366"},
        {"recheck_days": "x"},
        {"watched": "relative"},
        {"watched": "/no/such/folder"},
        {"watched": "/"},
        {"watched": "\0"},
        *({"watched": text} for text in HOSTILE),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_stays_in_the_form(opened: Any, values: dict[str, str]) -> None:
    desk, client, project = opened
    answer = settings_of(client, project, name="mine", **values)
    assert answer.status_code == 422
    assert 'value="mine"' in answer.text
    assert "<script>alert" not in answer.text
    assert desk.projects.get(project.project_id) == project


def test_the_services_own_folder_is_not_watched(opened: Any) -> None:
    desk, client, project = opened
    for folder in (desk.projects.folder, desk.service.settings.data, desk.service.settings.data.parent):
        assert settings_of(client, project, watched=str(folder)).status_code == 422


def test_two_who_change_settings_lose_nothing(opened: Any) -> None:
    desk, client, project = opened
    settings_of(client, project, name="hers")
    answer = settings_of(client, project, name="mine")
    assert answer.status_code == 409
    assert "hers" in answer.text
    assert 'value="mine"' in answer.text
    assert desk.projects.get(project.project_id).name == "hers"


def test_nothing_is_watched_where_people_log_in(tmp_path: Path) -> None:
    from zhenfen.service.keys import add_key

    desk, client = make_desk(tmp_path, needs_key=True)
    client.headers["authorization"] = f"Bearer {add_key(desk.service.settings.keys, 'wang', 'lead')}"
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "a.csv").write_text(CSV, encoding="utf-8")
    options = ProjectOptions(watched=str(exports))
    project = desk.projects.make("a", "wang", options)
    assert settings_of(client, project, watched="/etc").status_code == 403
    assert settings_of(client, project, recheck_days="3").status_code == 303
    assert desk.projects.get(project.project_id).options.watched == str(exports)
    watch = Watch(desk)
    for at_s in (0.0, SETTLE_S, 2 * SETTLE_S):
        watch.take_new(at_s)
    assert desk.projects.list_batches(project.project_id) == []
    assert settings_of(client, desk.projects.get(project.project_id), is_unwatched="true").status_code == 303
    assert desk.projects.get(project.project_id).options.watched is None


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Any]:
    """Desk, project, watch and the folder that it watches."""
    exports = tmp_path / "exports"
    exports.mkdir()
    desk = make_quiet_desk(tmp_path)
    project = desk.projects.make("a", "li", ProjectOptions(watched=str(exports), platform="weibo"))
    yield desk, project, Watch(desk), exports


def write(folder: Path, name: str, n: int = 5) -> None:
    text = f"creator_id,platform,n_followers\na,weibo,{n}\n"
    (folder / name).write_text(text, encoding="utf-8")


def test_a_file_is_taken_once_it_is_complete_and_then_never_again(watched: Any) -> None:
    desk, project, watch, exports = watched
    write(exports, "a.csv")
    watch.take_new(0.0)
    watch.take_new(SETTLE_S - 1)
    assert desk.projects.list_batches(project.project_id) == []
    watch.take_new(SETTLE_S)
    (batch,) = desk.projects.list_batches(project.project_id)
    assert batch.name == "a.csv"
    assert (exports / "a.csv").exists()
    assert desk.service.store.counts()["queued"] == 1
    # The same again, under another name, later, and after a restart.
    write(exports, "b.csv")
    for one in (watch, Watch(desk)):
        for at_s in (100.0, 200.0, 300.0):
            one.take_new(at_s)
    assert len(desk.projects.list_batches(project.project_id)) == 1
    assert list(desk.service.settings.scratch.iterdir()) == []


def test_a_file_that_grows_is_waited_for(watched: Any) -> None:
    desk, project, watch, exports = watched
    for count in range(5):
        write(exports, "a.csv", 10**count)
        watch.take_new(count * SETTLE_S)
        assert desk.projects.list_batches(project.project_id) == []
    watch.take_new(6.0 * SETTLE_S)
    (batch,) = desk.projects.list_batches(project.project_id)
    assert "10000" in batch.read_text(encoding="utf-8")


def test_a_newer_export_of_the_same_name_is_a_next_batch(watched: Any) -> None:
    desk, project, watch, exports = watched
    for number, at_s in ((5, 0.0), (6, 100.0)):
        write(exports, "a.csv", number)
        watch.take_new(at_s)
        watch.take_new(at_s + SETTLE_S)
    assert len(desk.projects.list_batches(project.project_id)) == 2


def test_what_cannot_be_read_is_noted_and_not_taken(watched: Any) -> None:
    desk, project, watch, exports = watched
    (exports / "photo.xlsx").write_bytes(b"no workbook at all")
    watch.take_new(0.0)
    watch.take_new(SETTLE_S)
    assert desk.projects.list_batches(project.project_id) == []
    assert desk.service.store.counts()["queued"] == 0
    newest = desk.reviews.list_history(project.project_id)[0]
    assert (newest.what, newest.after) == ("taken", {"name": "photo.xlsx", "is_taken": 0})


def test_links_hidden_files_and_folders_are_left_alone(watched: Any, tmp_path: Path) -> None:
    desk, project, watch, exports = watched
    write(tmp_path, "elsewhere.csv")
    (exports / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    write(exports, ".hidden.csv")
    (exports / "folder").mkdir()
    write(exports / "folder", "deep.csv")
    for at_s in (0.0, SETTLE_S, 2.0 * SETTLE_S):
        watch.take_new(at_s)
    assert desk.projects.list_batches(project.project_id) == []


def test_a_folder_that_is_gone_is_no_error(watched: Any) -> None:
    desk, project, watch, exports = watched
    exports.rmdir()
    watch.take_new(0.0)
    assert desk.projects.list_batches(project.project_id) == []


def test_a_job_that_found_no_room_is_begun_later(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, _, watch, exports = watched
    write(exports, "a.csv")
    watch.take_new(0.0)
    with monkeypatch.context() as patch:
        patch.setattr(desk.service.store, "counts", lambda: {"queued": 10**6})
        watch.take_new(SETTLE_S)
    assert desk.service.store.counts()["queued"] == 0
    watch.take_new(SETTLE_S + 1)
    assert desk.service.store.counts()["queued"] == 1


@pytest.mark.parametrize(("days", "is_due"), [(None, False), (1, False), (30, False)])
def test_a_fresh_report_is_not_due(opened: Any, days: int | None, is_due: bool) -> None:
    desk, client, project = opened
    desk.projects.edit(project.project_id, 1, "li", options=ProjectOptions(recheck_days=days).model_dump_json())
    page = client.get("/", headers={"accept-language": "en"}).text
    assert ("Due for a re-check" in page) == is_due


def test_an_old_report_is_due(opened: Any) -> None:
    desk, client, project = opened
    desk.projects.edit(project.project_id, 1, "li", options=ProjectOptions(recheck_days=7).model_dump_json())
    (run,) = desk.projects.list_runs(project.project_id)
    made = datetime.fromisoformat(run.made_at) - timedelta(days=7)
    with desk.projects.database.open() as database:
        database.execute("update runs set made_at = ?", (made.isoformat(),))
    page = client.get("/", headers={"accept-language": "en"}).text
    assert f"Due for a re-check since {(made + timedelta(days=7)).date()}" in page


def test_a_database_that_somebody_reads_is_compacted_the_next_time(
    stocked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, project = stocked
    monkeypatch.setattr("zhenfen.desk_cases.database.BUSY_S", 0)
    with closing(sqlite3.connect(desk.projects.database.path)) as reader:
        reader.execute("begin")
        reader.execute("select * from projects").fetchall()
        desk.projects.remove(project.project_id)
    desk.projects.sweep()
    assert find_bytes(desk.service.settings.data, project.project_id) == []


def test_another_process_finds_the_same_projects(stocked: Any) -> None:
    desk, project = stocked
    assert [one.project_id for one in open_projects(desk.service.settings.data).list_all()] == [project.project_id]
