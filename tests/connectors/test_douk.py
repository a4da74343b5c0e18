from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_builder import as_cells, read, rows, unusable, write_csv, write_database, write_workbook

POST_ID = "7300000000000000001"


def post(number: str = POST_ID, **changes: Any) -> dict[str, Any]:
    return {
        "作品类型": "视频",
        "采集时间": "2025-06-01 10:00:00",
        "UID": "11",
        "SEC_UID": "MS4a",
        "ID": "xiaowang",
        "作品ID": number,
        "作品描述": "今天吃什么",
        "作品话题": "['吃']",
        "视频时长": "00:00:31",
        "作品链接": f"https://www.douyin.com/video/{number}",
        "发布时间": "2025-05-02 08:30:00",
        "账号昵称": "小王",
        "账号签名": "爱吃",
        "点赞数量": "12000",
        "评论数量": "30",
        "收藏数量": "-1",
        "分享数量": "5",
        "播放数量": "-1",
        "额外信息": "",
    } | changes


def user(**changes: Any) -> dict[str, Any]:
    return {
        "采集时间": "2025-06-01 10:00:00",
        "昵称昵称": "小王",
        "账号链接": "https://www.douyin.com/user/MS4a",
        "账号签名": "爱吃",
        "抖音号": "xiaowang",
        "IP归属地": "IP属地：湖南",
        "SEC_UID": "MS4a",
        "UID": "11",
        "作品数量": "40",
        "获赞数量": "90000",
        "粉丝数量": "5000",
        "关注数量": "-1",
        "粉丝最大值": "5100",
    } | changes


def comment(number: str = "c1", **changes: Any) -> dict[str, Any]:
    return {
        "采集时间": "2025-06-01 10:00:00",
        "评论ID": number,
        "评论时间": "2025-05-02 09:00:00",
        "UID": "21",
        "SEC_UID": "MS4f",
        "账号昵称": "路人",
        "IP归属地": "未知",
        "评论内容": "好吃",
        "点赞数量": "2",
        "回复数量": "0",
        "回复ID": "0",
        "回复对象": "",
    } | changes


def test_posts_accounts_and_comments(tmp_path: Path) -> None:
    write_csv(tmp_path / "UID11_小王_发布作品.csv", [post(), post("2", 作品描述="2", 作品类型="图集")])
    write_csv(tmp_path / "账号数据.csv", [user()])
    write_csv(tmp_path / f"作品{POST_ID}_评论数据.csv", [comment(), comment("c2", 回复ID="c1", IP归属地="湖南")])
    tables = read(tmp_path)
    posts = {row["post_id"]: row for row in tables["posts"].to_dicts()}
    expected = {"creator_id": "MS4a", "text": "今天吃什么", "media_kind": "video", "n_likes": 12000, "n_views": None}
    expected |= {"n_saves": None, "published_at": datetime(2025, 5, 2, 0, 30, tzinfo=UTC)}
    assert {name: posts[POST_ID][name] for name in expected} == expected
    assert (posts["2"]["text"], posts["2"]["media_kind"]) == (None, "image")
    facts = ("creator_id", "display_name", "platform", "n_followers", "n_following", "n_posts", "region")
    assert rows(tables, "creators", *facts) == [("MS4a", "小王", "douyin", 5000, None, 40, "湖南")]
    assert rows(tables, "follower_counts", "creator_id", "n_followers") == [("MS4a", 5000)]
    said = ("comment_id", "post_id", "creator_id", "author_id", "parent_comment_id", "region")
    assert sorted(rows(tables, "comments", *said)) == [
        ("c1", POST_ID, "MS4a", "MS4f", None, None),
        ("c2", POST_ID, "MS4a", "MS4f", "c1", "湖南"),
    ]
    assert unusable(tables) == set()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "db"])
def test_every_kind_of_file_says_the_same(tmp_path: Path, kind: str) -> None:
    if kind == "csv":
        write_csv(tmp_path / "posts.csv", [post()])
    elif kind == "xlsx":
        write_workbook(tmp_path / "posts.xlsx", {"UID11": as_cells([post()])})
    else:
        write_database(tmp_path / "DetailData.db", {"UID11_小王_发布作品": [post()]})
    assert rows(read(tmp_path), "posts", "post_id", "creator_id", "n_likes") == [(POST_ID, "MS4a", 12000)]


def test_links_say_the_platform(tmp_path: Path) -> None:
    there = {"作品链接": "https://www.tiktok.com/@wang/video/3", "SEC_UID": "MS4t", "账号昵称": "wang"}
    write_csv(tmp_path / "posts.csv", [post(), post("3", **there)])
    assert sorted(rows(read(tmp_path), "creators", "creator_id", "platform")) == [
        ("MS4a", "douyin"),
        ("MS4t", "tiktok"),
    ]


def test_what_was_searched_for_was_found_by_a_search(tmp_path: Path) -> None:
    write_database(tmp_path / "SearchData.db", {"搜索数据_视频": [post()]})
    assert rows(read(tmp_path), "creators", "found_by") == [("search",)]


def test_comments_on_a_post_that_is_not_there_are_listed(tmp_path: Path) -> None:
    write_csv(tmp_path / "posts.csv", [post()])
    write_csv(tmp_path / f"作品{POST_ID}_评论数据.csv", [comment("c1")])
    write_csv(tmp_path / "x" / f"作品{POST_ID}_评论数据_副本.csv", [comment("c3")])
    tables = read(tmp_path)
    assert {row[0] for row in rows(tables, "comments", "comment_id")} == {"c1", "c3"}


def test_comments_alone_are_read_as_a_sheet_is(tmp_path: Path) -> None:
    write_csv(tmp_path / "comments.csv", [comment()])
    tables = read(tmp_path, creator_name="小王", platform="抖音")
    assert rows(tables, "comments", "comment_id", "text") == [("c1", "好吃")]
    assert rows(tables, "creators", "display_name", "platform") == [("小王", "douyin")]
