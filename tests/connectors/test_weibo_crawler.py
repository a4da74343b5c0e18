from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_builder import facts, read, rows, unusable, write_csv, write_database, write_json
from polars.testing import assert_frame_equal

from zhenfen.errors import InputError

USER = "1669879400"
POST = {
    "id": "5001\t",
    "bid": "Abc",
    "正文": "你好&nbsp;#话题# \u200b\u200b",
    "头条文章url": "",
    "原始图片url": "http://x/1.jpg",
    "视频url": "",
    "位置": "",
    "日期": "2024-01-02",
    "工具": "iPhone",
    "点赞数": "1.2万",
    "评论数": "3",
    "转发数": "100万+",
    "话题": "话题",
    "@用户": "",
    "完整日期": "2024-01-02 10:21:42",
}
PROFILE = {
    "用户id": USER,
    "昵称": "小王",
    "性别": "f",
    "所在地": "北京 海淀区",
    "IP属地": "北京",
    "注册时间": "2011-03-04",
    "微博数": "120",
    "粉丝数": "3.4亿",
    "关注数": "56",
    "简介": "简介",
    "是否认证": "True",
    "认证类型": "0",
}
MOMENT = datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC)
COUNTS = ("n_likes", "n_comments", "n_shares")


def repost(**changes: Any) -> dict[str, Any]:
    quoted = {f"源微博{name}": value for name, value in POST.items()} | {"源微博id": "4001\t"}
    return POST | {"id": "5002\t", "是否原创": "False", "源用户id": "99", "源用户昵称": "别人"} | quoted | changes


def test_posts_of_a_csv_folder_named_after_the_user(tmp_path: Path) -> None:
    write_csv(tmp_path / "小王" / f"{USER}.csv", [POST])
    tables = read(tmp_path)
    columns = ("post_id", "creator_id", "text", "media_kind", "published_at", "observed_at", *COUNTS)
    assert rows(tables, "posts", *columns) == [
        ("5001", USER, "你好 #话题#", "image", MOMENT, None, 12000, 3, 1_000_000)
    ]
    assert rows(tables, "creators", "creator_id", "platform", "display_name") == [(USER, "weibo", "小王")]
    # The tool leaves the column 是否原创 out when it was told to keep originals only.
    assert rows(tables, "posts", "is_repost") == [(False,)]


def test_a_folder_named_by_the_id_names_nobody(tmp_path: Path) -> None:
    write_csv(tmp_path / USER / f"{USER}.csv", [POST])
    assert rows(read(tmp_path), "creators", "creator_id", "display_name") == [(USER, None)]


def test_users_csv_holds_the_profiles(tmp_path: Path) -> None:
    write_csv(tmp_path / "小王" / f"{USER}.csv", [POST])
    write_csv(tmp_path / "users.csv", [PROFILE, PROFILE | {"用户id": "1000000001", "昵称": "小李", "认证类型": "-1"}])
    tables = read(tmp_path)
    columns = ("display_name", "bio", "region", "is_verified", "verified_kind", "n_followers", "n_following", "n_posts")
    assert rows(tables, "creators", *columns) == [
        ("小李", "简介", "北京", True, None, 340_000_000, 56, 120),
        ("小王", "简介", "北京", True, "person", 340_000_000, 56, 120),
    ]
    assert rows(tables, "creators", "created_at")[0] == (datetime(2011, 3, 4, tzinfo=UTC),)
    # Nobody knows when the profile was captured, so its count is no point of the curve.
    assert tables["follower_counts"].is_empty()


def test_a_repost_keeps_the_accounts_own_words(tmp_path: Path) -> None:
    texts = {"5002\t": "真好//@别人:原来的话", "5003\t": "//@甲:一//@乙:二", "5004\t": "转发微博"}
    originals = [POST | {"是否原创": "True"} | dict.fromkeys(repost().keys() - POST.keys() - {"是否原创"}, "")]
    written = originals + [repost(id=number, 正文=text) for number, text in texts.items()]
    write_csv(tmp_path / f"{USER}.csv", written)
    found = rows(read(tmp_path), "posts", "post_id", "is_repost", "text")
    assert found == [
        ("5001", False, "你好 #话题#"),
        ("5002", True, "真好"),
        ("5003", True, None),
        ("5004", True, "转发微博"),
    ]


def test_a_file_name_that_is_no_account_is_an_error(tmp_path: Path) -> None:
    write_csv(tmp_path / "posts.csv", [POST])
    with pytest.raises(InputError, match="creator_id"):
        read(tmp_path)


JSON_POST = {
    "user_id": int(USER),
    "screen_name": "小王",
    "id": 5001,
    "bid": "Abc",
    "text": "你好&nbsp;#话题#",
    "pics": "http://x/1.jpg",
    "video_url": "",
    "article_url": "",
    "created_at": "2024-01-02T10:21:42",
    "full_created_at": "2024-01-02 10:21:42",
    "attitudes_count": 12000,
    "comments_count": 3,
    "reposts_count": 1000000,
}
JSON_USER = {"id": USER, "screen_name": "小王", "description": "简介", "statuses_count": 120} | {
    "followers_count": 340000000,
    "follow_count": 56,
    "location": "北京",
    "verified": True,
    "verified_type": 3,
    "registration_time": "2011-03-04",
}


