"""Brands are words, not letters: what a dictionary finds, what stands beside it, and what a user's own file adds."""

from __future__ import annotations

import pickle
from pathlib import Path

import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.text.brands import find_brands, find_shops, find_unknown_names, load_brands, name_brands
from zhenfen.text.segment import load_cutter, segmenter_name

OWN = """
categories:
  tea:
    source: a user's list
    dated: "2026-11-29"
    brands:
      云朵茶铺: [Cloudtea]
      兰蔻茶: [兰蔻]
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "home"))


def named(text: str | None) -> list[str]:
    return find_brands(pl.Series([text], dtype=pl.String), load_brands())["name"].to_list()


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("", []),
        (None, []),
        ("今天用完美日記口紅", ["完美日记"]),
        ("ＬＡＮＣＯＭＥ 和 Lancôme 都是兰蔻", ["兰蔻"]),
        ("新买的耐克，Nike鞋", ["耐克"]),
        ("vivo100 到手", ["vivo"]),
        ("nikes 与 revivo", []),
        ("大自然堂堂正正", []),
        ("h&m的衣服", ["H&M"]),
        ("苹果很好吃", []),
        ("苹果手机到了", ["苹果"]),
        ("好奇心重", []),
        ("好奇纸尿裤", ["好奇"]),
        ("完\u200b美日记", ["完美日记"]),
        ("\u202e花西子\x00" + "(" * 3000 + "a" * 100_000, ["花西子"]),
        ("雅诗兰黛和兰蔻哪个好", ["兰蔻", "雅诗兰黛"]),
    ],
)
def test_a_brand_is_found_where_it_is_a_word(text: str | None, brands: list[str]) -> None:
    assert named(text) == brands


def test_every_spelling_of_the_shipped_dictionary_finds_its_own_brand() -> None:
    book = load_brands()
    spellings = list(book.spellings)
    # Alone, with the first word that must stand beside it.
    texts = pl.Series([f"{one} {' '.join(book.spellings[one][2][:1])}" for one in spellings])
    found = find_brands(texts, book).group_by("row").agg("name")
    names = dict(found.iter_rows())
    assert [one for at, one in enumerate(spellings) if book.spellings[one][0] not in names.get(at, [])] == []
    assert len({told[0] for told in book.spellings.values()}) > 400


def test_the_words_of_the_dictionary_are_whole_words_for_jieba() -> None:
    book = load_brands()
    cut = load_cutter(segmenter_name(), book.han)
    assert [one for one in book.han if cut(one) != [one]] == []


@pytest.mark.parametrize(
    ("text", "shops"),
    [
        ("快去花西子官方旗舰店领券", ["花西子官方旗舰店"]),
        ("@绒绒记官方 新品", ["绒绒记官方"]),
        ("天猫小桃旗舰店同款", ["小桃旗舰店"]),
        ("旗舰店", []),
        ("官方通报", []),
    ],
)
def test_a_shop_is_named_without_what_leads_there(text: str, shops: list[str]) -> None:
    assert find_shops(pl.Series([text]), load_brands())["name"].to_list() == shops


def test_what_stands_in_the_form_of_a_name_and_is_nothing_known_is_told_apart() -> None:
    texts = pl.Series(["「云朵拿铁」和 Glowlune 精华 vlog", "Lancôme @完美日记 @小美 citywalk", None, "@绒绒记旗舰店"])
    found = find_unknown_names(texts, load_brands())
    assert found.rows() == [(0, "glowlune"), (0, "云朵拿铁"), (1, "@小美")]


def test_the_names_of_a_post_depend_on_that_post_alone() -> None:
    posts = pl.DataFrame({"text": ["兰蔻小黑瓶", None, "@小美 一起", "兰蔻旗舰店", ""]})
    book = load_brands()
    together = name_brands(posts, book)
    assert together.columns == ["brands", "shops", "brand_candidates"]
    assert together["brands"].to_list() == [["兰蔻"], [], [], ["兰蔻"], []]
    apart = pl.concat(name_brands(posts.slice(at, 1), book) for at in range(posts.height))
    assert apart.equals(together)
    assert name_brands(posts.clear(), book).schema == together.schema


def test_a_users_own_file_adds_and_wins(tmp_path: Path) -> None:
    shipped = load_brands()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "brands.yaml").write_text(OWN, encoding="utf-8")
    book = load_brands()
    assert named("Cloudtea 新品") == ["云朵茶铺"]
    assert named("兰蔻") == ["兰蔻茶"]
    assert named("雅诗兰黛") == ["雅诗兰黛"]
    assert book.version != shipped.version
    assert book.shops == shipped.shops
    assert pickle.loads(pickle.dumps(book)) == book


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("categories: {tea: {source: s, dated: d, brands: {茶: []}}}", "2 characters"),
        ("categories: {tea: {source: s, dated: d, brands: {云朵: [Tea], 小满: [tea]}}}", "'tea' is a spelling of 云朵"),
        (
            "categories: {a: {source: s, dated: d, brands: {云朵: []}}, b: {source: s, dated: d, brands: {云朵: []}}}",
            "云朵",
        ),
        ("categories: {tea: {source: s, dated: d, brands: {云朵: []}, beside: {小满: [茶]}}}", "beside"),
        ("categories: {tea: {source: s, dated: d, brands: {云朵: []}, colour: red}}", "colour"),
        ("brands: [云朵]", "categories"),
        ("categories: [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_brands(path)
    assert str(path) in str(raised.value)
    assert expected in str(raised.value)
