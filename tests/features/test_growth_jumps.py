"""The undriven jump: by hand on marked days, discounted by the posts beside it, and blind to all other creators."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.growth.explanations import EVENT_LAG_DAYS, EVENT_LEAD_DAYS
from zhenfen.features.growth.jumps import BOOST_STEEPNESS, HALVED_BY_BOOST, LEAST_TAIL_SHARE, measure_jumps
from zhenfen.tables import Tables

FIRST = date(2026, 1, 1)
N_DAYS = 60
FOLLOWERS = 10_000
TAIL = 30.0
USUAL_LIKES = 99
JUMP, MULTIPLE = "growth_undriven_jump_90d", "growth_undriven_jump_tail_90d"


def marked(
    excess: dict[int, float] | None = None,
    creator: str = "a",
    *,
    stretches: dict[int, int] | None = None,
    gaps: tuple[int, ...] = (),
    n_days: int = N_DAYS,
) -> pl.DataFrame:
    """Days of one creator as `growth.spans.mark_runs` gives them: so many followers beyond what was expected."""
    extra, begins = excess or {}, stretches or {0: 1}
    numbers = [max(start for start in begins if start <= at) for at in range(n_days)]
    return pl.DataFrame(
        {
            "creator_id": creator,
            "stretch": [1_000 * sum(map(ord, creator)) + begins[start] for start in numbers],
            "day": [FIRST + timedelta(days=at) for at in range(n_days)],
            "days_back": [n_days - 1 - at for at in range(n_days)],
            "n_before": FOLLOWERS,
            "is_gap": [at in gaps for at in range(n_days)],
            "excess": [float(extra.get(at, 0.0)) for at in range(n_days)],
            "tail": TAIL,
        }
    )


def posts(likes: dict[int, int], creator: str = "a", n_usual: int = 6) -> pl.DataFrame:
    """Usual posts in the last days of the series' first third, and others on the days named."""
    days = [*(10 + at for at in range(n_usual)), *likes]
    counts = [*[USUAL_LIKES] * n_usual, *likes.values()]
    return pl.DataFrame(
        {
            "post_id": [f"{creator}{at}" for at in range(len(days))],
            "creator_id": creator,
            "published_at": [moment(at) for at in days],
            "n_likes": counts,
            "n_comments": 0,
            "n_shares": 0,
        }
    )


def moment(at: int) -> datetime:
    return datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) + timedelta(days=at)


def event(kind: str, at: int, creator: str = "a") -> pl.DataFrame:
    return pl.DataFrame({"creator_id": [creator], "starts_at": [moment(at)], "kind": [kind]})


def jump(days: pl.DataFrame, *, of: str = "a", feature: str = JUMP, **tables: pl.DataFrame) -> float:
    creators = days.select(pl.col("creator_id").unique(maintain_order=True)).with_columns(platform=pl.lit("weibo"))
    found = measure_jumps(days, Tables({"creators": creators, **tables}))
    return float(found.filter(creator_id=of)[feature].item())


def left_by(boost: float) -> float:
    return float(1 / (1 + np.exp(BOOST_STEEPNESS * (boost - HALVED_BY_BOOST))))


@pytest.mark.parametrize("n_steps", [1, 2, 3, 5, 7])
def test_a_rise_of_up_to_a_week_counts_whole(n_steps: int) -> None:
    rise = {40 + at: 700.0 / n_steps for at in range(n_steps)}
    assert jump(marked(rise)) == pytest.approx(0.07)
    expected = 0.07 / (TAIL / FOLLOWERS + LEAST_TAIL_SHARE)
    assert jump(marked(rise), feature=MULTIPLE) == pytest.approx(expected)


def test_what_takes_longer_counts_by_its_best_week() -> None:
    assert jump(marked({30 + at: 50.0 for at in range(20)})) == pytest.approx(7 * 50 / FOLLOWERS)


def test_two_rises_weeks_apart_count_by_the_larger() -> None:
    assert jump(marked({20: 300.0, 45: 500.0})) == pytest.approx(0.05)


@pytest.mark.parametrize("excess", [{}, {40: -900.0}])
def test_no_rise_is_zero(excess: dict[int, float]) -> None:
    assert jump(marked(excess)) == jump(marked(excess), feature=MULTIPLE) == 0.0


def test_growth_over_a_gap_is_nobodys_jump() -> None:
    assert jump(marked({40: 900.0}, gaps=(40,))) == 0.0


def test_no_rise_reaches_across_a_break_of_the_series() -> None:
    rise = {39: 300.0, 40: 300.0}
    assert jump(marked(rise)) == pytest.approx(0.06)
    assert jump(marked(rise, stretches={0: 1, 40: 2})) == pytest.approx(0.03)


def test_only_the_last_ninety_days_count() -> None:
    assert jump(marked({9: 900.0}, n_days=100)) == 0.0
    assert jump(marked({10: 900.0}, n_days=100)) == pytest.approx(0.09)


