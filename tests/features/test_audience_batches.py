"""Batches along the follow order: found when planted, at a stated rate; rarely seen where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from zhenfen.features.audience.batches import BatchRule, find_batches
from zhenfen.features.audience.patterns import load_pattern_rules

RULE = load_pattern_rules().batch
FEWEST = load_pattern_rules().cluster.fewest
N = 500
TODAY = 4_000.0


def organic_days(rng: np.random.Generator, n: int = N) -> np.ndarray:
    """Days of creation: years of growth, and a tenth from one week of sign-ups."""
    days = TODAY - rng.gamma(1.5, 700, n)
    days[rng.random(n) < 0.1] = 1_500 + rng.integers(0, 5)
    return np.floor(np.clip(days, 0, TODAY - 1))


def plant(days: np.ndarray, size: int, others: int, rng: np.random.Generator) -> np.ndarray:
    """Give `size` followers, `others` times as many among them, dates within three days; returns their places."""
    span = size * (1 + others)
    places = rng.integers(0, len(days) - span) + np.sort(rng.choice(span, size, replace=False))
    days[places] = np.floor(rng.uniform(1_000, 3_900)) + rng.integers(0, 3, size)
    return places


def followed(n: int = N, days: float = 30.0) -> np.ndarray:
    return TODAY + np.arange(n) / n * days


def runs_of(days: np.ndarray, when: np.ndarray | None = None, rule: BatchRule = RULE) -> np.ndarray:
    when = np.full(len(days), np.nan) if when is None else when
    return find_batches(np.arange(len(days), dtype=float), days, when, rule, FEWEST).runs


@pytest.mark.parametrize(
    ("size", "others", "expected"), [(10, 0, 0.35), (20, 0, 0.95), (40, 0, 0.97), (20, 1, 0.75), (40, 1, 0.80)]
)
def test_planted_batches_are_found_at_the_stated_rate(size: int, others: int, expected: float) -> None:
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        days = organic_days(rng)
        places = plant(days, size, others, rng)
        found.append((runs_of(days)[places] >= 0).mean())
    assert np.mean(found) >= expected


def test_who_is_not_in_a_batch_is_rarely_taken_for_one() -> None:
    taken = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        days = organic_days(rng)
        places = plant(days, 40, 0, rng)
        taken.append((np.delete(runs_of(days), places) >= 0).mean())
    assert np.mean(taken) < 0.01


def newcomers(rng: np.random.Generator) -> np.ndarray:
    """Three in ten followed within a week of signing up: alike in date and place, for an innocent reason."""
    return np.where(rng.random(N) < 0.3, np.floor(followed() - rng.uniform(0, 7, N)), organic_days(rng))


# At rates of .006 and .019 (1,000 samples each) more than these of 100 come up once in 3,000 and in 400 runs.
@pytest.mark.parametrize(("draw", "most"), [(organic_days, 4), (newcomers, 6)])
def test_organic_audiences_are_rarely_flagged(draw, most: int) -> None:
    flagged = [(runs_of(draw(np.random.default_rng(seed)), followed()) >= 0).any() for seed in range(100)]
    assert sum(flagged) <= most


def test_newcomers_need_the_day_of_following_to_be_told_apart() -> None:
    flagged = [(runs_of(newcomers(np.random.default_rng(seed))) >= 0).any() for seed in range(40)]
    assert np.mean(flagged) > 0.5, "if this fails, the second shuffle is not needed any more"


def test_a_batch_is_found_by_age_as_well() -> None:
    rng = np.random.default_rng(1)
    days = organic_days(rng)
    places = plant(days, 30, 0, rng)
    assert (runs_of(days, followed())[places] >= 0).all()


def test_two_batches_are_two_runs() -> None:
    days = organic_days(np.random.default_rng(3))
    days[100:130], days[300:330] = 2_000, 3_000
    runs = runs_of(days)
    assert len({*runs[100:130]}) == len({*runs[300:330]}) == 1
    assert runs[100] != runs[300]


class TestLaws:
    days = organic_days(np.random.default_rng(7))
    days[200:230] = 2_345

    def test_the_order_of_the_rows_changes_nothing(self) -> None:
        order = np.random.default_rng(1).permutation(N)
        shuffled = find_batches(np.arange(N, dtype=float)[order], self.days[order], np.full(N, np.nan), RULE, FEWEST)
        assert ((shuffled.runs >= 0) == (runs_of(self.days) >= 0)[order]).all()

    def test_counting_from_the_other_end_changes_nothing(self) -> None:
        assert ((runs_of(self.days[::-1].copy()) >= 0)[::-1] == (runs_of(self.days) >= 0)).mean() > 0.99

    def test_another_day_to_count_from_changes_nothing(self) -> None:
        assert (runs_of(self.days - 10_000) == runs_of(self.days)).all()

    def test_followers_on_one_place_have_no_order(self) -> None:
        rng = np.random.default_rng(2)
        days, places, order = organic_days(rng), np.arange(N, dtype=float) // 50, rng.permutation(N)
        batch = 200 + rng.choice(50, 20, replace=False)
        days[batch] = 2_345
        first = find_batches(places, days, np.full(N, np.nan), RULE, FEWEST)
        again = find_batches(places[order], days[order], np.full(N, np.nan), RULE, FEWEST)
        assert (first.runs[batch] >= 0).all()
        assert ((first.runs >= 0)[order] == (again.runs >= 0)).all()

    def test_all_on_one_place_have_no_batch(self) -> None:
        assert (find_batches(np.zeros(N), self.days, np.full(N, np.nan), RULE, FEWEST).runs < 0).all()

    def test_all_of_one_day_have_no_batch(self) -> None:
        assert (runs_of(np.full(N, 3.0)) < 0).all()

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_hardly_anybody(self, n: int) -> None:
        found = find_batches(np.arange(n, dtype=float), np.zeros(n), np.full(n, np.nan), RULE, FEWEST)
        assert found.runs.tolist() == [-1] * n
        assert found.limit == FEWEST
