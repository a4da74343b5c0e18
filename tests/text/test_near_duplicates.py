"""Templates are found, everybody's words are not, and neither order nor ids decide."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.simulate import texts as simulated
from zhenfen.simulate.sellers import bought_comments
from zhenfen.text.near_duplicates import (
    BANDS,
    MOST_UNDERRATED,
    N_NEIGHBOURS,
    N_PERMUTATIONS,
    ORDER_BITS,
    band_keys,
    cluster_comments,
    connect,
    count_chars,
    jaccard,
    least_jaccard,
    may_be_alike,
    sign_texts,
    size_clusters,
    sketch_texts,
)

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


def test_marks_leave_out_no_pair_that_is_alike_and_most_others() -> None:
    rng = np.random.default_rng(6)
    words = ["".join("甲乙丙丁戊己庚辛"[at] for at in rng.integers(0, 8, length)) for length in range(8, 260)]
    texts = pl.Series([_change(rng, word, n) for word in words for n in range(6)])
    near = np.arange(len(texts) - 6)
    first, second = np.tile(near, 6), np.concatenate([near + step for step in range(1, 7)])
    n_chars, marks = count_chars(texts).astype(np.int32), sketch_texts(texts)[1]
    may = may_be_alike(marks[first], marks[second], n_chars[first], n_chars[second])
    needed = least_jaccard(np.maximum(n_chars[first], n_chars[second]))
    is_alike = jaccard(texts.gather(first), texts.gather(second)) >= needed
    assert is_alike.sum() > 1_000
    assert not (is_alike & ~may).any()
    written = pl.Series(simulated.organic_comments(rng, 1_000)).unique().sort()
    written = written.filter(written.str.len_chars() >= 8)
    first, second = np.triu_indices(len(written), 1)
    n_chars, marks = count_chars(written).astype(np.int32), sketch_texts(written)[1]
    assert may_be_alike(marks[first], marks[second], n_chars[first], n_chars[second]).mean() < 0.02


def test_a_signature_is_the_least_of_each_hash_whatever_stands_beside_the_text() -> None:
    rng = np.random.default_rng(7)
    texts = pl.Series([_sentence(rng, shortest=1, longest=300) for _ in range(1_500)] + [""])
    signatures, marks = sketch_texts(texts)
    assert signatures.shape == (1_501, N_PERMUTATIONS)
    for at in (0, 1, 700, 1_499, 1_500):
        alone, mark = sketch_texts(texts.slice(at, 1))
        assert alone[0].tolist() == signatures[at].tolist()
        assert mark[0] == marks[at]
    # A text with all pairs of another, and more, has no larger hash.
    longer, shorter = sign_texts(pl.Series([TEMPLATE + TEMPLATE, TEMPLATE]))
    assert (longer <= shorter).all()
    assert len(set(sign_texts(pl.Series([TEMPLATE]))[0].tolist())) == N_PERMUTATIONS


def test_clusters_equal_those_of_a_plain_search_of_all_bands() -> None:
    rng = np.random.default_rng(8)
    written = pl.concat(
        [
            pl.Series(simulated.organic_comments(rng, 6_000)),
            bought_comments("template", 0, 0, 1_500, rng),
            pl.Series(_planted(rng, n_templates=60, n_copies=9)[0]),
            # More than the neighbours of a band, so that their order counts.
            pl.Series([_change(rng, LONG, 2) for _ in range(400)]),
        ]
    )
    texts = written.filter((written.str.len_bytes() + written.str.len_chars()) / 4 >= 8).unique().sort()
    assert len(texts) > 5_000
    frame = pl.DataFrame({"comment_id": pl.int_range(len(texts), eager=True), "normalised": texts})
    # One text a comment and ids in their order: of a cluster the least id is the least text's number.
    found = size_clusters(frame)
    roots = _plain_roots(texts)
    n_alike = np.bincount(roots, minlength=len(texts))[roots]
    clustered = found["cluster_id"].is_not_null().to_numpy()
    assert clustered.sum() > 500
    assert found["cluster_id"].drop_nulls().to_list() == roots[clustered].tolist()
    assert found["cluster_size"].drop_nulls().to_list() == n_alike[clustered].tolist()
    assert n_alike[~clustered].max() == 2
    assert clustered[n_alike > 2].all()


def _plain_roots(texts: pl.Series) -> np.ndarray:
    """What `cluster_comments` joins, band by band and pair by pair, nothing left out beforehand."""
    signatures, n_chars, pairs = sign_texts(texts), count_chars(texts), set()
    for band in BANDS:
        keys = band_keys(signatures, band)
        order = sorted(range(len(texts)), key=lambda at, keys=keys: (int(keys[at]), at))
        for step in range(1, N_NEIGHBOURS + 1):
            for one, other in zip(order, order[step:], strict=False):
                if keys[one] >> ORDER_BITS == keys[other] >> ORDER_BITS:
                    pairs.add((min(one, other), max(one, other)))
    first, second = np.array(sorted(pairs)).T
    needed = least_jaccard(np.maximum(n_chars[first], n_chars[second]))
    agreeing = (signatures[first] == signatures[second]).sum(axis=1) >= N_PERMUTATIONS * (needed - MOST_UNDERRATED)
    alike = agreeing & (jaccard(texts.gather(first), texts.gather(second)) >= needed)
    return connect(np.arange(len(texts)), first[alike], second[alike])


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
