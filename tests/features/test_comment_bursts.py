"""Comments that came unusually soon: planted ones are found, ordinary posts are not marked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import betabinom

from zhenfen.features.comments.bursts import BURSTS_SCHEMA, MOST_BY_CHANCE, find_bursts, measure_delays
from zhenfen.simulate import simulate

DAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


def delays(n_soon: list[int], n_comments: int = 60, creator: str = "c") -> pl.DataFrame:
    """A post for each entry, with so many comments in the first minute and the others after a day."""
    rows = [
        (creator, f"{creator}{post}", DAY + timedelta(days=post), 30 if at < soon else 90_000)
        for post, soon in enumerate(n_soon)
        for at in range(n_comments)
    ]
    schema = {
        "creator_id": pl.String,
        "post_id": pl.String,
        "published_at": pl.Datetime("us", "UTC"),
        "seconds": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_burst_is_found_with_its_numbers() -> None:
    found = find_bursts(delays([3] * 20 + [45]))
    assert dict(found.schema) == BURSTS_SCHEMA
    row = found.row(0, named=True)
    assert (found.height, row["post_id"], row["minutes"]) == (1, "c20", 10)
    assert (row["n_comments"], row["n_soon"]) == (60, 45)
    assert row["n_expected"] == pytest.approx(60 * (60 + 0.5) / (20 * 60 + 1))


def test_the_p_value_is_the_beta_binomials_times_the_tests() -> None:
    row = find_bursts(delays([3] * 20 + [45])).row(0, named=True)
    # The others are all alike: their own spread is none, and the prior's counts half (20 posts of 40).
    share, spread = 60.5 / 1201, 0.15 / 2
    size = 1 / spread - 1
    assert row["p_value"] == pytest.approx(betabinom.sf(44, 60, share * size, (1 - share) * size) * 42, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("all alike", delays([3] * 20)),
        ("all in a hurry", delays([50] * 20)),
        ("too few others", delays([3] * 5 + [60]).filter(pl.col("post_id") != "c0")),
        ("too few comments", delays([0] * 20 + [9], n_comments=9)),
        ("as many early as late posts vary", delays([0, 5, 30, 2, 44, 8, 0, 20, 3, 37, 1, 12])),
        ("later than the others", delays([40] * 20 + [0])),
        ("empty", delays([])),
    ],
)
def test_what_is_no_burst(name: str, frame: pl.DataFrame) -> None:
    assert find_bursts(frame).is_empty(), name


def test_row_order_and_other_creators_change_nothing() -> None:
    one, other = delays([3] * 20 + [45]), delays([10] * 12, creator="d")
    alone = find_bursts(one)
    assert find_bursts(pl.concat([other, one.reverse()])).equals(alone)


def test_late_comments_under_the_same_post_make_a_burst_less_of_one() -> None:
    late = delays([0], n_comments=40).with_columns(post_id=pl.lit("c20"), published_at=DAY + timedelta(days=20))
    assert find_bursts(pl.concat([delays([3] * 20 + [45]), late])).is_empty()


def test_delays_need_a_clock_and_the_right_order() -> None:
    posts = pl.DataFrame(
        {"post_id": ["a", "b", "c"], "published_at": [DAY, datetime(2026, 5, 1, tzinfo=UTC), None]},
        schema_overrides={"published_at": pl.Datetime("us", "UTC")},
    )
    comments = pl.DataFrame(
        {
            "creator_id": "x",
            "post_id": ["a", "a", "a", "b", "c", "d"],
            "author_id": [None, *"vwxyz"],
            "created_at": [DAY + timedelta(seconds=90), DAY - timedelta(seconds=1), None, DAY, DAY, DAY],
        },
        schema_overrides={"created_at": pl.Datetime("us", "UTC")},
    )
    assert measure_delays(comments, posts)["seconds"].to_list() == [90]
    named = comments.with_columns(author_id=pl.lit("u"))
    assert measure_delays(named, posts).select("creator_id", "post_id", "author_id").rows() == [("x", "a", "u")]


def test_simulated_organic_creators_are_not_marked() -> None:
    made = simulate(["organic_small", "organic_large", "viral_spike"] * 2, seed=6).tables
    assert find_bursts(measure_delays(made["comments"], made["posts"])).is_empty()


@pytest.mark.data
def test_groups_of_public_threads_are_seldom_marked(data_dir) -> None:
    """Threads of different people differ more than one person's: a few in a hundred groups of eight are marked."""
    raw = pl.read_parquet(data_dir / "engagement" / "weibo_repost_timelines.parquet")
    at = pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC", time_unit="us")
    rows = raw.select(post_id="post", at=at).drop_nulls().with_columns(published_at=pl.col("at").min().over("post_id"))
    ids = rows["post_id"].unique().sort()
    groups = pl.DataFrame(
        {"post_id": ids, "creator_id": np.random.default_rng(1).permutation(len(ids)) // 8}
    ).with_columns(pl.col("creator_id").cast(pl.String))
    timed = rows.with_columns(seconds=(pl.col("at") - pl.col("published_at")).dt.total_seconds())
    marked = find_bursts(timed.filter(pl.col("seconds") > 0).join(groups, on="post_id"))
    assert marked["creator_id"].n_unique() <= (MOST_BY_CHANCE + 0.03) * groups["creator_id"].n_unique()
