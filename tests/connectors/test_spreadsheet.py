from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from export_builder import as_cells, facts, read, rows, unusable, write_csv, write_workbook
from polars.testing import assert_frame_equal

from zhenfen.config import config_dir, load_platforms
from zhenfen.connectors.reading.headings import find_layout, load_headings
from zhenfen.errors import ConfigError, InputError
from zhenfen.tables import TABLES

DAY = datetime(2024, 1, 2, tzinfo=UTC)
KOL = {"达人昵称": "小王", "平台": "小红书", "粉丝数": "3.4万", "关注数": 12, "获赞与收藏": "10万+", "笔记数": 99}
KOL |= {
    "认证": "时尚博主",
    "地域": "IP属地：上海",
    "简介": "简介",
    "图文报价": "¥5,000",
    "数据日期": "2024-01-02",
    "备用列": "x",
}
POST = {"达人昵称": "小王", "平台": "小红书", "笔记ID": "n1", "发布时间": "2024-01-02", "标题": "标题", "正文": "正文"}
POST |= {
    "阅读数": "1.2万",
    "点赞数": "5",
    "评论数": "6",
    "收藏数": "7",
    "分享数": "8",
    "是否报备": "是",
    "类型": "图文",
}
COMMENT = {"笔记ID": "n1", "评论内容": "=cmd()", "评论时间": "2024-01-02", "评论用户": "<b>路人</b>", "点赞数": "3"}


def test_a_sheet_of_creators(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "shortlist.csv", [KOL]))
    columns = ("creator_id", "platform", "display_name", "bio", "region", "verified_kind", "snapshot_at")
    assert rows(tables, "creators", *columns) == [("小王", "xiaohongshu", "小王", "简介", "上海", "时尚博主", DAY)]
    columns = ("n_followers", "n_following", "n_posts", "n_likes_received", "fee_cny")
    assert rows(tables, "creators", *columns) == [(34000, 12, 99, 100000, 5000.0)]
    assert rows(tables, "follower_counts", "creator_id", "observed_at", "n_followers") == [("小王", DAY, 34000)]
    assert unusable(tables) == set()


def test_the_date_of_a_sheet_of_creators_is_that_of_its_counts(tmp_path: Path) -> None:
    row = {"达人昵称": "小王", "平台": "抖音", "粉丝数": "1.2万", "日期": "2024-01-02"}
    tables = read(write_csv(tmp_path / "达人.csv", [row]))
    assert rows(tables, "creators", "snapshot_at", "n_followers") == [(DAY, 12000)]
    assert rows(tables, "follower_counts", "observed_at", "n_followers") == [(DAY, 12000)]


def test_a_sheet_of_dates_names_and_counts_is_a_series(tmp_path: Path) -> None:
    days = ["2024-01-02", "2024-01-03"]
    series = [{"日期": day, "达人昵称": "小王", "平台": "抖音", "粉丝数": "100"} for day in days]
    tables = read(write_csv(tmp_path / "导出.csv", series))
    assert tables["follower_counts"].height == 2
    assert unusable(tables) == set()


def test_the_days_of_a_workbook_are_the_days_of_the_tables(tmp_path: Path) -> None:
    head = ["达人昵称", "平台", "数据日期", "注册时间"]
    moments = [datetime(2024, 1, 2), datetime(2020, 1, 2, 10, 21)]
    path = write_workbook(tmp_path / "a.xlsx", {"达人": [head, ["小王", "抖音", *moments]]}, date="yyyy-mm-dd hh:mm")
    assert rows(read(path), "creators", "snapshot_at", "created_at") == [(DAY, datetime(2020, 1, 2, 2, 21, tzinfo=UTC))]


def test_the_same_words_without_author_and_time_are_several_comments(tmp_path: Path) -> None:
    said = {"达人昵称": "小王", "平台": "抖音", "评论内容": "好看"}
    once = read(write_csv(tmp_path / "one" / "评论.csv", [said] * 30))
    assert once["comments"].height == 30
    assert unusable(once) == set()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shutil.copy(tmp_path / "one" / "评论.csv", tmp_path / "two" / "评论 (1).csv")
    assert_frame_equal(read(tmp_path / "two")["comments"], once["comments"])
    sure = said | {"评论用户": "路人", "评论时间": "2024-01-02 10:21"}
    assert read(write_csv(tmp_path / "three" / "评论.csv", [sure] * 30))["comments"].height == 1


