"""The people of each audience: counted once, apart from the other audiences, and only where something is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from zhenfen.features.audience.people import (
    FOLLOWING_SCHEMA,
    ORIGINS_SCHEMA,
    count_following,
    count_origins,
    find_people,
    read_claims,
)
from zhenfen.tables import TABLES, Tables, make_frame

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def make_tables(audience: list[dict[str, Any]] = (), comments: list[dict[str, Any]] = (), **creator: Any) -> Tables:
    creators = [{"creator_id": "c", "platform": "weibo", **creator}]
    posts = [{"post_id": "p", "creator_id": "c", "text": "今天也很开心"}]
    numbered = [{"comment_id": f"k{n}", "post_id": "p", "creator_id": "c", **row} for n, row in enumerate(comments)]
    rows = {
        "creators": creators,
        "posts": posts,
        "audience": [{"creator_id": "c", **row} for row in audience],
        "comments": numbered,
    }
    return Tables(
        {
            name: make_frame(TABLES[name], pl.DataFrame(some, infer_schema_length=None))
            for name, some in rows.items()
            if some
        }
    )


def profiles(n: int, frame: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"profile_id": f"{frame}{at}", "frame": frame, **columns} for at in range(n)]


def origins(tables: Tables, kind: str, n_needed: int = 1) -> list[tuple[Any, ...]]:
    counted = count_origins(find_people(tables), read_claims(tables), n_needed)
    assert dict(counted.schema) == ORIGINS_SCHEMA
    return counted.filter(kind=kind).select("frame", "value", "n_people", "n_known", "share").rows()


def test_a_commenter_of_both_tables_is_one_person() -> None:
    comments = [
        {"author_id": "u1", "region": "广东", "created_at": NOON, "text": "好看"},
        {"author_id": "u1", "region": "江苏", "created_at": NOON.replace(hour=13), "text": "真好"},
        {"author_id": "u2", "region": "中国香港", "created_at": NOON},
        # The creator is nobody's audience; without an id or a name nobody knows who it was.
        {"author_id": "c", "region": "北京"},
        {"region": "北京"},
    ]
    people = find_people(make_tables([{"profile_id": "u1", "frame": "commenters", "bio": "爱吃"}], comments))
    found = people.sort("person_id").select("frame", "person_id", "region").rows()
    # The profile says no region, so the latest comment does.
    assert found == [("commenters", "u1", "江苏"), ("commenters", "u2", "中国香港")]


def test_each_audience_is_counted_by_itself() -> None:
    tables = make_tables([*profiles(2, "newest", region="广东"), *profiles(3, "likers", region="日本")])
    assert origins(tables, "region") == [("likers", "JP", 3, 3, 1.0), ("newest", "CN-GD", 2, 2, 1.0)]


def test_unknown_regions_are_counted_and_have_no_share() -> None:
    known = [*profiles(3, "newest", region="浙江杭州"), {"profile_id": "x", "frame": "newest", "region": "广东"}]
    unknown = [
        {"profile_id": f"y{at}", "frame": "newest", "region": region} for at, region in enumerate((None, "其他"))
    ]
    assert origins(make_tables([*known, *unknown]), "region") == [
        ("newest", "CN-ZJ", 3, 4, 0.75),
        ("newest", None, 2, 4, None),
        ("newest", "CN-GD", 1, 4, 0.25),
    ]
    assert origins(make_tables([*known, *unknown]), "region", n_needed=5) == []


def test_what_the_creator_claims_has_a_row_even_where_nobody_is_there() -> None:
    tables = make_tables(profiles(4, "newest", region="日本"), region="上海")
    assert origins(tables, "region") == [("newest", "JP", 4, 4, 1.0), ("newest", "CN-SH", 0, 4, 0.0)]
    # "China" is no claim that a province could contradict.
    assert read_claims(make_tables(region="中国")).rows() == [("c", "language", "zh")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今天天气很好 nice", "zh"),
        ("今日はとても楽しい", "ja"),
        ("奶茶の日常生活记录分享", "zh"),
        ("안녕하세요", "ko"),
        ("bonjour à tous", "latin"),
        ("привет", "cyrillic"),
        ("สวัสดี", "thai"),
        ("666 👍", None),
        (None, None),
    ],
)
def test_the_language_is_that_of_most_letters(text: str | None, language: str | None) -> None:
    rows = [*profiles(1, "newest", bio=text), {"profile_id": "x", "frame": "newest", "bio": "中文"}]
    found = {value: n for _, value, n, *_ in origins(make_tables(rows), "language")}
    assert found == ({"zh": 2} if language == "zh" else {"zh": 1, language: 1})


def test_commenters_are_looked_for_among_the_followers() -> None:
    followers = [{"profile_id": f"u{at}", "frame": "newest"} for at in range(4)]
    # A liker is no follower known by id.
    likers = [{"profile_id": "u9", "frame": "likers"}]
    comments = [{"author_id": one} for one in ("u0", "u0", "u3", "u9", "u8")]
    tables = make_tables([*followers, *likers], comments, n_followers=10)
    counted = count_following(find_people(tables), tables["creators"])
    assert dict(counted.schema) == FOLLOWING_SCHEMA
    assert counted.rows() == [("c", 4, 2, 4, 10)]
    for lacking in (make_tables(followers), make_tables([], comments)):
        assert count_following(find_people(lacking), lacking["creators"]).is_empty()
