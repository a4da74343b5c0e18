"""What is made out of sheets as people have them: headings, platform, whose they are; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_builder import ignored, read, rows, write_csv, write_workbook

from zhenfen.connectors.base import Options
from zhenfen.connectors.import_map import read_map
from zhenfen.connectors.preview import preview_export
from zhenfen.errors import InputError, QuestionError

NOTE = {"笔记标题": "标题", "发布时间": "2026-08-01 09:00:00", "达人昵称": "小王", "点赞数": "5", "粉丝数": "1.2万"}
OWN = ["笔记标题", "首次发布时间", "体裁", "曝光", "观看量", "封面点击率", "点赞", "人均观看时长"]
CREATOR = {"博主昵称": "小王", "平台": "小红书", "粉丝数": "1", "返点": "20%"}


def test_headings_below_a_merged_title_are_found_and_the_creator_is_asked_for(tmp_path: Path) -> None:
    title = ["最多导出排序后前1000条笔记"] * len(OWN)
    row = ["标题", "2026年07月11日03时09分05秒", "视频", "900", "126", "0", "3", "12"]
    path = write_workbook(tmp_path / "a.xlsx", {"Sheet1": [title, OWN, row]})
    with pytest.raises(QuestionError) as caught:
        read(path)
    assert [one.key for one in caught.value.problems] == ["problem.creator"]
    tables = read(path, creator_name="小王")
    moment = datetime(2026, 7, 10, 19, 9, 5, tzinfo=UTC)
    assert rows(tables, "posts", "creator_id", "published_at", "n_views", "n_likes") == [("小王", moment, 126, 3)]
    assert rows(tables, "creators", "display_name", "platform") == [("小王", "xiaohongshu")]


def test_a_title_above_the_headings_of_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("8月达人名单\n\n博主昵称,平台,粉丝数\n小王,小红书,3\n合计,,\n", encoding="utf-8")
    tables = read(path)
    assert rows(tables, "creators", "creator_id", "n_followers") == [("小王", 3)]
    assert tables["unusable"]["expected"].to_list() == ["unusable.note"]


def test_a_sheet_of_posts_says_who_wrote_them_with_how_many_followers(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "a.csv", [NOTE, NOTE | {"达人昵称": "小李", "粉丝数": "9"}]))
    assert rows(tables, "creators", "creator_id", "n_followers", "platform") == [
        ("小李", 9, "xiaohongshu"),
        ("小王", 12000, "xiaohongshu"),
    ]


def test_authors_under_an_unknown_heading_are_not_merged(tmp_path: Path) -> None:
    posts = [{"笔记标题": f"标题{n}", "发布时间": "2026-08-01", "账户作者": f"作者{n}"} for n in range(3)]
    path = write_csv(tmp_path / "a.csv", posts)
    for options in ({}, {"creator_name": "小王"}):
        with pytest.raises(InputError) as caught:
            read(path, **options)
        assert "problem.people" in {one.key for one in caught.value.problems}


def test_names_that_share_an_id_are_not_merged(tmp_path: Path) -> None:
    people = [CREATOR | {"达人ID": "1", "博主昵称": name} for name in ("小王", "小李")]
    with pytest.raises(InputError) as caught:
        read(write_csv(tmp_path / "a.csv", people))
    assert [one.key for one in caught.value.problems] == ["problem.shared_id"]


@pytest.mark.parametrize(
    ("name", "heading", "platform"),
    [("a.csv", "抖音号", "douyin"), ("新红导出.csv", "达人ID", "xiaohongshu"), ("list_wb.csv", "达人ID", "weibo")],
)
def test_the_platform_is_made_out(tmp_path: Path, name: str, heading: str, platform: str) -> None:
    tables = read(write_csv(tmp_path / name, [{"达人昵称": "小王", heading: "w1", "粉丝数": "1"}]))
    assert rows(tables, "creators", "platform") == [(platform,)]


@pytest.mark.parametrize("word", ["小红书", "RED", "xhs"])
def test_the_option_takes_any_name_and_must_not_contradict(tmp_path: Path, word: str) -> None:
    plain = write_csv(tmp_path / "a.csv", [{"达人昵称": "小王", "粉丝数": "1"}])
    assert rows(read(plain, platform=word), "creators", "platform") == [("xiaohongshu",)]
    douyin = write_csv(tmp_path / "b.csv", [{"达人昵称": "小王", "抖音号": "w1", "粉丝数": "1"}])
    with pytest.raises(InputError) as caught:
        read(douyin, platform=word)
    assert [one.key for one in caught.value.problems] == ["problem.platforms"]


def test_unused_columns_are_named_with_what_was_perhaps_meant(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / "a.csv", [CREATOR | {"关注数目": "3"}]))
    assert ignored(tables) == {"返点": None, "关注数目": "关注数"}


def test_a_preview_makes_a_map_that_reads_a_column_it_did_not_know(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"博主昵称": "小王", "平台": "抖音", "粉丝规模": "12"}])
    preview = preview_export(path, Options())
    (sheet,) = preview.sheets
    assert (sheet.heading_row, sheet.table, sheet.rows) == (1, "creators", [("小王", "抖音", "12")])
    assert list(sheet.ignored) == ["粉丝规模"]
    saved = tmp_path / "map.yaml"
    saved.write_text(preview.to_map().to_yaml().replace("粉丝规模: null", "粉丝规模: n_followers"), encoding="utf-8")
    tables = read(path, import_map=read_map(saved))
    assert rows(tables, "creators", "creator_id", "n_followers") == [("小王", 12)]


SHORT = "id,bid,正文,头条文章url,原始图片url,视频url,位置,日期,工具,点赞数,评论数,转发数,话题,@用户"


def test_the_heading_that_weibo_crawler_forgot_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "5478897599.csv"
    new, old = "1,a,新,,,,,上海,2025-09-01,iPhone,100,20,5,,", "2,b,旧,,,,上海,2025-08-01,iPhone,7,8,9,,"
    path.write_text(f"{SHORT}\n{new}\n{old}\n", encoding="utf-8-sig")
    assert rows(read(path), "posts", "post_id", "n_likes", "n_comments", "n_shares") == [
        ("1", 100, 20, 5),
        ("2", 7, 8, 9),
    ]
    path.write_text(f"{SHORT}\n{new.replace('2025-09-01', '?')}\n", encoding="utf-8-sig")
    with pytest.raises(InputError, match="row 1"):
        read(path)


def test_lines_that_are_nothing_but_a_time_are_no_accounts(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "用户id,昵称,粉丝数,微博数\n2020-12-25 01:06:53\n8066800488,小王,12,3\n", encoding="utf-8-sig"
    )
    tables = read(tmp_path)
    seen = datetime(2020, 12, 24, 17, 6, 53, tzinfo=UTC)
    assert rows(tables, "creators", "creator_id", "snapshot_at") == [("8066800488", seen)]


def test_a_text_that_a_line_break_tore_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("笔记标题,达人昵称,正文,点赞数\n一,小王,上半\n下半,5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    assert [(one.row, one.key) for one in caught.value.problems] == [(2, "expected.unbroken")]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "n_creators", "n_followers"),
    [
        ("xhs_excel_tool", 40, 40),
        ("weibo_list_search", 98, 0),
        ("weibo_search", 290, 0),
        ("mafengge_weibo", 10, 0),
        ("weibo_crawler_csv_2020", 4, 4),
        ("agency_sheets/shortlist.xlsx", 10, 10),
        ("agency_sheets/xinhong_notes.xlsx", 1, 0),
        ("agency_sheets/chanmama_trend.csv", 1, 0),
    ],
)
def test_the_exports_of_the_data_folder(data_dir: Path, name: str, n_creators: int, n_followers: int) -> None:
    creators = read(data_dir / "exports" / name)["creators"]
    known: Any = creators["n_followers"].drop_nulls().len()
    assert (creators.height, known, creators["display_name"].null_count()) == (n_creators, n_followers, 0)
    assert creators.filter(pl.col("platform").is_null()).is_empty()


def write_sheet(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def test_the_sheet_of_the_channels_assistant(tmp_path: Path) -> None:
    headings = "视频描述,视频ID,发布时间,完播率,平均播放时长,播放量,推荐,喜欢,评论量,分享量,关注量,转发聊天和朋友圈"
    row = "今天吃什么 #吃,export/Uz1,2026/7/24,20%,14.73秒,99,3,8,2,4,1,4"
    tables = read(write_sheet(tmp_path, "明细.csv", headings, row), creator_name="小王")
    (post,) = tables["posts"].to_dicts()
    expected = {"post_id": "export/Uz1", "text": "今天吃什么 #吃", "n_views": 99, "n_likes": 8, "n_comments": 2}
    expected |= {"n_shares": 4, "n_saves": None}
    assert {name: post[name] for name in expected} == expected
    assert rows(tables, "creators", "creator_id", "platform") == [("小王", "wechat")]
    # The heart is another click than the thumb: not added, and said.
    assert {"推荐", "关注量", "完播率"} <= set(ignored(tables))


def test_the_comparison_of_videos_of_bilibili(tmp_path: Path) -> None:
    headings = "视频标题,发布时间,播放量,游客播放占比,粉丝观看率,封标点击率,涨粉量,点赞量,点赞率,"
    headings += "评论量,弹幕量,收藏量,投币量,转发量,平均播放进度"
    row = "第一期,2026年05月29日 12:40:34,12000,80%,5%,4星,10,900,7.5%,30,20,44,55,6,41%"
    tables = read(write_sheet(tmp_path, "近期.csv", headings, row), creator_name="小王")
    (post,) = tables["posts"].to_dicts()
    expected = {"text": "第一期", "n_views": 12000, "n_likes": 900, "n_comments": 30, "n_danmaku": 20}
    expected |= {"n_saves": 44, "n_coins": 55, "n_shares": 6}
    expected |= {"published_at": datetime(2026, 5, 29, 4, 40, 34, tzinfo=UTC)}
    assert {name: post[name] for name in expected} == expected
    assert rows(tables, "creators", "creator_id", "platform") == [("小王", "bilibili")]


@pytest.mark.parametrize("name", ["明细.csv", "近期.csv"])
def test_whose_own_sheet_it_is_is_asked_for(tmp_path: Path, name: str) -> None:
    sheets = {
        "明细.csv": ("视频描述,视频ID,发布时间,完播率,播放量,喜欢", "a,1,2026/7/24,20%,9,8"),
        "近期.csv": ("视频标题,发布时间,播放量,游客播放占比", "a,2026年05月29日 12:40:34,9,80%"),
    }
    with pytest.raises(QuestionError) as caught:
        read(write_sheet(tmp_path, name, *sheets[name]))
    assert [problem.key for problem in caught.value.problems] == ["problem.creator"]
