from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from export_builder import read, rows, unusable, write_csv, write_database

from zhenfen.connectors.base import choose_connector
from zhenfen.connectors.export import open_export


def note(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "采集时间": "2025-06-01 10:00:00",
        "作品ID": f"n{number}",
        "作品类型": "图文",
        "作品标题": "标题",
        "作品描述": "正文 #话题[话题]#",
        "作品标签": "话题",
        "发布时间": "2025-05-02_08:30:00",
        "最后更新时间": "2025-05-02_08:31:00",
        "收藏数量": "10+",
        "评论数量": "3",
        "分享数量": "-1",
        "点赞数量": "1.2万",
        "作者昵称": "小王",
        "作者ID": "u1",
        "作者链接": "https://www.xiaohongshu.com/user/profile/u1",
        "作品链接": f"https://www.xiaohongshu.com/explore/n{number}",
        "下载地址": "x",
        "动图地址": "NaN",
    } | changes


def test_notes_of_the_database_become_posts(tmp_path: Path) -> None:
    tables = read(write_database(tmp_path / "ExploreData.db", {"explore_data": [note(), note(2, 作品类型="视频")]}))
    posts = tables["posts"].sort("post_id").to_dicts()
    moment, seen = datetime(2025, 5, 2, 0, 30, tzinfo=UTC), datetime(2025, 6, 1, 2, tzinfo=UTC)
    expected = {"post_id": "n1", "creator_id": "u1", "published_at": moment, "observed_at": seen, "n_likes": 12000}
    expected |= {"n_saves": 10, "n_comments": 3, "n_shares": None, "media_kind": "image"}
    assert {name: posts[0][name] for name in expected} == expected
    assert posts[0]["text"].startswith("标题\n正文")
    assert posts[1]["media_kind"] == "video"
    assert rows(tables, "creators", "creator_id", "display_name", "platform", "n_followers") == [
        ("u1", "小王", "xiaohongshu", None)
    ]
    # A count that the tool was not told is no fault of the row.
    assert unusable(tables) == set()


def test_a_sheet_made_of_the_database_is_the_same(tmp_path: Path) -> None:
    notes = [note(), note(2, 作者ID="u2", 作者昵称="小李")]
    database = read(write_database(tmp_path / "a" / "ExploreData.db", {"explore_data": notes}))
    sheet = read(write_csv(tmp_path / "b" / "notes.csv", notes))
    assert database["posts"].equals(sheet["posts"])
    assert database["creators"].equals(sheet["creators"])


def test_unknown_times_and_kinds_are_null(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "notes.csv", [note(发布时间="未知", 作品类型="未知")]))
    assert rows(tables, "posts", "published_at", "media_kind") == [(None, None)]


def test_other_databases_are_not_taken(tmp_path: Path) -> None:
    tables = {"explore_data": [note()], "mapping": [{"ID": "1", "NAME": "x"}]}
    with open_export(write_database(tmp_path / "x.db", tables)) as export:
        assert choose_connector(export).name == "xhs_downloader"
