"""Spelling for word lists: what changes, what stays, and that every match leads back to the raw text."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
import pytest
from work_counter import check_linear

from zhenfen.text.spans import find_spans
from zhenfen.text.spelling import place_in_raw, spell


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("感謝贊助 #廣告", "感谢赞助 #广告"),
        ("＃广告 ＡＤ ［广告］", "#广告 AD [广告]"),
        ("广\u200b\u2060告\u3164", "广告"),
        ("\u202e广告\u202c", "广告"),
        ("Publicité, ÉTÉ：好！", "Publicité, ÉTÉ：好！"),
        ("e\u0301 ❤\ufe0f 1\ufe0f\u20e3", "e\u0301 ❤\ufe0f 1\ufe0f\u20e3"),
        ("", ""),
        (None, None),
    ],
)
def test_spelling(text: str | None, spelled: str | None) -> None:
    assert spell(pl.Series([text], dtype=pl.String)).item() == spelled


def test_matches_lead_back() -> None:
    raw = ["广告", "\u200b廣\u200b告\u200b，又是＃廣\ufeff告", None, "没有", "e\u0301👍🏻\u200d广告\u200b", "\u200b"]
    texts = pl.Series(raw, dtype=pl.String)
    placed = place_in_raw(find_spans(spell(texts), "#?广告"), texts)
    pattern = re.compile("[#＃]?[广廣][\u200b\ufeff]?告")
    expected = [(row, found.span(), found[0]) for row, text in enumerate(raw) for found in pattern.finditer(text or "")]
    assert [(row, (start, end), seen) for row, start, end, seen in placed.rows()] == expected


def test_no_match_and_no_text() -> None:
    texts = pl.Series(["\u200b好"])
    assert place_in_raw(find_spans(spell(texts), "坏"), texts).is_empty()
    assert spell(pl.Series([], dtype=pl.String)).is_empty()


def test_what_takes_no_room_is_what_polars_takes_out() -> None:
    """Unicode's tables of the two libraries may differ in age: a place would be off by one."""
    formats = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    texts = pl.Series([f"{char}广告" for char in formats])
    placed = place_in_raw(find_spans(spell(texts), "广告"), texts)
    assert placed["start"].to_list() == [1] * len(formats)


def test_a_long_text_is_linear_work() -> None:
    def place(text: str) -> pl.DataFrame:
        texts = pl.Series([text])
        return place_in_raw(find_spans(spell(texts), "广告"), texts)

    assert place("廣\u200b告" * 30_000).height == 30_000
    check_linear(place, "廣\u200b告" * 3_000)
