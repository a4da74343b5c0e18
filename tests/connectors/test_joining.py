from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from export_builder import facts, read, rows, unusable, write_csv, write_workbook
from polars.testing import assert_frame_equal

from zhenfen.connectors.joining import join_tables
from zhenfen.errors import InputError
from zhenfen.tables import TABLES, Tables


def creators(folder: Path, day: str, n_followers: int, **changes: Any) -> Path:
    row = {"达人昵称": "小美", "平台": "小红书", "粉丝数": n_followers} | changes
    return write_csv(folder / f"达人_{day}.csv", [row])


def posts(folder: Path, day: str, n_likes: int, published: str = "2026-07-31 20:00", **changes: Any) -> Path:
    row = {"笔记ID": "p1", "达人昵称": "小美", "平台": "小红书", "发布时间": published, "点赞数": n_likes} | changes
    return write_csv(folder / f"作品_{day}.csv", [row])


def two_weeks(folder: Path) -> None:
    for number, day in enumerate(("2026-08-01", "2026-08-08")):
        creators(folder, day, 1000 + number)
        posts(folder, day, 10 + number)


def join(*bundles: Tables) -> Tables:
    whole = Tables()
    for one in bundles:
        whole = join_tables(whole, one, "tables").tables
    return whole


def assert_same(found: Tables, expected: Tables) -> None:
    for name in TABLES:
        assert_frame_equal(found[name], expected[name])


def test_dated_exports_in_one_folder_become_series(tmp_path: Path) -> None:
    two_weeks(tmp_path / "x")
    tables = read(tmp_path / "x")
    days = [day.strftime("%m-%d") for day in tables["follower_counts"]["observed_at"]]
    assert (days, tables["follower_counts"]["n_followers"].to_list()) == (["08-01", "08-08"], [1000, 1001])
    assert tables["post_counts"]["n_likes"].to_list() == [10, 11]
    assert rows(tables, "posts", "n_likes") == [(11,)]
    assert not unusable(tables)


def test_one_after_the_other_gives_what_one_folder_gives(tmp_path: Path) -> None:
    two_weeks(tmp_path / "x")
    files = sorted((tmp_path / "x").iterdir())
    whole = facts(read(tmp_path / "x"))
    for order in (files, files[::-1]):
        joined = facts(join(*map(read, order)))
        for name, frame in whole.items():
            assert_frame_equal(joined[name], frame)


def test_a_file_that_was_there_changes_nothing(tmp_path: Path) -> None:
    first = read(creators(tmp_path, "2026-08-01", 1000))
    whole = join(first, read(creators(tmp_path, "2026-08-08", 1001)))
    again = join_tables(whole, first, "tables")
    assert not again.is_changed
    assert_same(again.tables, whole)
    assert again.counts["creators"] == (0, 1)
    assert again.counts["follower_counts"] == (0, 1)


def test_what_is_new_is_counted(tmp_path: Path) -> None:
    known = join(read(posts(tmp_path, "2026-08-01", 10)))
    joined = join_tables(known, read(posts(tmp_path, "2026-08-08", 12)), "tables")
    assert joined.counts["posts"] == (0, 1)
    assert joined.counts["post_counts"] == (1, 0)
    undated = write_csv(tmp_path / "作品.csv", [{"笔记ID": "p1", "达人昵称": "小美", "平台": "小红书", "点赞数": 13}])
    assert join_tables(joined.tables, read(undated), "tables").n_undated == 2


def test_the_day_of_a_campaign_is_not_when_posts_were_read(tmp_path: Path) -> None:
    tables = read(posts(tmp_path, "2026-07-01", 10))
    assert rows(tables, "posts", "observed_at") == [(None,)]


def test_posts_of_the_very_day_were_read_at_an_hour_that_nobody_knows(tmp_path: Path) -> None:
    rows_ = [
        {"笔记ID": f"p{hour}", "达人昵称": "小美", "平台": "小红书", "发布时间": f"2026-08-01 {hour}:00", "点赞数": 1}
        for hour in ("07", "20")
    ]
    tables = read(write_csv(tmp_path / "作品_2026-08-01.csv", rows_))
    assert [seen is None for (seen,) in rows(tables, "posts", "observed_at")] == [False, True]


