"""Purges of a platform: episodes, who is listed and with what loss, what the span says, and what changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from growth_builder import counts, day, walk

from zhenfen.features.growth.drops import LOSSES_SCHEMA, compare_losses, find_drops, measure_losses
from zhenfen.features.growth.falls import add_falls, count_falls, find_episodes, list_losses
from zhenfen.features.growth.family import Growth, GrowthReading, read_growth
from zhenfen.features.growth.shrink import shrink
from zhenfen.features.growth.spans import mark_days
from zhenfen.features.growth.window import measure_window
from zhenfen.tables import Tables

PURGED_ON = 120
N_DAYS = 240
START = 50_000


def series(n: int, lost: dict[int, list[float]] | None = None, seed: int = 0, at: int = PURGED_ON) -> pl.DataFrame:
    """Organic channels c00, c01, …; `lost` takes shares of the followers from a channel, day by day from `at`."""
    frames = []
    for number in range(n):
        followers = walk(N_DAYS, START, 60.0, seed=1000 * seed + number).astype(float)
        for offset, share in enumerate((lost or {}).get(number, ())):
            followers[at + offset :] -= share * followers[at - 1]
        frames.append(counts(followers.round().astype(int).tolist(), creator=f"c{number:02d}"))
    return pl.concat(frames)


def creators_of(table: pl.DataFrame) -> pl.DataFrame:
    return table.select("creator_id").unique().sort("creator_id").with_columns(platform=pl.lit("douyin"))


def read(table: pl.DataFrame, **tables: pl.DataFrame) -> GrowthReading:
    return read_growth(Tables({"creators": creators_of(table), "follower_counts": table, **tables}))


def from_all(n: int, *shares: float) -> dict[int, list[float]]:
    return {number: list(shares) for number in range(n)}


def on(number: int) -> date:
    return day(number).date()


# Episodes


def test_adjacent_days_of_a_purge_join_into_one_episode():
    drops = read(series(12, from_all(12, 0.003, 0.003, 0.003))).drops
    assert drops.select("starts_on", "ends_on").unique().rows() == [(on(120), on(122))]
    assert drops["creator_id"].n_unique() == drops.height == 12


def test_a_purge_of_one_day_is_an_episode_of_one_day():
    drops = read(series(12, from_all(12, 0.006))).drops
    assert drops.select("starts_on", "ends_on").unique().rows() == [(on(120), on(120))]


def test_two_purges_weeks_apart_are_two_episodes():
    table = series(12, {number: [0.006] + [0.0] * 29 + [0.008] for number in range(12)})
    assert read(table).drops["starts_on"].unique().sort().to_list() == [on(120), on(150)]


def test_what_one_day_takes_from_few_is_no_episode():
    assert read(series(12, {0: [0.3], 1: [0.3]})).drops.is_empty()
    assert read(series(12)).drops.is_empty()


def make_falls(n: int, z: float) -> pl.DataFrame:
    """One day on which `n` creators fell by z deviations and lost enough."""
    row = {"platform": "p", "day": on(0), "n_days": 1, "step": int(z * 10), "n": n, "n_lost": n}
    return pl.DataFrame([row])


@pytest.mark.parametrize(("n", "enough"), [(4, 3.8), (6, 3.5), (10, 3.3), (20, 3.2), (69, 3.1)])
def test_among_few_they_must_have_fallen_farther(n: int, enough: float):
    assert find_episodes(make_falls(n, enough)).height == 1
    assert find_episodes(make_falls(n, enough - 0.2)).is_empty()


def test_three_creators_are_no_platform():
    assert find_episodes(make_falls(3, 20.0)).is_empty()
    assert read(series(3, from_all(3, 0.3))).drops.is_empty()


def test_windows_of_another_platform_do_not_join():
    falls = pl.concat([make_falls(8, 6.0), make_falls(8, 6.0).with_columns(platform=pl.lit("q"), day=pl.lit(on(1)))])
    assert find_episodes(falls).rows() == [("p", on(0), on(0)), ("q", on(1), on(1))]


# Losses


def test_every_channel_is_listed_with_an_interval_that_holds_nine_times_in_ten():
    held, listed = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = 0.006 * rng.lognormal(0, 0.25, 20)
        drops = read(series(20, {n: [share] for n, share in enumerate(truth)}, seed=seed)).drops
        listed += drops["is_listed"].to_list()
        held += ((drops["low"].to_numpy() <= truth) & (truth <= drops["high"].to_numpy())).tolist()
    assert 0.84 <= np.mean(held) <= 0.97
    # One of the 120 gained as much in a day of its own as the purge took.
    assert np.mean(listed) >= 0.99


def test_most_who_are_listed_lost_and_hardly_any_of_those_is_left_out():
    right = listed = lost = 0
    for seed in range(6):
        drops = read(series(20, {number: [0.008] for number in range(14)}, seed=seed)).drops
        took = drops["creator_id"] < "c14"
        right += (drops["is_listed"] & took).sum()
        listed, lost = listed + drops["is_listed"].sum(), lost + took.sum()
    assert right >= 0.85 * listed
    assert right >= 0.97 * lost


def test_the_others_are_counted_without_the_creator():
    drops = read(series(20, {number: [0.008] for number in range(14)})).drops
    others = drops.filter(pl.col("creator_id") != "c00")
    mine = drops.row(0, named=True)
    assert mine["peers_lost_share"] == pytest.approx(others["lost_share"].median())
    assert (mine["n_peers"], mine["n_peers_listed"]) == (19, others["is_listed"].sum())
    assert drops["p_value"].min() == pytest.approx(1 / 20)


def test_a_creator_whose_readings_leave_out_the_day_is_not_measured():
    table = series(12, from_all(12, 0.006))
    hidden = (pl.col("creator_id") == "c03") & pl.col("observed_at").is_between(day(110), day(125))
    drops = read(table.filter(~hidden)).drops
    assert drops.height == 11
    assert "c03" not in drops["creator_id"]


def test_noisy_losses_are_drawn_to_what_is_typical_and_clear_ones_stay():
    lost = np.array([0.006] * 8 + [0.012, 0.018])
    scatter = np.array([0.0005] * 8 + [0.01, 0.0005])
    shrunk = shrink(lost, scatter, scatter)
    assert shrunk.loss[8] == pytest.approx(0.006, abs=0.001)
    assert shrunk.loss[9] == pytest.approx(0.018, abs=0.0005 + 1e-9)
    assert np.argmax(shrunk.beyond_z) == 9
    assert shrunk.high[8] - shrunk.low[8] < 2 * 1.645 * scatter[8]


def test_of_losses_that_scatter_to_both_sides_alike_the_range_is_that_of_normal_means():
    """Closed form: prior N(m, t), measured x with deviation s, w = t² / (t² + s²): m + w (x - m) ± 1.645 √w s."""
    rng = np.random.default_rng(3)
    scatter = np.full(4_000, 0.002)
    lost = 0.01 + rng.normal(0, np.hypot(0.005, 0.002), 4_000)
    shrunk = shrink(lost, scatter, scatter)
    weight = 0.005**2 / (0.005**2 + 0.002**2)
    sure = np.abs(lost - 0.01) < 0.01
    assert np.abs(shrunk.loss - (0.01 + weight * (lost - 0.01)))[sure].max() < 3e-4
    assert (shrunk.high - shrunk.low)[sure] == pytest.approx(2 * 1.645 * np.sqrt(weight) * 0.002, rel=0.05)


def test_a_rise_may_hide_a_loss_but_a_loss_hides_none():
    gain, loss = np.full(20, 0.004), np.full(20, 0.0003)
    hidden = np.array([0.006] * 19 + [0.001])
    shrunk = shrink(hidden, gain, loss)
    assert shrunk.p_lost[19] > 0.5
    assert shrunk.high[19] > 0.005
    assert shrink(hidden, loss, gain).high[19] < 0.003


@pytest.mark.parametrize("lost", [[0.0] * 6, [0.01] * 6, [-0.5, 0.5] * 3, [1.0], [1e-12, 1.0]])
def test_odd_losses_give_finite_numbers(lost: list[float]):
    shrunk = shrink(np.array(lost), *(np.full(len(lost), 3e-5),) * 2)
    for values in (shrunk.loss, shrunk.low, shrunk.high, shrunk.p_lost, shrunk.beyond_z):
        assert np.isfinite(values).all()
    assert ((shrunk.p_lost >= 0) & (shrunk.p_lost <= 1)).all()


# Spans


def test_whoever_lost_has_a_span_that_the_platform_explains():
    reading = read(series(12, from_all(12, 0.003, 0.003)))
    spans = reading.spans.filter(shape="drop")
    assert spans["creator_id"].to_list() == [f"c{number:02d}" for number in range(12)]
    assert spans.select(pl.col("starts_at", "ends_at").dt.date()).unique().rows() == [(on(120), on(121))]
    assert spans["explanation"].unique().to_list() == ["platform"]
    assert not spans["is_unexplained"].any()
    platform = reading.causes.filter(cause="platform")
    assert platform["verdict"].unique().to_list() == ["for"]
    assert platform["value"].unique().to_list() == [1.0]


def test_who_lost_three_times_as_much_is_the_finding():
    table = series(12, {**from_all(12, 0.006), 5: [0.018]}, seed=2)
    reading = read(table)
    odd = reading.spans.filter("is_unexplained")
    assert odd.select("creator_id", "shape", "explanation").rows() == [("c05", "drop", "none")]
    notes = reading.causes.filter(cause="platform", verdict="against")
    assert notes.select("creator_id", "note").rows() == [("c05", "growth.cause.platform.beyond")]
    values = Growth().measure(inputs_of(table)).values
    excess = dict(values.select("creator_id", "growth_purge_excess_90d").iter_rows())
    assert excess.pop("c05") == pytest.approx(0.012, abs=0.003)
    assert max(excess.values()) < 0.005


def inputs_of(table: pl.DataFrame):
    from zhenfen.features.inputs import Inputs

    recent = table.filter(pl.col("observed_at") < day(PURGED_ON + 60))
    return Inputs(Tables({"creators": creators_of(table), "follower_counts": recent}), day(PURGED_ON + 60))


def test_a_drop_of_ones_own_within_the_purge_is_not_listed_twice():
    spans = read(series(12, {**from_all(12, 0.006), 5: [0.2]})).spans
    mine = spans.filter(creator_id="c05", shape="drop")
    assert mine.height == 1
    assert mine["is_unexplained"].to_list() == [True]


def test_a_drop_of_ones_own_on_other_days_stays():
    table = series(12, {**from_all(12, 0.006), 5: [0.006] + [0.0] * 20 + [0.2]})
    mine = read(table).spans.filter(creator_id="c05", shape="drop")
    assert mine["starts_at"].dt.date().to_list() == [on(120), on(141)]
    assert mine["explanation"].to_list() == ["platform", "none"]


def test_a_giveaway_just_before_explains_no_less_than_the_platform():
    events = pl.DataFrame({"creator_id": ["c02"], "starts_at": [day(119)], "kind": ["giveaway"]})
    spans = read(series(12, from_all(12, 0.006)), events=events).spans
    assert spans.filter(creator_id="c02", shape="drop")["explanation"].to_list() == ["platform"]


# Laws


def test_the_order_of_rows_and_the_names_change_nothing():
    table = series(12, {**from_all(12, 0.006), 5: [0.018], 7: [0.0]})
    new = {f"c{number:02d}": f"x{(number * 7) % 12:02d}" for number in range(12)}
    renamed = table.with_columns(pl.col("creator_id").replace_strict(new)).sample(fraction=1.0, shuffle=True, seed=4)
    first, second = (find_drops(mark_days(one), creators_of(one)) for one in (table, renamed))
    back = second.with_columns(pl.col("creator_id").replace_strict({after: name for name, after in new.items()}))
    assert back.sort("creator_id", "starts_on").equals(first)


def test_parts_find_what_all_find_together():
    table = series(12, {**from_all(12, 0.004, 0.004), 5: [0.018], 7: [0.0]})
    marked, creators = mark_days(table), creators_of(table)
    parts = [
        list_losses(marked.filter(mine), creators)
        for mine in (pl.col("creator_id") < "c05", pl.col("creator_id") >= "c05")
    ]
    episodes = find_episodes(add_falls(pl.concat([count_falls(part) for part in reversed(parts)])))
    together = compare_losses(pl.concat([measure_losses(part, episodes) for part in reversed(parts)]))
    assert together.height == 12
    assert together.equals(find_drops(marked, creators))


def test_one_creator_alone_and_nobody_have_no_drops():
    assert read(series(1, from_all(1, 0.3))).drops.is_empty()
    assert compare_losses(pl.DataFrame(schema=LOSSES_SCHEMA)).is_empty()
    assert read_growth(Tables({})).drops.is_empty()


def test_only_purges_of_the_window_count():
    table = series(12, {**from_all(12, 0.006), 5: [0.018]}, at=60)
    marked = mark_days(table)
    drops = find_drops(marked, creators_of(table))
    spans = read(table).spans
    assert drops.height == 12
    late = marked.filter(pl.col("day") >= on(60) + timedelta(days=100))
    window = measure_window(late, _as_judged(spans), drops, 0.16)
    assert window["growth_purge_excess_90d"].null_count() == window.height


def _as_judged(spans: pl.DataFrame) -> pl.DataFrame:
    day_of = {"starts_on": pl.col("starts_at").dt.date(), "ends_on": pl.col("ends_at").dt.date()}
    return spans.with_columns(**day_of, direction=pl.col("n_gained").sign())
