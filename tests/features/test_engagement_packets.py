"""Likes in packets and likes that stand alone: by hand, and where too little is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD
from zhenfen.features.engagement.packets import (
    LEAST_LIKES,
    LEAST_RATIO_SPREAD,
    LEAST_SPREAD,
    N_POSTS_FOR_RATIOS,
    NORMAL_DENSITY,
    PACKET_WIDTH,
    UPPER,
    measure_packets,
)
from zhenfen.features.growth.days import MAD_TO_SIGMA

PACKET, ALONE = "engagement_likes_packet_deviations", "engagement_likes_alone_deviations"


def posts(likes: list[int | None], creator: str = "a", **others: list[int | None] | None) -> pl.DataFrame:
    """Posts with likes; the other counts are unknown where they are not given."""
    counts = {f"n_{name}": others.get(name) or [None] * len(likes) for name in ("comments", "shares", "views")}
    return pl.DataFrame(
        {"creator_id": [creator] * len(likes), "n_likes": likes, **counts},
        schema={"creator_id": pl.String, **dict.fromkeys(("n_likes", *counts), pl.Int64)},
    )


def value(frame: pl.DataFrame, feature: str, creator: str = "a") -> float | None:
    found = measure_packets(frame).filter(creator_id=creator)
    return found[feature].item() if found.height else None


def by_hand(likes: list[int], n_near: int) -> float:
    logs = np.log1p(likes)
    spread = MAD_TO_SIGMA * np.median(np.abs(logs - np.median(logs))) + LEAST_SPREAD
    usual = len(likes) * PACKET_WIDTH / (spread * NORMAL_DENSITY)
    return float((n_near - usual) / np.sqrt(usual + 1))


@pytest.mark.parametrize(
    ("likes", "n_near"),
    [
        ([100 * 2**at for at in range(10)], 1),
        ([5_000] * 6 + [100 * 2**at for at in range(10)], 6),
        ([5_000, 5_100, 5_200, 5_300, 5_400] + [100 * 2**at for at in range(10)], 5),
        ([5_000] * 20, 20),
    ],
)
def test_packets_by_hand(likes: list[int], n_near: int) -> None:
    assert value(posts([*likes]), PACKET) == pytest.approx(by_hand(likes, n_near))


def test_equal_packets_stand_out_of_uneven_posts() -> None:
    clean, bought = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        likes = rng.lognormal(7, 1.0, 30).astype(int) + LEAST_LIKES + 1
        clean.append(value(posts(likes.tolist()), PACKET))
        likes[:10] = 5_000 + rng.integers(-100, 100, 10)
        bought.append(value(posts(likes.tolist()), PACKET))
    assert np.quantile(clean, 0.95) < np.quantile(bought, 0.05)
    # Even by nature is no packet: what is usual is set by the creator's own spread.
    even = [np.random.default_rng(seed).normal(5_000, 150, 30).astype(int).tolist() for seed in range(40)]
    assert max(value(posts(likes), PACKET) for likes in even) < min(bought)


@pytest.mark.parametrize(
    ("likes", "is_measured"),
    [
        ([LEAST_LIKES + 1] * N_POSTS_FOR_SPREAD, True),
        ([LEAST_LIKES + 1] * (N_POSTS_FOR_SPREAD - 1) + [LEAST_LIKES] * 9, False),
        ([500] * (N_POSTS_FOR_SPREAD - 1) + [None] * 9, False),
    ],
)
def test_few_posts_or_few_likes_are_not_measured(likes: list[int | None], is_measured: bool) -> None:
    assert (value(posts(likes), PACKET) is not None) is is_measured


def related(n: int = 20, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    views = rng.lognormal(9, 0.8, n)
    likes = views * 0.05 * rng.lognormal(0, 0.2, n)
    return {
        "views": views.astype(int),
        "likes": likes.astype(int),
        "comments": (likes * 0.1 * rng.lognormal(0, 0.2, n)).astype(int) + 1,
        "shares": (likes * 0.05 * rng.lognormal(0, 0.2, n)).astype(int) + 1,
    }


def frame_of(counts: dict[str, np.ndarray], *, without: tuple[str, ...] = ()) -> pl.DataFrame:
    others = {name: counts[name].tolist() for name in ("comments", "shares", "views") if name not in without}
    return posts(counts["likes"].tolist(), **others)


def alone_by_hand(counts: dict[str, np.ndarray], witnesses: tuple[str, ...]) -> float:
    by_witness = []
    for name in witnesses:
        ratio = np.log1p(counts["likes"]) - np.log1p(counts[name])
        off = ratio - np.median(ratio)
        by_witness.append(off / (MAD_TO_SIGMA * np.median(np.abs(off)) + LEAST_RATIO_SPREAD))
    return float(np.quantile(np.min(by_witness, axis=0), UPPER))


@pytest.mark.parametrize("without", [(), ("views",), ("comments",), ("shares",)])
def test_likes_alone_by_hand(without: tuple[str, ...]) -> None:
    counts = related()
    witnesses = tuple(name for name in ("comments", "shares", "views") if name not in without)
    assert value(frame_of(counts, without=without), ALONE) == pytest.approx(alone_by_hand(counts, witnesses))


def test_bought_likes_stand_alone_and_a_hit_does_not() -> None:
    clean, bought, hits = [], [], []
    for seed in range(30):
        counts = related(30, seed)
        clean.append(value(frame_of(counts), ALONE))
        liked = {**counts, "likes": np.where(np.arange(30) < 6, counts["likes"] * 6 + 100, counts["likes"])}
        bought.append(value(frame_of(liked), ALONE))
        hits.append(
            value(frame_of({name: np.where(np.arange(30) < 6, one * 6, one) for name, one in counts.items()}), ALONE)
        )
    assert np.quantile(clean, 0.95) < np.quantile(bought, 0.05)
    assert np.median(hits) == pytest.approx(np.median(clean), abs=0.3)


@pytest.mark.parametrize("without", [("comments", "shares"), ("views", "shares"), ("comments", "shares", "views")])
def test_one_witness_is_none(without: tuple[str, ...]) -> None:
    assert value(frame_of(related(), without=without), ALONE) is None


@pytest.mark.parametrize(("n", "is_measured"), [(N_POSTS_FOR_RATIOS, True), (N_POSTS_FOR_RATIOS - 1, False)])
def test_few_posts_have_no_ratio_of_their_own(n: int, is_measured: bool) -> None:
    assert (value(frame_of(related(n)), ALONE) is not None) is is_measured


def test_a_count_that_most_posts_have_none_of_is_no_witness() -> None:
    counts = related()
    counts["shares"] = np.where(np.arange(20) < 8, 0, counts["shares"])
    assert value(frame_of(counts), ALONE) == pytest.approx(alone_by_hand(counts, ("comments", "views")))


def test_a_count_that_one_post_lacks_is_no_witness() -> None:
    counts = related()
    frame = frame_of(counts).with_columns(n_shares=pl.when(pl.int_range(pl.len()) != 3).then("n_shares"))
    assert value(frame, ALONE) == pytest.approx(alone_by_hand(counts, ("comments", "views")))


def test_row_order_and_other_creators_change_nothing() -> None:
    frame, other = frame_of(related()), frame_of(related(15, 8)).with_columns(creator_id=pl.lit("b"))
    together = pl.concat([other, frame]).sample(fraction=1, shuffle=True, seed=1)
    renamed = frame.with_columns(creator_id=pl.lit("zz"))
    for feature in (PACKET, ALONE):
        expected = value(frame, feature)
        assert value(together, feature) == pytest.approx(expected)
        assert value(renamed, feature, "zz") == pytest.approx(expected)


def test_no_posts() -> None:
    assert measure_packets(posts([])).is_empty()