def test_a_name_is_the_creator_of_that_name_whichever_export_has_the_id(tmp_path: Path) -> None:
    by_name = read(creators(tmp_path, "2026-08-01", 1000), keep_ids=False)
    by_id = read(creators(tmp_path / "b", "2026-08-08", 1001, 小红书号="9527"), keep_ids=False)
    for bundles in ((by_name, by_id), (by_id, by_name)):
        whole = join(*bundles)
        assert whole["creators"]["creator_id"].to_list() == by_id["creators"]["creator_id"].to_list()
        assert whole["follower_counts"]["n_followers"].to_list() == [1000, 1001]


def test_one_name_on_two_platforms_is_two_creators(tmp_path: Path) -> None:
    one = read(creators(tmp_path, "2026-08-01", 1000))
    other = read(creators(tmp_path / "b", "2026-08-01", 500, 平台="抖音"))
    for bundles in ((one, other), (other, one), (one, other, one)):
        whole = join(*bundles)
        assert rows(whole, "creators", "creator_id", "n_followers") == [
            ("小美@douyin", 500),
            ("小美@xiaohongshu", 1000),
        ]
        assert whole["follower_counts"].height == 2


def test_ids_must_be_of_one_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = creators(tmp_path, "2026-08-01", 1000)
    kept, hashed = read(path), read(path, keep_ids=False)
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "other"))
    of_other_key = read(path, keep_ids=False)
    said = {
        "problem.ids_kept": (kept, hashed),
        "problem.ids_hashed": (hashed, kept),
        "problem.ids_key": (hashed, of_other_key),
    }
    for key, (known, added) in said.items():
        with pytest.raises(InputError) as raised:
            join_tables(known, added, "tables")
        assert [problem.key for problem in raised.value.problems] == [key]
        # Tables of before `id_key` show by their ids whether they were hashed, and by nothing which key it was.
        older = Tables({name: frame for name, frame in known.frames.items() if name != "provenance"})
        if key == "problem.ids_key":
            assert join_tables(older, added, "tables").is_changed
        else:
            with pytest.raises(InputError):
                join_tables(older, added, "tables")


@pytest.mark.parametrize("changes", [{"达人昵称": "小丽"}, {"published": "2026-06-01 20:00"}])
def test_numbers_that_stand_for_two_posts_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    known = read(posts(tmp_path, "2026-08-01", 10, 笔记ID="1"))
    added = read(posts(tmp_path, "2026-08-08", 12, **{"笔记ID": "1", **changes}))
    with pytest.raises(InputError) as raised:
        join_tables(known, added, "tables")
    (problem,) = raised.value.problems
    assert (problem.key, problem.column, problem.value) == ("problem.id_of_two", "post_id", "1")


def test_an_id_of_two_platforms_is_refused(tmp_path: Path) -> None:
    known = read(creators(tmp_path, "2026-08-01", 1000, 账号ID="77"))
    added = read(creators(tmp_path / "b", "2026-08-01", 1000, 账号ID="77", 平台="微博"))
    with pytest.raises(InputError) as raised:
        join_tables(known, added, "tables")
    assert [problem.value for problem in raised.value.problems] == ["77: xiaohongshu, weibo"]


def test_a_creator_centre_file_was_read_when_it_was_saved(tmp_path: Path) -> None:
    head = ["笔记标题", "首次发布时间", "封面点击率", "人均观看时长", "点赞"]
    path = write_workbook(tmp_path / "明细.xlsx", {"s": [head, ["题", "2026年07月11日03时09分05秒", "1%", "3", 5]]})
    tables = read(path, creator_name="我")
    assert tables["posts"]["observed_at"].null_count() == 0


def test_the_token_of_a_link_makes_no_other_post(tmp_path: Path) -> None:
    link = "https://www.xiaohongshu.com/explore/66b0c0de000000001e01a2b3"
    bundles = [
        read(
            write_csv(
                tmp_path / f"作品_2026-08-0{day}.csv",
                [{"笔记链接": f"{link}{rest}", "达人昵称": "小美", "点赞数": day}],
            )
        )
        for day, rest in ((1, "?xsec_token=AB&xsec_source=pc"), (8, "/?xsec_token=CD"))
    ]
    whole = join(*bundles)
    assert rows(whole, "posts", "post_id", "n_likes") == [(link, 8)]
    assert whole["post_counts"]["n_likes"].to_list() == [1, 8]
