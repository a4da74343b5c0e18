"""Averages, shares and distributions that vendors put beside a creator's name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_builder import read, rows, unusable, write_csv

from zhenfen.connectors.reading.averages import read_source
from zhenfen.connectors.reading.headings import load_headings, read_window
from zhenfen.tables import TABLES

WHO = {"达人昵称": "小王", "平台": "小红书", "粉丝数": "10万"}


def stats(folder: Path, row: dict[str, Any], *columns: str, name: str = "a.csv") -> list[tuple[Any, ...]]:
    return rows(read(write_csv(folder / name, [{**WHO, **row}])), "creator_stats", *columns)


@pytest.mark.parametrize(
    ("heading", "window", "rest"),
    [
        ("近30天平均点赞", "30d", "平均点赞"),
        ("近 7 日平均点赞", "7d", "平均点赞"),
        ("最近90天的平均互动", "90d", "平均互动"),
        ("平均播放（近60天）", "60d", "平均播放"),
        ("近10条作品平均点赞", "10p", "平均点赞"),
        ("近15篇笔记互动率", "15p", "互动率"),
        ("近三个月平均点赞", "90d", "平均点赞"),
        ("last 30 days avg_likes", "30d", "avg_likes"),
        ("平均点赞", "unknown", "平均点赞"),
        # Lengths, prices and events are no windows.
        ("21-60s报价", "unknown", "21-60s报价"),
        ("618报价", "unknown", "618报价"),
        ("100万粉丝", "unknown", "100万粉丝"),
    ],
)
def test_the_window_stands_in_the_heading(heading: str, window: str, rest: str) -> None:
    assert read_window(heading) == (window, rest)


def test_the_vendor_stands_in_the_name_of_the_file() -> None:
    assert read_source("灰豚数据 导出.xlsx", "Sheet1") == "灰豚"
    assert read_source("a.xlsx", "蒲公英博主") == "蒲公英"
    assert read_source("a.xlsx", "Sheet1") == "unknown"


def test_averages_of_two_windows_are_two_rows(tmp_path: Path) -> None:
    row = {
        "近30天平均点赞": "1.2万",
        "近90天平均点赞": "9000",
        "近90天平均评论": "90.5",
        "CPE": "1.8",
        "数据日期": "2024-01-02",
    }
    day = datetime(2024, 1, 2, tzinfo=UTC)
    found = stats(
        tmp_path, row, "window", "source", "observed_at", "mean_likes", "mean_comments", "cpe_cny", name="新红.csv"
    )
    assert found == [
        ("30d", "新红", day, 12000.0, None, None),
        ("90d", "新红", day, 9000.0, 90.5, None),
        ("unknown", "新红", day, None, None, 1.8),
    ]


def test_what_has_no_window_goes_with_the_only_one_there_is(tmp_path: Path) -> None:
    row = {"近30天平均点赞": "100", "水粉占比": "12.5%", "图文报价": "5k"}
    assert stats(tmp_path, row, "window", "mean_likes", "water_follower_share", "price_image_cny") == [
        ("30d", 100.0, 0.125, 5000.0)
    ]


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        ("水粉占比", "42.64% | 42640", "water_follower_share", 0.4264),
        ("水粉占比", "42.64% | 42640", "n_water_followers", 42640),
        ("水粉占比", "42.64％|4.2万", "n_water_followers", 42000),
        ("活跃粉丝占比", "30.1%（30100）", "active_follower_share", 0.301),
        ("活跃粉丝占比", "0.301", "active_follower_share", 0.301),
        ("活跃粉丝占比", "30.1", "active_follower_share", 0.301),
        ("活跃粉丝占比(%)", "0.8", "active_follower_share", 0.008),
        ("互动率", "5.25%", "interaction_rate", 0.0525),
        ("互动率", "180%", "interaction_rate", 1.8),
        ("阅读粉丝占比", "12%", "reading_follower_share", 0.12),
        ("粉丝地域", "上海|17.4% 北京|15.2%", "follower_regions", "上海 17.4%; 北京 15.2%"),
        ("粉丝性别", "女：85.3%，男：14.7%", "follower_genders", "女 85.3%; 男 14.7%"),
        ("粉丝年龄", "18-24岁|40% 25-34岁|31%", "follower_ages", "18-24岁 40%; 25-34岁 31%"),
        ("20-60s视频报价", "¥8,000", "price_21_60s_cny", 8000.0),
        ("平均播放（万）", "1.5", "mean_views", 15000.0),
        ("粉丝地域", "-", "follower_regions", None),
    ],
)
def test_cells_are_taken_apart(tmp_path: Path, column: str, cell: str, name: str, value: object) -> None:
    ((found, likes),) = stats(tmp_path, {column: cell, "近30天平均点赞": "1"}, name, "mean_likes")
    assert found == (pytest.approx(value) if isinstance(value, float) else value)
    assert likes == 1.0


@pytest.mark.parametrize(
    ("row", "lost", "key"),
    [
        ({"水粉占比": "很多"}, {"water_follower_share"}, "unusable.share"),
        ({"水粉占比": "142%"}, {"water_follower_share"}, "unusable.share"),
        ({"平均评论": "若干"}, {"mean_comments"}, "unusable.amount"),
        ({"平均评论": "-5"}, {"mean_comments"}, "unusable.amount"),
        ({"水粉占比": "42.64% | 12"}, {"water_follower_share", "n_water_followers"}, "unusable.contradiction"),
        ({"粉丝地域": "上海|80% 北京|60%"}, {"follower_regions"}, "unusable.contradiction"),
        ({"平均播放": "100", "平均自然播放": "500"}, {"mean_views", "mean_natural_views"}, "unusable.contradiction"),
    ],
)
def test_what_cannot_be_is_left_out_and_listed(tmp_path: Path, row: dict[str, str], lost: set[str], key: str) -> None:
    tables = read(write_csv(tmp_path / "a.csv", [{**WHO, **row, "近30天平均点赞": "7"}]))
    assert rows(tables, "creator_stats", "mean_likes", *sorted(lost)) == [(7.0, *[None] * len(lost))]
    listed = tables["unusable"].select("table", "column", "expected", "action").unique().rows()
    assert set(listed) == {("creator_stats", name, key, "value_left_out") for name in lost}


def test_a_likes_mean_above_the_interactions_mean_contradicts(tmp_path: Path) -> None:
    row = {"近30天平均点赞": "700", "近30天平均互动": "100", "近30天平均评论": "3"}
    assert stats(tmp_path, row, "mean_likes", "mean_interactions", "mean_comments") == [(None, None, 3.0)]


def test_a_sheet_without_averages_has_none_and_empty_rows_none(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path / "a.csv", [WHO]))["creator_stats"].is_empty()
    both = [{**WHO, "平均点赞": "-"}, {**WHO, "达人昵称": "小李", "平均点赞": "5"}]
    assert rows(read(write_csv(tmp_path / "b.csv", both)), "creator_stats", "creator_id", "mean_likes") == [
        ("小李", 5.0)
    ]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    sheet = [{**WHO, "达人昵称": f"达人{n}", "平均点赞": str(n), "水粉占比": f"{n}%"} for n in range(1, 9)]
    there = read(write_csv(tmp_path / "a.csv", sheet))["creator_stats"]
    back = read(write_csv(tmp_path / "b.csv", sheet[::-1]))["creator_stats"]
    assert there.equals(back)
    assert unusable(read(write_csv(tmp_path / "c.csv", sheet))) == set()


def test_every_column_of_the_table_has_headings() -> None:
    said = set(load_headings().columns["creator_stats"])
    assert said == set(TABLES["creator_stats"].schema) - {"creator_id", "window", "source", "observed_at"}
    assert isinstance(TABLES["creator_stats"].schema["mean_likes"], pl.Float64)
