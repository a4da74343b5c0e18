from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.tables import TABLES, Tables, check_tables, make_frame, merge_tables

DAYS = [datetime(2026, 8, day, tzinfo=UTC) for day in (1, 8, 15)]


def table(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = TABLES[name].schema
    return make_frame(TABLES[name], pl.DataFrame(list(rows), schema={k: schema[k] for k in rows[0]}))


def reading(number: int) -> Tables:
    """One creator and two posts as they stood on one of three days; what was known of them differs."""
    day = DAYS[number]
    posts = [
        {"post_id": "p1", "creator_id": "a", "observed_at": day, "n_likes": 10 * (number + 1), "n_views": 100 * number},
        {"post_id": f"only{number}", "creator_id": "a", "observed_at": day, "n_likes": 7, "n_views": None},
    ]
    comments = [
        {"comment_id": f"c{place}", "creator_id": "a", "n_likes": number, "text": "好"} for place in range(number + 1)
    ]
    creator = {"creator_id": "a", "platform": "weibo", "snapshot_at": day, "n_followers": 1000 + number}
    series = {"creator_id": "a", "observed_at": day, "n_followers": 1000 + number}
    source = {"source": "s", "obtained_how": "h", "obtained_at": day, "file": f"{number}.csv", "sha256": str(number)}
    return Tables(
        {
            "creators": table("creators", creator),
            "follower_counts": table("follower_counts", series),
            "posts": table("posts", *posts),
            "comments": table("comments", *comments),
            "provenance": table("provenance", source),
        }
    )


def merge(*bundles: Tables) -> Tables:
    whole = Tables()
    for one in bundles:
        whole = merge_tables(whole, one)
    return whole


def assert_same(found: Tables, expected: Tables) -> None:
    for name in TABLES:
        assert_frame_equal(found[name], expected[name])


def test_readings_become_series_and_the_latest_stays_in_posts() -> None:
    whole = merge(*map(reading, range(3)))
    check_tables(whole.frames)
    assert whole["follower_counts"].select("observed_at", "n_followers").rows() == list(
        zip(DAYS, (1000, 1001, 1002), strict=True)
    )
    history = whole["post_counts"].select("post_id", "observed_at", "n_likes", "n_views").rows()
    assert history == [("p1", DAYS[0], 10, 0), ("p1", DAYS[1], 20, 100), ("p1", DAYS[2], 30, 200)]
    latest = whole["posts"].filter(pl.col("post_id") == "p1")
    assert latest.select("observed_at", "n_likes", "n_views").row(0) == (DAYS[2], 30, 200)
    assert whole["creators"].select("snapshot_at", "n_followers").rows() == [(DAYS[2], 1002)]
    assert whole["comments"].select("comment_id", "n_likes").rows() == [("c0", 2), ("c1", 2), ("c2", 2)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_importing_changes_nothing(order: tuple[int, ...]) -> None:
    assert_same(merge(*map(reading, order)), merge(*map(reading, range(3))))


@pytest.mark.parametrize("again", range(3))
def test_what_was_there_changes_nothing(again: int) -> None:
    whole = merge(*map(reading, range(3)))
    assert_same(merge_tables(whole, reading(again)), whole)
    assert_same(merge_tables(whole, whole), whole)


def test_counts_of_two_readings_are_never_mixed_and_words_are_kept() -> None:
    old = table(
        "posts", {"post_id": "p", "creator_id": "a", "observed_at": DAYS[0], "n_likes": 9, "n_views": 50, "text": "字"}
    )
    new = table("posts", {"post_id": "p", "creator_id": "a", "observed_at": DAYS[1], "n_likes": 12})
    whole = merge(Tables({"posts": new}), Tables({"posts": old}))
    assert whole["posts"].select("n_likes", "n_views", "text").rows() == [(12, None, "字")]
    assert whole["post_counts"].select("n_likes", "n_views").rows() == [(9, 50), (12, None)]


def test_a_dated_reading_counts_before_one_without_a_day() -> None:
    undated = table("posts", {"post_id": "p", "creator_id": "a", "n_likes": 99})
    dated = table("posts", {"post_id": "p", "creator_id": "a", "observed_at": DAYS[0], "n_likes": 5})
    for bundles in permutations([Tables({"posts": undated}), Tables({"posts": dated})]):
        whole = merge(*bundles)
        assert whole["posts"].select("observed_at", "n_likes").rows() == [(DAYS[0], 5)]
        assert not whole.has("post_counts")


def test_snapshots_without_a_series_become_one() -> None:
    def snapshot(number: int) -> Tables:
        return Tables({"creators": reading(number)["creators"]})

    whole = merge(snapshot(2), snapshot(0))
    assert whole["follower_counts"]["n_followers"].to_list() == [1000, 1002]


@pytest.mark.parametrize(("own", "other", "kept"), [("search", "list", "search"), (None, "list", "list")])
def test_whoever_a_search_found_is_found_by_it(own: str | None, other: str, kept: str) -> None:
    one, two = (
        Tables({"creators": reading(number)["creators"].with_columns(found_by=pl.lit(said, pl.String))})
        for number, said in enumerate((own, other))
    )
    for bundles in permutations([one, two]):
        assert merge(*bundles)["creators"]["found_by"].to_list() == [kept]


def test_a_file_is_entered_once_wherever_it_lay() -> None:
    whole = reading(0)
    moved = whole["provenance"].with_columns(file=pl.lit("sub/0.csv"), obtained_at=pl.lit(DAYS[2]))
    changed = whole["provenance"].with_columns(sha256=pl.lit("other"))
    assert merge_tables(whole, Tables({"provenance": moved}))["provenance"].equals(whole["provenance"])
    assert merge_tables(whole, Tables({"provenance": changed}))["provenance"].height == 2
