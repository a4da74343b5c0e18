from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_builder import (
    COMMENT_TIME,
    DAY,
    NOTE_TIME,
    SEEN_TIME,
    as_cells,
    comment,
    facts,
    note,
    read,
    rows,
    unusable,
    write_csv,
    write_database,
    write_json,
    write_lines,
    write_notes,
    write_workbook,
)
from polars.testing import assert_frame_equal

from zhenfen.errors import InputError

Rows = list[dict[str, Any]]


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def as_json(folder: Path, notes: Rows, comments: Rows) -> None:
    write_notes(folder, notes, comments)


def as_lines(folder: Path, notes: Rows, comments: Rows) -> None:
    write_lines(folder / "xhs" / "jsonl" / f"search_contents_{DAY}.jsonl", notes)
    write_lines(folder / "xhs" / "jsonl" / f"search_comments_{DAY}.jsonl", comments)


def as_csv(folder: Path, notes: Rows, comments: Rows) -> None:
    write_csv(folder / "xhs" / "csv" / f"search_contents_{DAY}.csv", notes)
    write_csv(folder / "xhs" / "csv" / f"search_comments_{DAY}.csv", comments)


def as_workbook(folder: Path, notes: Rows, comments: Rows) -> None:
    sheets = {"Contents": as_cells(notes), "Comments": as_cells(comments)}
    write_workbook(folder / "xhs" / "xhs_search_20250905_101112.xlsx", sheets)


def as_database(folder: Path, notes: Rows, comments: Rows) -> None:
    write_database(folder / "sqlite_tables.db", {"xhs_note": notes, "xhs_note_comment": comments})


FORMS = [as_json, as_lines, as_csv, as_workbook, as_database]
NOTES = [note(), note("n2", user_id="u2", nickname="小李", type="video", title="", desc="只有正文", ip_location="")]
COMMENTS = [comment(), comment("c2", parent_comment_id="c1", ip_location="北京", content="=cmd()")]


@pytest.mark.parametrize("write", FORMS)
def test_every_form_gives_the_same_tables(tmp_path: Path, write: Callable[[Path, Rows, Rows], None]) -> None:
    as_json(tmp_path / "a", NOTES, COMMENTS)
    write(tmp_path / "b", NOTES, COMMENTS)
    expected, found = facts(read(tmp_path / "a")), facts(read(tmp_path / "b"))
    assert expected.keys() == found.keys()
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


def test_posts_of_xiaohongshu(tmp_path: Path) -> None:
    tables = read(write_notes(tmp_path, NOTES))
    assert rows(tables, "posts", "post_id", "creator_id", "text", "media_kind", "is_repost", "is_labelled_ad") == [
        ("n1", "u1", "标题\n正文 #话题[话题]#", "image", None, None),
        ("n2", "u2", "只有正文", "video", None, None),
    ]
    assert rows(tables, "posts", "n_likes", "n_saves", "n_comments", "n_shares", "n_views")[0] == (
        12000,
        10,
        12345,
        0,
        None,
    )
    assert rows(tables, "posts", "published_at", "observed_at")[0] == (moment(NOTE_TIME), moment(SEEN_TIME))


def test_a_search_gives_creators_without_counts(tmp_path: Path) -> None:
    tables = read(write_notes(tmp_path, NOTES))
    found = rows(tables, "creators", "creator_id", "platform", "display_name", "n_followers", "snapshot_at")
    assert found == [("u1", "xiaohongshu", "小王", None, None), ("u2", "xiaohongshu", "小李", None, None)]
    assert tables["follower_counts"].is_empty()


def test_the_newest_name_of_an_author_counts(tmp_path: Path) -> None:
    notes = [note("n1", nickname="旧"), note("n2", nickname="新", last_modify_ts=SEEN_TIME + 1)]
    for order in (notes, notes[::-1]):
        assert rows(read(write_notes(tmp_path, order)), "creators", "display_name") == [("新",)]


def test_comments_belong_to_the_creator_of_their_post(tmp_path: Path) -> None:
    tables = read(write_notes(tmp_path, NOTES, COMMENTS))
    columns = ("comment_id", "post_id", "creator_id", "author_id", "author_name", "text", "n_likes")
    assert rows(tables, "comments", *columns, "parent_comment_id", "region") == [
        ("c1", "n1", "u1", "f1", "小红薯645C7386", "怎么参加", 3, None, None),
        ("c2", "n1", "u1", "f1", "小红薯645C7386", "=cmd()", 3, "c1", "北京"),
    ]
    assert rows(tables, "comments", "created_at")[0] == (moment(COMMENT_TIME),)


