"""Word lists are read strictly and found in texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from zhenfen.config import read_config
from zhenfen.errors import ConfigError
from zhenfen.text.lexicons import Lexicon, WordList, find_all, has_any, load_lexicon, normalised_words

WORDS = WordList(source="a test", dated="2026-01-01", words=("券", "优惠券", "Ad+"), patterns=(r"\d+折",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("领优惠券，再领券", ["优惠券", "券"]),
        ("ad+ 和 AD+", ["ad+", "AD+"]),
        ("ad", []),
        ("8折后再9折", ["8折", "9折"]),
    ],
)
def test_the_longest_word_is_found_in_either_case(text: str, found: list[str]) -> None:
    read = pl.DataFrame({"text": [text]}).select(
        found=find_all(pl.col("text"), WORDS), has=has_any(pl.col("text"), WORDS)
    )
    assert read["found"].to_list() == [found]
    assert read["has"].to_list() == [bool(found)]


def test_null_stays_null() -> None:
    frame = pl.DataFrame({"text": [None]}, schema={"text": pl.String})
    assert frame.select(has_any(pl.col("text"), WORDS)).item() is None


@pytest.mark.parametrize("name", ["comments", "sponsorship"])
def test_shipped_lists_can_be_used(name: str) -> None:
    for words in load_lexicon(name).values():
        assert words.source
        assert len(words.dated) == len("2026-01-01")
        assert len(set(words.words)) == len(words.words)


def test_words_are_compared_in_the_spelling_of_texts() -> None:
    assert normalised_words(WordList(source="a test", dated="2026-01-01", words=("顶！", "ＯＫ", "哈哈哈"))) == (
        "ok",
        "哈哈",
        "顶",
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("lists: {a: {source: s, dated: d, words: ['']}}", "empty word"),
        ("lists: {a: {source: s, dated: d}}", "at least one"),
        ("lists: {a: {source: s, dated: d, patterns: ['(']}}", "no regular expression"),
        ("lists: {a: {source: s, dated: d, patterns: ['(a)(?=b)']}}", "no regular expression"),
        ("lists: {a: {words: [b]}}", "source"),
        ("lists: {a: {source: s, dated: d, words: [b], wrods: [c]}}", "wrods"),
    ],
)
def test_a_bad_list_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        read_config(path, Lexicon)
