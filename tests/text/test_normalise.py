"""Texts that a reader takes for the same get one spelling, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.text.contacts import mask_contacts
from zhenfen.text.normalise import cut_quoted, has_emoji, normalise, normalise_comments, normalise_texts

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
    ("Café", "cafe"),
    ("轉發", "转发"),
    ("回覆@小明：好的", "好的"),
    ("1 2 3", "123"),
    ("100元", "100元"),
    ("12345人", "00人"),
    ("123456", "00"),
    ("1234567", "☎"),
    ("23333", "233"),
    ("1000000粉", "100粉"),
    ("2020.1.8打卡", "202018打卡"),
    ("v̷x̸：①②③④⑤⑥⑦", "微信☎"),
    ("微信：abc123加我", "微信☎加我"),
    ("13812345678", "☎"),
    ("一三八零零一三八零零零", "☎"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "☎"),
    ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "☎"),
    ("1-3-8-1-2-3-4-5-6-7-8", "☎"),
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


CONTACTS = [
    "微信：abc123",
    "加薇❤ meimei888",
    "vx①③⑧①②③④⑤⑥⑦⑧",
    "QQ：12345",
    "扣扣群 987654321 进来",
    "企鹅 1537 3608",
    "电话010-12345678转",
    "合作：hello@qq.com",
    "没有联系方式，价格199元",
]


@pytest.mark.parametrize("text", CONTACTS)
def test_a_text_masked_on_import_reads_like_a_raw_one(text: str) -> None:
    masked = pl.select(mask_contacts(pl.lit(text))).item()
    assert _normalise(masked) == _normalise(text)


@pytest.mark.data
def test_real_texts_masked_on_import_read_like_raw_ones(data_dir: Path) -> None:
    for name in ("livechat_adverts", "bilibili_comments"):
        texts = pl.read_parquet(data_dir / "comments" / f"{name}.parquet", columns=["text"], n_rows=20_000)["text"]
        masked = texts.to_frame().select(mask_contacts(pl.col("text"))).to_series()
        assert (normalise_texts(masked) == normalise_texts(texts)).all()


def test_a_series_is_read_like_an_expression() -> None:
    texts = pl.Series("bio", ["哈哈哈", None, "", "轉發薇❤ abc123"] * 5)
    assert normalise_texts(texts).to_list() == texts.to_frame().select(normalise(pl.col("bio"))).to_series().to_list()
    assert normalise_texts(texts).name == "bio"
    assert normalise_texts(texts.clear()).to_list() == []
    assert texts[0] == "哈哈哈"


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


def _normalise(text: str) -> str:
    return str(pl.DataFrame({"text": [text]}).select(normalise(pl.col("text"))).item())
