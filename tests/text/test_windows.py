"""Windows: they cover a text from its beginning, and a short tail joins the one before."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenfen.text.windows import WINDOWS_SCHEMA, WindowConfig, cut_windows

SMALL = WindowConfig(n_chars=10, fewest_chars=4, most=3)


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("", [""]),
        (None, [""]),
        ("好" * 9, ["好" * 9]),
        ("a" * 10 + "b" * 3, ["a" * 10 + "b" * 3]),
        ("a" * 10 + "b" * 4, ["a" * 10, "b" * 4]),
        ("a" * 10 + "b" * 10 + "c" * 10 + "d" * 3, ["a" * 10, "b" * 10, "c" * 10 + "d" * 3]),
        ("a" * 10 + "b" * 10 + "c" * 10 + "d" * 30, ["a" * 10, "b" * 10, "c" * 10]),
    ],
)
def test_a_text_is_cut_from_its_beginning(text: str | None, windows: list[str]) -> None:
    assert cut_windows(pl.Series([text], dtype=pl.String), SMALL)["window"].to_list() == windows


@given(st.lists(st.text(max_size=60), max_size=8))
def test_windows_are_where_they_say(texts: list[str]) -> None:
    found = cut_windows(pl.Series(texts, dtype=pl.String), SMALL.model_copy(update={"most": 99}))
    assert dict(found.schema) == WINDOWS_SCHEMA
    assert found["row"].unique(maintain_order=True).to_list() == list(range(len(texts)))
    for row, start, end, window in found.iter_rows():
        assert texts[row][start:end] == window
    joined = found.group_by("row", maintain_order=True).agg(pl.col("window").str.join(""))["window"]
    assert joined.to_list() == texts


def test_a_text_of_some_mb_is_not_counted_anew_for_every_window() -> None:
    # Counting from the beginning for each would take an hour.
    found = cut_windows(pl.Series(["好" * 4_000_000]), SMALL.model_copy(update={"most": 10**6}))
    assert found.height == 400_000
    assert set(found["window"]) == {"好" * 10}