def test_json_of_a_user(tmp_path: Path) -> None:
    quoted = JSON_POST | {"id": 5002, "text": "真好//@别人:x", "retweet": {"id": 4001, "user_id": 99}}
    write_json(tmp_path / "小王" / f"{USER}.json", {"user": JSON_USER, "weibo": [JSON_POST, quoted]})
    tables = read(tmp_path)
    assert rows(tables, "posts", "post_id", "creator_id", "text", "is_repost", "published_at", *COUNTS) == [
        ("5001", USER, "你好 #话题#", False, MOMENT, 12000, 3, 1_000_000),
        ("5002", USER, "真好", True, MOMENT, 12000, 3, 1_000_000),
    ]
    found = rows(tables, "creators", "display_name", "n_followers", "verified_kind", "is_verified")
    assert found == [("小王", 340_000_000, "organisation", True)]


def test_json_on_one_line_and_torn_json(tmp_path: Path) -> None:
    path = tmp_path / f"{USER}.json"
    text = json.dumps({"user": JSON_USER, "weibo": [JSON_POST]}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    assert read(tmp_path)["posts"].height == 1
    path.write_text(text[:-30], encoding="utf-8")
    with pytest.raises(InputError, match=rf"{USER}.json, row 1: .*column \d+.*expected whole JSON"):
        read(tmp_path)


def make_database(path: Path) -> Path:
    blank = dict.fromkeys(("article_url", "video_url", "live_photo_url", "location", "source"), "")
    weibo = {name: JSON_POST[name] for name in ("id", "bid", "user_id", "screen_name", "text", "pics", "created_at")}
    weibo |= {name: JSON_POST[name] for name in ("attitudes_count", "comments_count", "reposts_count")} | blank
    user = {"id": USER, "nick_name": "小王", "gender": "f", "follower_count": 5, "follow_count": 6, "bio": "简介"}
    comment = {"id": "7001", "bid": "", "weibo_id": "5001", "root_id": "7001", "user_id": "33", "like_count": 2}
    comment |= {"created_at": "Tue Jan 02 10:21:42 +0800 2024", "user_screen_name": "路人", "text": "回复 @x:好&gt;"}
    return write_database(
        path,
        {
            "user": [user],
            "weibo": [
                weibo | {"retweet_id": ""},
                weibo | {"id": 5002, "retweet_id": "4001", "text": "真好//@别人:x"},
                weibo | {"id": 4001, "user_id": 99, "screen_name": "别人", "retweet_id": ""},
            ],
            "comments": [comment, comment | {"id": "7002", "root_id": "7001"}, comment | {"id": "8", "weibo_id": "9"}],
            "bins": [{"id": 1}],
            "reposts": [{"id": 1}],
        },
    )


def test_the_database_and_its_comments(tmp_path: Path) -> None:
    tables = read(make_database(tmp_path / "weibodata.db"))
    assert rows(tables, "posts", "post_id", "is_repost", "text") == [
        ("5001", False, "你好 #话题#"),
        ("5002", True, "真好"),
    ]
    columns = ("comment_id", "post_id", "creator_id", "author_id", "author_name", "created_at", "text", "n_likes")
    assert rows(tables, "comments", *columns, "parent_comment_id") == [
        ("7001", "5001", USER, "33", "路人", MOMENT, "回复 @x:好>", 2, None),
        ("7002", "5001", USER, "33", "路人", MOMENT, "回复 @x:好>", 2, "7001"),
    ]
    assert rows(tables, "creators", "creator_id", "n_followers", "bio") == [(USER, 5, "简介")]
    # The repost brought a post of somebody else into the same table, and one comment is on a post that is not there.
    assert unusable(tables) == {
        ("posts", 3, "creator_id", "99", "unusable.other_author", "row_left_out"),
        ("comments", 3, "creator_id", None, "unusable.post", "row_left_out"),
    }


def test_the_three_forms_agree(tmp_path: Path) -> None:
    write_csv(tmp_path / "csv" / "小王" / f"{USER}.csv", [POST | {"转发数": "1000000"}])
    write_json(tmp_path / "json" / f"{USER}.json", {"user": {"id": USER, "screen_name": "小王"}, "weibo": [JSON_POST]})
    posts = [facts(read(tmp_path / form))["posts"] for form in ("csv", "json")]
    assert_frame_equal(*posts)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    post = {name: value for name, value in JSON_POST.items() if name != "id"}
    write_json(tmp_path / "a.json", {"user": JSON_USER, "weibo": [post]})
    with pytest.raises(InputError, match=r"a\.json:weibo, column post_id: expected one of the columns id"):
        read(tmp_path)
