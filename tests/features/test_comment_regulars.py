"""The busiest commenters: a pod under every post, fans under some, and the least samples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.comments.bursts import measure_delays
from zhenfen.features.comments.regulars import (
    N_COMMENTS_NEEDED,
    N_POSTS_NEEDED,
    REGULAR_FROM_POSTS,
    SOON_MINUTES,
    measure_regulars,
)

POSTED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
EIGHTH, TWELFTH = "comments_8th_regular_share", "comments_12th_regular_share"
SOON, REGULARS = "comments_8th_soon_share", "comments_regulars_share"
SHARES = (EIGHTH, TWELFTH, SOON, REGULARS)


def comments(under: dict[str, list[int]], creator: str = "a", *, minutes: float | None = 30) -> pl.DataFrame:
    """One comment of each account under each of its posts; without minutes nobody knows when."""
    rows = [(creator, f"{creator}{post}", author) for author, mine in under.items() for post in mine]
    frame = pl.DataFrame(
        rows, schema={"creator_id": pl.String, "post_id": pl.String, "author_id": pl.String}, orient="row"
    )
    late = None if minutes is None else POSTED_AT + timedelta(minutes=minutes)
    return frame.with_columns(created_at=pl.lit(late, dtype=pl.Datetime("us", "UTC")))


def strangers(n_posts: int, n_each: int = 10, creator: str = "a") -> dict[str, list[int]]:
    """Accounts that comment once."""
    return {f"{creator}-stranger{post}-{at}": [post] for post in range(n_posts) for at in range(n_each)}


def measure(rows: pl.DataFrame) -> dict[str, float | None]:
    """Of the only creator in `rows`."""
    return measure_all(rows).row(0, named=True)


def measure_all(rows: pl.DataFrame) -> pl.DataFrame:
    posts = rows.select(pl.col("post_id").unique()).with_columns(published_at=pl.lit(POSTED_AT))
    return measure_regulars(rows, measure_delays(rows, posts)).sort("creator_id")


def pod(size: int, n_posts: int) -> dict[str, list[int]]:
    return {f"pod{at}": list(range(n_posts)) for at in range(size)}


def test_a_pod_of_twelve_under_all_posts() -> None:
    row = measure(comments({**strangers(10), **pod(12, 10)}))
    assert (row[EIGHTH], row[TWELFTH], row[SOON]) == (1.0, 1.0, 1.0)
    # 120 of the 220 accounts under posts are the pod's.
    assert row[REGULARS] == pytest.approx(120 / 220)


@pytest.mark.parametrize(("size", "eighth", "twelfth"), [(7, 0.1, 0.1), (8, 1.0, 0.1), (11, 1.0, 0.1), (12, 1.0, 1.0)])
def test_a_few_friends_everywhere_do_not_make_the_eighth(size: int, eighth: float, twelfth: float) -> None:
    row = measure(comments({**strangers(10), **pod(size, 10)}))
    assert (row[EIGHTH], row[TWELFTH]) == (pytest.approx(eighth), pytest.approx(twelfth))


def test_fans_come_now_and_then() -> None:
    """Of two hundred fans who comment under each post with a chance of one in ten, the eighth stands under few."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        fans = {f"fan{at}": np.flatnonzero(rng.random(30) < 0.1).tolist() for at in range(200)}
        row = measure(comments(fans))
        assert 0.1 < row[TWELFTH] <= row[EIGHTH] < 0.35


def test_fewer_accounts_than_twelve_have_no_twelfth() -> None:
    row = measure(comments(pod(10, 5)))
    assert (row[EIGHTH], row[TWELFTH]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("n_posts", "n_each", "is_measured"),
    [(N_POSTS_NEEDED, 6, True), (N_POSTS_NEEDED - 1, 20, False), (N_POSTS_NEEDED, 5, False)],
)
def test_least_samples(n_posts: int, n_each: int, is_measured: bool) -> None:
    rows = comments(strangers(n_posts, n_each))
    assert (rows.height >= N_COMMENTS_NEEDED and n_posts >= N_POSTS_NEEDED) is is_measured
    assert (measure_all(rows).height == 1) is is_measured


def test_comments_of_nobody_known_are_no_sample() -> None:
    assert measure_all(comments(strangers(10)).with_columns(author_id=pl.lit(None, dtype=pl.String))).is_empty()


def test_several_comments_under_one_post_are_one() -> None:
    once = comments({**strangers(10), **pod(12, 4)})
    again = pl.concat([once, once, once])
    assert measure(again) == measure(once)


@pytest.mark.parametrize(("minutes", "soon"), [(SOON_MINUTES, 1.0), (SOON_MINUTES + 1, 0.0), (None, None)])
def test_soon_is_within_two_hours_and_unknown_without_times(minutes: float | None, soon: float | None) -> None:
    row = measure(comments({**strangers(10), **pod(12, 10)}, minutes=minutes))
    assert row[SOON] == soon
    assert row[EIGHTH] == 1.0


@pytest.mark.parametrize(("times", "is_regular"), [(REGULAR_FROM_POSTS, True), (REGULAR_FROM_POSTS - 1, False)])
def test_regular_is_who_stands_under_three_posts(times: int, is_regular: bool) -> None:
    row = measure(comments({**strangers(10), "keen": list(range(times))}))
    assert row[REGULARS] == pytest.approx(times / (100 + times) if is_regular else 0.0)


def test_row_order_names_and_other_creators_change_nothing() -> None:
    rng = np.random.default_rng(2)
    rows = comments({f"u{at}": rng.choice(12, rng.integers(1, 9), replace=False).tolist() for at in range(40)})
    expected = measure(rows)
    renamed = rows.with_columns(author_id=pl.col("author_id").str.reverse() + "x")
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    other = comments({**strangers(8, creator="b"), **pod(12, 8)}, "b")
    together = measure_all(pl.concat([other, shuffled])).row(0, named=True)
    for found in (measure(renamed), measure(shuffled), together):
        assert {name: found[name] for name in SHARES} == pytest.approx({name: expected[name] for name in SHARES})


def test_one_more_member_under_all_posts_never_lowers_a_share() -> None:
    found = [measure(comments({**strangers(10), **pod(size, 10)})) for size in range(15)]
    for name in SHARES:
        values = [row[name] for row in found]
        assert values == sorted(values)


def test_no_comments() -> None:
    assert measure_all(comments({})).is_empty()
