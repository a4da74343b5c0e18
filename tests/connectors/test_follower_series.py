from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from export_builder import read, rows, unusable, write_csv, write_json

from zhenfen.errors import InputError

POINTS = [{"time": 1704162102000, "follower": 100, "archiveView": 5}, {"time": 1704248502000, "follower": 101}]


def test_vtbs_series_are_of_bilibili_one_file_a_channel(tmp_path: Path) -> None:
    for channel in ("349991143", "401315430"):
        write_json(tmp_path / f"{channel}.json", POINTS)
    tables = read(tmp_path)
    assert rows(tables, "creators", "creator_id", "platform") == [("349991143", "bilibili"), ("401315430", "bilibili")]
    assert rows(tables, "follower_counts", "observed_at", "n_followers")[:2] == [
        (datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC), 100),
        (datetime(2024, 1, 3, 2, 21, 42, tzinfo=UTC), 101),
    ]
    assert tables["provenance"]["obtained_at"].unique().to_list() == [datetime(2024, 1, 3, 2, 21, 42, tzinfo=UTC)]


@pytest.mark.parametrize(("date", "followers"), [("日期", "粉丝数"), ("Date", "Followers"), ("统计日期", "粉丝量")])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_csv_series_in_chinese_and_english(tmp_path: Path, date: str, followers: str, encoding: str) -> None:
    values = [{date: "2024-01-02", followers: "1.2万"}, {date: "2024/1/3", followers: "-"}]
    write_csv(tmp_path / "小王.csv", values, encoding)
    tables = read(tmp_path, platform="douyin")
    assert rows(tables, "creators", "creator_id", "platform") == [("小王", "douyin")]
    assert rows(tables, "follower_counts", "observed_at", "n_followers") == [
        (datetime(2024, 1, 2, tzinfo=UTC), 12000),
        (datetime(2024, 1, 3, tzinfo=UTC), None),
    ]


def test_csv_series_need_the_platform(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_csv(tmp_path / name, [{"日期": "2024-01-02", "粉丝数": "1"}])
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert [(problem.file, problem.column) for problem in caught.value.problems] == [
        ("a.csv", "platform"),
        ("b.csv", "platform"),
    ]


def test_the_same_moment_twice_is_merged_and_a_bad_time_listed(tmp_path: Path) -> None:
    write_json(tmp_path / "1.json", [*POINTS, POINTS[0], {"time": "soon", "follower": 5}])
    tables = read(tmp_path)
    assert tables["follower_counts"].height == 2
    assert {(row[1], row[-1]) for row in unusable(tables)} == {(3, "duplicate_merged"), (4, "row_left_out")}


def test_a_series_without_points_is_no_error(tmp_path: Path) -> None:
    write_json(tmp_path / "1.json", POINTS)
    write_csv(tmp_path / "2.csv", [{"日期": "2024-01-02", "粉丝数": "1"}])
    (tmp_path / "2.csv").write_text("日期,粉丝数\n", encoding="utf-8")
    assert rows(read(tmp_path, platform="weibo"), "creators", "creator_id") == [("1",)]
