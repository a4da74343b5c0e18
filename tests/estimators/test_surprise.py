"""Surprise: how rarely innocent creators show as much, on one scale whatever the unit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.surprise import LEVELS, Surprise, fit_surprise

SIGNS = {"growth_a": 1, "growth_b": -1, "comments_c": 1}


def innocent(n: int = 4000) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "growth_a": rng.normal(size=n),
            "growth_b": rng.lognormal(size=n),
            "comments_c": np.where(rng.random(n) < 0.97, 0.0, rng.random(n)),
        }
    )


@pytest.fixture(scope="module")
def surprise() -> Surprise:
    return fit_surprise(innocent(), SIGNS)


def test_innocent_creators_surprise_as_often_as_the_level_says(surprise: Surprise) -> None:
    scores = surprise.score(innocent())
    for level in (0.5, 1.0, 2.0, 3.0):
        for name in SIGNS:
            assert (scores[name] >= level).mean() <= 10**-level
    assert (scores["growth_a"] >= 1.0).mean() == pytest.approx(0.1, abs=0.002)


def test_the_suspicious_side_alone_surprises(surprise: Surprise) -> None:
    extremes = pl.DataFrame({"growth_a": [-9.0, 9.0], "growth_b": [1e6, 1e-6], "comments_c": [0.0, 1.0]})
    assert surprise.score(extremes).rows() == [(0.0, 0.0, 0.0), (3.0, 3.0, 3.0)]


def test_what_most_show_is_no_surprise(surprise: Surprise) -> None:
    assert surprise.score(pl.DataFrame({"comments_c": [0.0]}))["comments_c"].to_list() == [0.0]


def test_the_last_bits_of_a_value_change_nothing(surprise: Surprise) -> None:
    at_knots = pl.DataFrame({"growth_a": list(surprise.knots["growth_a"])})
    beside = at_knots.select(pl.col("growth_a") + 1e-13)
    assert surprise.score(beside)["growth_a"].equals(surprise.score(at_knots)["growth_a"])


def test_order_is_all_that_counts() -> None:
    rows = innocent()
    other = rows.with_columns(pl.col("growth_a").exp(), pl.col("growth_b").sqrt())
    asked = rows.head(50)
    same = fit_surprise(rows, SIGNS).score(asked)
    assert same.equals(fit_surprise(other, SIGNS).score(other.head(50)))


def test_null_and_absent_stay_null(surprise: Surprise) -> None:
    found = surprise.score(pl.DataFrame({"growth_a": [None, 1.0]}, schema={"growth_a": pl.Float64}))
    assert found["growth_a"].is_null().to_list() == [True, False]
    assert found["comments_c"].is_null().all()
    families = surprise.by_family(pl.DataFrame({"growth_a": [1.0]}))
    assert families["comments_most"].to_list() == [None]
    assert families["comments_more"].to_list() == [None]


def test_families_take_the_largest_and_what_exceeds_the_usual(surprise: Surprise) -> None:
    rows = pl.DataFrame({"growth_a": [9.0], "growth_b": [1e-6], "comments_c": [0.0]})
    found = surprise.by_family(rows).row(0, named=True)
    assert found == {"comments_most": 0.0, "comments_more": 0.0, "growth_most": 3.0, "growth_more": 4.0}


def test_a_feature_that_nobody_had_never_surprises() -> None:
    nobody = fit_surprise(innocent().with_columns(growth_a=pl.lit(None, dtype=pl.Float64)), SIGNS)
    assert nobody.score(pl.DataFrame({"growth_a": [1e9]}))["growth_a"].to_list() == [0.0]


def test_goes_through_json(surprise: Surprise) -> None:
    assert Surprise.from_dict(surprise.to_dict()) == surprise


@pytest.mark.parametrize(
    "change",
    [{"sign": 0}, {"knots": [1.0]}, {"knots": list(np.arange(len(LEVELS))[::-1])}, {"knots": "x"}, {"sign": None}],
)
def test_broken_files_are_refused(surprise: Surprise, change: dict[str, object]) -> None:
    values = surprise.to_dict()
    values["growth_a"] = {**values["growth_a"], **change}
    with pytest.raises(ConfigError, match="surprise"):
        Surprise.from_dict(values)
