"""Quoted text: cleaned, masked, cut, highlighted."""

import pytest

from zhenfen.report.quote import (
    LONGEST_QUOTE_CHARS,
    MASKED,
    clean,
    highlight,
    highlight_spans,
    mask_mentions,
    quote,
    shorten,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("", ""),
        ("  a \n\t b  ", "a b"),
        ("a\u202eevil\u202c b", "aevil b"),
        ("\u2066x\u2069\u200f", "x"),
        ("a\x00b\x1bc", "abc"),
        ("\ud800ok", "ok"),
        ("👩\u200d👧 ok", "👩\u200d👧 ok"),
        ("全角　空格", "全角 空格"),
    ],
)
def test_clean_leaves_one_line_of_shown_characters(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("no name here", "no name here"),
        ("谢谢 @小红薯5F3A 快来", "谢谢 @*** 快来"),
        ("＠张三，你好", "@***，你好"),
        ("回复 @a_b-c: 好", "回复 @***: 好"),
        ("//@用户:转发", "//@***:转发"),
        ("@一@二", "@***@***"),
        ("mail me a@b", "mail me a@***"),
        ("just @ alone", "just @ alone"),
    ],
)
def test_mentions_are_masked_and_the_rest_stays(text, expected):
    assert mask_mentions(text) == expected


def test_a_quote_names_people_only_when_asked_to():
    assert quote("hi @someone", show_names=False) == "hi @***"
    assert quote("hi @someone", show_names=True) == "hi @someone"


def test_a_long_quote_is_cut_with_an_ellipsis():
    cut = quote("好" * 500, show_names=False)
    assert len(cut) == LONGEST_QUOTE_CHARS
    assert cut.endswith("…")
    assert shorten("abc", 3) == "abc"


def test_highlight_marks_every_match_and_keeps_the_text():
    parts = highlight("点击小黄车领券 XL", ["小黄车", "领券", "xl"], show_names=False)
    assert [part["text"] for part in parts if part["is_match"]] == ["小黄车", "领券", "XL"]
    assert "".join(part["text"] for part in parts) == "点击小黄车领券 XL"


def test_highlight_prefers_the_longer_of_two_words():
    parts = highlight("优惠券", ["优惠", "优惠券"], show_names=False)
    assert parts == [{"text": "优惠券", "is_match": True}]


def test_highlight_takes_words_as_text_not_as_patterns():
    assert highlight("a.c abc", ["a.c"], show_names=False)[0] == {"text": "a.c", "is_match": True}
    assert highlight("((((", ["((", "["], show_names=False)


def test_highlight_masks_names_beside_matches_but_not_in_them():
    parts = highlight("@朋友 来看 @品牌", ["@品牌"], show_names=False)
    assert parts == [{"text": "@*** 来看 ", "is_match": False}, {"text": "@品牌", "is_match": True}]


def test_highlight_starts_near_a_late_match():
    text = "前" * 600 + "小黄车" + "后" * 600
    parts = highlight(text, ["小黄车"], show_names=False)
    assert parts[0]["text"].startswith("…")
    assert {"text": "小黄车", "is_match": True} in parts
    assert sum(len(part["text"]) for part in parts) <= LONGEST_QUOTE_CHARS


@pytest.mark.parametrize("text", [None, "", "  "])
def test_highlight_of_nothing_is_nothing(text):
    assert highlight(text, ["x"], show_names=False) == []


@pytest.mark.parametrize(
    ("text", "spans", "parts"),
    [
        ("点击下单领券", [(2, 4)], [("点击", False), ("下单", True), ("领券", False)]),
        ("点击下单领券", [(2, 4), (3, 6)], [("点击", False), ("下单领券", True)]),
        ("buy it now", [(4, 6)], [("buy ", False), ("it", True), (" now", False)]),
        ("下\u202e单", [(0, 3)], [("下单", True)]),
        ("下单", [(5, 9), (-3, 1)], [("下", True), ("单", False)]),
        ("下单", [], [("下单", False)]),
        ("@某人 下单", [(4, 6)], [("@*** ", False), ("下单", True)]),
        (None, [(0, 2)], []),
    ],
)
def test_spans_are_marked_where_they_stand(text, spans, parts):
    found = highlight_spans(text, spans, show_names=False)
    assert [(part["text"], part["is_match"]) for part in found] == parts


@pytest.mark.parametrize(("show_names", "shown"), [(False, f"{MASKED} 快下单"), (True, "@王小美 快下单")])
def test_a_span_inside_a_name_gives_no_part_of_it_away(show_names, shown):
    found = highlight_spans("@王小美 快下单", [(2, 4), (6, 8)], show_names=show_names)
    assert "".join(part["text"] for part in found) == shown
    assert [part["text"] for part in found if part["is_match"]] == (["小美", "下单"] if show_names else ["下单"])


def test_a_span_deep_in_a_long_text_is_shown():
    found = highlight_spans("前" * 5000 + "下单" + "后" * 5000, [(5000, 5002)], show_names=False)
    assert [part["text"] for part in found if part["is_match"]] == ["下单"]
    assert sum(len(part["text"]) for part in found) <= LONGEST_QUOTE_CHARS