def test_ids_that_excel_shortened_are_an_error(tmp_path: Path) -> None:
    people = [KOL | {"UID": "5.51235E+09", "达人昵称": name} for name in ("小王", "小李")]
    with pytest.raises(InputError) as caught:
        read(write_csv(tmp_path / "达人.csv", people))
    assert [(one.row, one.column, one.value) for one in caught.value.problems] == [
        (1, "creator_id", "5.51235E+09"),
        (2, "creator_id", "5.51235E+09"),
    ]


def test_a_workbook_of_several_sheets(tmp_path: Path) -> None:
    series = [{"日期": "2024-01-02", "粉丝数": "1"}, {"日期": "2024-01-03", "粉丝数": "2"}]
    audience = [{"达人昵称": "小王", "粉丝ID": "f1", "粉丝昵称": "用户1", "关注顺序": 1, "粉丝数": 0, "等级": 3}]
    sheets = {"达人": [KOL], "笔记明细": [POST], "评论": [COMMENT], "小王": series, "粉丝列表": audience}
    path = write_workbook(tmp_path / "a.xlsx", {name: as_cells(values) for name, values in sheets.items()})
    tables = read(path, frame="newest")
    assert rows(tables, "posts", "post_id", "creator_id", "text", "media_kind", "is_labelled_ad", "n_views") == [
        ("n1", "小王", "标题\n正文", "image", True, 12000)
    ]
    columns = ("post_id", "creator_id", "text", "author_name", "created_at", "n_likes")
    assert rows(tables, "comments", *columns) == [("n1", "小王", "=cmd()", "<b>路人</b>", DAY, 3)]
    assert rows(tables, "follower_counts", "creator_id", "n_followers") == [("小王", 1), ("小王", 2)]
    columns = ("creator_id", "profile_id", "frame", "display_name", "follow_position", "n_followers", "level")
    assert rows(tables, "audience", *columns) == [("小王", "f1", "newest", "用户1", 1, 0, 3)]
    assert tables["creators"].height == 1


def test_english_headings_in_any_order_and_form(tmp_path: Path) -> None:
    kol = {" FOLLOWERS ": "1", "Ｎａｍｅ": "Wang", "Plat form": "Bilibili", "Follower Count": "", "notes": "x"}
    tables = read(write_csv(tmp_path / "list.csv", [kol]))
    assert rows(tables, "creators", "creator_id", "platform", "n_followers") == [("Wang", "bilibili", 1)]


@pytest.mark.parametrize("form", ["xlsx", "parquet", "gb18030"])
def test_every_form_of_file_gives_the_same_tables(tmp_path: Path, form: str) -> None:
    write_csv(tmp_path / "a" / "达人.csv", [KOL])
    target = tmp_path / "b" / f"达人.{form if form != 'gb18030' else 'csv'}"
    if form == "xlsx":
        write_workbook(target, {"达人": as_cells([KOL])})
    elif form == "parquet":
        target.parent.mkdir()
        dated = pl.DataFrame([KOL]).with_columns(pl.lit(datetime(2024, 1, 2)).alias("数据日期"))
        dated.write_parquet(target)
    else:
        write_csv(target, [KOL], "gb18030")
    expected, found = facts(read(tmp_path / "a")), facts(read(tmp_path / "b"))
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


@pytest.mark.parametrize("heading", ["粉丝数（万）", "粉丝数(w)", "粉丝量【万】"])
def test_a_unit_in_the_heading_counts(tmp_path: Path, heading: str) -> None:
    values = [
        {"达人昵称": name, "平台": "抖音", heading: text} for name, text in (("a", "3.4"), ("b", "5万"), ("c", "-"))
    ]
    tables = read(write_csv(tmp_path / "a.csv", values))
    assert rows(tables, "creators", "n_followers") == [(34000,), (50000,), (None,)]


