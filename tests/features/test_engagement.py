"""Engagement: ratios by hand and by SQL, unknown never as zero, and what is left out."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.config import load_platforms
from zhenfen.features.base import Measured
from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD
from zhenfen.features.engagement.family import N_POSTS_NEEDED, Engagement
from zhenfen.features.inputs import Inputs
from zhenfen.simulate import simulate, simulate_bulk
from zhenfen.tables import Tables

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
OLD = AS_OF - timedelta(days=30)


def posts(creator: str = "a", **columns: list) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    base = {
        "post_id": [f"{creator}{number}" for number in range(n)],
        "creator_id": [creator] * n,
        "published_at": [OLD + timedelta(days=number / 2) for number in range(n)],
    }
    return pl.DataFrame({**base, **columns})


def measure(
    table: pl.DataFrame,
    platform: str = "xiaohongshu",
    *,
    n_followers: int | None = 1_000,
    fee_cny: float | None = None,
    with_details: bool = True,
    **tables: pl.DataFrame,
) -> Measured:
    creators = pl.DataFrame(
        {"creator_id": ["a"], "platform": [platform], "n_followers": [n_followers], "fee_cny": [fee_cny]},
        schema_overrides={"n_followers": pl.Int64, "fee_cny": pl.Float64},
    )
    frames = {"creators": creators, "posts": table, **tables}
    return Engagement().measure(Inputs(Tables(frames), AS_OF, with_details))


def value(measured: Measured, feature: str) -> float | None:
    return measured.values[f"engagement_{feature}"].item()


FIVE = {"n_likes": [10, 20, 30, 40, 100], "n_comments": [1, 2, 3, 4, 10], "n_shares": [0, 0, 1, 1, 3]}


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("median_likes_by_followers_ratio", 0.03),
        ("mean_likes_by_followers_ratio", 0.04),
        ("median_comments_by_followers_ratio", 0.003),
        ("mean_comments_by_followers_ratio", 0.004),
        ("median_interactions_by_followers_ratio", 0.034),
        ("mean_interactions_by_followers_ratio", 0.045),
        ("comments_by_likes_ratio", 0.1),
        ("shares_by_likes_ratio", 0.025),
        ("posts_per_day", 2.0),
        ("cost_per_interaction_cny", 10.0),
        ("known_components_share", 0.75),
        ("saves_by_likes_ratio", None),
        ("mean_saves_by_followers_ratio", None),
        ("median_views_by_followers_ratio", None),
        ("median_interactions_by_views_ratio", None),
        ("likes_log_spread", None),
        ("views_likes_correlation", None),
    ],
)
def test_features_by_hand(feature: str, expected: float | None):
    assert value(measure(posts(**FIVE), fee_cny=340.0), feature) == (
        expected if expected is None else pytest.approx(expected)
    )


@pytest.mark.parametrize("platform", sorted(load_platforms()))
def test_every_platform_counts_its_own_set(platform: str):
    names = ("n_views", "n_likes", "n_comments", "n_shares", "n_saves", "n_coins", "n_danmaku")
    table = posts(**{name: [10**place] * 5 for place, name in enumerate(names)})
    shown = measure(table, platform).details["posts"]["n_interactions"].unique().to_list()
    assert shown == [sum(10 ** names.index(name) for name in load_platforms()[platform].interactions)]


def test_unknown_counts_are_left_out_and_said():
    with_null = posts(n_likes=[10, 20, 30, 40, 50], n_comments=[1, None, None, None, 9], n_saves=[None] * 5)
    measured = measure(with_null)
    assert value(measured, "median_comments_by_followers_ratio") == 0.005
    assert value(measured, "comments_by_likes_ratio") == pytest.approx(10 / 60)
    assert value(measured, "known_components_share") == pytest.approx(7 / 20)
    assert measured.details["posts"].sort("post_id")["n_interactions"].to_list() == [11, 20, 30, 40, 59]


def test_zero_is_a_count():
    measured = measure(posts(n_likes=[0, 0, 0, 0, 0], n_comments=[0] * 5))
    assert value(measured, "median_likes_by_followers_ratio") == 0.0
    assert value(measured, "comments_by_likes_ratio") is None
    assert value(measured, "cost_per_interaction_cny") is None


@pytest.mark.parametrize(("n_followers", "expected"), [(None, None), (0, None), (1_000, 0.03), (2_000_000_000, 1.5e-8)])
def test_followers_unknown_or_zero_leave_the_ratio_open(n_followers: int | None, expected: float | None):
    measured = measure(posts(**FIVE), n_followers=n_followers)
    assert value(measured, "median_likes_by_followers_ratio") == expected
    assert value(measured, "comments_by_likes_ratio") == pytest.approx(0.1)


def test_without_followers_in_the_creators_row_the_latest_reading_counts():
    readings = pl.DataFrame(
        {"creator_id": ["a"] * 3, "observed_at": [OLD, AS_OF, AS_OF + timedelta(1)], "n_followers": [500, 2_000, None]}
    )
    measured = measure(posts(**FIVE), n_followers=None, follower_counts=readings)
    assert value(measured, "median_likes_by_followers_ratio") == 0.015


def test_reposts_and_fresh_posts_are_left_out():
    more = {name: [*counts, 10**6, 10**6] for name, counts in FIVE.items()}
    table = posts(**more, is_repost=[False, None, False, False, False, True, False]).with_columns(
        published_at=pl.when(pl.col("post_id") == "a6")
        .then(pl.lit(AS_OF - timedelta(hours=47)))
        .otherwise("published_at")
    )
    measured = measure(table)
    assert value(measured, "mean_likes_by_followers_ratio") == 0.04
    shown = measured.details["posts"].sort("post_id")
    assert shown["post_id"].to_list() == ["a0", "a1", "a2", "a3", "a4", "a6"]
    assert shown["is_measured"].to_list() == [True] * 5 + [False]


def test_freshness_is_judged_at_the_reading_of_the_counts():
    read_soon = posts(**FIVE).with_columns(observed_at=pl.col("published_at") + timedelta(hours=1))
    assert measure(read_soon).reasons["reason"].to_list() == ["engagement.no_counts"]
    read_late = posts(**FIVE).with_columns(observed_at=pl.col("published_at") + timedelta(days=2))
    assert measure(read_late).reasons.is_empty()


def test_a_post_without_a_time_counts():
    assert measure(posts(**FIVE).with_columns(published_at=pl.lit(None))).reasons.is_empty()


@pytest.mark.parametrize(
    ("table", "reason", "n_found"),
    [
        (posts(n_likes=[]), "engagement.no_posts", 0),
        (posts(n_likes=[5]), "engagement.too_few_posts", 1),
        (posts(n_likes=[5] * (N_POSTS_NEEDED - 1)), "engagement.too_few_posts", N_POSTS_NEEDED - 1),
        (posts(n_likes=[5] * 2 + [None] * 4), "engagement.too_few_posts", 2),
        (posts(n_likes=[None] * 9), "engagement.no_counts", 0),
        (posts(n_likes=[None] * 2), "engagement.too_few_posts", 0),
        (posts(creator="stranger", n_likes=[5] * 9), "engagement.no_posts", 0),
        (posts(n_likes=[5] * 9, is_repost=[True] * 9), "engagement.no_posts", 0),
    ],
)
def test_too_little_is_a_reason_with_numbers_and_null_values(table: pl.DataFrame, reason: str, n_found: int):
    measured = measure(table)
    assert measured.reasons.rows() == [("a", reason, N_POSTS_NEEDED, n_found)]
    assert set(measured.values.row(0)[1:]) == {None}


def test_spread_and_correlation_by_hand():
    likes = [10, 20, 40, 80, 160, 320, 640, 1_280]
    views = [100, 900, 350, 1_600, 900, 5_000, 8_000, 9_000]
    assert len(likes) == N_POSTS_FOR_SPREAD
    measured = measure(posts(n_likes=likes, n_views=views))
    logs = np.log1p(likes)
    assert value(measured, "likes_log_spread") == pytest.approx(1.4826 * np.median(np.abs(logs - np.median(logs))))
    assert value(measured, "views_likes_correlation") == pytest.approx(np.corrcoef(logs, np.log1p(views))[0, 1])


def test_equal_likes_have_no_spread_and_no_correlation():
    measured = measure(posts(n_likes=[500] * 9, n_views=list(range(9_000, 9_009))))
    assert value(measured, "likes_log_spread") == 0.0
    assert value(measured, "views_likes_correlation") is None


def test_pods_are_more_even_than_organic_creators():
    simulated = simulate(("organic_small", "engagement_pod"), seed=2, platforms=("weibo",))
    values = Engagement().measure(Inputs(simulated.tables, AS_OF + timedelta(days=400))).values
    organic, pod = values["engagement_likes_log_spread"]
    assert pod < 0.3 < organic


def test_against_plain_sql():
    tables = simulate_bulk(40, n_days=30, n_posts=12, n_comments=1, seed=9)
    as_of = tables["creators"]["snapshot_at"].max()
    context = pl.SQLContext(posts=tables["posts"], creators=tables["creators"], eager=True)
    oracle = context.execute(
        """
        SELECT p.creator_id, MEDIAN(p.n_likes) / MAX(c.n_followers) AS likes,
               CAST(SUM(p.n_saves) AS DOUBLE) / SUM(p.n_likes) AS saves
        FROM posts p JOIN creators c ON p.creator_id = c.creator_id
        WHERE DATE_DIFF_DAYS >= 2 GROUP BY p.creator_id ORDER BY p.creator_id
        """.replace(
            "DATE_DIFF_DAYS",
            "CAST(p.observed_at AS BIGINT) / 86400000000 - CAST(p.published_at AS BIGINT) / 86400000000",
        )
    )
    values = Engagement().measure(Inputs(tables, as_of)).values.sort("creator_id")
    assert len(oracle) == 40
    for ours, theirs in (("median_likes_by_followers_ratio", "likes"), ("saves_by_likes_ratio", "saves")):
        assert values[f"engagement_{ours}"].to_list() == pytest.approx(oracle[theirs].to_list())


def test_row_order_and_details_change_nothing():
    tables = simulate(("organic_small", "live_seller", "thin_data"), seed=4).tables
    shuffled = tables.replace(posts=tables["posts"].sample(fraction=1.0, shuffle=True, seed=1))
    expected = Engagement().measure(Inputs(tables, AS_OF + timedelta(days=400)))
    for inputs in (Inputs(shuffled, AS_OF + timedelta(days=400)), Inputs(tables, AS_OF + timedelta(days=400), False)):
        measured = Engagement().measure(inputs)
        assert measured.values.equals(expected.values)
        assert measured.reasons.equals(expected.reasons)


def test_every_creator_has_one_row_in_the_order_of_the_table():
    tables = simulate(("thin_data", "organic_small"), seed=4).tables
    values = Engagement().measure(Inputs(tables, AS_OF + timedelta(days=400))).values
    assert values["creator_id"].to_list() == tables["creators"]["creator_id"].to_list()
    assert [values[name].dtype for name in values.columns[1:]] == [pl.Float64] * (len(values.columns) - 1)
    assert not any(math.isnan(number) for row in values.rows() for number in row[1:] if number is not None)
