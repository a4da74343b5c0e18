"""Posts on record as promoted: which they are, what they are left out of, and which others are asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhenfen.features.base import Measured
from zhenfen.features.engagement.family import Engagement
from zhenfen.features.inputs import Inputs
from zhenfen.features.posts.promotion import DAYS_AFTER, DAYS_BEFORE, mark_promoted
from zhenfen.tables import TABLES, Tables, make_frame

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
START = datetime(2026, 3, 1, 23, tzinfo=UTC)
N_POSTS = 30
PUSHED = (7, 15, 22, 26)
BY_FOLLOWERS = ("by_followers_ratio", "posts_per_day", "known_components_share", "cost_per_interaction_cny")


def organic(creator_id: str = "a", seed: int = 4) -> pl.DataFrame:
    """Thirty posts, three days apart, whose likes and comments follow their views."""
    rng = np.random.default_rng(seed)
    views = rng.lognormal(11, 0.8, N_POSTS)
    rows = {
        "post_id": [f"{creator_id}{n}" for n in range(N_POSTS)],
        "creator_id": [creator_id] * N_POSTS,
        "published_at": [START + timedelta(days=3 * n) for n in range(N_POSTS)],
        "n_views": views.round(),
        "n_likes": (views * rng.lognormal(-3, 0.2, N_POSTS)).round(),
        "n_comments": (views * rng.lognormal(-6, 0.2, N_POSTS)).round(),
        "n_saves": (views * rng.lognormal(-5, 0.2, N_POSTS)).round(),
    }
    return make_frame(TABLES["posts"], pl.DataFrame(rows))


def pushed(n_paid_views: int | None = None) -> pl.DataFrame:
    """Some of the posts have 4,000,000 views more, and as many of them are recorded as paid for."""
    is_pushed = pl.int_range(pl.len()).is_in(PUSHED)
    paid = pl.lit(n_paid_views, dtype=pl.Int64)
    return organic().with_columns(
        n_views=pl.col("n_views") + pl.when(is_pushed).then(4_000_000).otherwise(0),
        n_paid_views=pl.when(is_pushed).then(paid).otherwise("n_paid_views"),
    )


def orders(*days: float, kind: str = "promotion", creator_id: str = "a") -> pl.DataFrame:
    starts = [START + timedelta(days=one) for one in days]
    rows = {"creator_id": [creator_id] * len(days), "starts_at": starts, "kind": [kind] * len(days)}
    return make_frame(TABLES["events"], pl.DataFrame(rows))


def measure(posts: pl.DataFrame, events: pl.DataFrame | None = None) -> Measured:
    creators = pl.DataFrame({"creator_id": ["a"], "platform": ["xiaohongshu"], "n_followers": [10_000]})
    declared = {} if events is None else {"events": events}
    return Engagement().measure(Inputs(Tables({"creators": creators, "posts": posts, **declared}), AS_OF))


def values(measured: Measured) -> dict[str, Any]:
    return measured.values.drop("creator_id").row(0, named=True)


TAIL = "engagement_views_by_likes_tail_ratio"
PUSHED_DAYS = tuple(3.0 * n for n in PUSHED)


@pytest.mark.parametrize(
    ("days", "is_promoted"),
    [
        (-DAYS_AFTER - 1, False),
        (-DAYS_AFTER, True),
        (0, True),
        (DAYS_BEFORE, True),
        (DAYS_BEFORE + 1, False),
    ],
)
def test_a_post_is_promoted_around_a_declared_promotion(days: int, is_promoted: bool) -> None:
    sparse = organic().filter(pl.int_range(pl.len()) % 10 == 5)
    marked = mark_promoted(sparse, orders(15 + days))
    assert marked["is_promoted"].to_list() == [is_promoted, False, False]


@pytest.mark.parametrize(("n_paid_views", "is_promoted"), [(None, False), (0, False), (1, True)])
def test_paid_views_are_a_record_and_unknown_ones_are_none(n_paid_views: int | None, is_promoted: bool) -> None:
    marked = mark_promoted(pushed(n_paid_views), orders())
    assert marked.filter("is_promoted").height == (len(PUSHED) if is_promoted else 0)


def test_other_events_other_creators_and_promotion_all_the_time_say_nothing() -> None:
    for declared in (
        orders(*PUSHED_DAYS, kind="advert"),
        orders(*PUSHED_DAYS, creator_id="b"),
        orders(*(3.0 * n for n in range(0, N_POSTS, 2))),
    ):
        assert not mark_promoted(organic(), declared)["is_promoted"].any()


@pytest.mark.parametrize(("paid", "days"), [(4_000_000, ()), (None, PUSHED_DAYS), (4_000_000, PUSHED_DAYS)])
def test_recorded_promotion_is_no_surplus(paid: int | None, days: tuple[float, ...]) -> None:
    unknown, known = values(measure(pushed())), values(measure(pushed(paid), orders(*days)))
    promoted = mark_promoted(pushed(paid), orders(*days)).filter("is_promoted")["post_id"]
    without = values(measure(pushed().filter(~pl.col("post_id").is_in(promoted.implode()))))
    assert unknown[TAIL] > 3
    assert known[TAIL] < 2
    for name, value in known.items():
        expected = unknown if name.endswith(BY_FOLLOWERS) else without
        assert value == expected[name], name


def test_where_every_post_is_promoted_nothing_is_said_of_their_counts() -> None:
    all_paid = values(measure(organic().with_columns(n_paid_views=pl.lit(10, dtype=pl.Int64))))
    measured = {name for name, value in all_paid.items() if value is not None}
    assert {name for name in measured if not name.endswith(BY_FOLLOWERS)} == set()
    assert "engagement_median_likes_by_followers_ratio" in measured


def test_posts_far_beyond_the_others_are_named_until_a_record_explains_them() -> None:
    shown = measure(pushed()).details["posts"]
    assert set(shown.filter("stands_out")["post_id"]) == {f"a{n}" for n in PUSHED}
    explained = measure(pushed(1)).details["posts"]
    assert set(explained.filter("is_promoted")["post_id"]) == {f"a{n}" for n in PUSHED}
    assert not explained["stands_out"].any()


def test_likes_beyond_comments_stand_out_and_comments_beyond_likes_do_not() -> None:
    one = pl.int_range(pl.len()) == 3
    more = {name: pl.when(one).then(20 * pl.col(name)).otherwise(name) for name in ("n_likes", "n_comments")}
    liked = measure(organic().with_columns(n_likes=more["n_likes"])).details["posts"]
    assert liked.filter("stands_out")["post_id"].to_list() == ["a3"]
    talked = measure(organic().with_columns(n_comments=more["n_comments"])).details["posts"]
    assert "a3" not in talked.filter("stands_out")["post_id"]


def test_seven_posts_name_none() -> None:
    seven = pushed().filter(pl.int_range(pl.len()).is_in([*PUSHED, 1, 2, 3]))
    assert not measure(seven).details["posts"]["stands_out"].any()


def test_the_order_of_rows_changes_nothing() -> None:
    declared = orders(*PUSHED_DAYS)
    shuffled = pushed().sample(fraction=1, shuffle=True, seed=2)
    assert values(measure(shuffled, declared.reverse())) == values(measure(pushed(), declared))
