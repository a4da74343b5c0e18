"""Words get what their letters have: sums stay, places are those of the raw text."""

from __future__ import annotations

import polars as pl
import pytest

from zhenfen.text.word_shares import WORDS_SCHEMA, share_words


def pieces(*rows: tuple[int, int, int, float]) -> pl.DataFrame:
    names = {"row": pl.Int64, "start": pl.Int64, "end": pl.Int64, "contribution": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_piece_that_cuts_words_is_given_back_as_whole_words() -> None:
    # 款好|用 takes the end of one word and the beginning of another.
    texts = pl.Series(["这款面霜好用"])
    found = share_words(texts, pieces((0, 3, 5, 1.0)))
    assert found.schema == WORDS_SCHEMA
    assert found.rows() == [(0, 2, 4, "面霜", 0.5), (0, 4, 6, "好用", 0.5)]


def test_signs_and_blanks_get_nothing_beside_letters() -> None:
    found = share_words(pl.Series(["领券，下单"]), pieces((0, 0, 5, 2.0)))
    assert {row["word"]: row["contribution"] for row in found.iter_rows(named=True)} == {"领券": 1.0, "下单": 1.0}
    assert share_words(pl.Series(["？！"]), pieces((0, 0, 2, 1.0)))["contribution"].sum() == pytest.approx(1.0)


def test_pieces_overlap_and_sums_stay() -> None:
    texts = pl.Series([None, "点击左下角链接下单，领券立减", "", "İstanbul 好用\x00的" + "(" * 50])
    given = pieces((1, 0, 6, 1.5), (1, 4, 9, -0.5), (1, 0, 14, 0.25), (3, 0, 12, 3.0), (3, 12, 20, 1.0))
    found = share_words(texts, given)
    sums = found.group_by("row").agg(pl.col("contribution").sum()).sort("row")
    assert sums["row"].to_list() == [1, 3]
    assert sums["contribution"].to_list() == pytest.approx([1.25, 4.0])
    for row in found.iter_rows(named=True):
        assert texts[row["row"]][row["start"] : row["end"]] == row["word"]


def test_names_that_are_taught_stay_whole() -> None:
    texts, given = pl.Series(["绒绒记真好"]), pieces((0, 0, 1, 1.0))
    assert share_words(texts, given)["word"].to_list() != ["绒绒记"]
    assert share_words(texts, given, ("绒绒记",))["word"].to_list() == ["绒绒记"]


def test_traditional_and_large_letters_are_cut_as_simplified_and_small_ones() -> None:
    found = share_words(pl.Series(["這款面霜真好用YYDS"]), pieces((0, 2, 3, 1.0), (0, 7, 8, 1.0)))
    assert found["word"].to_list() == ["面霜", "YYDS"]


def test_without_pieces_there_is_nothing() -> None:
    assert share_words(pl.Series(["好"]), pieces()).equals(pl.DataFrame(schema=WORDS_SCHEMA))
