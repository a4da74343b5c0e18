"""Comments: every share by hand on small sets, and the laws of DESIGN §8."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhenfen.features.base import REASONS_SCHEMA, Measured
from zhenfen.features.comments.family import Comments
from zhenfen.features.inputs import Inputs
from zhenfen.messages import Catalogue
from zhenfen.tables import Tables

POSTED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEMPLATE = "跟着博主买的这款面霜真的太好用了"
LIKE_IT = "跟着博主买的这款精华真的太好用了"
LONG = "用了一个星期皮肤真的变好了很多，朋友们都来问我用了什么，感谢博主的分享"
ORGANIC = [
    "今天下班路上看到的晚霞特别好看",
    "请问这个颜色黄皮可以驾驭吗在线等",
    "上次去成都的时候也住过这家酒店",
    "镜头晃得我头晕能不能用个稳定器",
    "第三分钟那首背景音乐叫什么名字",
    "我家猫看到这里突然抬头盯着屏幕",
    "食谱里的糖是不是写错了感觉太多",
    "北方的朋友表示完全没见过这种菜",
    "去年双十一买的到现在还没有拆封",
    "求一个完整的装修清单和大概预算",
]

LIKENESS = ("near_duplicate", "exact_duplicate", "template", "self_repeat", "largest_cluster")


def test_without_likeness_every_share_of_it_is_zero() -> None:
    row = _values(_comments(ORGANIC))
    assert row["comments_n"] == 10
    for name in (*LIKENESS, "filler", "contact"):
        assert row[f"comments_{name}_share"] == 0, name
    assert row["comments_per_author"] == 1


@pytest.mark.parametrize(
    ("texts", "authors", "counts"),
    [
        ([TEMPLATE] * 3, None, (3, 3, 3, 0, 3)),
        ([TEMPLATE, TEMPLATE, LIKE_IT], None, (3, 2, 3, 0, 3)),
        ([TEMPLATE] * 2, None, (0, 0, 0, 0, 0)),
        ([LONG] * 2, None, (2, 2, 2, 0, 2)),
        ([TEMPLATE] * 4, ["x"] * 4, (4, 4, 0, 3, 4)),
        ([LONG] * 2 + [TEMPLATE] * 3, ["x", "x", "y", "z", "w"], (5, 5, 3, 1, 3)),
        (["好看"] * 5, None, (0, 0, 0, 0, 0)),
    ],
)
def test_likeness(texts: list[str], authors: list[str] | None, counts: tuple[int, ...]) -> None:
    comments = _comments([*ORGANIC, *texts])
    if authors:
        comments = comments.with_columns(author_id=pl.Series([*comments["author_id"].head(10), *authors]))
    row = _values(comments)
    shares = [row[f"comments_{name}_share"] for name in LIKENESS]
    assert shares == pytest.approx([count / (10 + len(texts)) for count in counts])


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        *(
            ("filler", text)
            for text in ("沙发！", "打卡打卡", "666", "顶顶顶", "哈哈哈哈", "赞👍", "。。。", "dd", "好")
        ),
        *(("emoji_only", text) for text in ("😂😂", "[笑哭R][doge]", "❤️")),
        *(("short", text) for text in ("好看", "已买", "太美了吧！！！")),
        *(("contact", text) for text in ("加微信：abc123456看更多", "加微信：[contact:wechat]看更多")),
    ],
)
def test_what_a_comment_is_made_of(feature: str, text: str) -> None:
    assert _values(_comments([*ORGANIC, text]))[f"comments_{feature}_share"] == pytest.approx(1 / 11)


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        *(("filler", text) for text in ("好看", "转发微博", "打卡这家店", "@小明", "沙发很舒服", "😂", "6块钱")),
        *(("emoji_only", text) for text in ("好看😂", "！！", "[contact:phone]")),
        *(("short", text) for text in ("真的很好看", "😂", "")),
    ],
)
def test_what_a_comment_is_not_made_of(feature: str, text: str) -> None:
    assert _values(_comments([*ORGANIC, text]))[f"comments_{feature}_share"] == 0


def test_length_counts_what_is_read() -> None:
    assert _values(_comments(["好看！！！😂"] * 9 + [LONG] * 9))["comments_median_chars"] == (2 + 33) / 2


@pytest.mark.parametrize("n_posts", [1, 3])
def test_posts_with_comments_are_counted(n_posts: int) -> None:
    assert _values(_comments(ORGANIC, n_posts=n_posts))["comments_n_posts"] == n_posts


def test_regulars_are_read_from_the_comments_of_others() -> None:
    """Four posts say nothing of who comes regularly; under five, eight accounts under all of them do."""
    letters = "".join(chr(0x5000 + at) for at in range(400))
    texts = [letters[at * 8 : at * 8 + 8] for at in range(40)]
    by_post = {n: _comments(texts, n_posts=n).with_columns(author_id=pl.format("u{}", _turn(n))) for n in (4, 5)}
    assert _values(by_post[4])["comments_8th_regular_share"] is None
    row = _values(by_post[5])
    assert (row["comments_8th_regular_share"], row["comments_8th_soon_share"]) == (1.0, 0.0)
    assert (row["comments_12th_regular_share"], row["comments_regulars_share"]) == (0.0, 1.0)
    own = by_post[5].with_columns(author_id=pl.col("author_id").replace("u0", "c1"))
    assert _values(own)["comments_8th_regular_share"] == 0.0


def _turn(n_posts: int) -> pl.Expr:
    """One account writes under each of the posts, then the next."""
    return pl.int_range(pl.len()) // n_posts


def test_concentration() -> None:
    authors = ["busy"] * 6 + [f"a{at}" for at in range(4)]
    row = _values(_comments(ORGANIC).with_columns(author_id=pl.Series(authors)))
    assert row["comments_per_author"] == 2
    assert row["comments_top_author_share"] == pytest.approx(0.6)
    assert row["comments_top_tenth_share"] == pytest.approx(0.6)


def test_minutes_after_the_post() -> None:
    minutes = [0, 5, 10, 11, 30, 60, 61, 600, 6_000, 60_000, -5]
    comments = _comments([*ORGANIC, "这一条比作品还早所以时间不可信"], minutes=minutes)
    row = _values(comments)
    assert row["comments_within_10min_share"] == pytest.approx(0.3)
    assert row["comments_within_60min_share"] == pytest.approx(0.6)


NEED_MORE = (
    "same_minute_ratio",
    "late_burst_share",
    "8th_regular_share",
    "12th_regular_share",
    "8th_soon_share",
    "regulars_share",
)
"""Features that ten comments under one post are too few for."""


@pytest.mark.parametrize(
    ("column", "unknown"),
    [
        ("author_id", ["template_share", "self_repeat_share", "per_author", "top_author_share", "top_tenth_share"]),
        ("created_at", ["within_10min_share", "within_60min_share"]),
        ("post_id", ["within_10min_share", "within_60min_share"]),
        ("text", ["filler_share", "emoji_only_share", "short_share", "median_chars", "contact_share"]),
    ],
)
def test_what_is_not_known_is_null_and_the_rest_is_measured(column: str, unknown: list[str]) -> None:
    row = _values(_comments(ORGANIC).with_columns(pl.lit(None).alias(column)))
    assert [name for name, value in row.items() if value is None] == [
        f"comments_{name}" for name in _in_order([*unknown, *NEED_MORE])
    ]


def test_own_replies_and_strangers_to_the_set_are_left_out() -> None:
    own = _comments(["谢谢支持呀记得常来看看我的新作品"] * 5).with_columns(
        author_id=pl.lit("c1"), comment_id="own" + pl.col("comment_id")
    )
    elsewhere = _comments(ORGANIC).with_columns(creator_id=pl.lit("c9"), comment_id="far" + pl.col("comment_id"))
    alone = _measure(_comments(ORGANIC))
    assert _measure(pl.concat([_comments(ORGANIC), own, elsewhere])).values.equals(alone.values)


def test_thin_data_gets_a_reason_in_three_languages() -> None:
    measured = _measure(_comments(ORGANIC[:9]), creators=("c1", "c2"))
    assert measured.reasons.schema == REASONS_SCHEMA
    assert measured.reasons.rows() == [("c1", "comments_too_few", 10, 9), ("c2", "comments_absent", 10, 0)]
    assert measured.values["creator_id"].to_list() == ["c1", "c2"]
    assert all(column.null_count() == 2 for column in measured.values.drop("creator_id"))
    for language in ("zh", "en", "fr"):
        for reason in measured.reasons["reason"]:
            assert "10" in Catalogue(language).text(f"reason.{reason}", n_needed="10", n_found="9")


def test_no_creator_and_no_comment_at_all() -> None:
    measured = Comments().measure(Inputs(Tables(), POSTED_AT))
    assert measured.values.columns == ["creator_id", *(spec.name for spec in Comments.specs)]
    assert measured.values.is_empty()
    assert measured.reasons.is_empty()


def test_clusters_are_described_largest_first() -> None:
    texts = [*ORGANIC, LONG, LONG, TEMPLATE, TEMPLATE + "！", TEMPLATE, LIKE_IT, LIKE_IT, LIKE_IT]
    clusters = _measure(_comments(texts, n_posts=2)).details["clusters"]
    assert clusters.select("n_comments", "n_authors", "n_posts").rows() == [(6, 6, 2), (2, 2, 2)]
    assert clusters["examples"].to_list() == [[LIKE_IT, TEMPLATE, TEMPLATE + "！"], [LONG]]
    first = clusters.row(0, named=True)
    assert (first["creator_id"], first["cluster_id"]) == ("c1", "c1-12")
    assert (first["first_at"], first["last_at"]) == (POSTED_AT + timedelta(hours=13), POSTED_AT + timedelta(hours=18))


def test_details_are_made_only_when_asked_for_and_change_no_value() -> None:
    comments = _comments([*ORGANIC, *[TEMPLATE] * 3])
    plain, full = (_measure(comments, with_details=wanted) for wanted in (False, True))
    assert not plain.details
    assert plain.values.equals(full.values)


def test_a_cluster_across_creators_is_counted_where_it_stands() -> None:
    two = [_comments([*ORGANIC, *[TEMPLATE] * n], creator=name) for name, n in (("c1", 4), ("c2", 1))]
    values = _measure(pl.concat(two), creators=("c1", "c2")).values
    assert values["comments_near_duplicate_share"].to_list() == pytest.approx([4 / 14, 0])


def test_shares_lie_in_their_range_and_features_are_as_specified() -> None:
    texts = [*ORGANIC, *[TEMPLATE] * 3, "😂", "好", "沙发"] * 2
    measured = _measure(_comments(texts, minutes=range(0, 32 * 7, 7), n_posts=5))
    assert measured.values.columns == ["creator_id", *(spec.name for spec in Comments.specs)]
    for spec in Comments.specs:
        value = measured.values[spec.name].item()
        assert value >= spec.low
        assert spec.high is None or value <= spec.high


@pytest.mark.parametrize("language", ["zh", "en", "fr"])
def test_every_feature_has_its_words(language: str) -> None:
    catalogue = Catalogue(language)
    for key in ("family.comments", *(f"feature.{spec.name}" for spec in Comments.specs)):
        assert catalogue.text(key)
        assert catalogue.text(f"{key}.about")


def test_row_order_changes_nothing() -> None:
    comments = _mixed(np.random.default_rng(1))
    shuffled = comments.sample(fraction=1, shuffle=True, seed=2)
    one, other = _measure(comments), _measure(shuffled)
    assert one.values.equals(other.values)
    assert one.details["clusters"].equals(other.details["clusters"])


def test_new_names_for_all_ids_change_nothing() -> None:
    comments = _mixed(np.random.default_rng(1))
    renamed = comments.with_columns(
        comment_id=pl.lit("z") + (99 - pl.int_range(pl.len())).cast(pl.String),
        author_id=pl.col("author_id").rank("dense").cast(pl.String) + "x",
    )
    assert _measure(renamed).values.equals(_measure(comments).values)


@pytest.mark.parametrize("seed", range(5))
def test_an_organic_comment_of_a_new_author_never_raises_likeness(seed: int) -> None:
    rng = np.random.default_rng(seed)
    comments = _mixed(rng)
    new = "".join(chr(code) for code in rng.integers(0x5000, 0x9000, rng.integers(1, 30)))
    extra = _comments([new]).with_columns(comment_id=pl.lit("new"), author_id=pl.lit("newcomer"))
    before, after = _values(comments), _values(pl.concat([comments, extra]))
    for name in LIKENESS:
        assert after[f"comments_{name}_share"] <= before[f"comments_{name}_share"]


def _mixed(rng: np.random.Generator) -> pl.DataFrame:
    texts = [*ORGANIC, *[TEMPLATE] * 4, LIKE_IT, LONG, LONG, "好看", "沙发", "😂"]
    authors = [f"a{at}" for at in rng.integers(0, 12, len(texts))]
    return _comments(texts).with_columns(author_id=pl.Series(authors))


def _comments(
    texts: list[str], *, creator: str = "c1", minutes: list[int] | None = None, n_posts: int = 1
) -> pl.DataFrame:
    late = minutes or [60 * (at + 1) for at in range(len(texts))]
    return pl.DataFrame(
        {
            "comment_id": [f"{creator}-{at:02}" for at in range(len(texts))],
            "post_id": [f"p{at % n_posts}" for at in range(len(texts))],
            "creator_id": creator,
            "author_id": [f"{creator}-author{at}" for at in range(len(texts))],
            "created_at": [POSTED_AT + timedelta(minutes=one) for one in late],
            "text": texts,
        }
    )


def _measure(comments: pl.DataFrame, creators: tuple[str, ...] = ("c1",), *, with_details: bool = True) -> Measured:
    names = [f"p{at}" for at in range(5)]
    posts = pl.DataFrame({"post_id": names, "creator_id": "c1", "published_at": POSTED_AT})
    people = pl.DataFrame({"creator_id": creators, "platform": "xiaohongshu"})
    tables = Tables({"creators": people, "posts": posts, "comments": comments})
    return Comments().measure(Inputs(tables, POSTED_AT + timedelta(days=99), with_details))


def _values(comments: pl.DataFrame) -> dict[str, Any]:
    return _measure(comments).values.drop("creator_id").row(0, named=True)


def _in_order(names: list[str]) -> list[str]:
    return [short for spec in Comments.specs if (short := spec.name.removeprefix("comments_")) in names]