def test_a_comment_whose_post_is_missing_is_listed(tmp_path: Path) -> None:
    tables = read(write_notes(tmp_path, NOTES, [comment(), comment("c2", note_id="n9")]))
    assert rows(tables, "comments", "comment_id") == [("c1",)]
    assert unusable(tables) == {("comments", 2, "creator_id", None, "unusable.post", "row_left_out")}


def test_comments_alone_are_an_error_that_says_why(tmp_path: Path) -> None:
    write_json(tmp_path / "xhs" / f"detail_comments_{DAY}.json", COMMENTS)
    with pytest.raises(InputError, match="the post to be in this export too"):
        read(tmp_path)


def test_rows_found_under_two_keywords_are_merged_and_earlier_readings_of_a_post_kept(tmp_path: Path) -> None:
    again = note(source_keyword="另一个", liked_count="13000", last_modify_ts=SEEN_TIME + 5)
    tables = read(write_notes(tmp_path, [note(), again], [comment(), comment()]))
    assert rows(tables, "posts", "n_likes") == [(13000,)]
    assert tables["comments"].height == 1
    assert rows(tables, "post_counts", "post_id", "observed_at", "n_likes") == [
        ("n1", moment(SEEN_TIME), 12000),
        ("n1", moment(SEEN_TIME + 5), 13000),
    ]
    assert unusable(tables) == {
        ("comments", 2, "comment_id", "c1", "unusable.duplicate", "duplicate_merged"),
    }


def test_profiles_of_a_creator_run(tmp_path: Path) -> None:
    profile = {"user_id": "u1", "nickname": "小王", "desc": "简介", "gender": "Female", "ip_location": "IP属地：上海"}
    profile |= {"follows": "12", "fans": "3.4万", "interaction": "10万+", "tag_list": "{}", "last_modify_ts": SEEN_TIME}
    write_notes(tmp_path, NOTES, prefix="creator")
    write_json(tmp_path / "xhs" / "json" / f"creator_creators_{DAY}.json", [profile])
    tables = read(tmp_path)
    columns = ("creator_id", "bio", "region", "n_followers", "n_following", "n_likes_received", "snapshot_at")
    assert rows(tables, "creators", *columns) == [
        ("u1", "简介", "上海", 34000, 12, 100000, moment(SEEN_TIME)),
        ("u2", None, None, None, None, None, None),
    ]
    assert rows(tables, "follower_counts", "creator_id", "observed_at", "n_followers") == [
        ("u1", moment(SEEN_TIME), 34000)
    ]


@pytest.mark.parametrize("name", ["creator_creators", "creator_creator", "1_creator_creator"])
def test_older_names_of_files(tmp_path: Path, name: str) -> None:
    profile = {"user_id": "u1", "nickname": "小王", "fans": "5", "interaction": "", "tag_list": ""}
    write_csv(tmp_path / "xhs" / f"{name}_{DAY}.csv", [profile])
    assert rows(read(tmp_path), "creators", "n_followers") == [(5,)]


def test_profiles_captured_twice_are_two_points_of_the_curve(tmp_path: Path) -> None:
    for number, day in enumerate(("2025-09-05", "2025-09-06")):
        profile = {"user_id": "u1", "nickname": "小王", "fans": str(100 + number), "interaction": "", "tag_list": ""}
        later = SEEN_TIME + number * 86_400_000
        write_json(tmp_path / "xhs" / f"creator_creators_{day}.json", [profile | {"last_modify_ts": later}])
    tables = read(tmp_path)
    assert rows(tables, "creators", "n_followers") == [(101,)]
    assert rows(tables, "follower_counts", "n_followers") == [(100,), (101,)]


def test_the_newer_generation_has_hashes_and_no_profiles(tmp_path: Path) -> None:
    def newer(row: dict[str, Any]) -> dict[str, Any]:
        gone = ("user_id", "avatar", "ip_location")
        return {"creator_hash": row["user_id"] + "#"} | {name: row[name] for name in row if name not in gone}

    tables = read(write_notes(tmp_path, [newer(note())], [newer(comment())]))
    assert rows(tables, "posts", "creator_id") == [("u1#",)]
    assert rows(tables, "comments", "creator_id", "author_id", "region") == [("u1#", "f1#", None)]


