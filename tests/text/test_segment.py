"""rjieba and jieba cut alike; jieba is the reference."""

from __future__ import annotations

import warnings
from pathlib import Path

import polars as pl
import pytest

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


@pytest.mark.data
def test_both_libraries_cut_real_lines_alike(data_dir: Path) -> None:
    texts = pl.read_parquet(data_dir / "comments" / "shopping_reviews.parquet", columns=["text"], n_rows=1_000)["text"]
    assert _share_alike(texts.to_list()) >= 0.98


def _share_alike(texts: list[str]) -> float:
    fast, reference = load_cutter("rjieba"), _load_jieba()
    return sum(fast(text) == reference(text) for text in texts) / len(texts)


def _load_jieba():
    with warnings.catch_warnings():
        # jieba's source holds escapes that newer Pythons warn of, and it imports a deprecated setuptools module.
        warnings.simplefilter("ignore")
        return load_cutter("jieba")
