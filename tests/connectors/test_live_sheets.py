"""Sheets of live rooms as agencies hold them, and of a room by the minute."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_builder import read, rows, unusable, write_csv

from zhenfen.connectors.reading.times import parse_length

ROOM = {
    "达人昵称": "小鹿",
    "平台": "抖音",
    "直播开始时间": "2026-09-01 20:00",
    "直播时长": "2小时30分",
    "场观": "1.2万",
}
ROOM |= {"峰值人数": "1,800", "平均在线": 640, "评论数": 3200, "点赞数": "5.6万", "新增粉丝": 210}
ROOM |= {"成交金额": "¥12.5万", "订单数": 830, "退货率": "32%"}
START = datetime(2026, 9, 1, 12, tzinfo=UTC)


def one_room(path: Path, **changes: Any) -> dict[str, Any]:
    row = {name: value for name, value in {**ROOM, **changes}.items() if value is not None}
    return read(write_csv(path / "直播数据.csv", [row]))["posts"].row(0, named=True)


def test_a_sheet_of_rooms_without_titles_or_ids(tmp_path: Path) -> None:
    room = one_room(tmp_path)
    assert {name: value for name, value in room.items() if value is not None and name != "post_id"} == {
        "creator_id": "小鹿",
        "platform": "douyin",
        "published_at": START,
        "media_kind": "live",
        "duration_seconds": 9_000,
        "n_views": 12_000,
        "n_peak_viewers": 1_800,
        "mean_viewers": 640.0,
        "n_comments": 3_200,
        "n_likes": 56_000,
        "n_new_followers": 210,
        "sales_cny": 125_000.0,
        "n_orders": 830,
        "returned_share": 0.32,
    }


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"直播时长": "02:10:05"}, 7_805),
        ({"直播时长": "150分钟"}, 9_000),
        ({"直播时长": None, "直播时长（分钟）": "150"}, 9_000),
        ({"直播时长": None, "下播时间": "2026-09-01 22:00"}, 7_200),
        ({"直播时长": "-"}, None),
    ],
)
def test_a_length_in_every_way_it_is_written(tmp_path: Path, changes: dict[str, Any], seconds: int | None) -> None:
    assert one_room(tmp_path, **changes)["duration_seconds"] == seconds


def test_a_length_without_a_unit_is_listed_and_not_guessed(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "直播.csv", [{**ROOM, "直播时长": "150"}]))
    assert tables["posts"]["duration_seconds"].to_list() == [None]
    assert [(row[2], row[3]) for row in unusable(tables)] == [("duration_seconds", "150?")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2小时", 7_200),
        ("1.5h", 5_400),
        ("90分", 5_400),
        ("1小时5分10秒", 3_910),
        ("1:05:10", 3_910),
        ("150", None),
        ("约2小时", None),
    ],
)
def test_lengths(text: str, seconds: int | None) -> None:
    assert pl.DataFrame({"text": [text]}).select(parse_length("text")).item() == seconds


def test_a_post_is_no_room(tmp_path: Path) -> None:
    post = {
        "达人昵称": "小鹿",
        "平台": "抖音",
        "作品名称": "新品",
        "发布时间": "2026-09-01 20:00",
        "点赞数": 5,
        "类型": "视频",
    }
    (found,) = rows(read(write_csv(tmp_path / "作品.csv", [post])), "posts", "media_kind", "duration_seconds")
    assert found == ("video", None)


def test_a_room_by_the_minute_belongs_to_its_creator(tmp_path: Path) -> None:
    write_csv(tmp_path / "直播数据.csv", [{**ROOM, "直播间ID": "r1"}])
    minutes = [
        {"直播间ID": "r1", "时间": "2026-09-01 20:01", "在线人数": 30, "进入人数": 30, "累计点赞": 5},
        {"直播间ID": "r1", "时间": "2026-09-01 20:03", "在线人数": 60, "进入人数": 25, "累计点赞": 20},
        {"直播间ID": "r1", "时间": "2026-09-01 20:02", "在线人数": 50, "进入人数": 25, "累计点赞": 9},
    ]
    write_csv(tmp_path / "分钟数据.csv", minutes)
    found = rows(read(tmp_path), "post_counts", "creator_id", "observed_at", "n_viewers", "n_views", "n_likes")
    assert sorted(found) == [
        ("小鹿", START.replace(minute=1), 30, 30, 5),
        ("小鹿", START.replace(minute=2), 50, 55, 9),
        ("小鹿", START.replace(minute=3), 60, 80, 20),
    ]
