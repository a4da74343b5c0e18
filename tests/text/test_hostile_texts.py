"""Nothing that somebody can write makes the text room fail or take more than linear work."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.text.contacts import has_contact, mask_contacts
from zhenfen.text.near_duplicates import cluster_comments
from zhenfen.text.ngrams import hash_ngrams
from zhenfen.text.normalise import has_emoji, normalise_texts
from zhenfen.text.segment import segment

HUGE = 100_000
"""Characters of the longest texts here."""
HOSTILE = {
    "empty": "",
    "blanks": " \t\r\n\u3000\u00a0\u2003",
    "one character": "好",
    "one sign": "。",
    "only emoji": "😂🤣❤️👍🏻👨‍👩‍👧‍👦🇨🇳",
    "one emoji without end": "😂" * HUGE,
    "one letter without end": "好" * HUGE,
    "digits without end": "13812345678" * (HUGE // 11),
    "spelled digits without end": "一三八零" * (HUGE // 4),
    "set off digits without end": "1-" * (HUGE // 2),
    "contact words without end": "加微信" * (HUGE // 3),
    "disguised words without end": "加薇❤➕卫星企鹅裙" * (HUGE // 9),
    "brackets": "[" * HUGE,
    "nested codes": "[笑哭" * (HUGE // 3),
    "at signs": "@" * HUGE,
    "half a mail address": "a@" + "a." * (HUGE // 2),
    "addresses": "http://" + "a" * HUGE,
    "replies": "回复@" * (HUGE // 3),
    "quoted": "//@" * (HUGE // 3),
    "marks on marks": "a" + "\u0347" * HUGE,
    "Zalgo": "".join(letter + "\u0300\u0347\u0336" * 10 for letter in "微信加我" * 100),
    "control characters": "".join(map(chr, range(32))) + "\x7f\x00好\x00",
    "bidi": "\u202e信微\u202c\u2066abc\u2069\u200f",
    "no width": "微\u200b信\u200d加\ufeff我\u2060",
    "ends of Unicode": "\ufffd\ufffe\uffff\U0010ffff\ue000",
    "ligatures that grow": "\ufdfa" * 5_000,
    "Arabic": "مرحبا بالعالم هذا المنتج رائع جدا",
    "Thai": "สินค้าดีมากส่งเร็วแนะนำเลยค่ะ",
    "Korean": "정말 좋아요 강력 추천합니다",
    "Russian": "Очень хороший товар, рекомендую всем",
    "French": "J'adore ce produit, à recommander sans hésiter !",
    "Japanese": "とても良い商品です。カタカナも",
    "old Han": "𠀀𠀁𪛖𫝀",
    "look-alikes without end": "аb" * (HUGE // 2),
    "quantifier bomb": "(a+)+$" * 1_000 + "a" * 10_000 + "!",
    "format string": "%s%n{0}{{}}\\1${1}$0",
    "formula": "=cmd|'/c calc'!A0",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_is_too_strange(text: str) -> None:
    frame = pl.DataFrame({"comment_id": ["a", "b", "c"], "text": [text, None, text]})
    normalised = normalise_texts(frame["text"])
    assert normalised[0] == normalised[2]
    assert normalised[1] is None
    assert not any(letter.isspace() for letter in normalised[0])
    assert len(normalised[0]) <= 18 * len(text)
    masked = frame.with_columns(mask_contacts(pl.col("text")), found=has_contact(pl.col("text")))
    assert masked.select(mask_contacts(pl.col("text"))).to_series().equals(masked["text"])
    assert masked["found"].to_list() == ["[contact:" in masked["text"][0], None, "[contact:" in masked["text"][2]]
    assert frame.select(has_emoji(pl.col("text"))).to_series()[1] is None
    assert "".join(_cut(normalised)[0]) == normalised[0]
    assert cluster_comments(frame)["comment_id"].to_list() == ["a", "b", "c"]
    assert hash_ngrams(normalised).shape[0] == 3


@pytest.mark.parametrize(
    "text", ["微信：abc123，转發ＡＢＣ😂", "加薇❤一三八零零一三八零零零", "аb" * 5, "[笑哭R]@小明 23333"]
)
def test_ten_times_the_text_is_read_piece_by_piece_alike(text: str) -> None:
    """No step looks back further than a pattern's length: a text set off from itself reads as its parts do."""
    once = normalise_texts(pl.Series([text]))[0]
    assert normalise_texts(pl.Series(["。\n".join([text] * 10)]))[0].count(once) == 10


def test_a_column_of_nothing_is_read() -> None:
    for texts in (pl.Series("text", [], dtype=pl.String), pl.Series("text", [None, None], dtype=pl.String)):
        assert normalise_texts(texts).to_list() == texts.to_list()
        assert texts.to_frame().select(segment(pl.col("text"))).to_series().to_list() == texts.to_list()
        assert texts.to_frame().select(mask_contacts(pl.col("text"))).to_series().to_list() == texts.to_list()


def test_a_lone_surrogate_is_no_text() -> None:
    """It cannot be written as UTF-8: whoever reads a file meets it first, and polars refuses it here."""
    with pytest.raises(UnicodeEncodeError, match="surrogates"):
        pl.Series(["好\ud800"])


@settings(deadline=None, derandomize=True, database=None, max_examples=60)
@given(st.lists(st.text(max_size=40).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)), max_size=4))
def test_any_texts_pass_through_all_steps(texts: list[str]) -> None:
    row = pl.Series("text", texts, dtype=pl.String)
    normalised = normalise_texts(row)
    assert normalised.null_count() == 0
    assert hash_ngrams(normalised).shape[0] == len(texts)
    assert ["".join(words) for words in _cut(normalised)] == normalised.to_list()


def _cut(texts: pl.Series) -> list[list[str]]:
    return list(texts.alias("text").to_frame().select(segment(pl.col("text"))).to_series().to_list())