@pytest.mark.parametrize(
    ("word", "platform"),
    [
        ("小红书", "xiaohongshu"),
        ("抖音", "douyin"),
        ("B站", "bilibili"),
        ("公众号", "wechat"),
        ("WEIBO", "weibo"),
        ("新浪 微博", "weibo"),
        ("X", "x"),
    ],
)
def test_platforms_by_their_chinese_names(tmp_path: Path, word: str, platform: str) -> None:
    write_csv(tmp_path / "a.csv", [{"昵称": "小王", "平台": word, "粉丝数": "1"}])
    assert rows(read(tmp_path), "creators", "platform") == [(platform,)]


def test_a_platform_nobody_knows_is_listed(tmp_path: Path) -> None:
    known, unknown = ({"昵称": name, "平台": name, "粉丝数": "1"} for name in ("抖音", "火星"))
    tables = read(write_csv(tmp_path / "a.csv", [known, unknown]))
    assert tables["creators"].height == 1
    assert ("creators", 2, "platform", "火星", "unusable.platform", "row_left_out") in unusable(tables)


def test_the_platform_can_be_named_and_must_be(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"昵称": "小王", "粉丝数": "1"}])
    assert rows(read(path, platform="douyin"), "creators", "platform") == [("douyin",)]
    with pytest.raises(InputError, match=r"a\.csv, column platform: expected a column 平台 or platform"):
        read(path)


WEIBO = {
    "id": "1",
    "bid": "A",
    "user_id": "9",
    "用户昵称": "小王",
    "微博正文": "正文",
    "话题": "",
    "转发数": 1,
    "评论数": 2,
}
WEIBO |= {"点赞数": 3, "发布时间": "2024-01-02 08:00", "发布工具": "iPhone客户端", "retweet_id": ""}


def test_a_sheet_of_weibo_search_holds_posts_and_names_their_authors(tmp_path: Path) -> None:
    repost = WEIBO | {"id": "2", "retweet_id": "7", "微博正文": "说得好//@某人:原文"}
    tables = read(write_csv(tmp_path / "话题.csv", [WEIBO, repost]))
    assert rows(tables, "posts", "post_id", "creator_id", "text", "is_repost", "published_at") == [
        ("1", "9", "正文", False, DAY),
        ("2", "9", "说得好", True, DAY),
    ]
    assert rows(tables, "posts", "n_shares", "n_comments", "n_likes") == [(1, 2, 3)] * 2
    assert rows(tables, "creators", "creator_id", "display_name", "platform", "found_by") == [
        ("9", "小王", "weibo", "search")
    ]


@pytest.mark.parametrize(
    ("row", "creator"),
    [
        (
            {
                "页码": 1,
                "微博id": "1",
                "微博bid": "A",
                "微博作者": "小王",
                "微博内容": "正文",
                "发布时间": "2024-01-02",
            },
            "小王",
        ),
        ({"微博id": "1", "微博作者": "小王", "微博内容": "正文", "点赞数": 3}, "小王"),
        ({"用户id": "9", "用户昵称": "小王", "微博正文": "正文", "点赞数": 3}, "9"),
    ],
)
def test_other_sheets_of_weibo_posts_are_known_by_their_headings(
    tmp_path: Path, row: dict[str, Any], creator: str
) -> None:
    tables = read(write_csv(tmp_path / "a.csv", [row]))
    assert rows(tables, "posts", "creator_id", "text") == [(creator, "正文")]
    assert rows(tables, "creators", "creator_id", "display_name", "platform") == [(creator, "小王", "weibo")]


def test_names_and_remarks_alone_stay_comments(tmp_path: Path) -> None:
    layout = find_layout("导出", ("达人", "用户昵称", "内容", "时间", "点赞数"))
    assert layout is not None and (layout.table, layout.platform) == ("comments", None)


