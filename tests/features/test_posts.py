"""Posts: the facts of a single post, kept apart, and what it shares with others."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from work_counter import check_linear

from zhenfen.features.posts.facts import POST_SPECS, count_column, measure_posts, read_posts

PLAIN = "周末去公园走了走，银杏已经黄了"
TEMPLATE = "这款精华真的太好用了姐妹们，用了一周皮肤变亮很多，强烈推荐给大家"
HOSTILE = [
    "",
    " ",
    "好",
    "👍🏻" * 200,
    "\u202e\u200b\x00\x02\x03\x1b[31m",
    "Schöne Grüße, это реклама, これは広告です",
    "（" * 5_000 + "）" * 5_000,
    "拍一" * 20_000,
    "感谢" * 50_000,
    "a" * 100_000,
    "#" * 100_000,
    "不是不是不是在在在" * 10_000 + "广告",
]
DISCLOSURES = ["#广告", "【广告】", " 本期为品牌合作内容", " paid partnership"]


@pytest.mark.parametrize(
    ("text", "is_disclosed"),
    [
        ("#广告 面霜", True),
        ("感谢字节邀请，来到杭州", True),
        ("受品牌方邀请试用", True),
        ("今年我们又谈了合作", True),
        ("给朋友打个小广告", True),
        ("感謝某某的贊助", True),
        ("＃广\u200b告 面霜", True),
        ("非廣告，自用", None),
        ("這不是廣\u2060告", None),
        ("非广告，自用分享", None),
        ("无广 自费", None),
        ("不是广告也没有打广告", None),
        ("不接广告", None),
        ("这个广告真好看", None),
        ("sans partenariat, achat personnel", None),
        ("#notsponsored", None),
        (None, None),
    ],
)
def test_a_disclosure_is_read_and_its_negation_is_none(text: str | None, is_disclosed: bool | None) -> None:
    assert _one(text)["is_disclosed"] is is_disclosed


@pytest.mark.parametrize(
    ("text", "has_means"),
    [
        ("穿搭分享附🔗", True),
        ("还没抢到的宝赶紧进直播间", True),
        ("今日拍一发四", True),
        ("拍一瓶，发6瓶", True),
        ("198到手3瓶", True),
        ("建议京东买", True),
        ("点击链接下单", True),
        ("use code LINUS at checkout", True),
        ("去商场逛了逛，价格很贵", None),
        ("直播间隔了一天", None),
        ("拍了一发朋友圈", None),
        (None, None),
    ],
)
def test_means_to_buy(text: str | None, has_means: bool | None) -> None:
    assert _one(text)["has_purchase_means"] is has_means


@pytest.mark.parametrize(
    ("name", "text", "n"),
    [
        ("praise", "亲测好用，无限回购", 2),
        ("call_to_action", "姐妹们赶紧冲！快来报名", 2),
        ("absolute", "全网第一的顶级面霜", 2),
        ("absolute", "第一次去，最近很忙，最后一天，中国一直", 0),
        ("mention", "@小王 @李四 你们看", 2),
        ("coupon_code", "优惠码：ABC123", 1),
        ("list_item", "✅控油\n✅保湿\n1. 便宜", 3),
        ("campaign", "关注+转发，抽3位送", 2),
        ("own_goods", "我们公司主办，时间：周六", 3),
        ("price", "￥59.9 和 100元", 2),
        ("praise", PLAIN, 0),
        ("call_to_action", PLAIN, 0),
    ],
)
def test_words_are_counted(name: str, text: str, n: int) -> None:
    assert _one(text)[count_column(name)] == n


def test_platform_columns_decide_where_no_word_was_seen() -> None:
    posts = _posts([PLAIN, PLAIN, "#广告", "附🔗"]).with_columns(
        is_labelled_ad=pl.Series([True, False, False, None]), has_purchase_link=pl.Series([None, True, False, False])
    )
    found = measure_posts(posts)
    assert found["is_disclosed"].to_list() == [True, False, True, None]
    assert found["has_purchase_means"].to_list() == [None, True, False, True]


@pytest.mark.parametrize("disclosure", DISCLOSURES)
def test_a_disclosure_is_one_fact_and_changes_no_other(disclosure: str) -> None:
    texts = [PLAIN, "附🔗 赶紧冲", TEMPLATE]
    before, after = (measure_posts(_posts(one)) for one in (texts, [text + disclosure for text in texts]))
    assert after["is_disclosed"].all()
    assert before["has_purchase_means"].equals(after["has_purchase_means"])
    assert before[count_column("call_to_action")].equals(after[count_column("call_to_action")])


def test_a_brand_that_is_repeated() -> None:
    texts = ["@海飞丝 好用", "又用了@海飞丝", "今天 #银杏", "@海飞丝 和 Nike", None]
    shares = measure_posts(_posts(texts, creators=["a", "a", "a", "b", "a"]))["post_brand_repeat_share"]
    assert shares.to_list() == [pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(1 / 3), None, None]


def test_a_template_of_several_creators() -> None:
    texts = [TEMPLATE, TEMPLATE.replace("一周", "两周"), TEMPLATE + "！", PLAIN, TEMPLATE, None]
    n = measure_posts(_posts(texts, creators=["a", "b", "b", "a", None, "c"]))["post_template_creators_count"]
    assert n.to_list() == [1, 1, 1, 0, None, None]


def test_unknown_is_null_and_never_zero() -> None:
    row = _one(None)
    assert {name: value for name, value in row.items() if value is not None} == {"post_id": "p0"}
    bare = measure_posts(_posts([PLAIN]).select("post_id", "text")).row(0, named=True)
    assert (bare["post_brand_repeat_share"], bare["post_template_creators_count"]) == (None, None)


def test_row_order_and_ids_change_nothing() -> None:
    posts = _posts([TEMPLATE, PLAIN, TEMPLATE + "了", "附🔗", None, "@a 好"], creators=["z", "z", "y", "z", "y", "z"])
    found = measure_posts(posts)
    assert measure_posts(posts.reverse()).equals(found.reverse())
    renamed = posts.with_columns(
        post_id=pl.Series([f"x{9 - at}" for at in range(6)]), creator_id=pl.col("creator_id") + "!"
    )
    assert measure_posts(renamed).drop("post_id").equals(found.drop("post_id"))


def test_every_column_is_specified() -> None:
    found = measure_posts(_posts([PLAIN]))
    assert found.columns == ["post_id", "is_disclosed", "has_purchase_means", *(s.name for s in _in_order(found))]
    assert {spec.name for spec in POST_SPECS} == set(found.columns[3:])
    assert measure_posts(_posts([])).schema == found.schema


def test_hostile_texts_are_facts_too() -> None:
    assert measure_posts(_posts(HOSTILE)).height == len(HOSTILE)


@pytest.mark.parametrize("text", ["拍一", "感谢", "a", "#", "不是不是在在广告", "（）"])
def test_a_long_text_is_linear_work(text: str) -> None:
    check_linear(lambda longer: measure_posts(_posts([longer])), text * (3_000 // len(text)))


def test_facts_are_added_to_the_rows_as_they_are() -> None:
    posts = _posts([PLAIN, None])
    assert read_posts(posts).select(posts.columns).equals(posts)


def _in_order(found: pl.DataFrame) -> list[Any]:
    specs = {spec.name: spec for spec in POST_SPECS}
    return [specs[name] for name in found.columns[3:]]


def _posts(texts: list[str | None] | list[str], creators: list[str | None] | list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "post_id": [f"p{at}" for at in range(len(texts))],
            "creator_id": creators or ["c"] * len(texts),
            "text": texts,
        },
        schema={"post_id": pl.String, "creator_id": pl.String, "text": pl.String},
    )


def _one(text: str | None) -> dict[str, Any]:
    return measure_posts(_posts([text])).row(0, named=True)
