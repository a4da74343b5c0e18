"""Scores over HTTP: the same as the command line's, whatever form they travel in; and what is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_builder import MEDIA_TYPES, as_body, from_body, open_client
from cli_runner import Runner
from starlette.testclient import TestClient

from toy_models import toy_models
from zhenfen.batch.row_files import score_profiles_file
from zhenfen.estimators.comment_model import COMMENT
from zhenfen.estimators.post_model import POST
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.scoring import score_comments, score_posts, score_profiles
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.settings import Limits
from zhenfen.tables import TABLES, make_frame
from zhenfen.text.brands import load_brands

PROFILES = pl.DataFrame(
    {
        "profile_id": ["a", "b", "c", "a"],
        "display_name": ["用户1234567", "阿明爱吃面", None, "用户1234567"],
        "platform": ["weibo", None, "douyin", "weibo"],
        "n_followers": [3, 420, None, 3],
        "n_following": [900, 200, 5, 900],
        "has_avatar": [False, True, None, False],
        "last_post_at": [datetime(2026, 5, 1, tzinfo=UTC), None, datetime(2026, 6, 1, tzinfo=UTC), None],
    }
)
COMMENTS = pl.DataFrame({"comment_id": ["1", "2", "3"], "text": ["加微信领优惠", "好", None]})
POSTS = pl.DataFrame({"post_id": ["1", "2"], "text": ["#广告# 点击下单", "今天去爬山"], "is_labelled_ad": [True, None]})


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_client(tmp_path_factory.mktemp("rows"), rows=1000, expanded_bytes=2**20, text_bytes=2**20) as one:
        yield one


def post(client, kind: str, body: bytes, media_type: str = JSON, accept: str = JSON, *, query: str = ""):
    headers = {"content-type": media_type, "accept": accept}
    return client.post(f"/v1/score/{kind}{query}", content=body, headers=headers)


def error_of(answer) -> dict:
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["error"]


@pytest.mark.parametrize("accept", MEDIA_TYPES)
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_profiles_have_the_command_lines_scores_in_every_form(
    client: TestClient, tmp_path: Path, media_type: str, accept: str
) -> None:
    PROFILES.write_parquet(tmp_path / "in.parquet")
    model = toy_models().need(PROFILE)
    score_profiles_file(tmp_path / "in.parquet", tmp_path / "out.parquet", model, platform="weibo", explain=True)
    query = "?platform=weibo&explain=true"
    answer = post(client, "profiles", as_body(PROFILES, media_type), media_type, accept, query=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(accept)
    assert from_body(answer.content, accept).to_dicts() == pl.read_parquet(tmp_path / "out.parquet").to_dicts()


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_comments_and_posts_have_the_scores_of_scoring(client: TestClient, media_type: str) -> None:
    models = toy_models()
    for kind, frame, expected in (
        ("comments", COMMENTS, score_comments(COMMENTS, models.need(COMMENT), n_reasons=5)),
        ("posts", POSTS, score_posts(make_frame(TABLES["posts"], POSTS), models.need(POST), n_reasons=5)),
    ):
        answer = post(client, kind, as_body(frame, media_type), media_type, query="?explain=true")
        assert answer.json() == {"n_rows": frame.height, "rows": expected.to_dicts()}


def test_brands_are_named_on_request(client: TestClient) -> None:
    model = toy_models().need(POST)
    expected = score_posts(make_frame(TABLES["posts"], POSTS), model, brands=load_brands())
    answer = post(client, "posts", as_body(POSTS, JSON), JSON, query="?brands=true")
    assert answer.json() == {"n_rows": POSTS.height, "rows": expected.to_dicts()}


def test_an_answer_comes_in_the_form_of_the_question(client: TestClient) -> None:
    for media_type in MEDIA_TYPES:
        answer = post(client, "profiles", as_body(PROFILES, media_type), media_type, "*/*")
        assert answer.headers["content-type"].startswith(media_type)


MOMENTS = ("2026-11-01T10:30:00Z", "2026-11-01T18:30%2B08:00", "2026-11-01T18:30+08:00", "2026-11-01T10:30")
"""One moment; a plus in an address stands for a blank."""


def test_ages_count_at_the_end_of_the_day_asked_for(client: TestClient) -> None:
    answer = post(client, "profiles", as_body(PROFILES, JSON), query="?as_of=2026-11-01")
    moment = datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)
    scored = score_profiles(make_frame(TABLES["audience"], PROFILES), toy_models().need(PROFILE), moment)
    assert answer.json()["rows"] == scored.to_dicts()


def test_ages_count_at_the_moment_asked_for(client: TestClient) -> None:
    given = {post(client, "profiles", as_body(PROFILES, JSON), query=f"?as_of={one}").text for one in MOMENTS}
    moment = datetime(2026, 11, 1, 10, 30, tzinfo=UTC)
    scored = score_profiles(make_frame(TABLES["audience"], PROFILES), toy_models().need(PROFILE), moment)
    assert [json.loads(one)["rows"] for one in given] == [scored.to_dicts()]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_no_rows_are_no_scores(client: TestClient, media_type: str) -> None:
    for kind, frame in (("profiles", PROFILES), ("comments", COMMENTS), ("posts", POSTS)):
        answer = post(client, kind, as_body(frame.clear(), media_type), media_type)
        assert answer.json() == {"n_rows": 0, "rows": []}, answer.text


def test_times_with_any_offset_are_the_same_moment(client: TestClient) -> None:
    bodies = [
        json.dumps({"rows": [{"profile_id": "a", "platform": "weibo", "created_at": moment}]}).encode()
        for moment in ("2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2025-12-31T19:00:00.000-05:00")
    ]
    answers = {post(client, "profiles", body, query="?as_of=2026-02-01").text for body in bodies}
    assert len(answers) == 1


def test_every_problem_of_a_body_is_listed(client: TestClient) -> None:
    rows = [
        {"profile_id": "", "n_followers": -1, "nickname": "x"},
        {"platform": "weibo.com", "has_avatar": 1},
        {"profile_id": "c", "created_at": "2026-01-01T00:00:00", "last_post_at": "2126-01-01T00:00:00Z"},
        {"profile_id": 7, "n_posts": 1.5, "night_share": 1.5},
        "a row",
    ]
    answer = post(client, "profiles", json.dumps({"rows": rows, "row": []}).encode())
    assert answer.status_code == 422
    error = error_of(answer)
    assert error["code"] == "invalid_table"
    assert [(one["row"], one["column"], one["value"]) for one in error["problems"]] == [
        (1, "profile_id", ""),
        (1, "n_followers", "-1"),
        (1, "nickname", "x"),
        (2, "profile_id", None),
        (2, "platform", "weibo.com"),
        (2, "has_avatar", "1"),
        (3, "created_at", "2026-01-01T00:00:00"),
        (3, "last_post_at", "2126-01-01T00:00:00Z"),
        (4, "profile_id", "7"),
        (4, "n_posts", "1.5"),
        (4, "night_share", "1.5"),
        (5, None, "a row"),
        (None, "row", "[]"),
    ]
    assert {one["file"] for one in error["problems"]} == {"body"}
    assert all(one["expected"] for one in error["problems"])


@pytest.mark.parametrize("media_type", [ARROW, PARQUET])
def test_every_wrong_column_of_a_file_is_listed(client: TestClient, media_type: str) -> None:
    frame = pl.DataFrame({"n_followers": ["1"], "has_avatar": [1], "created_at": ["2026-01-01"]})
    error = error_of(post(client, "profiles", as_body(frame, media_type), media_type))
    assert error["code"] == "invalid_table"
    assert [one["column"] for one in error["problems"]] == ["profile_id", "created_at", "n_followers", "has_avatar"]
    assert {one["file"] for one in error["problems"]} == {"body"}


WRONG_VALUES = {
    "profile_id": ["a", "", "c"],
    "platform": ["myspace", "weibo", None],
    "n_followers": [3, -1, 10**13 + 1],
    "n_following": [2, None, -7],
    "posts_per_day": [-0.5, 2.0, 1e7],
    "created_at": [datetime(2126, 1, 1, tzinfo=UTC), datetime(1989, 1, 1, tzinfo=UTC), None],
    "last_post_at": [None, None, datetime(2026, 1, 1, tzinfo=UTC)],
}


def test_every_form_lists_the_same_wrong_values(client: TestClient) -> None:
    frame = pl.DataFrame(WRONG_VALUES)
    as_json = frame.with_columns(pl.col(pl.Datetime).dt.to_string("%+"))
    sent = {form: as_body(as_json if form == JSON else frame, form) for form in MEDIA_TYPES}
    errors = [error_of(post(client, "profiles", body, form)) for form, body in sent.items()]
    assert {one["code"] for one in errors} == {"invalid_table"}
    found = [{(one["row"], one["column"], one["expected"]) for one in error["problems"]} for error in errors]
    assert found[0] == found[1] == found[2]
    assert [error["n_problems"] for error in errors] == [9, 9, 9]
    assert {(row, column) for row, column, _ in found[0]} == {
        *((1, name) for name in ("platform", "posts_per_day", "created_at")),
        *((2, name) for name in ("profile_id", "n_followers", "created_at")),
        *((3, name) for name in ("n_followers", "n_following", "posts_per_day")),
    }


@pytest.mark.parametrize("media_type", [ARROW, PARQUET])
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("posts_per_day", pa.array([float("nan")], pa.float32())),
        ("posts_per_day", pa.array([float("inf")])),
        ("n_followers", pa.array([2**64 - 1], pa.uint64())),
        # Years that Python's own times cannot hold.
        ("created_at", pa.array([2**62], pa.timestamp("us", "UTC"))),
        ("created_at", pa.array([-(2**62)], pa.timestamp("us", "UTC"))),
        ("platform", pa.array(["myspace"]).dictionary_encode()),
    ],
)
def test_a_value_that_json_cannot_say_is_refused_too(
    client: TestClient, media_type: str, column: str, values: pa.Array
) -> None:
    table = pa.table({"profile_id": ["a"], column: values})
    answer = post(client, "profiles", as_body(table, media_type), media_type)
    assert (answer.status_code, error_of(answer)["code"]) == (422, "invalid_table"), answer.text


@pytest.mark.parametrize("media_type", [ARROW, PARQUET])
def test_of_a_file_too_the_first_problems_are_listed_by_row_and_all_are_counted(
    client: TestClient, media_type: str
) -> None:
    frame = pl.DataFrame({"profile_id": [str(n) for n in range(300)], "n_followers": [-1] * 300, "n_posts": [-2] * 300})
    error = error_of(post(client, "profiles", as_body(frame, media_type), media_type))
    assert (len(error["problems"]), error["n_problems"]) == (100, 600)
    assert [one["row"] for one in error["problems"]] == [row for row in range(1, 51) for _ in range(2)]


def test_of_many_problems_the_first_are_listed_and_all_are_counted(client: TestClient) -> None:
    error = error_of(post(client, "comments", json.dumps({"rows": [{}] * 400}).encode()))
    assert (len(error["problems"]), error["n_problems"]) == (100, 800)


def torn(media_type: str) -> bytes:
    return as_body(PROFILES, media_type)[:-30]


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{", JSON, 400, "unreadable_body"),
        (b"", JSON, 400, "unreadable_body"),
        (b'{"rows": [{"profile_id": "\\ud800"}]}', JSON, 400, "unreadable_body"),
        (b'{"rows": [{"profile_id": "\xff"}]}', JSON, 400, "unreadable_body"),
        (b"[" * 5000, JSON, 400, "unreadable_body"),
        (b"[]", JSON, 422, "invalid_table"),
        (b'{"rows": null}', JSON, 422, "invalid_table"),
        (b"", PARQUET, 400, "unreadable_body"),
        (b"PAR1 nothing PAR1", PARQUET, 400, "unreadable_body"),
        (torn(PARQUET), PARQUET, 400, "unreadable_body"),
        (b"", ARROW, 400, "unreadable_body"),
        (torn(ARROW), ARROW, 400, "unreadable_body"),
        (as_body(PROFILES, PARQUET), ARROW, 400, "unreadable_body"),
        (as_body(PROFILES, ARROW), PARQUET, 400, "unreadable_body"),
        (b"profile_id\na\n", "text/csv", 415, "unknown_content_type"),
        (b"{}", "", 415, "unknown_content_type"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: TestClient, body: bytes, media_type: str, status: int, code: str
) -> None:
    answer = post(client, "profiles", body, media_type)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert "/tmp" not in answer.text
    assert "Traceback" not in answer.text


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    answer = client.post("/v1/score/profiles", content=b"\x1f\x8b", headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (415, "unknown_encoding")


def test_an_answer_nobody_can_give_is_not_acceptable(client: TestClient) -> None:
    answer = post(client, "profiles", as_body(PROFILES, JSON), accept="text/html")
    assert (answer.status_code, error_of(answer)["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("query", ["?platform=myspace", "?as_of=yesterday", "?explain=perhaps", "?plattform=weibo"])
def test_an_option_that_cannot_be_used_is_named(client: TestClient, query: str) -> None:
    answer = post(client, "profiles", as_body(PROFILES, JSON), query=query)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (422, "bad_option")
    name, _, value = query[1:].partition("=")
    assert [(one["column"], one["value"]) for one in error["problems"]] == [(name, value)]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_too_many_rows_are_refused(client: TestClient, media_type: str) -> None:
    frame = pl.DataFrame({"profile_id": [str(n) for n in range(1001)]})
    answer = post(client, "profiles", as_body(frame, media_type), media_type)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "too_many_rows")
    assert post(client, "profiles", as_body(frame.head(1000), media_type), media_type).status_code == 200


@pytest.mark.parametrize("media_type", [ARROW, PARQUET])
def test_a_text_that_stands_in_every_row_is_counted_in_every_row(client: TestClient, media_type: str) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 900), pa.array(["长" * 1000]))
    table = pa.table({"comment_id": [str(n) for n in range(900)], "text": text})
    body = as_body(table, media_type)
    assert len(body) < 2**16
    answer = post(client, "comments", body, media_type)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "body_too_large")


def test_texts_are_bounded_by_what_scoring_takes(tmp_path: Path) -> None:
    # Once a body of a kilobyte and 19 GB of memory.
    n_rows = Limits().text_bytes // 9000 + 1
    text = pa.DictionaryArray.from_arrays(pa.array([0] * n_rows, pa.int32()), pa.array(["a" * 9000]))
    with open_client(tmp_path) as client:
        body = as_body(pa.table({"comment_id": [str(n) for n in range(n_rows)], "text": text}), PARQUET)
        answer = post(client, "comments", body, PARQUET)
        assert (answer.status_code, error_of(answer)["code"]) == (413, "body_too_large")


def test_names_of_columns_need_not_be_text(client: TestClient) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"comment_id": ["1"], "text": ["x"], "abcdef": [1]}), sink, store_schema=False)
    answer = post(client, "comments", sink.getvalue().replace(b"abcdef", b"ab\xffdef"), PARQUET)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "unreadable_body")


class PanicException(BaseException):
    """As each library written in Rust has one."""


class GivesUp:
    """A model whose library ends in a panic."""

    version, manifest = "comment/0 000000000000", SimpleNamespace(label="comment/0")

    def predict(self, _normalised: pl.Series) -> pl.DataFrame:
        raise PanicException("index out of bounds")


def test_a_panic_is_an_answer(tmp_path: Path) -> None:
    models = toy_models(comment=GivesUp())
    with open_client(tmp_path, models=models) as client:
        answer = post(client, "comments", as_body(COMMENTS, JSON))
        assert (answer.status_code, error_of(answer)["code"]) == (500, "internal")


def test_a_large_json_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with open_client(tmp_path, json_bytes=100) as client:
        answer = post(client, "profiles", as_body(PROFILES, JSON))
        assert (answer.status_code, error_of(answer)["code"]) == (413, "body_too_large")


def test_a_shelf_without_the_model_says_so(tmp_path: Path) -> None:
    models = toy_models(audience=None, comment=None, post=None, creator=None)
    with open_client(tmp_path, models=models) as client:
        for kind, frame in (("profiles", PROFILES), ("comments", COMMENTS), ("posts", POSTS), ("creators", PROFILES)):
            answer = post(client, kind, as_body(frame, JSON))
            assert (answer.status_code, error_of(answer)["code"]) == (503, "no_model")


class Broken:
    """A model with a mistake of ours in it."""

    version, manifest = "comment/0 000000000000", SimpleNamespace(label="comment/0")

    def predict(self, _normalised: pl.Series) -> pl.DataFrame:
        raise RuntimeError("secret in /home/somebody")


def test_our_own_mistake_is_logged_and_not_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_client(tmp_path, models=toy_models(comment=Broken())) as client:
        answer = post(client, "comments", as_body(COMMENTS, JSON))
    assert (answer.status_code, error_of(answer)["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "secret in /home/somebody" in caplog.text


def test_http_and_the_command_line_agree(client: TestClient, zhenfen: Runner, tmp_path: Path) -> None:
    PROFILES.write_parquet(tmp_path / "in.parquet")
    ran = zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert ran.code == 0, ran.err
    answer = post(client, "profiles", (tmp_path / "in.parquet").read_bytes(), PARQUET)
    assert answer.json()["rows"] == pl.read_parquet(tmp_path / "out.parquet").to_dicts()
