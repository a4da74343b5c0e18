"""When accounts were made: nothing from dates all over the years, a batch's part from a batch, runs in follow order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.audience.creation import (
    CHANCE_DEVIATIONS,
    CHANCE_MORE,
    DENSE_DAYS,
    MIDDLE,
    N_DATES_NEEDED,
    measure_creation,
)

START = datetime(2018, 1, 1, tzinfo=UTC)
DENSEST, RUN = "audience_densest_5d_share", "audience_creation_run_share"
FAR = 40.0
"""Days between accounts that nobody made together."""


def profiles(made: list[float | None], creator: str = "a", positions: list[int | None] | None = None) -> pl.DataFrame:
    """Profiles in follow order, made so many days after START."""
    days = [None if at is None else START + timedelta(days=at) for at in made]
    return pl.DataFrame(
        {
            "creator_id": [creator] * len(made),
            "profile_id": [f"{creator}{at}" for at in range(len(made))],
            "follow_position": list(range(len(made))) if positions is None else positions,
            "created_at": days,
        },
        schema_overrides={"created_at": pl.Datetime("us", "UTC"), "follow_position": pl.Int64},
    )


def measure(frame: pl.DataFrame, creator: str = "a") -> dict[str, float | None]:
    return measure_creation(frame).filter(creator_id=creator).row(0, named=True)


def spread(n: int) -> list[float]:
    """Dates far from each other, in no order of follow."""
    return [FAR * at for at in np.random.default_rng(0).permutation(n)]


@pytest.mark.parametrize("seed", range(10))
def test_dates_all_over_the_years_show_nothing(seed: int) -> None:
    days = np.random.default_rng(seed).uniform(0, 2_000, 300).tolist()
    row = measure(profiles(days))
    assert row[DENSEST] < 0.005
    assert row[RUN] < 0.03


@pytest.mark.parametrize("seed", range(5))
def test_a_sign_up_wave_of_weeks_is_no_batch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = np.r_[rng.uniform(0, 2_000, 240), rng.uniform(900, 960, 60)]
    assert measure(profiles(rng.permutation(days).tolist()))[DENSEST] < 0.05


def test_a_batch_beyond_chance_by_hand() -> None:
    days = np.r_[np.arange(240) * 8.0, np.full(60, 1_000.5)]
    row = measure(profiles(days.tolist()))
    low, high = np.quantile(days, MIDDLE)
    usual = (MIDDLE[1] - MIDDLE[0]) * 300 * DENSE_DAYS / (high - low)
    # The window that holds the batch reaches no other account: they stand eight days apart, the nearest at 1,000.
    n_densest = 61
    by_chance = usual + CHANCE_DEVIATIONS * np.sqrt(usual) + CHANCE_MORE
    assert row[DENSEST] == pytest.approx((n_densest - by_chance) / 300)
    assert row[RUN] == pytest.approx(59 / 300)


def test_accounts_all_made_in_the_same_days_are_no_denser_than_they_are() -> None:
    """Their spread is that of the five days themselves: what is usual is all of them."""
    usual = (MIDDLE[1] - MIDDLE[0]) * 100
    expected = max(0.0, (100 - usual - CHANCE_DEVIATIONS * np.sqrt(usual) - CHANCE_MORE) / 100)
    assert measure(profiles([5.0] * 100))[DENSEST] == pytest.approx(expected)


@pytest.mark.parametrize(("within", "n_near"), [(5.0, 60), (5.1, 59)])
def test_the_window_is_five_days_wide(within: float, n_near: int) -> None:
    days = np.r_[np.arange(240) * 8.0 + 10_000, np.full(59, 1_000.0), 1_000.0 + within]
    low, high = np.quantile(days, MIDDLE)
    usual = (MIDDLE[1] - MIDDLE[0]) * 300 * DENSE_DAYS / (high - low)
    by_chance = usual + CHANCE_DEVIATIONS * np.sqrt(usual) + CHANCE_MORE
    assert measure(profiles(days.tolist()))[DENSEST] == pytest.approx((n_near - by_chance) / 300)


def broken_run(n_others: int) -> list[float]:
    """Two halves of twenty of one batch in the follow order, others between them, strangers around."""
    batch = [100_000.0] * 20
    around = spread(40)
    others = [200_000.0 + FAR * at for at in range(n_others)]
    return [*around[:20], *batch, *others, *batch, *around[20:]]


@pytest.mark.parametrize(("n_others", "n_near"), [(0, 39), (1, 38), (2, 19), (3, 19)])
def test_a_run_is_broken_by_two_others_not_by_one(n_others: int, n_near: int) -> None:
    days = broken_run(n_others)
    assert measure(profiles(days))[RUN] == pytest.approx(n_near / len(days))


def test_a_batch_that_did_not_follow_in_a_row_is_dense_and_no_run() -> None:
    days = [at if place % 4 else 50_000.0 for place, at in enumerate(spread(200))]
    row = measure(profiles(days))
    assert row[DENSEST] > 0.15
    assert row[RUN] < 0.02


def test_without_the_order_there_is_no_run() -> None:
    days = [*spread(40), *[50_000.0] * 40]
    positions: list[int | None] = list(range(80))
    positions[7] = None
    row = measure(profiles(days, positions=positions))
    assert row[RUN] is None
    assert row[DENSEST] == measure(profiles(days))[DENSEST] > 0.3


def test_least_sample() -> None:
    days: list[float | None] = [*spread(N_DATES_NEEDED)]
    assert measure_creation(profiles(days)).height == 1
    days[0] = None
    assert measure_creation(profiles(days)).is_empty()


def test_profiles_without_a_date_are_left_out() -> None:
    days = [*spread(40), *[50_000.0] * 40]
    with_unknown: list[float | None] = [*days, None, None]
    assert measure(profiles(with_unknown)) == measure(profiles(days))


def test_row_order_names_and_other_creators_change_nothing() -> None:
    days = [*spread(60), *[50_000.0] * 30]
    frame = profiles(days)
    expected = measure(frame)
    other = profiles([3.0] * 50, "b")
    shuffled = pl.concat([frame, other]).sample(fraction=1, shuffle=True, seed=2)
    renamed = frame.with_columns(profile_id=pl.col("profile_id") + "x")
    assert measure(shuffled) == measure(renamed) == expected


@pytest.mark.parametrize("n_bought", [0, 10, 20, 40, 80])
def test_a_larger_batch_is_never_a_smaller_share(n_bought: int) -> None:
    def values(n: int) -> dict[str, float | None]:
        return measure(profiles([*spread(200)[: 200 - n], *[50_000.0] * n]))

    less, more = values(n_bought), values(n_bought + 10)
    assert less[DENSEST] <= more[DENSEST]
    assert less[RUN] <= more[RUN]


def test_no_profiles() -> None:
    assert measure_creation(profiles([])).is_empty()
