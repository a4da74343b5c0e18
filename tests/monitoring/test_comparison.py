"""Columns beside each other: what counts as a change, and laws that hold for any rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.monitoring.comparison import ABSENT, TOO_FEW, TOO_MANY_CATEGORIES, JudgedColumn, compare_columns
from zhenfen.monitoring.platforms import FEWEST_ROWS, find_alone
from zhenfen.monitoring.rules import load_rules

RULES = load_rules().rules
N = 3000


def make(seed: int, n: int = N) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "number": rng.normal(size=n),
            "count": rng.poisson(1.0, n),
            "flag": rng.random(n) < 0.2,
            "category": rng.choice(["a", "b", "c"], n),
            "known_to_half": pl.Series(np.where(rng.random(n) < 0.5, rng.normal(size=n), np.nan)),
        }
    )


REFERENCE = make(1)


def compare(new: pl.DataFrame, reference: pl.DataFrame = REFERENCE) -> dict[str, JudgedColumn]:
    return {one.comparison.column: one for one in compare_columns(reference, new, {"number": (-1.0, 1.0)}, RULES)}


def test_the_same_rows_and_more_of_the_same_are_no_change() -> None:
    for new in (REFERENCE, make(2), make(3, 400)):
        assert not any(one.is_drift for one in compare(new).values())


def test_the_order_of_rows_and_columns_changes_nothing() -> None:
    new = make(2).with_columns(pl.col("number") + 1)
    shuffled = new.sample(fraction=1, shuffle=True, seed=1).select(reversed(new.columns))
    assert compare(new) == compare(shuffled)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("number", pl.col("number") + 0.5),
        ("number", pl.col("number") * 2),
        ("count", pl.col("count") + 1),
        ("flag", pl.Series(np.random.default_rng(1).random(N) < 0.5)),
        ("category", pl.col("category").replace("c", "d")),
        ("known_to_half", pl.col("known_to_half") + 1),
    ],
)
def test_other_values_are_found_in_that_column_alone(column: str, change: pl.Expr | pl.Series) -> None:
    found = compare(make(2).with_columns(change.alias(column)))
    assert [name for name, one in found.items() if one.has_moved] == [column]
    assert not any(one.has_absence_moved for one in found.values())


def test_values_that_go_missing_are_found_apart() -> None:
    found = compare(make(2).with_columns(pl.when(pl.int_range(N) % 4 > 0).then("number").alias("number")))
    assert [name for name, one in found.items() if one.has_absence_moved] == ["number"]
    assert not any(one.has_moved for one in found.values())
    assert found["number"].comparison.missing == pytest.approx((0, 0.25))


def test_a_larger_move_has_a_larger_index() -> None:
    indices = [compare(make(2).with_columns(pl.col("number") + by))["number"] for by in (0.0, 0.3, 0.6, 1.2)]
    sizes = [one.comparison.values.psi for one in indices if one.comparison.values]
    assert sizes == sorted(sizes)


def test_what_is_sure_but_small_and_what_is_large_but_chance_do_not_count() -> None:
    rng = np.random.default_rng(9)
    small = [pl.DataFrame({"number": rng.normal(by, size=60_000)}) for by in (0.0, 0.05)]
    (sure,) = compare_columns(*small, {}, RULES)
    assert sure.p_values is not None
    assert sure.p_values < 1e-6
    assert not sure.is_drift
    few = [make(seed, 60).select("number") for seed in (1, 2)]
    (large,) = compare_columns(*few, {}, RULES)
    assert large.comparison.values is not None
    assert large.comparison.values.psi > RULES.psi_from
    assert not large.is_drift


def test_many_columns_of_noise_raise_no_alarm() -> None:
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(12):
        first, second = (pl.DataFrame({f"c{i}": rng.normal(size=n) for i in range(20)}) for n in (400, 150))
        alarms += any(one.is_drift for one in compare_columns(first, second, {}, RULES))
    assert alarms <= 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1.0] * (FEWEST_ROWS - 1) + [None] * 100, TOO_FEW),
        ([None] * 200, ABSENT),
        ([f"name {i}" for i in range(200)], TOO_MANY_CATEGORIES),
    ],
)
def test_what_cannot_be_compared_says_why(values: list[object], reason: str) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, strict=False)})
    (found,) = compare_columns(frame, frame, {}, RULES)
    assert found.comparison.reason == reason
    assert found.comparison.values is None
    assert found.comparison.bins == ()


def test_a_column_that_vanished_is_a_change() -> None:
    found = compare(make(2).with_columns(number=pl.lit(None, dtype=pl.Float64)))["number"]
    assert found.has_absence_moved
    assert found.comparison.reason == TOO_FEW


def test_a_number_that_is_not_finite_is_unknown() -> None:
    odd = make(2).with_columns(
        number=pl.Series([float("nan"), float("inf"), -float("inf"), *np.random.default_rng(2).normal(size=N - 3)])
    )
    assert compare(odd)["number"].comparison.n == (N, N - 3)


def test_bins_are_whole_and_the_models_range_is_counted() -> None:
    for one in compare(make(2)).values():
        assert sum(bin_.reference for bin_ in one.comparison.bins) == pytest.approx(1)
        assert sum(bin_.new for bin_ in one.comparison.bins) == pytest.approx(1)
    outside = compare(make(2))["number"].comparison.outside
    assert outside == pytest.approx((0.317, 0.317), abs=0.03)


def mix(seed: int, weibo: int, x: int, by: float = 0.0) -> pl.DataFrame:
    """Rows of two platforms whose numbers lie three deviations apart; `by` moves those of one."""
    parts = (make(seed, weibo), make(seed + 50, x).with_columns(pl.col("number") + 3 + by))
    return pl.concat(one.with_columns(platform=pl.lit(name)) for one, name in zip(parts, ("weibo", "x"), strict=True))


def moved(reference: pl.DataFrame, new: pl.DataFrame) -> list[tuple[str, str | None]]:
    found = compare_columns(reference, new, {}, RULES)
    return [(one.comparison.column, one.comparison.platform) for one in found if one.is_drift]


def test_another_mix_of_platforms_is_one_change_and_no_other_column_moves() -> None:
    assert moved(mix(1, 2000, 1000), mix(2, 700, 2300)) == [("platform", None)]
    assert moved(mix(1, 2000, 1000).drop("platform"), mix(2, 700, 2300).drop("platform")) == [("number", None)]


def test_what_moves_on_one_platform_is_found_there() -> None:
    assert moved(mix(1, 2000, 1000), mix(2, 2000, 1000, by=1)) == [("number", "x")]


def test_platforms_without_enough_rows_are_named_and_not_compared() -> None:
    reference, new = mix(1, 500, 500), mix(2, 500, FEWEST_ROWS - 1)
    assert find_alone(reference, new) == ["x"]
    assert {one.comparison.platform for one in compare_columns(reference, new, {}, RULES)} == {None, "weibo"}
    assert moved(reference.filter(platform="weibo"), new.filter(platform="x")) == []
    apart = reference.filter(platform="weibo"), reference.filter(platform="x")
    assert moved(*apart) == [("platform", None)]
    assert find_alone(*apart) == ["weibo", "x"]
    assert find_alone(reference, new.drop("platform")) == []


def test_medians_say_from_what_to_what() -> None:
    found = compare(make(2).with_columns(pl.col("number") + 1))["number"].comparison
    assert found.medians == pytest.approx((0, 1), abs=0.06)
