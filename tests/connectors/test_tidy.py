from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, tidy
from zhenfen.errors import InputError
from zhenfen.tables import TABLES, check_tables, make_frame

GOOD = {"post_id": "p1", "creator_id": "u1", "published_at": "2024-01-02", "n_likes": "3"}


def raw(*rows: dict[str, Any], file: str = "a.csv") -> pl.DataFrame:
    texts = pl.DataFrame(list(rows), schema_overrides={name: pl.String for row in rows for name in row})
    return texts.with_columns(pl.lit(file).alias(FILE), pl.int_range(1, pl.len() + 1).alias(ROW))


def listed(tidied: Tidied) -> list[tuple[Any, ...]]:
    check_tables({"unusable": tidied.unusable})
    return tidied.unusable.select("row", "column", "value", "expected", "action").rows()


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("n_likes", "abc", "unusable.count"),
        ("n_likes", "-5", "unusable.count"),
        ("n_likes", str(10**14), "unusable.count"),
        ("published_at", "yesterday", "unusable.time"),
        ("published_at", "1970-01-05", "unusable.time"),
        ("published_at", "2999-01-01", "unusable.time"),
        ("is_repost", "maybe", "unusable.flag"),
        ("media_kind", "hologram", "unusable.choice"),
    ],
)
def test_a_cell_that_is_no_value_is_left_out_and_listed(column: str, value: str, expected: str) -> None:
    found = tidy("posts", raw(GOOD, {**GOOD, "post_id": "p2", column: value}))
    assert found.frame.filter(post_id="p2")[column].to_list() == [None]
    assert listed(found) == [(2, column, value, expected, "value_left_out")]


@pytest.mark.parametrize("column", ["n_likes", "published_at", "is_repost", "media_kind"])
@pytest.mark.parametrize("value", ["", "-", None, "N/A", "null"])
def test_a_blank_cell_is_unknown_and_never_zero(column: str, value: str | None) -> None:
    found = tidy("posts", raw(GOOD, {**GOOD, "post_id": "p2", column: value}))
    assert found.frame.filter(post_id="p2")[column].to_list() == [None]
    assert listed(found) == []


def test_a_time_within_the_next_day_is_a_clock_that_is_fast() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    found = tidy("posts", raw({**GOOD, "published_at": soon}))
    assert found.frame["published_at"].null_count() == 0


@pytest.mark.parametrize("column", ["post_id", "creator_id"])
@pytest.mark.parametrize("value", ["", None])
def test_a_row_without_its_key_is_left_out_and_listed(column: str, value: str | None) -> None:
    found = tidy("posts", raw(GOOD, {**GOOD, "post_id": "p2", column: value}), expected={"post_id": "unusable.post"})
    assert found.frame["post_id"].to_list() == ["p1"]
    expected = "unusable.post" if column == "post_id" else "unusable.value"
    assert listed(found) == [(2, column, None, expected, "row_left_out")]


def test_a_key_that_cannot_be_read_is_listed_once() -> None:
    rows = [{"creator_id": "u1", "observed_at": text, "n_followers": "5"} for text in ("2024-01-02", "abc")]
    found = tidy("follower_counts", raw(*rows))
    assert found.frame.height == 1
    assert [row[:2] + row[4:] for row in listed(found)] == [(2, "observed_at", "row_left_out")]


def test_a_file_without_one_usable_row_is_an_error_with_every_reason() -> None:
    bad = [{**GOOD, "post_id": None}, {**GOOD, "creator_id": None, "n_likes": "abc"}]
    frames = pl.concat([raw(GOOD), raw(*bad, file="b.csv")])
    with pytest.raises(InputError) as caught:
        tidy("posts", frames)
    found = [(problem.file, problem.row, problem.column, problem.value) for problem in caught.value.problems]
    assert found == [
        ("b.csv", 1, "post_id", None),
        ("b.csv", 2, "creator_id", None),
        ("b.csv", 2, "n_likes", "abc"),
    ]
    assert "a count such as 1234" in str(caught.value)
    assert tidy("posts", frames, lenient=True).frame.height == 1


def test_of_repeats_the_one_captured_last_stays() -> None:
    rows = [
        {**GOOD, "n_likes": "9", SEEN: "2024-01-03"},
        {**GOOD, "n_likes": "5", SEEN: "2024-01-05"},
        {**GOOD, "n_likes": "7", SEEN: None},
    ]
    found = tidy("posts", raw(*rows))
    assert found.frame["n_likes"].to_list() == [5]
    assert {row[0] for row in listed(found)} == {1, 3}
    assert {row[1:] for row in listed(found)} == {("post_id", "p1", "unusable.duplicate", "duplicate_merged")}


def test_readings_of_a_post_at_several_moments_are_kept() -> None:
    def reading(likes: str, at: str | None, post: str = "p1") -> dict[str, str | None]:
        return {**GOOD, "post_id": post, "n_likes": likes, "observed_at": at, SEEN: at}

    several = [reading("5", "2024-01-03"), reading("9", "2024-01-05"), reading("9", "2024-01-05"), reading("7", None)]
    found = tidy("posts", raw(*several, reading("1", "2024-01-03", "p2"), reading("1", "2024-01-03", "p2")))
    assert dict(found.frame.select("post_id", "n_likes").rows()) == {"p1": 9, "p2": 1}
    assert found.readings.select("post_id", "n_likes").rows() == [("p1", 9), ("p1", 5)]
    # What is read twice at one moment, or at none that is known, is still a duplicate.
    assert {row[0] for row in listed(found)} == {3, 4, 6}


def test_merged_columns_hold_the_last_value_known() -> None:
    rows = [
        {"creator_id": "u1", "platform": "weibo", "bio": "old", "n_followers": "5", SEEN: "2024-01-03"},
        {"creator_id": "u1", "platform": "weibo", "bio": "new", "n_followers": None, SEEN: "2024-01-05"},
    ]
    merged = tidy("creators", raw(*rows), merge="columns").frame
    assert merged.select("bio", "n_followers").rows() == [("new", 5)]


@pytest.mark.parametrize("merge", ["row", "columns"])
def test_the_order_of_rows_changes_nothing(merge: Any) -> None:
    rows = [
        {"creator_id": f"u{number % 5}", "platform": "weibo", "n_followers": str(number % 7), "bio": f"b{number % 3}"}
        | {SEEN: f"2024-01-0{1 + number % 2}"}
        for number in range(40)
    ]
    tables = [
        make_frame(TABLES["creators"], tidy("creators", raw(*order), merge=merge).frame).sort("creator_id")
        for order in (rows, rows[::-1], rows[20:] + rows[:20])
    ]
    assert_frame_equal(tables[0], tables[1])
    assert_frame_equal(tables[0], tables[2])
    assert tables[0].height == 5


def test_relative_times_count_from_the_rows_own_capture() -> None:
    rows = [
        {**GOOD, "published_at": "3天前", SEEN: "2024-01-05 12:00"},
        {**GOOD, "post_id": "p2", "published_at": "3天前", SEEN: None},
    ]
    found = tidy("posts", raw(*rows))
    times = dict(found.frame.select("post_id", "published_at").rows())
    assert times == {"p1": datetime(2024, 1, 2, 4, tzinfo=UTC), "p2": None}
    assert listed(found) == [(2, "published_at", "3天前", "unusable.time", "value_left_out")]
