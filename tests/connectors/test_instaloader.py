from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from export_builder import read, rows, unusable, write_json

TOOL = {"version": "4.14", "node_type": "Post"}


def post(code: str = "Cabc", kind: str = "Post", **changes: Any) -> dict[str, Any]:
    node = {
        "__typename": "GraphImage",
        "id": "3000000000000000001",
        "shortcode": code,
        "is_video": False,
        "taken_at_timestamp": 1704162102,
        "edge_media_to_caption": {"edges": [{"node": {"text": "lunch #food"}}]},
        "edge_media_preview_like": {"count": 120, "edges": []},
        "edge_media_to_comment": {"count": 3},
        "video_view_count": None,
        "owner": {"id": "42", "username": "wang"},
    } | changes
    return {"instaloader": TOOL | {"node_type": kind}, "node": node}


PROFILE = {
    "instaloader": TOOL | {"node_type": "Profile"},
    "node": {
        "id": "42",
        "username": "wang",
        "full_name": "Wang",
        "biography": "eats",
        "is_verified": False,
        "edge_followed_by": {"count": 5000},
        "edge_follow": {"count": 12},
    },
}


def comment(number: int, **changes: Any) -> dict[str, Any]:
    owner = {"id": "77", "username": "li", "profile_pic_url": "x"}
    return {
        "id": number,
        "created_at": 1704170000,
        "text": "nice",
        "owner": owner,
        "likes_count": 1,
        "answers": [],
    } | changes


def test_posts_profile_and_comments(tmp_path: Path) -> None:
    folder = tmp_path / "wang"
    write_json(folder / "2024-01-02_UTC.json", post())
    answer = {key: value for key, value in comment(8).items() if key != "answers"}
    write_json(folder / "2024-01-02_UTC_comments.json", [comment(7, answers=[answer]), comment(9)])
    write_json(folder / "wang_42.json", PROFILE)
    tables = read(tmp_path)
    (one,) = tables["posts"].to_dicts()
    expected = {"post_id": "Cabc", "creator_id": "42", "text": "lunch #food", "media_kind": "image", "n_likes": 120}
    expected |= {"n_comments": 3, "n_views": None, "published_at": datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC)}
    assert {name: one[name] for name in expected} == expected
    assert rows(tables, "creators", "creator_id", "display_name", "platform", "n_followers", "bio") == [
        ("42", "wang", "instagram", 5000, "eats")
    ]
    said = ("comment_id", "post_id", "creator_id", "author_name", "parent_comment_id")
    assert sorted(rows(tables, "comments", *said)) == [
        ("7", "Cabc", "42", "li", None),
        ("8", "Cabc", "42", "li", "7"),
        ("9", "Cabc", "42", "li", None),
    ]
    assert unusable(tables) == set()


def test_hidden_likes_are_unknown(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", post(edge_media_preview_like={"count": -1}))
    tables = read(tmp_path)
    assert rows(tables, "posts", "n_likes") == [(None,)]
    assert unusable(tables) == set()


def test_the_newer_shape_of_a_post(tmp_path: Path) -> None:
    newer = post(is_video=True, video_view_count=900, date=1704162102, caption="lunch")
    for gone in ("taken_at_timestamp", "edge_media_to_caption"):
        del newer["node"][gone]
    write_json(tmp_path / "a.json", newer)
    facts = rows(read(tmp_path), "posts", "text", "media_kind", "n_views", "published_at")
    assert facts == [("lunch", "video", 900, datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC))]


def test_stories_are_listed_and_not_taken_for_posts(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", post())
    write_json(tmp_path / "b.json", post("Cxyz", kind="StoryItem"))
    tables = read(tmp_path)
    assert rows(tables, "posts", "post_id") == [("Cabc",)]
    listed = tables["unusable"].filter(tables["unusable"]["expected"] == "unusable.file")
    assert listed["file"].to_list() == ["b.json"]


def test_packed_files_are_named(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", post())
    (tmp_path / "b.json.xz").write_bytes(b"\xfd7zXZ\x00")
    tables = read(tmp_path)
    assert "b.json.xz" in tables["unusable"]["file"].to_list()
