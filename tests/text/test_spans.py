"""Spans: the places that a pattern's matches have in the raw text."""

from __future__ import annotations

import re

import polars as pl
import pytest
from work_counter import check_linear

from zhenfen.text.spans import SPANS_SCHEMA, find_spans

TEXTS = ["", "abc", "a1b22c333", "券后9.9元，到手19元", "👍🏻1", "\x02\x0312\x03", "1\n2", "é1", "1" * 50]


@pytest.mark.parametrize("pattern", [r"\d+", r"元", r"[a-z]\d", r"(?i)(?:到手|券后)", r"(?m)^\d"])
def test_places_are_those_of_another_engine(pattern: str) -> None:
    found = find_spans(pl.Series(TEXTS), pattern)
    expected = [
        (row, match.start(), match.end(), match.group())
        for row, text in enumerate(TEXTS)
        for match in re.finditer(pattern, text)
    ]
    assert found.rows() == expected
    assert found.schema == SPANS_SCHEMA


def test_null_and_nothing() -> None:
    assert find_spans(pl.Series([None, "x"], dtype=pl.String), r"\d").is_empty()
    assert find_spans(pl.Series([], dtype=pl.String), r"\d").schema == SPANS_SCHEMA


def test_rows_do_not_see_each_other() -> None:
    assert find_spans(pl.Series(["a", "b"]), "ab").is_empty()


def test_a_text_of_some_mb_is_not_counted_anew_for_every_match() -> None:
    # Counting from the beginning for each of a million matches would take hours: polars' own work is not seen below.
    found = find_spans(pl.Series(["好1" * 1_000_000]), r"\d")
    assert (found.height, found["end"].max(), set(found["seen"])) == (1_000_000, 2_000_000, {"1"})


def test_a_long_text_is_linear_work() -> None:
    found = find_spans(pl.Series(["a1" * 50_000]), r"\d")
    assert (found.height, found["end"].max()) == (50_000, 100_000)
    check_linear(lambda text: find_spans(pl.Series([text]), r"\d"), "a1" * 1_000)
