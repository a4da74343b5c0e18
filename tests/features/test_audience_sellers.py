"""Brands and resellers by their own words; who turns them away is none."""

from __future__ import annotations

import polars as pl
import pytest

from zhenfen.features.audience.sellers import find_sellers


def find(name: str | None, bio: str | None) -> tuple[str | None, str | None]:
    profiles = pl.DataFrame(
        {"display_name": [name], "bio": [bio]}, schema=dict.fromkeys(("display_name", "bio"), pl.String)
    )
    row = find_sellers(profiles).row(0)
    return row[0], row[1]


@pytest.mark.parametrize(
    ("name", "bio", "kind", "matched"),
    [
        ("韩国代购小美", None, "daigou", "代购"),
        ("小美在首爾", "專業代購，可直郵", "daigou", "代購"),
        ("小美", "日本DaiGou 接单中", "daigou", "daigou"),
        ("花西子官方旗舰店", "", "brand", "旗舰店"),
        ("完美日记官方", "", "brand", "官方"),
        ("杭州某某贸易有限公司", None, "brand", "有限公司"),
        ("阿紫护肤", "诚招代理，一件代发", "weishang", "诚招"),
        ("阿紫", "不上班的Ｗ微商", "weishang", "微商"),
        ("薇商小王", None, "weishang", "薇商"),
        # Says of itself what it sells, and turns others away.
        ("韩国代购小美", "微商勿扰", "daigou", "代购"),
        ("小美", "代购｜非诚勿扰", "daigou", "代购"),
    ],
)
def test_who_speaks_of_a_trade(name: str, bio: str | None, kind: str, matched: str) -> None:
    assert find(name, bio) == (kind, matched)


@pytest.mark.parametrize(
    ("name", "bio"),
    [
        ("小美", "拒绝微商"),
        ("小美", "代购勿扰"),
        ("小美", "拒绝广告、微商、代购"),
        ("小美", "微商/代购请绕道"),
        ("小美", "微商，代购一律拉黑"),
        ("小美", "广告微商勿加！"),
        ("小美", "不是微商 不做代购"),
        ("小美", "謝絕代購"),
        ("小美", "求代购推荐"),
        ("小美", "远离微商，热爱生活"),
        ("小美", "就职于某某有限公司"),
        ("快乐批发商", "官方认证干饭人"),
        ("某某官方后援会", None),
        ("非官方吃货", None),
        ("小美", ""),
        (None, None),
    ],
)
def test_who_merely_mentions_one(name: str | None, bio: str | None) -> None:
    assert find(name, bio) == (None, None)
