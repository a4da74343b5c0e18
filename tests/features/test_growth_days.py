"""Daily steps and their expectation: gaps, wrong counts, medians by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from growth_builder import counts, walk

from zhenfen.features.growth.days import add_expectation, make_daily


def test_the_last_reading_of_a_day_counts_and_a_gap_stays_a_gap():
    readings = counts([10, 12, 15, 40, 41], [0, 0.2, 1, 4, 5])
    daily = make_daily(readings)
    assert daily["n_followers"].to_list() == [12, 15, 40, 41]
    assert daily["n_gained"].to_list() == [None, 3, None, 1]
    assert daily["n_days"].to_list() == [None, 1, 3, 1]


def test_the_first_reading_of_a_creator_has_no_step_from_the_creator_before():
    daily = make_daily(pl.concat((counts([5, 6]), counts([900, 901], creator="b"))))
    assert daily["n_gained"].to_list() == [None, 1, None, 1]


def test_two_days_between_readings_share_their_growth_and_four_are_a_gap():
    steps = add_expectation(make_daily(counts([100, 110, 130, 190], [0, 1, 3, 7])))
    assert steps["per_day"].to_list() == [None, 10.0, 10.0, None]


@pytest.mark.parametrize(
    "wrong",
    [{60: 1_040_000}, {60: 12}, {60: 0, 61: 0}, {60: 130_000, 61: 131_000}],
    ids=["tenfold", "dip", "two", "up"],
)
def test_a_count_that_is_back_within_two_days_is_left_out(wrong: dict[int, int]):
    followers = walk().tolist()
    read = [wrong.get(number, int(count)) for number, count in enumerate(followers)]
    kept = [int(count) for number, count in enumerate(followers) if number not in wrong]
    assert make_daily(counts(read))["n_followers"].to_list() == kept


def test_expectation_equals_medians_by_hand():
    followers = walk(200)
    steps = add_expectation(make_daily(counts(followers.tolist())))
    gained = np.diff(followers.astype(int))
    level = [np.median(gained[max(at - 14, 0) : at + 15]) for at in range(len(gained))]
    assert steps["n_expected"].to_list()[1:] == level
    off = np.abs(gained - np.array(level))
    assert steps["spread"][100] == pytest.approx(1.4826 * np.median(off[99 - 45 : 99 + 46]))
    assert steps["tail"][100] == pytest.approx(np.quantile(off[99 - 45 : 99 + 46], 0.9))


def test_spread_never_falls_below_counting_noise():
    daily = add_expectation(make_daily(counts(list(range(1_000, 1_000 + 60 * 49, 49)))))
    assert daily["spread"].unique().to_list()[-1:] == [7.0] and daily["spread"][30] == 7.0


def test_no_expectation_reaches_across_four_weeks_without_readings():
    days = [*range(40), *range(69, 109)]
    followers = [*range(1_000, 1_000 + 40 * 10, 10), *range(9_000, 9_000 + 40 * 500, 500)]
    steps = add_expectation(make_daily(counts(followers, days)))
    assert steps["stretch"].n_unique() == 2
    assert set(steps.filter(stretch=1)["n_expected"].drop_nulls()) == {10.0}
