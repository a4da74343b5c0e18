"""Texts that a reader takes for the same get one spelling, and nothing else does."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.text.normalise import cut_quoted, has_emoji, normalise, normalise_comments, to_characters

SPELLINGS = [
    ("", ""),
    ("   ", ""),
    ("。。。！！", ""),
    ("真好看！", "真好看"),
    ("真 好 看～～～", "真好看"),
    ("ＧＯＯＤ１２３", "good123"),
    ("①②③", "123"),
    ("真\u200b好\u200d看\u202e", "真好看"),
    ("真\ufe0f好看", "真好看"),
    ("真好看[笑哭R][doge]", "真好看"),
    ("真好看😂❤️👍🏻🇨🇳", "真好看"),
    ("ㅤㅤ真好看", "真好看"),
    ("哈哈哈哈哈", "哈哈"),
    ("哈哈", "哈哈"),
    ("好！好！好！好", "好好"),
    ("66666", "66"),
    ("@小明 @小红：快看", "@@快看"),
    ("回复 @小明:好的", "好的"),
    ("看 https://t.cn/A6xyz 这里", "看🔗这里"),
    ("www.example.com", "🔗"),
    ("加我[contact:wechat]", "加我☎"),
    ("#穿搭[话题]# 好看", "穿搭好看"),
    ("Café", "café"),
    ("轉發", "轉發"),
]


@pytest.mark.parametrize(("raw", "spelling"), SPELLINGS)
def test_spelling(raw: str, spelling: str) -> None:
    assert _normalise(raw) == spelling


def test_a_column_is_read_row_by_row_and_null_stays_null() -> None:
    frame = pl.DataFrame({"text": ["哈哈哈", None, "", "aaa", "a", "好好", "好好好的的的的", "b"]})
    assert frame.select(normalise(pl.col("text"))).to_series().to_list() == [
        "哈哈",
        None,
        "",
        "aa",
        "a",
        "好好",
        "好好的的",
        "b",
    ]


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=6))
def test_any_text_can_be_read_and_no_row_leans_on_its_neighbours(texts: list[str]) -> None:
    together = pl.DataFrame({"text": texts}).select(normalise(pl.col("text"))).to_series().to_list()
    assert together == [_normalise(text) for text in texts]
    assert not any(char.isspace() for text in together for char in text)


def test_a_huge_text_and_one_built_against_patterns_are_read() -> None:
    assert _normalise("好" * 100_000) == "好好"
    assert _normalise("[" * 50_000 + "@" * 50_000) == "@@"


@pytest.mark.parametrize(
    ("raw", "own"),
    [
        ("说得好//@某人:原文//@另一人:更早", "说得好"),
        ("//@某人:原文", ""),
        ("没有转发", "没有转发"),
        ("https://t.cn/a", "https://t.cn/a"),
    ],
)
def test_quoted_part_of_a_repost_is_cut(raw: str, own: str) -> None:
    assert pl.select(cut_quoted(pl.lit(raw))).item() == own


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("好看😍", True), ("[赞R]", True), ("🇫🇷", True), ("好看", False), ("2024", False), ("", False)],
)
def test_emoji_are_seen(raw: str, expected: bool) -> None:
    assert pl.select(has_emoji(pl.lit(raw))).item() is expected


def test_comments_keep_their_rows() -> None:
    comments = pl.DataFrame({"comment_id": ["b", "a", "c"], "text": ["好！", None, "说得好//@某人:原文"]})
    expected = pl.DataFrame({"comment_id": ["b", "a", "c"], "normalised": ["好", None, "说得好"]})
    assert normalise_comments(comments).equals(expected)
    assert normalise_comments(comments.clear()).is_empty()


def test_characters_and_offsets() -> None:
    characters, offsets = to_characters(pl.Series(["ab", None, "", "😂好"]))
    assert characters.tolist() == [97, 98, 0x1F602, 0x597D]
    assert offsets.tolist() == [0, 2, 2, 2, 4]


def _normalise(text: str) -> str:
    return str(pl.DataFrame({"text": [text]}).select(normalise(pl.col("text"))).item())
