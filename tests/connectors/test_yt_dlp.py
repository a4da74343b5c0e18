from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_builder import read, rows, unusable, write_json

from zhenfen.errors import InputError

SEEN = 1735700000


def video(number: str = "v1", **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": "Title",
        "formats": [{"format_id": "18", "url": "https://x"}],
        "description": "Words",
        "channel_id": "UC1",
        "channel": "Wang",
        "channel_follower_count": 5000,
        "uploader": "Wang",
        "uploader_id": "@wang",
        "timestamp": 1704162102,
        "upload_date": "20240102",
        "view_count": 900,
        "like_count": None,
        "comment_count": 2,
        "live_status": "not_live",
        "extractor_key": "Youtube",
        "_type": "video",
        "epoch": SEEN,
        "_version": {"version": "2025.01.01"},
    } | changes


def comment(number: str = "c1", **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "text": "nice",
        "author": "Li",
        "author_id": "UC9",
        "timestamp": 1704170000,
        "like_count": 3,
        "parent": "root",
    } | changes


def test_a_video_and_its_comments(tmp_path: Path) -> None:
    write_json(tmp_path / "a.info.json", video(comments=[comment(), comment("c2", parent="c1", like_count=None)]))
    write_json(tmp_path / "b.info.json", video("v2", timestamp=None, live_status="was_live", repost_count=4))
    tables = read(tmp_path)
    posts = {row["post_id"]: row for row in tables["posts"].to_dicts()}
    expected = {"creator_id": "UC1", "text": "Title\nWords", "n_views": 900, "n_likes": None, "n_comments": None}
    expected |= {"published_at": datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC), "media_kind": "video"}
    expected |= {"observed_at": datetime.fromtimestamp(SEEN, UTC)}
    assert {name: posts["v1"][name] for name in expected} == expected
    assert (posts["v2"]["media_kind"], posts["v2"]["n_shares"]) == ("live", 4)
    assert posts["v2"]["published_at"] == datetime(2024, 1, 2, tzinfo=UTC)
    assert rows(tables, "creators", "creator_id", "display_name", "platform", "n_followers") == [
        ("UC1", "Wang", "youtube", 5000)
    ]
    assert rows(tables, "follower_counts", "creator_id", "n_followers") == [("UC1", 5000)]
    said = ("comment_id", "post_id", "creator_id", "author_id", "n_likes", "parent_comment_id")
    assert sorted(rows(tables, "comments", *said)) == [
        ("c1", "v1", "UC1", "UC9", 3, None),
        ("c2", "v1", "UC1", "UC9", None, "c1"),
    ]
    assert unusable(tables) == set()


def test_files_of_two_days_are_a_series(tmp_path: Path) -> None:
    write_json(tmp_path / "a.info.json", video())
    write_json(tmp_path / "b.info.json", video("v2", epoch=SEEN + 86400, channel_follower_count=5100))
    tables = read(tmp_path)
    assert sorted(rows(tables, "follower_counts", "n_followers")) == [(5000,), (5100,)]
    assert rows(tables, "creators", "n_followers") == [(5100,)]


def test_a_page_of_a_channel_is_no_video(tmp_path: Path) -> None:
    write_json(tmp_path / "channel.info.json", video("UC1", _type="playlist", extractor_key="YoutubeTab", title="Wang"))
    tables = read(tmp_path)
    assert tables["posts"].is_empty()
    assert rows(tables, "creators", "creator_id", "n_followers") == [("UC1", 5000)]


def test_platforms_by_the_name_of_the_site(tmp_path: Path) -> None:
    write_json(tmp_path / "a.info.json", video(extractor_key="BiliBili", channel_id=None, uploader_id="77"))
    write_json(tmp_path / "b.info.json", video("v2", extractor_key="Vimeo"))
    tables = read(tmp_path)
    assert rows(tables, "creators", "creator_id", "platform") == [("77", "bilibili")]
    assert ("", 0, "", None, "unusable.unsupported", "row_left_out") in unusable(tables)


def test_nothing_but_other_sites_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "a.info.json", video(extractor_key="Vimeo"))
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.problems[0].column == "extractor_key"


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.info.json").write_text('{"id": "v1", "title": "T", "channel_id"', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.problems[0].file == "a.info.json"
