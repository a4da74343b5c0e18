"""Contacts are masked, and nothing that merely looks like a number is."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.text.contacts import has_contact, mask_contacts

MASKED = [
    ("转账6217001234567890123谢谢", "转账[contact:number]谢谢"),
    ("卡号 6222 0212 3456 7890 123", "卡号 [contact:number]"),
    ("身份证11010519491231002X", "身份证[contact:number]"),
    ("打我电话13812345678吧", "打我电话[contact:phone]吧"),
    ("138-1234-5678", "[contact:phone]"),
    ("138 1234 5678，199 8765 4321", "[contact:phone]，[contact:phone]"),
    ("13812345678 13912345678", "[contact:phone] [contact:phone]"),
    ("+86 13812345678", "[contact:phone]"),
    ("8613812345678", "[contact:phone]"),
    ("座机010-12345678", "座机[contact:phone]"),
    ("热线：4008208820", "热线：[contact:phone]"),
    ("客服400-820-8820", "客服[contact:phone]"),
    ("电话/13812345678", "电话/[contact:phone]"),
    ("手机号：13812345678", "手机号：[contact:phone]"),
    ("１３８１２３４５６７８", "[contact:phone]"),
    ("appelez le 06 12 34 56 78", "appelez le [contact:phone]"),
    ("+33 6 12 34 56 78", "[contact:phone]"),
    ("合作：hello.world+xhs@qq.com谢谢", "合作：[contact:email]谢谢"),
    ("123456789@qq.com", "[contact:email]"),
    ("微信：abcdefg", "微信：[contact:wechat]"),
    ("微信号 abc_def", "微信号 [contact:wechat]"),
    ("我的微信是abc12345", "我的微信是[contact:wechat]"),
    ("薇信abc123加我", "薇信[contact:wechat]加我"),
    ("V信：123456789", "V信：[contact:wechat]"),
    ("加vx abc1234", "加vx [contact:wechat]"),
    ("WX:Lovely-2020", "WX:[contact:wechat]"),
    ("+V 13812345678", "+V [contact:wechat]"),
    ("加V13812345678", "加V[contact:wechat]"),
    ("加薇abc12345", "加薇[contact:wechat]"),
    ("微❤：meimei888", "微❤：[contact:wechat]"),
    ("Wechat ID: my_name01", "Wechat ID: [contact:wechat]"),
    ("联系wxid_8sd7f6sd5f", "联系[contact:wechat]"),
    ("QQ：12345", "QQ：[contact:qq]"),
    ("qq123456789", "qq[contact:qq]"),
    ("扣扣群 987654321 进来", "扣扣群 [contact:qq] 进来"),
    ("加Q 1234567890", "加Q [contact:qq]"),
    ("卫星：KTM657", "卫星：[contact:wechat]"),
    ("微❤➕wei791970", "微❤➕[contact:wechat]"),
    ("薇❤：abcdefg", "薇❤：[contact:wechat]"),
    ("徽心kkb040", "徽心[contact:wechat]"),
    ("迦威 sx111 505", "迦威 [contact:wechat] 505"),
    ("微xin: lovely", "微xin: [contact:wechat]"),
    ("+V：③⑦⑤⑥①②③⑥", "+V：[contact:wechat]"),
    ("vx一三八零零一三八", "vx[contact:wechat]"),
    ("微信 1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣", "微信 [contact:wechat]"),
    ("薇信壹贰叁肆伍陆", "薇信[contact:wechat]"),
    ("企鹅 1537 3608", "企鹅 [contact:qq]"),
    ("🐧：123456789", "🐧：[contact:qq]"),
    ("抠抠：974925691", "抠抠：[contact:qq]"),
    ("十扣:298555928", "十扣:[contact:qq]"),
    ("QQ二九八五五五九二八", "QQ[contact:qq]"),
    ("加群838624388", "加群[contact:qq]"),
    ("裙号：79508575", "裙号：[contact:qq]"),
    ("打一三八零零一三八零零零", "打[contact:phone]"),
    ("138零零一三八零零零", "[contact:phone]"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "[contact:phone]"),
    ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "[contact:phone]"),
    ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", "[contact:phone]"),
    ("1-3-8-1-2-3-4-5-6-7-8", "[contact:phone]"),
    ("1 3 8 1 2 3 4 5 6 7 8", "[contact:phone]"),
    ("138.1234.5678", "[contact:phone]"),
    ("电话：一三八零零一三八零零零", "电话：[contact:phone]"),
]
KEPT = [
    "",
    "12345人",
    "2024-01-02",
    "2024-01-02 10:21:42",
    "￥13,812,345,678",
    "199元，到手价159.9",
    "涨粉+12345678",
    "6723a1b0c13812345678ef01",
    "4923049230492304",
    "1725693101000",
    "https://item.taobao.com/item.htm?id=13812345678",
    "https://weibo.com/detail/13812345678",
    "BV1xx411c7mD",
    "微信支付12345元",
    "微信8.0.32更新",
    "用微信 iPhone15也能发",
    "WeChat official account",
    "QQ音乐12345首",
    "QQ2024版",
    "转发微博//@abc.def: 好看",
    "@小明 你看",
    "@vxgt_6978 @qq12345678 你看",
    "加V认证用户",
    "加vip会员有优惠",
    "手机20240102发布",
    "威信扫地",
    "12345热线",
    "1-3 5 7 9 11 13 15",
    "1920x1080，60fps，3.14159265358979",
    "138****5678",
    "卫星2020年发射",
    "卫星电视有CNN",
    "企鹅2004-2005年",
    "企鹅很可爱",
    "扣12345",
    "扣300块钱",
    "群123人",
    "裙子199元",
    "微信支付一二三",
    "一二三四五六七八九十",
    "二零二六年十一月二十一日",
    "一九九八年三月十五日",
    "①好看②好用③便宜④包邮",
    "一三五七九",
    "1.3.5.7.9",
    "微心愿2026",
    "番茄v1.2",
    "赵薇❤❤❤",
    "嘉微笑着说",
]


@pytest.mark.parametrize(("raw", "masked"), MASKED)
def test_a_contact_gives_way_to_its_placeholder(raw: str, masked: str) -> None:
    assert _masked(raw) == masked


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_contact_stays(text: str) -> None:
    assert _masked(text) == text
    assert not _has(text)


@pytest.mark.parametrize("text", [text for pair in MASKED for text in pair])
def test_raw_and_masked_contacts_are_both_seen(text: str) -> None:
    assert _has(text)


def test_null_stays_null() -> None:
    frame = pl.DataFrame({"text": [None]}, schema={"text": pl.String})
    assert frame.select(mask_contacts(pl.col("text"))).item() is None
    assert frame.select(has_contact(pl.col("text"))).item() is None


PIECES = st.sampled_from(
    [
        *(
            "微信",
            "vx",
            "@",
            "加V",
            "QQ",
            "扣扣",
            "电话",
            "手机",
            "：",
            " ",
            "号",
            "-",
            "+",
            "/",
            ".",
            "com",
            "a",
            "人",
        ),
        *("卫星", "薇❤", "企鹅", "扣", "群", "一三八", "①③⑧", "1️⃣", "零"),
        *("wxid_", "13812345678", "138 1234 5678", "12345", "abc123", "abcdefg", "86", "0", "[contact:qq]", "、"),
    ]
)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_masking_twice_is_masking_once_and_leaves_nothing(text: str) -> None:
    once = _masked(text)
    assert _masked(once) == once
    assert _has(text) == ("[contact:" in once)


def _masked(text: str) -> str:
    return str(pl.select(mask_contacts(pl.lit(text))).item())


def _has(text: str) -> bool:
    return bool(pl.select(has_contact(pl.lit(text))).item())
