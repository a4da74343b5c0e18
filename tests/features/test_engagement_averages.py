"""Engagement from a vendor's averages: only where nothing was counted, by the same measurements, unknown never zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from zhenfen.features.engagement.averages import AVERAGES_SCHEMA, choose_averages
from zhenfen.features.engagement.family import Engagement
from zhenfen.features.inputs import Inputs
from zhenfen.tables import TABLES, Tables

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
STATED = {"mean_likes": 40.0, "mean_comments": 4.0, "mean_saves": 8.0, "mean_shares": 2.0}


def stats(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"creator_id": "a", "window": "30d", "source": "灰豚"}
    return pl.DataFrame([{**base, **row} for row in rows], schema=TABLES["creator_stats"].schema)


def measure(table: pl.DataFrame, *, n_followers: int | None = 1_000, posts: int = 0) -> Any:
    creators = {"creator_id": ["a", "b"], "platform": ["xiaohongshu"] * 2, "n_followers": [n_followers, 10]}
    made = {
        "post_id": [f"p{number}" for number in range(posts)],
        "creator_id": ["a"] * posts,
        "published_at": [AS_OF - timedelta(days=9 + number) for number in range(posts)],
        "n_likes": [20] * posts,
    }
    frames = {"creators": pl.DataFrame(creators), "creator_stats": table, "posts": pl.DataFrame(made)}
    return Engagement().measure(Inputs(Tables(frames), AS_OF))


def value(measured: Any, feature: str) -> float | None:
    found: float | None = measured.values.filter(creator_id="a")[f"engagement_{feature}"].item()
    return found


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("mean_likes_by_followers_ratio", 0.04),
        ("mean_comments_by_followers_ratio", 0.004),
        ("mean_saves_by_followers_ratio", 0.008),
        ("mean_interactions_by_followers_ratio", 0.054),
        ("comments_by_likes_ratio", 0.1),
        ("saves_by_likes_ratio", 0.2),
        ("shares_by_likes_ratio", 0.05),
        ("median_likes_by_followers_ratio", None),
        ("likes_log_spread", None),
        ("hit_share", None),
    ],
)
def test_by_hand(feature: str, expected: float | None) -> None:
    assert value(measure(stats(STATED)), feature) == (None if expected is None else pytest.approx(expected))


def test_medians_and_a_stated_sum() -> None:
    measured = measure(
        stats({"median_interactions": 30.0, "median_views": 600.0, "median_likes": 20.0, "mean_interactions": 50.0})
    )
    assert value(measured, "median_interactions_by_views_ratio") == pytest.approx(0.05)
    assert value(measured, "median_views_by_followers_ratio") == pytest.approx(0.6)
    assert value(measured, "mean_interactions_by_followers_ratio") == pytest.approx(0.05)


def test_posts_that_were_counted_stand_before_anybodys_averages() -> None:
    measured = measure(stats(STATED), posts=5)
    assert value(measured, "mean_likes_by_followers_ratio") == pytest.approx(0.02)
    assert measured.details["averages"]["is_used"].to_list() == [False]
    fewer = measure(stats(STATED), posts=4)
    assert value(fewer, "mean_likes_by_followers_ratio") == pytest.approx(0.04)
    assert fewer.details["averages"]["is_used"].to_list() == [True]


def test_reasons_are_those_of_creators_without_either() -> None:
    assert measure(stats(STATED)).reasons["creator_id"].to_list() == ["b"]
    # Prices say nothing of engagement.
    assert measure(stats({"price_image_cny": 5_000.0})).reasons["creator_id"].to_list() == ["a", "b"]


def test_without_followers_one_count_still_stands_against_another() -> None:
    measured = measure(stats(STATED), n_followers=None)
    assert value(measured, "mean_likes_by_followers_ratio") is None
    assert value(measured, "comments_by_likes_ratio") == pytest.approx(0.1)


def test_the_latest_then_the_longest_window_is_used() -> None:
    early, late = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 6))
    rows = [
        {"window": "90d", "observed_at": early, "mean_likes": 1.0},
        {"window": "30d", "observed_at": late, "mean_likes": 2.0},
        {"window": "60d", "observed_at": late, "mean_likes": 3.0},
        {"window": "10p", "observed_at": late, "mean_likes": 4.0},
        {"window": "180d", "observed_at": late, "cpe_cny": 4.0},
        {"window": "unknown", "mean_likes": 5.0},
    ]
    chosen = choose_averages(stats(*rows))
    assert chosen.filter("is_used")["window"].to_list() == ["60d"]
    assert choose_averages(stats(*rows[::-1])).filter("is_used")["window"].to_list() == ["60d"]
    assert chosen.schema == AVERAGES_SCHEMA
    assert chosen.height == len(rows)


def test_nothing_stated_is_nothing_measured() -> None:
    empty = measure(stats())
    assert empty.details["averages"].is_empty()
    assert empty.details["averages"].schema == AVERAGES_SCHEMA
    zeros = measure(stats(dict.fromkeys(STATED, 0.0)))
    assert value(zeros, "comments_by_likes_ratio") is None
    assert value(zeros, "mean_likes_by_followers_ratio") == 0.0
