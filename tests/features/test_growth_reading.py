"""What the growth reading shows beside the features: drips, round sizes, the causes tested, bad input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.growth.explanations import CAUSES
from zhenfen.features.growth.family import GrowthReading, read_growth
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables

FIRST = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


def counts(followers: np.ndarray | list[int], days: list[float] | None = None, creator: str = "a") -> pl.DataFrame:
    at = [day(number) for number in (days or range(len(followers)))]
    table = pl.DataFrame({"observed_at": at, "n_followers": np.asarray(followers).astype(np.int64)})
    return table.select(
        creator_id=pl.lit(creator),
        observed_at=pl.col("observed_at").cast(pl.Datetime("us", "UTC")),
        n_followers="n_followers",
    )


def walk(n_days: int = 240, start: int = 50_000, per_day: float = 60.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return start + np.cumsum(rng.poisson(per_day * rng.lognormal(0, 0.7, n_days)))


def plus(followers: np.ndarray, at: int, each_day: list[float] | np.ndarray) -> np.ndarray:
    steps = np.zeros(len(followers))
    steps[at : at + len(each_day)] = each_day
    return followers + np.cumsum(steps)


def read(*series: pl.DataFrame, **tables: pl.DataFrame) -> GrowthReading:
    table = pl.concat(series)
    creators = table.select("creator_id").unique().sort("creator_id").with_columns(platform=pl.lit("douyin"))
    return read_growth(Tables({"creators": creators, "follower_counts": table, **tables}))


@pytest.mark.parametrize(("n_days", "dose"), [(20, 0.3), (30, 0.4), (60, 0.6)])
def test_an_even_drip_is_one_span_over_its_days(n_days: int, dose: float):
    rng = np.random.default_rng(1)
    each_day = dose * 50_000 / n_days * rng.lognormal(0, 0.1, n_days)
    drips = read(counts(plus(walk(), 100, each_day))).spans.filter(shape="drip")
    assert drips.height == 1
    (span,) = drips.to_dicts()
    assert span["is_unexplained"]
    assert abs((span["starts_at"] - day(100)).days) <= 3
    assert abs((span["ends_at"] - day(100 + n_days - 1)).days) <= 3
    assert span["n_gained"] == pytest.approx(dose * 50_000 + n_days * 70, rel=0.2)


def test_weeks_of_uneven_growth_are_no_drip():
    rng = np.random.default_rng(2)
    wild = 600 * rng.lognormal(-1, 1.4, 40)
    assert read(counts(plus(walk(), 100, wild))).spans.filter("is_unexplained", shape="drip").is_empty()


@pytest.mark.parametrize(("gained", "is_round"), [(20_000, True), (15_000, True), (17_310, False)])
def test_a_round_size_is_seen_where_noise_allows_it(gained: int, is_round: bool):
    even = 50_000 + 100 * np.arange(240)
    (span,) = read(counts(plus(even, 120, [gained]))).spans.to_dicts()
    assert span["is_round"] is is_round


def test_the_range_expected_holds_most_days():
    daily = read(counts(walk())).daily
    inside = daily.select(pl.col("n_gained").is_between("low", "high").mean()).item()
    assert daily.columns == ["creator_id", "day", "n_followers", "n_gained", "n_expected", "low", "high"]
    assert 0.7 < inside < 0.99


# Causes


def test_every_cause_of_a_span_is_tested_once_and_has_a_sentence_in_every_language():
    events = pl.DataFrame({"creator_id": ["a", "a"], "starts_at": [day(119), day(10)], "kind": ["giveaway", "live"]})
    reading = read(counts(plus(walk(), 120, [20_000])), events=events)
    causes = reading.causes
    assert causes["cause"].to_list() == list(CAUSES)
    assert causes["starts_at"].unique().to_list() == reading.spans["starts_at"].to_list()
    verdicts = dict(causes.select("cause", "verdict").iter_rows())
    assert verdicts == {
        **dict.fromkeys(("gap", "advert", "collab", "live", "news", "promotion"), "against"),
        "giveaway": "for",
        "platform": "unknown",
        "post": "unknown",
    }
    for note in causes["note"]:
        for language in LANGUAGES:
            assert Catalogue(language).text(note, value="1", needed="2")


@pytest.mark.parametrize(("gained", "is_tested"), [(20_000, True), (-20_000, False)])
def test_promotion_brings_followers_and_drives_nobody_away(gained, is_tested):
    events = pl.DataFrame({"creator_id": ["a"], "starts_at": [day(119)], "kind": ["promotion"]})
    reading = read(counts(plus(walk(), 120, [gained])), events=events)
    (span,) = reading.spans.to_dicts()
    found = reading.causes.filter(cause="promotion")["verdict"].to_list()
    assert found == (["for"] if is_tested else [])
    assert (span["explanation"], span["explained_by"]) == (("event", "promotion") if is_tested else ("none", None))


def test_without_any_declared_event_nothing_is_held_against_the_creator():
    causes = read(counts(plus(walk(), 120, [20_000]))).causes.filter(pl.col("cause").is_in(("giveaway", "advert")))
    assert causes["verdict"].unique().to_list() == ["unknown"]
    assert causes["value"].to_list() == [None, None]


def test_a_post_that_brings_most_of_a_rise_explains_what_would_not_be_marked_alone():
    usual = [900, 1_000, 1_100, 1_000, 950, 1_050]
    likes = [*usual, 19_500]
    posts = pl.DataFrame(
        {
            "post_id": [f"p{n}" for n in range(len(likes))],
            "creator_id": "a",
            "published_at": [day(n) for n in (10, 25, 40, 55, 70, 85, 119)],
            "n_likes": likes,
        }
    )
    (span,) = read(counts(plus(walk(), 120, [20_000])), posts=posts).spans.to_dicts()
    assert (span["explanation"], span["explained_by"], span["is_unexplained"]) == ("post", "p6", False)
    part = posts.with_columns(n_likes=pl.col("n_likes").clip(None, 5_000))
    (span,) = read(counts(plus(walk(), 120, [20_000])), posts=part).spans.to_dicts()
    assert (span["explanation"], span["is_unexplained"]) == ("none", True)


# Bad input


@pytest.mark.parametrize(
    "followers",
    [
        [5],
        [5, 6],
        [1_000] * 200,
        list(range(100_000, 99_800, -1)),
        [0] * 200,
        [2_000_000_000 + 10_000 * n for n in range(200)],
        [0, 2_000_000_000] * 100,
        [10**13] * 100 + [0] * 100,
    ],
    ids=["one", "two", "equal", "falling", "zero", "billions", "to and fro", "all lost"],
)
def test_odd_series_give_finite_numbers(followers: list[int]):
    reading = read(counts(followers))
    for column in ("p_value", "q_value"):
        assert reading.spans[column].null_count() == 0
        assert reading.spans[column].is_between(0, 1).all()
    for frame in (reading.spans, reading.daily, reading.causes):
        numbers = frame.select(pl.selectors.float().is_finite().all())
        assert all(value in (True, None) for value in numbers.row(0))


def test_a_million_readings_of_one_creator_are_its_days():
    times = pl.datetime_range(
        FIRST, FIRST + timedelta(minutes=999_999), "1m", time_unit="us", time_zone="UTC", eager=True
    )
    table = pl.DataFrame({"creator_id": "a", "observed_at": times, "n_followers": np.arange(1_000_000) // 20})
    daily = read(table).daily
    assert daily.height == times.dt.date().n_unique()


def test_readings_in_any_order_twice_and_with_other_values_read_the_same():
    table = counts(plus(walk(), 120, [20_000]))
    twice = pl.concat((table, table.with_columns(pl.col("n_followers") - 50)))
    shuffled = twice.sample(fraction=1.0, shuffle=True, seed=1)
    first, second = read(twice), read(shuffled)
    for name in ("daily", "spans", "causes", "drops"):
        assert getattr(first, name).equals(getattr(second, name))
    assert first.spans.equals(read(table).spans)


def test_nobody_at_all_gives_empty_frames_with_their_columns():
    empty = read(counts(walk())).spans.columns
    reading = read_growth(Tables({}))
    assert reading.spans.columns == empty
    assert reading.spans.is_empty() and reading.causes.is_empty() and reading.drops.is_empty()