@pytest.mark.parametrize("times", [1, 2, 10, 100])
def test_a_rise_beside_a_post_counts_less_the_more_the_post_took_off(times: int) -> None:
    beside = posts({40: (USUAL_LIKES + 1) * times - 1})
    assert jump(marked({40: 700.0}), posts=beside) == pytest.approx(0.07 * left_by(np.log(times)))


@pytest.mark.parametrize(("at", "is_beside"), [(37, False), (38, True), (40, True), (41, True), (42, False)])
def test_a_post_is_beside_a_day_from_two_days_before_to_one_after(at: int, is_beside: bool) -> None:
    found = jump(marked({40: 700.0}), posts=posts({at: 100 * (USUAL_LIKES + 1) - 1}))
    assert found == pytest.approx(0.07 * (left_by(np.log(100)) if is_beside else 1.0), rel=1e-6)


def test_a_burst_of_several_days_has_the_posts_of_all_of_them_beside_it() -> None:
    rise = {40: 350.0, 41: 350.0}
    whole = jump(marked(rise), posts=posts({38: 100 * (USUAL_LIKES + 1) - 1}))
    # The second day alone lies three days after the post.
    assert whole == pytest.approx(0.035)


def test_few_posts_say_nothing_of_what_is_usual() -> None:
    viral = posts({40: 100 * USUAL_LIKES}, n_usual=3)
    assert jump(marked({40: 700.0}), posts=viral) == pytest.approx(0.07)


@pytest.mark.parametrize("kind", ["giveaway", "advert", "promotion"])
def test_a_declared_event_removes_the_days_within_its_reach(kind: str) -> None:
    for at in range(-EVENT_LEAD_DAYS, EVENT_LAG_DAYS + 1):
        assert jump(marked({40 + at: 700.0}), events=event(kind, 40)) == 0.0
    for at in (-EVENT_LEAD_DAYS - 1, EVENT_LAG_DAYS + 1):
        assert jump(marked({40 + at: 700.0}), events=event(kind, 40)) == pytest.approx(0.07)


def test_a_live_room_is_a_day_like_others() -> None:
    assert jump(marked({40: 700.0}), events=event("live", 40)) == pytest.approx(0.07)


def test_an_event_of_another_creator_excuses_nobody() -> None:
    both = pl.concat([marked({40: 700.0}), marked({}, "b")])
    assert jump(both, events=event("giveaway", 40, "b")) == pytest.approx(0.07)


def test_posts_of_the_creator_beside_in_the_table_excuse_nobody() -> None:
    """Days are rolled by rows: neither the last days of one creator nor the first of the next may reach another."""
    viral = 100 * USUAL_LIKES
    days = pl.concat([marked({}, "a"), marked({0: 700.0, N_DAYS - 1: 700.0}, "b"), marked({}, "c")])
    beside = pl.concat([posts({N_DAYS - 1: viral}, "a"), posts({0: viral}, "c")])
    alone = jump(marked({0: 700.0, N_DAYS - 1: 700.0}, "b"), of="b")
    assert jump(days, of="b", posts=beside) == pytest.approx(alone) == pytest.approx(0.07)


def test_creators_are_measured_as_each_alone_under_any_name() -> None:
    rng = np.random.default_rng(4)
    made = {name: marked(dict(enumerate(rng.normal(0, 200, N_DAYS))), name) for name in ("a", "b", "c")}
    likes = {name: posts({int(at): 5_000 for at in rng.integers(0, N_DAYS, 3)}, name) for name in made}
    everyone, all_posts = pl.concat(made.values()), pl.concat(likes.values())
    for name, days in made.items():
        alone = jump(days, of=name, posts=likes[name])
        assert jump(everyone, of=name, posts=all_posts.sample(fraction=1, shuffle=True, seed=2)) == pytest.approx(alone)
        renamed = days.with_columns(creator_id=pl.lit("zz"))
        same_posts = likes[name].with_columns(creator_id=pl.lit("zz"))
        assert jump(renamed, of="zz", posts=same_posts) == pytest.approx(alone)


def test_the_same_creator_has_the_same_bits_whoever_stands_before() -> None:
    rng = np.random.default_rng(9)
    others = [marked(dict(enumerate(rng.normal(0, 1e6, N_DAYS))), name) for name in "bcd"]
    mine = marked(dict(enumerate(rng.normal(0, 0.1, N_DAYS))))
    assert jump(pl.concat([*others, mine])) == jump(mine)


def test_more_followers_bought_are_never_a_smaller_jump() -> None:
    found = [jump(marked({40: size}), posts=posts({39: 2_000})) for size in (0.0, 10.0, 100.0, 1_000.0)]
    assert found == sorted(found)
    assert found[0] < found[-1]