def test_one_name_on_two_platforms_is_two_accounts(tmp_path: Path) -> None:
    write_csv(tmp_path / "达人.csv", [KOL, KOL | {"平台": "抖音"}])
    write_csv(tmp_path / "笔记.csv", [POST, POST | {"平台": "抖音", "笔记ID": "n2"}])
    tables = read(tmp_path)
    assert rows(tables, "posts", "post_id", "creator_id") == [("n1", "小王@xiaohongshu"), ("n2", "小王@douyin")]
    assert rows(tables, "creators", "creator_id", "platform") == [
        ("小王@douyin", "douyin"),
        ("小王@xiaohongshu", "xiaohongshu"),
    ]


def test_a_name_finds_its_id_in_another_sheet(tmp_path: Path) -> None:
    write_csv(tmp_path / "达人.csv", [KOL | {"小红书号": "9001"}])
    write_csv(tmp_path / "笔记.csv", [{name: POST[name] for name in POST if name != "平台"}])
    tables = read(tmp_path)
    assert rows(tables, "posts", "creator_id") == [("9001",)]
    assert rows(tables, "creators", "creator_id", "display_name") == [("9001", "小王")]


def test_posts_alone_make_creators(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "a.csv", [POST]))
    assert rows(tables, "creators", "creator_id", "platform", "n_followers") == [("小王", "xiaohongshu", None)]


def test_rows_without_ids_get_keys_that_do_not_depend_on_their_order(tmp_path: Path) -> None:
    comments = [
        {"达人昵称": "小王", "平台": "抖音", "评论内容": text, "评论用户": "路人", "点赞数": number}
        for number, text in enumerate(("好", "很好", "好"))
    ]
    tables = [
        facts(read(write_csv(tmp_path / str(number) / "评论.csv", order)))["comments"]
        for number, order in enumerate((comments, comments[::-1]))
    ]
    assert_frame_equal(*tables)
    assert sorted(tables[0]["text"]) == ["好", "好", "很好"]


def test_a_series_is_its_sheets_creators_but_not_of_a_table_name(tmp_path: Path) -> None:
    series = as_cells([{"日期": "2024-01-02", "粉丝数": "1"}])
    path = write_workbook(tmp_path / "a.xlsx", {"小李": series})
    assert rows(read(path, platform="weibo"), "follower_counts", "creator_id") == [("小李",)]
    nobody = write_workbook(tmp_path / "b.xlsx", {"粉丝趋势": series})
    with pytest.raises(InputError, match="the creator's id or name"):
        read(nobody, platform="weibo")


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("昵称,平台,粉丝数\n小王,抖音,1\n,,\n\n", encoding="utf-8")
    assert unusable(read(path)) == set()


def test_bad_cells_are_listed_with_their_row(tmp_path: Path) -> None:
    tables = read(
        write_csv(tmp_path / "a.csv", [KOL | {"粉丝数": "abc", "图文报价": "面议", "数据日期": "2100-01-01"}])
    )
    assert {row[:5] for row in unusable(tables)} == {
        ("creators", 1, "n_followers", "abc", "unusable.count"),
        ("creators", 1, "fee_cny", "面议", "unusable.amount"),
        ("creators", 1, "snapshot_at", "2100-01-01", "unusable.time"),
    }


def test_nothing_but_emoji_is_text(tmp_path: Path) -> None:
    write_csv(tmp_path / "评论.csv", [{"达人": "😀", "平台": "抖音", "评论内容": "😂😂", "评论用户": "🐧"}])
    tables = read(tmp_path)
    assert rows(tables, "comments", "creator_id", "text", "author_name") == [("😀", "😂😂", "🐧")]


def test_a_sheet_without_rows_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("昵称,平台,粉丝数\n", encoding="utf-8")
    assert read(tmp_path, platform="weibo")["creators"].is_empty()


def test_the_map_can_be_extended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "configs"
    shutil.copytree(config_dir(), copy)
    path = copy / "connectors" / "headings.yaml"
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    known["columns"]["creators"]["n_followers"].append("Abonnés")
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("ZHENFEN_CONFIGS", str(copy))
    write_csv(tmp_path / "a.csv", [{"昵称": "小王", "平台": "抖音", "ABONNÉS": "7"}])
    assert rows(read(tmp_path / "a.csv"), "creators", "n_followers") == [(7,)]


