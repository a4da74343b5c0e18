from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.connectors.reading.counts import is_blank, parse_amount, parse_count

COUNTS = {
    "1234": 1234,
    "0": 0,
    "1.2万": 12_000,
    "3.4亿": 340_000_000,
    "1千+": 1_000,
    "10+": 10,
    "99+": 99,
    "1.2w": 12_000,
    "1.2W": 12_000,
    "10万+": 100_000,
    "12,345": 12_345,
    "1,234,567": 1_234_567,
    "5k": 5_000,
    "1.5M": 1_500_000,
    "１２３": 123,
    "１．２万": 12_000,
    " 7 ": 7,
    "12.0": 12,
    "2.01亿": 201_000_000,
    "4.35万": 43_500,
    "1.23456万": 12_345,
    "赞": 0,
    "收藏": 0,
    "评论": 0,
    "分享": 0,
    "": None,
    "-": None,
    "—": None,
    "null": None,
    "abc": None,
    "-5": None,
    "1.5": None,
    "1e5": None,
    "万": None,
    "12人34": None,
}


@pytest.mark.parametrize(("text", "expected"), COUNTS.items())
def test_a_count_is_read_as_people_write_it(text: str, expected: int | None) -> None:
    assert pl.DataFrame({"n": [text]}).select(parse_count("n")).item() == expected


def test_null_stays_null_and_the_type_is_an_integer() -> None:
    read = pl.DataFrame({"n": [None, "3"]}, schema={"n": pl.String}).select(parse_count("n"))["n"]
    assert read.to_list() == [None, 3]
    assert read.dtype == pl.Int64


@settings(deadline=None, max_examples=40)
@given(st.integers(min_value=0, max_value=10**13))
def test_plain_and_grouped_numbers_are_exact(number: int) -> None:
    frame = pl.DataFrame({"n": [str(number), f"{number:,}", f"{number}+"]})
    assert frame.select(parse_count("n"))["n"].to_list() == [number] * 3


@settings(deadline=None, max_examples=40)
@given(st.integers(min_value=0, max_value=99_999))
def test_a_rounded_count_is_its_lower_bound(tenths: int) -> None:
    text = f"{tenths // 10}.{tenths % 10}万"
    assert pl.DataFrame({"n": [text]}).select(parse_count("n")).item() == tenths * 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5000", 5000), ("¥5,000", 5000), ("￥5000元", 5000), ("1.2万元", 12000), ("3000/条", 3000), ("99.5", 99.5)],
)
def test_an_amount_is_read_as_people_write_it(text: str, expected: float) -> None:
    assert pl.DataFrame({"n": [text]}).select(parse_amount("n")).item() == expected


@pytest.mark.parametrize("text", ["面议", "3000-5000", "", None])
def test_what_is_no_amount_is_null(text: str | None) -> None:
    assert pl.DataFrame({"n": [text]}, schema={"n": pl.String}).select(parse_amount("n")).item() is None


@pytest.mark.parametrize(("text", "blank"), [("", True), (None, True), (" - ", True), ("N/A", True), ("0", False)])
def test_blank_cells_say_that_nothing_is_known(text: str | None, blank: bool) -> None:
    assert pl.DataFrame({"n": [text]}, schema={"n": pl.String}).select(is_blank(pl.col("n"))).item() is blank
