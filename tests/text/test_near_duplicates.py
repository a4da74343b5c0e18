"""Templates are found, everybody's words are not, and neither order nor ids decide."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.text.near_duplicates import cluster_comments, connect, jaccard, least_jaccard

TEMPLATE = "跟着博主买的这款面霜真的太好用了"
LONG = "用了一个星期皮肤真的变好了很多，朋友们都来问我用了什么，感谢博主的分享"
OTHERS = ["今天下班路上看到的晚霞特别好看", "请问这个颜色黄皮可以驾驭吗在线等", "上次去成都的时候也住过这家酒店"]


@pytest.mark.parametrize(
    ("texts", "clustered"),
    [
        ([], []),
        ([None, None, None], []),
        (["", "", ""], []),
        ([TEMPLATE] * 3, [0, 1, 2]),
        ([TEMPLATE] * 2, []),
        ([LONG] * 2, [0, 1]),
        ([f"{TEMPLATE}！", f"{TEMPLATE}😍😍", f"{TEMPLATE}[赞R]"], [0, 1, 2]),
        ([TEMPLATE, TEMPLATE.replace("面霜", "精华"), TEMPLATE.replace("太", "")], [0, 1, 2]),
        ([TEMPLATE, *OTHERS, TEMPLATE, TEMPLATE], [0, 4, 5]),
        (["好看"] * 50, []),
        (["好看好看"] * 50, []),
        (["very good"] * 50, []),
        (["转发微博，//@某人：" + TEMPLATE] * 5, []),
        (["此用户没有填写评价"] * 5, []),
        ([f"@朋友{n} 快看" for n in range(9)], []),
        (["thanks for sharing this with us all"] * 3, [0, 1, 2]),
    ],
)
def test_which_comments_form_a_cluster(texts: list[str | None], clustered: list[int]) -> None:
    ids = [f"c{at:02}" for at in range(len(texts))]
    found = cluster_comments(_frame(ids, texts))
    assert found["comment_id"].to_list() == ids
    expected = ids[clustered[0]] if clustered else None
    assert found["cluster_id"].to_list() == [expected if at in clustered else None for at in range(len(texts))]


DISGUISED = [
    TEMPLATE,
    f"{TEMPLATE[:6]}😍{TEMPLATE[6:]}[赞R]！！",
    "，".join((TEMPLATE[:5], TEMPLATE[5:])),
    "跟著博主買的這款面霜真的太好用了",
    "\u200b".join(TEMPLATE),
    "".join(letter + "\u0347" for letter in TEMPLATE),
    " ".join(TEMPLATE),
]
SLOTS = [
    [f"最近一直在用{brand}的精华，皮肤真的变好了很多" for brand in ("珀莱雅", "薇诺娜", "兰蔻", "欧莱雅")],
    [f"姐妹们这个{brand}真的绝了，用完一瓶立刻回购" for brand in ("面霜", "防晒霜", "卸妆油", "洗面奶")],
    [f"有需要的加{word}" for word in ("微信：abc12345聊", "薇❤ xyz98765聊", "🅥🅧 qwe45678聊")],
    [f"需要的老板加扣{number}先货后款" for number in (298555928, 3127466732, 74926910)],
    [f"限时优惠只要{price}元，点左下角就可以下单" for price in (99, 128, 199)],
]


@pytest.mark.parametrize("texts", [DISGUISED, *SLOTS])
def test_a_template_is_found_in_disguise_and_with_other_words_in_its_slots(texts: list[str]) -> None:
    found = cluster_comments(_frame([str(at) for at in range(len(texts))], texts))
    assert found["cluster_id"].to_list() == ["0"] * len(texts)


def test_templates_stay_apart() -> None:
    texts = [TEMPLATE, LONG] * 4
    found = cluster_comments(_frame([str(at) for at in range(8)], texts))
    assert found["cluster_id"].to_list() == ["0", "1"] * 4


def test_neither_order_nor_ids_decide() -> None:
    texts = _planted(np.random.default_rng(1), n_templates=30, n_copies=8)[0]
    ids = [f"c{at:04}" for at in range(len(texts))]
    rng = np.random.default_rng(2)
    straight = _members(cluster_comments(_frame(ids, texts)), dict(zip(ids, ids, strict=True)))
    order = rng.permutation(len(texts))
    mixed = cluster_comments(_frame([ids[at] for at in order], [texts[at] for at in order]))
    assert _members(mixed, dict(zip(ids, ids, strict=True))) == straight
    renamed = [f"r{at:04}" for at in order]
    assert _members(cluster_comments(_frame(renamed, texts)), dict(zip(renamed, ids, strict=True))) == straight


def test_planted_templates_are_found_and_strangers_are_not() -> None:
    rng = np.random.default_rng(3)
    planted, templates = _planted(rng, n_templates=150, n_copies=12)
    organic = [_sentence(rng) for _ in range(20_000)]
    texts = [*planted, *organic]
    found = cluster_comments(_frame([str(at) for at in range(len(texts))], texts))["cluster_id"]
    of_planted = pl.DataFrame({"cluster_id": found.head(len(planted)), "template": templates})
    n_alike = pl.len().over("template", "cluster_id")
    recall = of_planted.select((pl.col("cluster_id").is_not_null() & (n_alike > 1)).mean()).item()
    assert recall >= 0.96
    assert found.tail(len(organic)).is_not_null().mean() <= 0.003
    assert of_planted.drop_nulls().group_by("cluster_id").agg(pl.col("template").n_unique())["template"].max() == 1


@pytest.mark.data
def test_few_reviews_of_strangers_are_flagged(data_dir: Path) -> None:
    reviews = pl.read_parquet(data_dir / "comments" / "shopping_reviews.parquet", columns=["text"])
    found = cluster_comments(reviews.with_row_index("comment_id").cast({"comment_id": pl.String}))
    assert found["cluster_id"].is_not_null().mean() < 0.015


def test_a_flood_of_one_template_is_one_cluster() -> None:
    texts = [f"{TEMPLATE}{number}" for number in range(5_000)]
    found = cluster_comments(_frame([str(at) for at in range(len(texts))], texts))
    assert found["cluster_id"].unique().to_list() == ["0"]


def test_a_text_without_end_is_compared_by_its_beginning() -> None:
    rng = np.random.default_rng(4)
    long = "".join(_sentence(rng) for _ in range(8_000))
    found = cluster_comments(_frame(["a", "b"], [long, long + "尾"]))
    assert found["cluster_id"].to_list() == ["a", "a"]


def test_jaccard_equals_that_of_python_sets() -> None:
    rng = np.random.default_rng(5)
    ones, others = ([_sentence(rng, "甲乙丙丁", 1, 9) for _ in range(300)] for _ in range(2))
    measured = jaccard(pl.Series(ones), pl.Series(others))
    for one, other, value in zip(ones, others, measured, strict=True):
        a, b = (set(itertools.pairwise(f"\0{text}\0")) for text in (one, other))
        assert value == pytest.approx(len(a & b) / len(a | b))


def test_longer_texts_may_differ_more_but_never_most() -> None:
    needed = least_jaccard(np.arange(8, 2_000))
    assert needed.min() > 0.46
    assert needed.max() < 0.78
    # One change in eight characters, two in twelve.
    assert least_jaccard(np.array([8, 12])) == pytest.approx([7 / 11, 9 / 17])


def test_components_equal_those_of_a_plain_search() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, m = int(rng.integers(1, 40)), int(rng.integers(0, 50))
        first, second = rng.integers(0, n, m), rng.integers(0, n, m)
        assert connect(np.arange(n), first, second).tolist() == _smallest_reached(
            n, list(zip(first, second, strict=True))
        )


def _smallest_reached(n: int, links: list[tuple[int, int]]) -> list[int]:
    roots = list(range(n))
    for _ in range(n):
        for one, other in links:
            roots[one] = roots[other] = min(roots[one], roots[other])
    return roots


def _frame(ids: list[str], texts: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"comment_id": ids, "text": texts}, schema={"comment_id": pl.String, "text": pl.String})


def _members(found: pl.DataFrame, names: dict[str, str]) -> set[frozenset[str]]:
    groups = found.drop_nulls("cluster_id").group_by("cluster_id").agg(pl.col("comment_id"))
    return {frozenset(names[one] for one in members) for members in groups["comment_id"].to_list()}


def _sentence(rng: np.random.Generator, letters: str = "", shortest: int = 10, longest: int = 30) -> str:
    pool = letters or "".join(chr(code) for code in range(0x4E00, 0x4E00 + 800))
    return "".join(pool[at] for at in rng.integers(0, len(pool), rng.integers(shortest, longest)))


def _planted(rng: np.random.Generator, n_templates: int, n_copies: int) -> tuple[list[str], list[int]]:
    templates = [_sentence(rng) for _ in range(n_templates)]
    texts = [_change(rng, template, int(rng.integers(0, 3))) for template in templates for _ in range(n_copies)]
    return texts, [at for at in range(n_templates) for _ in range(n_copies)]


def _change(rng: np.random.Generator, text: str, n_changes: int) -> str:
    letters = list(text)
    for at in rng.choice(len(letters), n_changes, replace=False):
        letters[at] = ["", chr(0x5E00 + at), letters[at] + "啊"][rng.integers(3)]
    return "".join(letters)
