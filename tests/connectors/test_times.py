from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.connectors.reading.times import parse_epoch, parse_time

MOMENT = datetime(2024, 1, 2, 2, 21, 42, tzinfo=UTC)
SPELLINGS = [
    "1704162102",
    "1704162102000",
    "1704162102000000",
    "1704162102.0",
    "2024-01-02 10:21:42",
    "2024/1/2 10:21:42",
    "2024.01.02 10:21:42",
    "2024年1月2日 10:21:42",
    "2024年1月2日10时21分42秒",
    "2024-01-02T10:21:42+08:00",
    "2024-01-02T10:21:42.000+0800",
    "2024-01-02T02:21:42Z",
    "2024-01-02 02:21:42 UTC",
    "2024-01-01T21:21:42-05:00",
    "Tue Jan 02 10:21:42 +0800 2024",
    "Tue, 02 Jan 2024 10:21:42 +0800",
    "Tue, 02 Jan 2024 02:21:42 +0000",
    "２０２４-01-02 10:21:42",
]
OTHERS = {
    "2024-01-02": datetime(2024, 1, 2, tzinfo=UTC),
    "2024年1月2日": datetime(2024, 1, 2, tzinfo=UTC),
    "2024-01-02 00:00:00": datetime(2024, 1, 1, 16, tzinfo=UTC),
    "2024-1-2 10:21": datetime(2024, 1, 2, 2, 21, tzinfo=UTC),
    "1704162102823": MOMENT + timedelta(milliseconds=823),
    "2024-01-02T10:21:42.5+08:00": MOMENT + timedelta(milliseconds=500),
    "2024-13-02": None,
    "2024-02-30": None,
    "2024-01-02 25:00": None,
    "20240102": None,
    "abc": None,
    "": None,
    "0": None,
}
CAPTURED = datetime(2024, 1, 3, 4, 0, tzinfo=UTC)  # noon in China
RELATIVE = {
    "刚刚": CAPTURED,
    "30秒前": CAPTURED - timedelta(seconds=30),
    "5分钟前": CAPTURED - timedelta(minutes=5),
    "2小时前": CAPTURED - timedelta(hours=2),
    "3天前": CAPTURED - timedelta(days=3),
    "1周前": CAPTURED - timedelta(days=7),
    "今天 08:00": datetime(2024, 1, 3, 0, 0, tzinfo=UTC),
    "昨天 10:21": datetime(2024, 1, 2, 2, 21, tzinfo=UTC),
    "前天": datetime(2024, 1, 1, tzinfo=UTC),
    "01-02": datetime(2024, 1, 2, tzinfo=UTC),
    "1月2日": datetime(2024, 1, 2, tzinfo=UTC),
    "01-02 10:21": datetime(2024, 1, 2, 2, 21, tzinfo=UTC),
    "12-31": datetime(2023, 12, 31, tzinfo=UTC),
    "02-30": None,
}


def read(text: str | None, captured: datetime | None = None) -> datetime | None:
    frame = pl.DataFrame({"t": [text]}, schema={"t": pl.String})
    seen = None if captured is None else pl.lit(captured)
    value = frame.select(parse_time("t", seen).alias("t"))["t"]
    assert value.dtype == pl.Datetime("us", "UTC")
    return value.item()


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_is_the_same_moment(text: str) -> None:
    assert read(text) == MOMENT


@pytest.mark.parametrize(("text", "expected"), OTHERS.items())
def test_days_fractions_and_what_is_no_time(text: str, expected: datetime | None) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(("text", "expected"), RELATIVE.items())
def test_relative_times_count_from_the_capture(text: str, expected: datetime | None) -> None:
    assert read(text, CAPTURED) == expected


@pytest.mark.parametrize("text", RELATIVE)
def test_relative_times_are_unknown_without_a_capture(text: str) -> None:
    assert read(text) is None


def test_a_day_of_february_29_is_of_the_last_leap_year() -> None:
    assert read("02-29", datetime(2025, 1, 10, tzinfo=UTC)) == datetime(2024, 2, 29, tzinfo=UTC)


@settings(deadline=None, max_examples=40)
@given(
    st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2035, 1, 1)),
    st.integers(min_value=-12 * 60, max_value=14 * 60),
)
def test_the_zone_of_a_time_changes_its_spelling_only(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert read(local.isoformat()) == read(str(int(moment.timestamp()))) == moment


def test_epochs_tell_their_unit_by_size() -> None:
    frame = pl.DataFrame({"t": [1704162102, 1704162102000, 1704162102000000, 5]})
    assert frame.select(parse_epoch("t"))["t"].to_list() == [MOMENT, MOMENT, MOMENT, None]
