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
        *("wxid_", "13812345678", "138 1234 5678", "12345", "abc123", "abcdefg", "86", "0", "[contact:qq]", "、"),
    ]
)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_masking_twice_is_masking_once_and_leaves_nothing(text: str) -> None:
    once = _masked(text)
    assert _masked(once) == once
    assert _has(text) == ("[contact:" in once)


def _masked(text: str) -> str:
    return str(pl.select(mask_contacts(pl.lit(text))).item())


def _has(text: str) -> bool:
    return bool(pl.select(has_contact(pl.lit(text))).item())
