from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_builder import facts, read, rows, unusable, write_json, write_lines
from polars.testing import assert_frame_equal

from zhenfen.errors import InputError

OWNER, STRANGER = "1162171739", "1856081755"
MOMENT = datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC)


def user(number: str = OWNER, **changes: Any) -> dict[str, Any]:
    return {"id": int(number), "idstr": number, "screen_name": "小王", "verified": True, "verified_type": 0} | changes


def status(number: int = 5001, **changes: Any) -> dict[str, Any]:
    return {
        "created_at": "Tue Jan 02 10:21:42 +0800 2024",
        "id": number,
        "idstr": str(number),
        "mblogid": "N5T",
        "user": user(),
        "text_raw": "收听&nbsp;#话题# &gt; 3 \u200b\u200b\u200b",
        "source": "&lt;a href=&quot;x&quot;&gt;手机&lt;/a&gt;",
        "reposts_count": 1,
        "comments_count": 0,
        "attitudes_count": "1.2万",
        "isLongText": False,
        "pic_num": 0,
        "is_paid": False,
        "region_name": "发布于 湖南",
        "mark": None,
    } | changes


LIKED = status(6001, user=user(STRANGER), title={"text": "他2023-06-23赞过的微博(2)"})
SHARED = status(6002, user=user(STRANGER), ori_uid=int(OWNER), ori_mid="5")
UNMARKED = status(6003, user=user(STRANGER))


def test_a_status_becomes_a_post(tmp_path: Path) -> None:
    write_lines(tmp_path / f"{OWNER}.jsonl", [status()])
    (post,) = read(tmp_path)["posts"].to_dicts()
    expected = {"post_id": "5001", "creator_id": OWNER, "published_at": MOMENT, "text": "收听 #话题# > 3"}
    expected |= {"n_likes": 12000, "n_comments": 0, "n_shares": 1, "n_views": None, "is_repost": False}
    expected |= {"media_kind": "text", "observed_at": None, "is_labelled_ad": None}
    assert {name: post[name] for name in expected} == expected


def test_paid_content_is_no_advert(tmp_path: Path) -> None:
    # is_paid marks posts that readers pay for.
    write_lines(tmp_path / f"{OWNER}.jsonl", [status(is_paid=True)])
    assert rows(read(tmp_path), "posts", "is_labelled_ad") == [(None,)]


def test_the_account_is_a_creator(tmp_path: Path) -> None:
    rich = user(followers_count="3.4万", friends_count=5, statuses_count=6, description="简介")
    write_lines(tmp_path / f"{OWNER}.jsonl", [status(), status(5002, user=rich, region_name=None)])
    columns = ("creator_id", "platform", "display_name", "bio", "region", "verified_kind", "n_followers", "n_following")
    tables = read(tmp_path)
    assert rows(tables, "creators", *columns) == [(OWNER, "weibo", "小王", "简介", "湖南", "person", 34000, 5)]
    assert unusable(tables) == set()


@pytest.mark.parametrize("name", [f"{OWNER}.jsonl", f"timeline_{OWNER}_2.jsonl"])
def test_posts_of_others_are_left_out_and_listed(tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / name, [LIKED, status(), SHARED, UNMARKED])
    tables = read(tmp_path)
    assert rows(tables, "posts", "post_id", "creator_id") == [("5001", OWNER)]
    assert rows(tables, "creators", "creator_id") == [(OWNER,)]
    assert unusable(tables) == {
        ("posts", row, "creator_id", STRANGER, "unusable.other_author", "row_left_out") for row in (1, 3, 4)
    }


def test_without_an_account_in_the_name_only_marked_posts_are_of_others(tmp_path: Path) -> None:
    write_lines(tmp_path / "part1.jsonl", [LIKED, status(), SHARED, UNMARKED])
    assert rows(read(tmp_path), "creators", "creator_id") == [(OWNER,), (STRANGER,)]


def test_a_pinned_post_is_the_accounts_own(tmp_path: Path) -> None:
    write_lines(tmp_path / "part1.jsonl", [status(title={"text": "置顶"})])
    assert read(tmp_path)["posts"].height == 1


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("真好//@别人:原来的话 \u200b", "真好"),
        ("//@甲:一\n二//@乙:三", None),
        ("转发微博", "转发微博"),
        ("见 http://t.cn/A6 //@甲:一", "见 http://t.cn/A6"),
    ],
)
def test_a_repost_keeps_the_accounts_own_words(tmp_path: Path, text: str, own: str | None) -> None:
    quoted = {"idstr": "4001", "id": 4001, "text_raw": "原来的话", "user": user(STRANGER)}
    write_lines(tmp_path / f"{OWNER}.jsonl", [status(text_raw=text, retweeted_status=quoted)])
    assert rows(read(tmp_path), "posts", "is_repost", "text") == [(True, own)]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"page_info": {"type": "11", "object_type": "video"}}, "video"),
        ({"page_info": {"type": 0, "object_type": "webpage"}, "pic_num": 3}, "image"),
        ({"page_info": None}, "text"),
    ],
)
def test_media_kinds(tmp_path: Path, changes: dict[str, Any], kind: str) -> None:
    write_lines(tmp_path / f"{OWNER}.jsonl", [status(**changes)])
    assert rows(read(tmp_path), "posts", "media_kind") == [(kind,)]


def test_a_long_text_that_was_fetched_is_whole(tmp_path: Path) -> None:
    long = status(isLongText=True, longText={"longTextContent": "很长很长 \u200b"})
    write_lines(tmp_path / f"{OWNER}.jsonl", [long])
    assert rows(read(tmp_path), "posts", "text") == [("很长很长",)]


def test_a_status_without_its_user_is_listed(tmp_path: Path) -> None:
    write_lines(tmp_path / f"{OWNER}.jsonl", [status(), status(5002, user=None)])
    tables = read(tmp_path)
    assert tables["posts"].height == 1
    assert unusable(tables) == {("posts", 2, "creator_id", None, "unusable.value", "row_left_out")}


def test_lines_a_list_and_a_folder_of_files_agree(tmp_path: Path) -> None:
    statuses = [status(), LIKED, status(5002)]
    write_lines(tmp_path / "a" / f"{OWNER}.jsonl", statuses)
    write_json(tmp_path / "b" / f"{OWNER}.json", statuses)
    for number, one in enumerate(statuses):
        write_json(tmp_path / "c" / f"{OWNER}_{number:02}.json", [one])
    tables = [facts(read(tmp_path / form)) for form in "abc"]
    for name, frame in tables[0].items():
        assert_frame_equal(tables[1][name], frame)
        assert_frame_equal(tables[2][name], frame)


def test_a_torn_line_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / f"{OWNER}.jsonl", [status(), status(5002)])
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(InputError, match=f"{OWNER}.jsonl, row 2: .*expected one JSON object"):
        read(tmp_path)
