"""The same commenters in the same order: found where it is planted, not where people have habits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.comments.order import MOST_BY_CHANCE, find_orders
from zhenfen.simulate import simulate

DAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
SCHEMA = {
    "creator_id": pl.String,
    "post_id": pl.String,
    "author_id": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
    "parent_comment_id": pl.String,
}


def thread(post: str, authors: list[str], creator: str = "c", minutes: float = 3.0, start: int = 0) -> pl.DataFrame:
    """Comments `minutes` apart, in the order of `authors`."""
    times = [DAY + timedelta(days=int(post), minutes=start + minutes * at) for at in range(len(authors))]
    rows = [(creator, f"{creator}-{post}", author, at, None) for author, at in zip(authors, times, strict=True)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def farm(n_accounts: int = 8, n_posts: int = 4, creator: str = "c") -> pl.DataFrame:
    """Accounts in one order under every post, a passer-by between each two."""
    threads = []
    for post in range(n_posts):
        names = [name for n in range(n_accounts) for name in (f"f{n}", f"guest-{post}-{n}")]
        threads.append(thread(str(post), names, creator))
    return pl.concat(threads)


def fans(seed: int, n_creators: int, within: float, n_fans: int = 30, n_posts: int = 15) -> pl.DataFrame:
    """Fans with delays of their own, log-normal, who comment under three posts of five."""
    rng = np.random.default_rng(seed)
    usual = rng.normal(np.log(60), 1.0, (n_creators, 1, n_fans))
    delays = np.exp(usual + rng.normal(0, within, (n_creators, n_posts, n_fans)))
    creator, post, fan = np.nonzero(rng.random(delays.shape) < 0.6)
    seconds = pl.Series(delays[creator, post, fan] * 60e6).cast(pl.Duration("us"))
    named = pl.DataFrame({"c": creator, "p": post, "f": fan}).with_columns(pl.all().cast(pl.String))
    return named.select(
        creator_id="c",
        post_id=pl.col("c") + "-" + pl.col("p"),
        author_id=pl.col("c") + "-" + pl.col("f"),
        created_at=pl.lit(DAY, dtype=pl.Datetime("us", "UTC")) + seconds,
        parent_comment_id=pl.lit(None, dtype=pl.String),
    )


def test_a_fixed_order_is_found_through_passers_by() -> None:
    orders, runs = find_orders(farm())
    row = orders.row(0, named=True)
    assert (row["creator_id"], row["n_authors"], row["n_posts"]) == ("c", 8, 4)
    # Six triples, six pairs of posts.
    assert row["n_agreements"] == 36
    assert row["p_value"] <= MOST_BY_CHANCE
    assert runs["author_ids"].to_list() == [[f"f{n}" for n in range(8)]]
    assert runs["post_ids"].to_list() == [[f"c-{n}" for n in range(4)]]


def test_runs_part_where_their_posts_do() -> None:
    both, first_only = [f"f{n}" for n in range(6)], [f"g{n}" for n in range(6)]
    parts = [thread("1", [*both, *first_only]), thread("2", both), thread("3", [*both, *first_only])]
    _, runs = find_orders(pl.concat(parts))
    found = {tuple(posts): len(authors) for authors, posts in runs.select("author_ids", "post_ids").iter_rows()}
    assert found == {("c-1", "c-2", "c-3"): 6, ("c-1", "c-3"): 8}


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("one post", farm(n_posts=1)),
        ("two accounts", farm(n_accounts=2)),
        ("answers", farm().with_columns(parent_comment_id=pl.lit("x"))),
        ("no authors", farm().with_columns(author_id=pl.lit(None, dtype=pl.String))),
        ("no times", farm().with_columns(created_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")))),
        ("days only", farm().with_columns(pl.col("created_at").dt.truncate("1d"))),
        ("all at once", farm().with_columns(pl.col("created_at").min().over("post_id"))),
        ("empty", farm().clear()),
        ("other order", pl.concat([thread("1", list("abcdefgh")), thread("2", list("hgfedcba"))])),
    ],
)
def test_where_there_is_no_order_none_is_found(name: str, frame: pl.DataFrame) -> None:
    orders, runs = find_orders(frame)
    assert orders.is_empty(), name
    assert runs.is_empty(), name


def test_two_creators_with_the_same_accounts_are_two_cases() -> None:
    pair = pl.concat([thread("1", list("abcdefgh"), "c"), thread("1", list("abcdefgh"), "d")])
    assert find_orders(pair)[0].is_empty()
    both = find_orders(pl.concat([farm(), farm(creator="d")]))[0]
    assert both["n_agreements"].to_list() == [36, 36]


def test_row_order_and_names_change_nothing() -> None:
    frame = pl.concat([farm(), fans(1, 2, 0.5)])
    orders, runs = find_orders(frame)
    turned = find_orders(frame.sample(fraction=1, shuffle=True, seed=3))
    assert turned[0].equals(orders)
    assert turned[1].equals(runs)
    renamed, _ = find_orders(frame.with_columns(pl.col("author_id").str.reverse() + "z"))
    assert renamed.equals(orders)


def test_habits_are_no_order() -> None:
    """Of 60 creators with punctual fans chance may mark one: more than three would come once in 300 runs."""
    assert find_orders(fans(2, 60, within=0.5))[0].height <= 3


def test_members_who_answer_one_message_are_found_and_farms_in_any_order_are_not() -> None:
    pods, farms = (simulate([kind] * 3, seed=3).tables["comments"] for kind in ("engagement_pod", "comment_farm"))
    assert find_orders(pods)[0].height == 3
    assert find_orders(farms)[0].is_empty()


@pytest.mark.data
def test_public_threads_with_shared_commenters_are_not_marked(data_dir) -> None:
    """Pairs of Weibo threads as if they were one creator's: 196 share six people or more."""
    raw = pl.read_parquet(data_dir / "engagement" / "weibo_repost_timelines.parquet")
    at = pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC", time_unit="us")
    rows = raw.select("post", "user", at=at).drop_nulls().group_by("post", "user").agg(pl.col("at").min())
    again = rows.filter(pl.len().over("user") > 1)
    pairs = again.join(again, on="user", suffix="_2").filter(pl.col("post") < pl.col("post_2"))
    pairs = pairs.group_by("post", "post_2").len().filter(pl.col("len") >= 6)
    named = pairs.select(pl.concat_str("post", "post_2").alias("creator_id"), "post", "post_2")
    threads = pl.concat([named.select("creator_id", post=name) for name in ("post", "post_2")]).join(rows, on="post")
    orders, _ = find_orders(
        threads.select(
            "creator_id",
            post_id="post",
            author_id="user",
            created_at="at",
            parent_comment_id=pl.lit(None, dtype=pl.String),
        )
    )
    assert pairs.height > 100
    assert orders.height <= MOST_BY_CHANCE * pairs.height + 1
