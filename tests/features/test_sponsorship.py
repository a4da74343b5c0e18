"""Sponsorship: what is read in a post, and what is not read into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from zhenfen.features.base import Measured
from zhenfen.features.inputs import Inputs
from zhenfen.features.posts.family import Sponsorship
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables

START = datetime(2026, 5, 1, tzinfo=UTC)
PLAIN = "周末去公园走了走，银杏已经黄了"


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        ("disclosure", "#广告 这款面霜我用了一个月"),
        ("disclosure", "【广告】秋冬护肤"),
        ("disclosure", "广告｜秋冬护肤"),
        ("disclosure", "感谢某某品牌的赞助"),
        ("disclosure", "本期为品牌合作内容"),
        ("disclosure", "This video is Sponsored by Acme"),
        ("disclosure", "Collaboration commerciale avec Acme"),
        ("disclosure", "这条含广告，不是广告的部分是我的真实感受"),
        ("call_to_action", "喜欢的姐妹点击链接"),
        ("call_to_action", "评论区扣1发你"),
        ("discount", "双11券后只要一半"),
        ("discount", "全场8.5折"),
        ("discount", "满200减30"),
        ("price", "到手才￥59.9"),
        ("price", "一共花了199元"),
        ("link", "全文见 http://t.cn/A6abc"),
        ("tag", "#秋天# 银杏黄了"),
        ("purchase_means", "链接在评论区置顶"),
        ("purchase_means", "复制￥AbCd1234EfG￥"),
    ],
)
def test_a_word_is_seen(fact: str, text: str) -> None:
    assert _values([text])[f"sponsorship_{fact}_share"] == 1


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        *(
            ("disclosure", text)
            for text in ("", PLAIN, "这个广告拍得真好看", "非广告，自用分享", "无广！自费购买", "不是广告合作")
        ),
        *(
            ("disclosure", text)
            for text in ("没有收任何品牌赞助", "绝对不是在打广告", "this is not an ad", "怎么屏蔽广告")
        ),
        ("disclosure", "#广告学 考研日记"),
        ("call_to_action", "链接起城市与乡村的一条路"),
        ("discount", "打折了腿三折叠手机"),
        ("price", "2024年的元旦和12345人"),
        ("tag", "C# 入门"),
        ("link", "没有链接"),
        ("purchase_means", "超市的购物小票"),
    ],
)
def test_what_is_not_there_is_not_seen(fact: str, text: str) -> None:
    assert _values([text])[f"sponsorship_{fact}_share"] == 0


@pytest.mark.parametrize(
    ("text", "n_tags"),
    [
        ("#秋天# #银杏# 走走", 2),
        ("#秋天[话题]# #银杏[话题]# 走走", 2),
        ("#秋天 #银杏", 2),
        (PLAIN, 0),
        ("#秋天#走走", 1),
    ],
)
def test_tags_are_counted_in_every_platforms_spelling(text: str, n_tags: int) -> None:
    assert _values([text])["sponsorship_mean_tags"] == n_tags


def test_shares_are_over_own_posts() -> None:
    posts = _posts(["广告｜面霜", PLAIN, PLAIN, "转发 点击链接"]).with_columns(
        is_repost=pl.Series([False, None, False, True])
    )
    row = _row(_measure(posts))
    assert row["sponsorship_n_posts"] == 3
    assert row["sponsorship_disclosure_share"] == pytest.approx(1 / 3)
    assert row["sponsorship_call_to_action_share"] == 0


def test_platform_columns_count_where_they_are_known() -> None:
    posts = _posts([PLAIN] * 4).with_columns(
        is_labelled_ad=pl.Series([True, False, None, None]), has_purchase_link=pl.lit(None, dtype=pl.Boolean)
    )
    row = _row(_measure(posts))
    assert row["sponsorship_labelled_ad_share"] == 0.5
    assert row["sponsorship_purchase_link_share"] is None
    assert row["sponsorship_purchase_means_share"] == 0


def test_a_call_without_disclosure_is_counted_from_five_posts_on() -> None:
    texts = ["点击链接", "【广告】点击链接", "券后更划算", PLAIN, "点击链接"]
    posts = _posts(texts).with_columns(is_labelled_ad=pl.Series([False, None, True, False, False]))
    assert _row(_measure(posts))["sponsorship_undisclosed_call_share"] == pytest.approx(2 / 5)
    few = _measure(posts.head(4))
    assert _row(few)["sponsorship_undisclosed_call_share"] is None
    assert few.reasons.rows() == [("c1", "sponsorship_too_few_posts", 5, 4)]


@pytest.mark.parametrize("text", ["点击链接", "券后更划算，旗舰店有售"])
def test_a_call_whose_label_is_unknown_is_not_one_without_disclosure(text: str) -> None:
    known = [False] * 5 + [None] * 5
    posts = _posts([PLAIN] * 5 + [text] * 5).with_columns(is_labelled_ad=pl.Series(known, dtype=pl.Boolean))
    assert _row(_measure(posts))["sponsorship_undisclosed_call_share"] == 0
    unknown = _measure(posts.with_columns(is_labelled_ad=pl.lit(None, dtype=pl.Boolean)))
    assert _row(unknown)["sponsorship_undisclosed_call_share"] is None
    assert unknown.reasons.rows() == [("c1", "sponsorship_labels_unknown", 5, 0)]
    for language in LANGUAGES:
        sentence = Catalogue(language).text("reason.sponsorship_labels_unknown", n_needed="5", n_found="0")
        assert "5" in sentence


@pytest.mark.parametrize(
    ("text", "is_labelled_ad", "is_disclosed"),
    [
        (PLAIN, False, False),
        (PLAIN, None, None),
        (PLAIN + "…全文", False, None),
        (PLAIN + "... see more", False, None),
        (PLAIN + "…全文", True, True),
        ("【广告】" + PLAIN + "…全文", None, True),
        (PLAIN + "……", False, False),
        (None, False, None),
        (None, True, True),
    ],
)
def test_disclosed_not_seen_and_unknown_are_three_states(
    text: str | None, is_labelled_ad: bool | None, is_disclosed: bool | None
) -> None:
    posts = _posts([text]).with_columns(is_labelled_ad=pl.Series([is_labelled_ad], dtype=pl.Boolean))
    assert _measure(posts).details["posts"]["is_disclosed"].to_list() == [is_disclosed]


def test_a_post_without_text_is_a_post() -> None:
    posts = _posts([None, PLAIN]).with_columns(is_labelled_ad=pl.Series([True, False]))
    row = _row(_measure(posts))
    assert (row["sponsorship_n_posts"], row["sponsorship_labelled_ad_share"]) == (2, 0.5)
    assert row["sponsorship_disclosure_share"] == 0
    assert _row(_measure(_posts([None])))["sponsorship_tag_share"] is None


def test_details_show_the_facts_apart() -> None:
    texts = [PLAIN, "【广告】" + PLAIN, "非广告", PLAIN * 9 + "最后点击链接，领券", None]
    posts = _posts(texts).with_columns(
        is_labelled_ad=pl.Series([None, None, False, None, True]),
        has_purchase_link=pl.Series([None, True, None, False, None]),
    )
    rows = _measure(posts).details["posts"].sort("post_id").rows(named=True)
    assert [row["is_disclosed"] for row in rows] == [None, True, False, None, True]
    assert [row["has_purchase_means"] for row in rows] == [None, True, None, False, None]
    assert [row["matched"] for row in rows][:4] == [[], ["【广告】"], [], ["点击链接", "领券"]]
    assert rows[0]["excerpt"] == PLAIN
    assert "点击链接" in rows[3]["excerpt"]
    assert len(rows[3]["excerpt"]) <= 60
    assert rows[4]["excerpt"] is None
    newest_first = _measure(posts).details["posts"]["published_at"].to_list()
    assert newest_first == sorted(newest_first, reverse=True)


def test_without_posts_there_is_a_reason() -> None:
    measured = _measure(_posts([PLAIN]).with_columns(creator_id=pl.lit("c9")))
    assert measured.reasons.rows() == [("c1", "sponsorship_no_posts", 1, 0)]
    assert all(value is None for value in _row(measured).values())
    for language in ("zh", "en", "fr"):
        assert "1" in Catalogue(language).text("reason.sponsorship_no_posts", n_needed="1", n_found="0")


def test_row_order_changes_nothing_and_details_change_no_value() -> None:
    posts = _posts([PLAIN, "【广告】点击链接", "券后9元", "#秋天#", None, "非广告"])
    one, other = _measure(posts), _measure(posts.reverse())
    assert one.values.equals(other.values)
    assert one.details["posts"].equals(other.details["posts"])
    plain = _measure(posts, with_details=False)
    assert plain.values.equals(one.values)
    assert not plain.details


def test_no_creator_at_all() -> None:
    measured = Sponsorship().measure(Inputs(Tables(), START))
    assert measured.values.columns == ["creator_id", *(spec.name for spec in Sponsorship.specs)]
    assert measured.values.is_empty()


@pytest.mark.parametrize("language", ["zh", "en", "fr"])
def test_every_feature_has_its_words(language: str) -> None:
    catalogue = Catalogue(language)
    for key in ("family.sponsorship", *(f"feature.{spec.name}" for spec in Sponsorship.specs)):
        assert catalogue.text(key)
        assert catalogue.text(f"{key}.about")


def _posts(texts: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "post_id": [f"p{at}" for at in range(len(texts))],
            "creator_id": "c1",
            "published_at": [START + timedelta(days=at) for at in range(len(texts))],
            "text": pl.Series(texts, dtype=pl.String),
        }
    )


def _measure(posts: pl.DataFrame, *, with_details: bool = True) -> Measured:
    people = pl.DataFrame({"creator_id": ["c1"], "platform": "xiaohongshu"})
    return Sponsorship().measure(Inputs(Tables({"creators": people, "posts": posts}), START, with_details))


def _row(measured: Measured) -> dict[str, Any]:
    return measured.values.drop("creator_id").row(0, named=True)


def _values(texts: list[str | None]) -> dict[str, Any]:
    return _row(_measure(_posts(texts)))
