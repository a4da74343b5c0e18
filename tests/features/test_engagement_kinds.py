"""Posts by kind and the few that took off: by hand, the laws, and what is too little to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from zhenfen.features.engagement.evenness import measure_evenness
from zhenfen.features.engagement.kinds import HITS_SCHEMA, KINDS_SCHEMA, describe_hits, describe_kinds

TYPES = {
    "n_interactions": pl.Int64,
    "n_likes": pl.Int64,
    "n_comments": pl.Int64,
    "media_kind": pl.String,
    "is_labelled_ad": pl.Boolean,
}


def posts(*rows: dict[str, Any], creator: str = "a") -> pl.DataFrame:
    plain = {"creator_id": creator, "media_kind": "video", "is_promoted": False, "is_labelled_ad": False}
    counts = {"n_interactions": 10, "n_likes": 8, "n_comments": 2}
    full = [{**plain, **counts, "post_id": f"{creator}{number}", **row} for number, row in enumerate(rows)]
    return pl.DataFrame(full, schema_overrides=TYPES, infer_schema_length=None)


def half_lives(*days: float, creator: str = "a") -> pl.DataFrame:
    ids = [f"{creator}{number}" for number in range(len(days))]
    return pl.DataFrame(
        {"creator_id": [creator] * len(days), "post_id": ids, "half_life_days": list(days)},
        schema_overrides={"creator_id": pl.String, "post_id": pl.String, "half_life_days": pl.Float64},
    )


def row(frame: pl.DataFrame, kind: str | None, by: str = "media_kind") -> dict[str, Any]:
    return frame.filter(pl.col("by") == by, pl.col("kind").eq_missing(kind)).row(0, named=True)


def test_each_kind_by_hand() -> None:
    videos = [{"n_interactions": 10 * n, "n_likes": 9 * n, "n_comments": n} for n in (1, 2, 3, 4, 50)]
    images = [{"media_kind": "image"}] * 4
    found = describe_kinds(posts(*videos, *images), half_lives(1, 2, 3, 4, 5))
    assert found.schema == KINDS_SCHEMA
    video = row(found, "video")
    assert (video["n_posts"], video["median_interactions"], video["likes_by_comments_ratio"]) == (5, 30, 9)
    assert (video["n_read"], video["half_life_days"], video["low"], video["high"]) == (5, 3, 1, 5)
    # Of four posts nothing but their number is said.
    image = row(found, "image")
    assert image["n_posts"] == 4
    assert all(image[name] is None for name in ("median_interactions", "likes_by_comments_ratio", "half_life_days"))
    # The commonest kind stands first.
    assert found.filter(by="media_kind")["kind"].to_list() == ["video", "image"]


@pytest.mark.parametrize(
    ("post", "kind"),
    [
        ({}, "natural"),
        ({"is_promoted": True}, "promoted"),
        ({"is_labelled_ad": True}, "labelled"),
        ({"is_promoted": True, "is_labelled_ad": True}, "promoted"),
        ({"is_labelled_ad": None}, "natural"),
    ],
)
def test_what_is_on_record_decides_and_every_post_stands_in_one_row(post: dict[str, Any], kind: str) -> None:
    found = describe_kinds(posts(post), half_lives()).filter(by="promotion")
    assert found.select("kind", "n_posts").rows() == [(kind, 1)]


def test_a_kind_that_is_not_given_has_its_own_row() -> None:
    found = describe_kinds(posts({"media_kind": None}, {"media_kind": None}, {}), half_lives())
    assert row(found, None)["n_posts"] == 2


def test_comments_that_are_not_shown_are_left_out_and_none_at_all_give_no_ratio() -> None:
    shown = [{"n_likes": 30, "n_comments": 3}] * 5
    assert row(describe_kinds(posts(*shown, {"n_comments": None}), half_lives()), "video")[
        "likes_by_comments_ratio"
    ] == pytest.approx(10)
    without = posts(*[{"n_comments": 0}] * 6)
    assert row(describe_kinds(without, half_lives()), "video")["likes_by_comments_ratio"] is None


@pytest.mark.parametrize("n", [5, 8, 20, 60])
def test_the_interval_of_the_median_holds_it_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(n)
    n_creators = 400
    frames = [posts(*[{}] * n, creator=f"c{at}-") for at in range(n_creators)]
    days = [half_lives(*rng.lognormal(0, 1, n), creator=f"c{at}-") for at in range(n_creators)]
    found = describe_kinds(pl.concat(frames), pl.concat(days)).filter(by="media_kind")
    # The true median is 1; of 400 intervals at 94 % or more at least 91 % hold it but once in a hundred.
    assert found.select((pl.col("low") <= 1) & (pl.col("high") >= 1)).to_series().mean() >= 0.91


def test_hits_by_hand() -> None:
    found = describe_hits(posts(*[{"n_interactions": n} for n in (10, 10, 10, 10, 10, 10, 29, 30, 481)]))
    assert found.schema == HITS_SCHEMA
    only = found.row(0, named=True)
    assert (only["n_posts"], only["n_hits"], only["n_half"]) == (9, 2, 1)
    assert (only["share"], only["top_share"]) == (pytest.approx(2 / 9), pytest.approx(481 / 600))
    assert only["low"] < only["share"] < only["high"]


def test_the_share_of_hits_is_the_one_that_is_measured() -> None:
    rng = np.random.default_rng(3)
    one = posts(*[{"n_interactions": int(n)} for n in rng.lognormal(5, 1.2, 40)]).with_columns(
        n_views=pl.lit(None, dtype=pl.Int64)
    )
    assert describe_hits(one)["share"].item() == measure_evenness(one)["engagement_hit_share"].item()


def test_equal_posts_have_no_hit_and_half_of_them_hold_half() -> None:
    only = describe_hits(posts(*[{}] * 10)).row(0, named=True)
    assert (only["n_hits"], only["top_share"], only["n_half"]) == (0, pytest.approx(0.1), 5)


@pytest.mark.parametrize("counts", [[10] * 7, [0] * 10, [None] * 10, [0] * 6 + [5] * 4])
def test_of_too_few_posts_or_posts_nobody_answers_nothing_is_said(counts: list[int | None]) -> None:
    assert describe_hits(posts(*[{"n_interactions": n} for n in counts])).is_empty()


def test_the_order_of_rows_and_other_creators_change_nothing() -> None:
    rng = np.random.default_rng(8)
    kinds = ("video", "image", None)
    mine = posts(*[{"n_interactions": int(n), "media_kind": kinds[n % 3]} for n in rng.integers(1, 900, 30)])
    days = half_lives(*rng.lognormal(0, 1, 30))
    both = pl.concat([mine, posts(*[{}] * 9, creator="b")]).sample(fraction=1, shuffle=True, seed=1)
    assert describe_kinds(both, days.reverse()).filter(creator_id="a").equals(describe_kinds(mine, days))
    assert describe_hits(both).filter(creator_id="a").equals(describe_hits(mine))
