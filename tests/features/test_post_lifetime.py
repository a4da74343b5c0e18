"""The half-life of interactions: known ones are found again, and what cannot tell is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.engagement.family import Engagement
from zhenfen.features.engagement.lifetime import LONGEST_DAYS, N_POSTS_NEEDED, SHORTEST_DAYS, find_half_life
from zhenfen.features.inputs import Inputs
from zhenfen.tables import Tables

PUBLISHED = datetime(2026, 5, 1, 9, tzinfo=UTC)
AS_OF = PUBLISHED + timedelta(days=60)
AGES = (0.5, 1, 3, 7)


def arrived(age: float, half_life: float) -> float:
    return 1 - 2 ** (-age / half_life)


@pytest.mark.parametrize("half_life", [0.05, 0.3, 1.0, 5.0, 60.0])
@pytest.mark.parametrize(("first", "last"), [(0.2, 2.0), (1.0, 3.0), (0.5, 30.0)])
def test_a_known_half_life_is_found_again(half_life: float, first: float, last: float) -> None:
    share = np.array([arrived(first, half_life) / arrived(last, half_life)])
    if share[0] < 1 - 1e-9:
        found = find_half_life(share, np.array([first]), np.array([last]))
        assert found == pytest.approx(half_life, rel=1e-4)


def test_nothing_after_the_first_reading_is_the_shortest_and_steady_arrival_the_longest() -> None:
    found = find_half_life(np.array([1.0, 0.25, 0.1]), np.full(3, 0.5), np.full(3, 2.0))
    assert found == pytest.approx([SHORTEST_DAYS, LONGEST_DAYS, LONGEST_DAYS], rel=0.01)


def readings(half_lives: list[float], ages: tuple[float, ...] = AGES, total: int = 100_000) -> pl.DataFrame:
    rows = [
        {
            "post_id": f"p{number}",
            "creator_id": "a",
            "observed_at": PUBLISHED + timedelta(days=age),
            "n_likes": round(total * arrived(age, half_life)),
            "n_comments": 0,
            "n_shares": 0,
        }
        for number, half_life in enumerate(half_lives)
        for age in ages
    ]
    return pl.DataFrame(rows, schema_overrides={"n_likes": pl.Int64})


def half_life(counts: pl.DataFrame, n_posts: int = 5, **posts: object) -> float | None:
    latest = {"observed_at": AS_OF, "n_likes": None, "n_comments": None, "is_repost": False, **posts}
    table = pl.DataFrame(
        {"post_id": [f"p{at}" for at in range(n_posts)], "creator_id": "a", "published_at": PUBLISHED}
    ).with_columns(**{name: pl.lit(value) for name, value in latest.items()}, n_views=pl.lit(10))
    creators = pl.DataFrame({"creator_id": ["a"], "platform": ["douyin"], "n_followers": [1_000]})
    tables = Tables({"creators": creators, "posts": table, "post_counts": counts})
    return Engagement().measure(Inputs(tables, AS_OF)).values["engagement_half_life_days"].item()


def test_the_median_over_the_posts() -> None:
    assert half_life(readings([0.2, 0.4, 0.8, 1.6, 3.2])) == pytest.approx(0.8, rel=0.01)


@pytest.mark.parametrize(
    "counts",
    [
        readings([0.5] * (N_POSTS_NEEDED - 1)),
        readings([0.5] * 5, ages=(0.5,)),
        readings([0.5] * 5, ages=(1.5, 7)),
        readings([0.5] * 5, ages=(0.2, 1.9)),
        readings([0.5] * 5, ages=(-1, 7)),
        readings([0.5] * 5, total=0),
        readings([0.5] * 5).with_columns(post_id=pl.lit("another")).unique("observed_at"),
    ],
    ids=["few posts", "one reading", "too late", "too soon", "before the post", "no interactions", "unknown post"],
)
def test_what_cannot_tell_is_left_open(counts: pl.DataFrame) -> None:
    assert half_life(counts) is None


def test_the_reading_that_stands_with_the_post_counts_too() -> None:
    early = readings([0.5] * 5, ages=(0.5,))
    with_post = half_life(early, n_likes=100_000, n_comments=0, n_shares=0)
    assert with_post == pytest.approx(0.5, rel=0.01)


def test_a_reading_that_shows_fewer_counts_is_no_loss_of_interactions() -> None:
    partial = readings([0.5] * 5, ages=(0.1,)).with_columns(n_likes=pl.lit(None, dtype=pl.Int64))
    assert half_life(pl.concat([readings([0.5] * 5), partial])) == pytest.approx(0.5, rel=0.01)


def test_reposts_are_left_out() -> None:
    assert half_life(readings([0.5] * 5), is_repost=True) is None


@pytest.mark.data
def test_two_readings_foretell_the_third(data_dir) -> None:
    """Better than to say that nothing more will come."""
    from training.popular import read_popular_videos

    tables = read_popular_videos(data_dir)
    n = pl.sum_horizontal("n_likes", "n_comments", "n_shares", "n_coins", "n_danmaku")
    aged = tables["post_counts"].join(tables["posts"].select("post_id", "published_at"), on="post_id")
    age = (pl.col("observed_at") - pl.col("published_at")).dt.total_seconds() / 86_400
    rows = aged.select("post_id", n=n, age=age).filter(pl.col("n") > 0, pl.col("age") > 0).sort("post_id", "age")
    three = rows.group_by("post_id").agg(pl.col("n").head(3), pl.col("age").head(3)).filter(pl.col("n").list.len() == 3)
    counts, ages = (np.array(three[name].to_list(), dtype=float) for name in ("n", "age"))
    found = find_half_life(np.minimum(counts[:, 0] / counts[:, 1], 1), ages[:, 0], ages[:, 1])
    foretold = counts[:, 1] * arrived(ages[:, 2], found) / arrived(ages[:, 1], found)
    error, standing = (np.abs(np.log(guess / counts[:, 2])) for guess in (foretold, counts[:, 1]))
    assert len(three) > 1_000
    assert np.median(error) < 0.6 * np.median(standing)