OTHER_PLATFORMS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "dy": (
        "douyin",
        {
            "aweme_id": 7234567890123456789,
            "title": "视频文字",
            "desc": "视频文字",
            "aweme_type": "0",
            "create_time": 1753414835,
        }
        | {"user_id": "u1", "nickname": "小王", "liked_count": "5", "collected_count": "6", "share_count": "7"}
        | {"comment_count": "8"},
        {"text": "视频文字", "media_kind": "video", "n_likes": 5, "n_saves": 6, "n_shares": 7, "n_comments": 8},
        {"user_id": "u1", "nickname": "小王", "fans": 9, "follows": 1, "interaction": 2, "videos_count": 3},
        {"n_followers": 9, "n_following": 1, "n_likes_received": 2, "n_posts": 3},
    ),
    "bili": (
        "bilibili",
        {"video_id": "170001", "title": "标题", "desc": "简介", "create_time": 1753414835, "user_id": "u1"}
        | {"nickname": "小王", "liked_count": "5", "video_play_count": "1.2万", "video_favorite_count": "6"}
        | {"video_share_count": "7", "video_coin_count": "8", "video_danmaku": "9", "video_comment": "10"},
        {"text": "标题\n简介", "n_views": 12000, "n_saves": 6, "n_shares": 7, "n_coins": 8, "n_danmaku": 9}
        | {"n_comments": 10, "media_kind": "video"},
        {"user_id": "u1", "nickname": "小王", "sign": "签名", "total_fans": 9, "total_liked": 2, "is_official": 0},
        {"n_followers": 9, "n_likes_received": 2, "bio": "签名", "is_verified": True},
    ),
    "ks": (
        "kuaishou",
        {"video_id": "3x", "title": "说明", "desc": "说明", "create_time": 1753414835000, "user_id": "u1"}
        | {"nickname": "小王", "liked_count": "5", "viewd_count": "1.2万"},
        {"text": "说明", "n_likes": 5, "n_views": 12000, "n_comments": None, "media_kind": "video"},
        {"user_id": "u1", "nickname": "小王", "fans": "9", "follows": "1", "interaction": "3"},
        {"n_followers": 9, "n_following": 1, "n_posts": 3, "n_likes_received": None},
    ),
    "wb": (
        "weibo",
        {"note_id": "5001", "content": "你好&nbsp;&amp;\u200b", "create_time": 1753414835, "user_id": "u1"}
        | {"create_date_time": "2025-07-25 11:40:35", "nickname": "小王", "liked_count": "5"}
        | {"comments_count": "6", "shared_count": "7"},
        {"text": "你好 &", "n_likes": 5, "n_comments": 6, "n_shares": 7, "media_kind": None},
        {"user_id": "u1", "nickname": "小王", "fans": "9", "follows": "1", "tag_list": ""},
        {"n_followers": 9, "n_following": 1},
    ),
}


@pytest.mark.parametrize("named_by_folder", [True, False])
@pytest.mark.parametrize("short", OTHER_PLATFORMS)
def test_posts_and_profiles_of_other_platforms(tmp_path: Path, short: str, named_by_folder: bool) -> None:
    platform, post, expected_post, profile, expected_profile = OTHER_PLATFORMS[short]
    folder = tmp_path / short / "json" if named_by_folder else tmp_path
    write_json(folder / f"creator_contents_{DAY}.json", [post | {"last_modify_ts": SEEN_TIME}])
    write_json(folder / f"creator_creators_{DAY}.json", [profile | {"last_modify_ts": SEEN_TIME}])
    tables = read(tmp_path)
    (found,) = tables["posts"].to_dicts()
    assert found["published_at"] == moment(NOTE_TIME)
    assert {name: found[name] for name in expected_post} == expected_post
    (creator,) = tables["creators"].to_dicts()
    assert (creator["creator_id"], creator["platform"]) == ("u1", platform)
    assert {name: creator[name] for name in expected_profile} == expected_profile


OTHER_COMMENTS: dict[str, tuple[dict[str, Any], int | None]] = {
    "dy": ({"aweme_id": "v1", "like_count": 0}, 0),
    "bili": ({"video_id": "v1", "like_count": "1.2万"}, 12000),
    "ks": ({"video_id": "v1"}, None),
    "wb": ({"note_id": "v1", "comment_like_count": "4", "ip_location": "来自湖南"}, 4),
}


