"""Simulated creators beside the public data: bursty days, growth by size, engagement, and how likes follow views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.datasets import read_weibo_threads
from training.simulation import write_parameters
from training.simulation_check import compare_growth, compare_posts
from training.simulation_growth import Window, describe, distance, measure_decay, read_windows, split_windows
from training.simulation_posts import fit_scatter

from zhenfen.config import read_config
from zhenfen.simulate import Role, simulate_roles
from zhenfen.simulate.parameters import REFERENCE_FOLLOWERS, Parameters, Scatter, load_parameters
from zhenfen.simulate.roles import PLATFORMS


def test_every_platform_has_parameters():
    assert set(load_parameters().platforms) == set(PLATFORMS)


def test_what_is_written_is_read_back(tmp_path: Path):
    write_parameters(load_parameters(), tmp_path / "simulate.yaml")
    assert read_config(tmp_path / "simulate.yaml", Parameters) == load_parameters()


def test_a_scatter_gives_back_what_it_was_fitted_on():
    rng, true = np.random.default_rng(1), Scatter(median=0.2, log_sd=0.7, slope=-0.3)
    followers = np.exp(rng.uniform(np.log(5e3), np.log(5e5), 4_000))
    found = fit_scatter(np.array([true.draw(size, rng) for size in followers]), followers)
    assert found.median == pytest.approx(true.median, rel=0.05)
    assert found.log_sd == pytest.approx(true.log_sd, rel=0.05)
    assert found.slope == pytest.approx(true.slope, abs=0.05)
    assert true.draw(1e9, np.random.default_rng(0)) == true.draw(1e6, np.random.default_rng(0))
    assert REFERENCE_FOLLOWERS == 1e5


def test_a_rise_that_dies_away_is_measured():
    gains = np.full(90, 50.0)
    gains[40:44] += np.array([1.0, 0.4, 0.2, 0.1]) * 1_000
    window = Window("a", 10_000, gains, np.arange(90) % 7, False)
    assert measure_decay([window] * 3) == (1.0, 0.4, 0.2, 0.1)


def test_distance_is_nothing_for_the_same_and_grows_with_the_difference():
    rng = np.random.default_rng(2)
    windows = [Window("a", 5_000 * 4**at, rng.lognormal(4, 1, 80), np.arange(80) % 7, False) for at in range(4)]
    real = describe(windows)
    wilder = describe([Window(one.channel, one.n_followers, one.gains**1.5, one.weekday, False) for one in windows])
    assert distance(real, real) == 0
    assert distance(wilder, real) > 10


@pytest.fixture(scope="module")
def windows(data_dir: Path) -> list[Window]:
    return read_windows(data_dir)


@pytest.fixture(scope="module")
def growth(windows: list[Window]) -> pl.DataFrame:
    return compare_growth(windows, load_parameters(), seed=77, n_times=1)


@pytest.fixture(scope="module")
def posts(data_dir: Path) -> pl.DataFrame:
    return compare_posts(data_dir, load_parameters(), seed=78)


@pytest.mark.data
def test_halves_share_no_channel(windows: list[Window]):
    one, other = ({window.channel for window in half} for half in split_windows(windows))
    assert not one & other
    assert min(len(one), len(other)) > 20


@pytest.mark.data
@pytest.mark.parametrize(
    ("what", "factor"),
    [("day_by_median", 1.35), ("robust_cv", 1.45), ("p95_by_median", 1.35), ("largest_day_share", 1.35)],
)
def test_days_are_as_bursty_as_those_of_channels_not_fitted_on(growth: pl.DataFrame, what: str, factor: float):
    """Each quantile within a factor of the range of the two halves."""
    rows = growth.filter(pl.col("what").str.starts_with(what))
    low, high = rows.select(pl.min_horizontal("fitted", "other"), pl.max_horizontal("fitted", "other").alias("high"))
    assert len(rows) >= 5
    assert (rows["simulated"] > low / factor).all(), rows
    assert (rows["simulated"] < high * factor).all(), rows


@pytest.mark.data
def test_growth_falls_with_size_as_in_life(growth: pl.DataFrame):
    medians = growth.filter(pl.col("what").str.contains("growth_90d.*p50"))
    assert medians["simulated"].is_sorted(descending=True)
    assert ((medians["simulated"] / medians["other"]).log().abs() < 0.6).all(), medians


@pytest.mark.data
def test_a_day_is_like_the_day_before_as_in_life(growth: pl.DataFrame):
    rows = growth.filter(pl.col("what").str.starts_with("next_day_correlation"))
    assert ((rows["simulated"] - rows["other"]).abs() < 0.15).all(), rows


@pytest.mark.data
@pytest.mark.parametrize("platform", ["xiaohongshu", "douyin"])
def test_engagement_is_that_of_the_platform(posts: pl.DataFrame, platform: str):
    """Medians within a third, quartiles within a half; correlations and spreads as they stand."""
    rows = posts.filter(pl.col("platform") == platform, ~pl.col("what").str.contains("correlation"))
    ratio = (rows["simulated"] / rows["real"]).log().abs()
    middle, quartiles = rows["quantile"] == 0.5, rows["quantile"].is_in([0.25, 0.75])
    gained = rows["what"].str.starts_with("gained")
    assert (ratio.filter(middle) < np.log(1.4)).all(), rows.filter(middle)
    assert (ratio.filter(quartiles & ~gained) < np.log(1.6)).all(), rows.filter(quartiles)


@pytest.mark.data
def test_likes_follow_views_as_straight_as_in_life(posts: pl.DataFrame):
    rows = posts.filter(pl.col("what") == "views-likes correlation", pl.col("quantile") >= 0.25)
    assert ((rows["simulated"] - rows["real"]).abs() < 0.12).all(), rows


@pytest.mark.data
def test_comments_come_as_late_as_under_weibo_posts(data_dir: Path):
    remarks = read_weibo_threads(data_dir)["comments"].drop_nulls("created_at")
    real = _delays(remarks, remarks.group_by("post_id").agg(published_at=pl.col("created_at").min()))
    made = simulate_roles([Role("koc", platform) for platform in PLATFORMS for _ in range(30)], seed=5).tables
    simulated = _delays(made["comments"], made["posts"].select("post_id", "published_at"))
    for name, within in (("median", 0.5), ("within_hour", 0.12), ("within_ten", 0.08)):
        for quantile in (0.25, 0.5, 0.75):
            here, there = simulated[name].quantile(quantile), real[name].quantile(quantile)
            difference = np.log(here / there) if name == "median" else here - there
            assert abs(difference) < within, (name, quantile, here, there)


def _delays(comments: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Of each post with ten comments: median minutes, and the shares within ten minutes and an hour."""
    minutes = (pl.col("created_at") - pl.col("published_at")).dt.total_seconds() / 60
    late = comments.join(posts, on="post_id").select("post_id", minutes=minutes).filter(pl.col("minutes") > 0)
    by_post = late.group_by("post_id").agg(
        n=pl.len(),
        median=pl.col("minutes").median(),
        within_ten=(pl.col("minutes") <= 10).mean(),
        within_hour=(pl.col("minutes") <= 60).mean(),
    )
    return by_post.filter(pl.col("n") >= 10)
