"""Scales and ticks."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenfen.report.charts.scale import day_scale, day_ticks, decade_ticks, is_wide, linear, logarithmic, nice_ticks


@given(low=st.floats(-1e9, 1e9), width=st.floats(1e-3, 1e9), n_most=st.integers(3, 8))
def test_ticks_enclose_the_values_and_are_few(low, width, n_most):
    ticks = nice_ticks(low, low + width, n_most)
    slack = 1e-6 * max(1.0, abs(low), width)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + width - slack
    assert ticks == sorted(ticks)
    assert 2 <= len(ticks) <= n_most + 1


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 25, 50, 75, 100]),
        (52_040, 65_900, [50_000, 55_000, 60_000, 65_000, 70_000]),
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert nice_ticks(low, high) == expected


def test_equal_values_have_a_scale_too():
    assert nice_ticks(7, 7)[0] < 7 < nice_ticks(7, 7)[-1]
    assert linear(7, 7)(7) == 0.5
    assert logarithmic(7, 7)(7) == 0.5


@given(st.floats(1e-6, 1e6), st.floats(1.5, 1e6), st.floats(0, 1))
def test_scales_rise_from_zero_to_one(low, factor, share):
    high = low * factor
    value = low + share * (high - low)
    for scale in (linear(low, high), logarithmic(low, high)):
        assert scale(low) == pytest.approx(0)
        assert scale(high) == pytest.approx(1)
        assert -1e-9 <= scale(value) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 10], False), ([1, 40], True), ([0, 1000], False), ([-1, 9], False)]
)
def test_wide_means_more_than_a_decade_and_a_half_above_zero(values, expected):
    assert is_wide(values) is expected


def test_decades_enclose_the_values():
    assert decade_ticks(14, 5_200) == [10, 100, 1_000, 10_000]
    assert decade_ticks(10, 10) == [10, 100]


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.integers(0, 4_000))
def test_day_ticks_lie_inside_and_fit_a_phone(first, n_days):
    last = first + timedelta(days=n_days)
    ticks = day_ticks(first, last)
    assert len(ticks) <= 8
    assert all(first <= day <= last for day, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("n_days", "labels"),
    [
        (0, ["03-01"]),
        (3, ["03-01", "03-02", "03-03", "03-04"]),
        (89, ["03-01", "03-15", "03-29", "04-12", "04-26", "05-10", "05-24"]),
        (300, ["2026-03", "2026-05", "2026-07", "2026-09", "2026-11"]),
        (1500, ["2027", "2028", "2029", "2030"]),
    ],
)
def test_day_labels_follow_the_distance(n_days, labels):
    first = date(2026, 3, 1)
    assert [text for _, text in day_ticks(first, first + timedelta(days=n_days))] == labels


def test_days_lie_evenly():
    place = day_scale(date(2026, 1, 1), date(2026, 1, 11))
    assert place(date(2026, 1, 6)) == 0.5