@pytest.mark.parametrize("named_by_folder", [True, False])
@pytest.mark.parametrize("short", OTHER_COMMENTS)
def test_comments_of_other_platforms(tmp_path: Path, short: str, named_by_folder: bool) -> None:
    dialect, n_likes = OTHER_COMMENTS[short]
    _, post, *_ = OTHER_PLATFORMS[short]
    key = next(iter(post))
    shared = {"content": "好", "create_time": 1753418536, "user_id": "f1", "nickname": "路人"}
    # Weibo writes the comment's own id where there is no parent, the others 0.
    own = {"comment_id": "9", "parent_comment_id": "9" if short == "wb" else "0"}
    folder = tmp_path / short if named_by_folder else tmp_path
    write_json(folder / f"detail_contents_{DAY}.json", [post | {key: "v1"}])
    write_json(folder / f"detail_comments_{DAY}.json", [shared | own | dialect])
    columns = ("post_id", "creator_id", "author_id", "n_likes", "parent_comment_id", "created_at")
    tables = read(tmp_path)
    assert rows(tables, "comments", *columns) == [("v1", "u1", "f1", n_likes, None, moment(COMMENT_TIME))]
    assert rows(tables, "comments", "region") == [("湖南" if short == "wb" else None,)]


def test_two_platforms_in_one_export(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    write_json(tmp_path / "wb" / "json" / f"search_contents_{DAY}.json", [OTHER_PLATFORMS["wb"][1] | {"user_id": "w"}])
    assert rows(read(tmp_path), "creators", "creator_id", "platform") == [("u1", "xiaohongshu"), ("w", "weibo")]


@pytest.mark.parametrize("platform", ["tieba", "zhihu"])
def test_a_platform_that_is_not_supported_is_an_error(tmp_path: Path, platform: str) -> None:
    write_json(tmp_path / platform / "json" / f"search_contents_{DAY}.json", [{"content_id": 1}])
    with pytest.raises(InputError, match=rf"{platform}/json/.*expected a supported platform"):
        read(tmp_path)


def test_a_platform_that_is_not_supported_is_listed_beside_others(tmp_path: Path) -> None:
    write_json(tmp_path / "tieba" / "json" / f"search_contents_{DAY}.json", [{"note_id": 1}])
    tables = read(write_notes(tmp_path, [note()]))
    assert rows(tables, "posts", "post_id") == [("n1",)]
    assert unusable(tables) == {("", 0, "", None, "unusable.unsupported", "row_left_out")}


def test_a_database_has_tables_for_every_platform(tmp_path: Path) -> None:
    path = write_database(tmp_path / "a.db", {"xhs_note": [note()], "zhihu_content": [{"content_id": "1"}]})
    with sqlite3.connect(path) as database:
        for name in ("xhs_note_comment", "douyin_aweme", "tieba_note"):
            database.execute(f"create table {name} (id, note_id, user_id)")
    database.close()
    tables = read(path)
    assert rows(tables, "posts", "post_id") == [("n1",)]
    assert tables["unusable"].select("file", "expected").rows() == [("a.db:zhihu_content", "unusable.unsupported")]


def test_all_missing_columns_are_named_with_what_was_expected(tmp_path: Path) -> None:
    post = {name: value for name, value in note().items() if name not in ("note_id", "user_id")}
    answer = {name: value for name, value in comment().items() if name != "comment_id"}
    write_notes(tmp_path, [post], [answer])
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    found = {(problem.file.rpartition("/")[2], problem.column) for problem in caught.value.problems}
    assert found == {
        (f"search_contents_{DAY}.json", "post_id"),
        (f"search_contents_{DAY}.json", "creator_id"),
        (f"search_comments_{DAY}.json", "comment_id"),
    }
    assert "one of the columns user_id, creator_hash" in str(caught.value)


def test_columns_of_no_platform_are_an_error(tmp_path: Path) -> None:
    write_json(tmp_path / f"search_contents_{DAY}.json", [{"id": 1, "words": "x"}])
    with pytest.raises(InputError, match="'id, words', expected the columns of one of the platforms"):
        read(tmp_path)


def test_a_search_without_results_is_no_error(tmp_path: Path) -> None:
    write_json(tmp_path / f"search_contents_{DAY}.json", [])
    write_json(tmp_path / "xhs" / f"search_comments_{DAY}.json", [])
    tables = read(tmp_path)
    assert tables["posts"].is_empty()
    assert tables["unusable"].is_empty()
    assert tables["provenance"].height == 2


def test_counts_and_times_that_are_none_are_listed(tmp_path: Path) -> None:
    future = 4102444800000  # 2100-01-01
    tables = read(write_notes(tmp_path, [note(liked_count="abc", time=future)]))
    assert rows(tables, "posts", "n_likes", "published_at") == [(None, None)]
    assert unusable(tables) == {
        ("posts", 1, "n_likes", "abc", "unusable.count", "value_left_out"),
        ("posts", 1, "published_at", str(future), "unusable.time", "value_left_out"),
    }


@pytest.mark.parametrize("level", [".", "project", "project/data", "project/data/xhs", "project/data/xhs/json"])
def test_the_user_may_point_at_any_level(tmp_path: Path, level: str) -> None:
    write_notes(tmp_path / "project" / "data", [note()], [comment()])
    write_json(tmp_path / "project" / "package.json", {"name": "crawler"})
    (tmp_path / "project" / "requirements.txt").write_text("httpx\n", encoding="utf-8")
    damaged = tmp_path / "project" / "data" / "xhs" / "json" / "search_comments_2025-09-06.json"
    damaged.write_text('[{"comment_id": "c2"', encoding="utf-8")
    tables = read(tmp_path / level)
    assert tables["creators"]["platform"].to_list() == ["xiaohongshu"]
    assert (tables["posts"].height, tables["comments"].height) == (1, 1)
    listed = dict(tables["unusable"].select("file", "expected").iter_rows())
    name = damaged.relative_to(tmp_path / level).as_posix()
    assert listed.pop(name) == "unusable.unreadable"
    assert {key.rpartition("/")[2] for key in listed} <= {"package.json", "requirements.txt"}
    assert set(listed.values()) <= {"unusable.file"}


WEIBO = {
    "note_id": "5001",
    "content": "正文",
    "create_time": 1704162102,
    "user_id": "w1",
    "nickname": "小李",
    "liked_count": "3",
    "comments_count": "2",
    "shared_count": "1",
    "last_modify_ts": SEEN_TIME,
}


def test_columns_tell_what_a_folder_of_the_users_own_does_not(tmp_path: Path) -> None:
    path = write_json(tmp_path / "xhs" / "mine" / "search_contents_2025-09-05.json", [WEIBO])
    assert read(path.parent)["creators"]["platform"].to_list() == ["weibo"]


def test_a_folder_that_the_columns_contradict_is_told(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    write_json(tmp_path / "xhs" / "json" / "search_contents_2025-09-06.json", [WEIBO])
    tables = read(tmp_path)
    assert tables["creators"]["platform"].to_list() == ["xiaohongshu"]
    assert tables["unusable"]["file"].to_list() == ["xhs/json/search_contents_2025-09-06.json"]
    (tmp_path / "xhs" / "json" / "search_contents_2025-09-05.json").unlink()
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.key, problem.value) == ("problem.platforms", "xhs / wb")


@pytest.mark.parametrize("suffix", [" (1)", "_副本", " - 副本 (2)", " copy", "（1）"])
def test_copies_are_read(tmp_path: Path, suffix: str) -> None:
    write_json(tmp_path / f"search_contents_2025-09-05{suffix}.json", [note()])
    tables = read(tmp_path)
    assert rows(tables, "creators", "platform", "found_by") == [("xiaohongshu", "search")]


def test_what_is_made_of_the_texts_is_none_of_them(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    words = write_json(tmp_path / "xhs" / "words" / "search_comments_2025-09-05_word_freq.json", {"好看": 3})
    listed = rows(read(tmp_path), "unusable", "file", "expected")
    assert listed == [(words.relative_to(tmp_path).as_posix(), "unusable.file")]


def test_files_of_other_names_are_known_by_their_columns(tmp_path: Path) -> None:
    write_json(tmp_path / "七月.json", [note()])
    write_csv(tmp_path / "评论合并.csv", [comment()])
    write_lines(tmp_path / "微博.jsonl", [WEIBO])
    tables = read(tmp_path)
    assert rows(tables, "creators", "creator_id", "platform") == [("u1", "xiaohongshu"), ("w1", "weibo")]
    assert tables["comments"].height == 1


def test_an_answer_without_rows_is_no_export(tmp_path: Path) -> None:
    write_json(tmp_path / "search_contents_2025-09-05.json", {"data": None})
    with pytest.raises(InputError, match="found 'data', expected the columns of one of the platforms"):
        read(tmp_path)