def test_a_map_with_a_column_that_there_is_not_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connectors").mkdir()
    known: dict[str, Any] = {"names": {}, "needs": {}, "values": {}, "columns": {"creators": {"n_fans": ["粉丝"]}}}
    (tmp_path / "connectors" / "headings.yaml").write_text(yaml.safe_dump(known), encoding="utf-8")
    monkeypatch.setenv("ZHENFEN_CONFIGS", str(tmp_path))
    with pytest.raises(ConfigError, match=r"creators\.n_fans"):
        load_headings()


def test_the_shipped_map_speaks_of_the_contract() -> None:
    known = load_headings()
    assert set(known.values["platform"]) == set(load_platforms())
    for column in ("media_kind", "kind", "frame"):
        (choices,) = {
            spec.columns[i].choices for spec in TABLES.values() for i, c in enumerate(spec.columns) if c.name == column
        }
        assert set(known.values[column]) <= set(choices)


@pytest.mark.parametrize(
    ("name", "columns", "table"),
    [
        ("Sheet1", ("达人昵称", "平台", "粉丝数"), "creators"),
        ("Sheet1", ("日期", "粉丝数"), "follower_counts"),
        ("Sheet1", ("昵称", "标题", "发布时间", "点赞数"), "posts"),
        ("Sheet1", ("评论内容", "评论时间", "评论用户"), "comments"),
        ("Sheet1", ("博主", "粉丝ID", "关注顺序", "注册时间"), "audience"),
        ("评论", ("博主", "内容", "时间", "昵称"), "comments"),
        ("活动", ("博主", "活动时间", "活动类型"), "events"),
        ("Sheet1", ("温度", "湿度"), None),
    ],
)
def test_the_table_of_a_sheet(name: str, columns: tuple[str, ...], table: str | None) -> None:
    layout = find_layout(name, columns)
    assert (layout and layout.table) == table


@pytest.mark.parametrize("word", ["投流", "薯条", "DOU+", "Ｄｏｕ＋", "抖加", "粉丝头条", "推广", "promotion"])
def test_paid_promotion_is_an_event_of_its_own(tmp_path: Path, word: str) -> None:
    event = {"达人昵称": "小王", "平台": "抖音", "活动时间": "2024-01-02", "活动类型": word}
    tables = read(write_csv(tmp_path / "活动.csv", [event]))
    assert rows(tables, "events", "creator_id", "starts_at", "kind") == [("小王", DAY, "promotion")]
    assert unusable(tables) == set()


@pytest.mark.parametrize(
    ("cells", "n_paid"),
    [
        ({"付费播放量": "3000"}, 3000),
        ({"投流播放": "1.2万"}, 12_000),
        ({"播放量": "20,000", "自然播放量": "15000"}, 5000),
        ({"播放量": "20000", "自然播放量": "20000"}, 0),
        ({"播放量": "20000", "自然播放量": "15000", "付费播放量": "4990"}, 4990),
        ({"播放量": "1.2万", "自然播放量": "11900"}, None),
        ({"播放量": "12900", "自然播放量": "1.2万"}, None),
        ({"播放量": "15000", "自然播放量": "20000"}, None),
        ({"自然播放量": "20000"}, None),
        ({"播放量": "20000"}, None),
    ],
)
def test_views_that_were_paid_for_are_read_or_are_the_rest(
    tmp_path: Path, cells: dict[str, str], n_paid: int | None
) -> None:
    tables = read(write_csv(tmp_path / "作品.csv", [POST | {"阅读数": ""} | cells]))
    assert rows(tables, "posts", "n_paid_views") == [(n_paid,)]


@pytest.mark.parametrize(
    "columns",
    [
        ("用户昵称", "微博正文", "评论内容", "评论时间", "评论ID", "微博ID"),
        ("微博作者", "微博内容", "评论者", "评论内容", "评论时间"),
    ],
)
def test_remarks_beside_the_post_that_they_are_under_are_remarks(columns: tuple[str, ...]) -> None:
    layout = find_layout("评论", columns)
    assert layout is not None
    assert layout.table == "comments"
    posts = find_layout("微博", columns[:2])
    assert posts is not None
    assert posts.table == "posts"
