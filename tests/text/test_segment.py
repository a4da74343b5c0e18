"""rjieba and jieba cut alike; jieba is the reference."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from zhenfen.config import config_dir, read_config
from zhenfen.text.lexicons import Lexicon
from zhenfen.text.normalise import normalise_texts
from zhenfen.text.segment import load_cutter, segment, segmenter_name

LINES = [
    "",
    "我来到北京清华大学",
    "这款面霜真的很好用，已经回购三次了",
    "小明硕士毕业于中国科学院计算所，后在日本京都大学深造",
    "iPhone15 的屏幕 120Hz，价格 5999 元",
    "永和服装饰品有限公司",
]


def test_words_of_a_column_without_blanks() -> None:
    frame = pl.DataFrame({"text": ["我来到北京清华大学", None, " 好 的 ", ""]})
    words = frame.select(segment(pl.col("text"))).to_series()
    assert words.dtype == pl.List(pl.String)
    assert words.to_list() == [["我", "来到", "北京", "清华大学"], None, ["好", "的"], []]


def test_rjieba_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert segmenter_name() == "rjieba"
    segmenter_name.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert segmenter_name() == "jieba"
    segmenter_name.cache_clear()


def test_both_libraries_cut_alike() -> None:
    assert _share_alike(LINES) == 1


FIELD = [
    ("这个软广太硬了", ["这个", "软广", "太硬", "了"]),
    ("恰饭视频也要看完", "恰饭"),
    ("被你种草了", "种草"),
    ("已经无限回购三次", "无限回购"),
    ("点小黄车下单", "小黄车"),
    ("找到平替了", "平替"),
    ("这个up主好看", "up主"),
]
NEIGHBOURS = [
    ("我种草莓", "草莓"),
    ("种草原", "草原"),
    ("花火车票", "火车票"),
    ("非广东人", "广东"),
    ("快手术了", "手术"),
]


@pytest.mark.parametrize("name", ["rjieba", "jieba"])
@pytest.mark.parametrize(("text", "expected"), FIELD)
def test_words_of_the_field_stay_whole(name: str, text: str, expected: str | list[str]) -> None:
    words = _load(name)(text)
    assert words == expected if isinstance(expected, list) else expected in words


@pytest.mark.parametrize(("text", "word"), NEIGHBOURS)
def test_words_of_the_field_tear_no_other_word_apart(text: str, word: str) -> None:
    assert word in _load("rjieba")(text)


def test_every_word_of_the_field_is_cut_as_one_by_both_libraries() -> None:
    lists = read_config(config_dir() / "text" / "words.yaml", Lexicon).lists
    words = [word for found in lists.values() for word in found.words]
    assert len(words) == len(set(words))
    assert [word for word in words if not _load("rjieba")(word) == _load("jieba")(word) == [word]] == []
    # What is cut has been normalised before.
    assert normalise_texts(pl.Series(words)).to_list() == words


@pytest.mark.parametrize("source", ["comments/shopping_reviews", "comments/bilibili_comments", "text/weibo_lines"])
@pytest.mark.data
def test_both_libraries_cut_real_lines_alike(data_dir: Path, source: str) -> None:
    texts = pl.read_parquet(data_dir / f"{source}.parquet", columns=["text"], n_rows=1_000)["text"].drop_nulls()
    assert _share_alike(normalise_texts(texts).to_list()) >= 0.999
    # Raw ones: jieba keeps runs of signs apart that rjieba joins.
    assert _share_alike(texts.to_list()) >= 0.96


def _share_alike(texts: list[str]) -> float:
    fast, reference = _load("rjieba"), _load("jieba")
    return sum(fast(text) == reference(text) for text in texts) / len(texts)


def _load(name: str) -> Callable[[str], list[str]]:
    with warnings.catch_warnings():
        # jieba's source holds escapes that newer Pythons warn of, and it imports a deprecated setuptools module.
        warnings.simplefilter("ignore")
        return load_cutter(name)
