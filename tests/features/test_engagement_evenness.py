"""Even and uneven posts: by hand, and bought ones beside organic ones."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.features.engagement.evenness import LIKES_FOR_EVEN, N_POSTS_FOR_SPREAD, TAIL, measure_evenness


def posts(creator: str = "a", **counts: object) -> pl.DataFrame:
    frame = pl.DataFrame({f"n_{name}": values for name, values in counts.items()})
    absent = [
        pl.lit(None, dtype=pl.Int64).alias(f"n_{name}") for name in ("likes", "comments", "views", "interactions")
    ]
    missing = [one for one in absent if one.meta.output_name() not in frame.columns]
    return frame.with_columns(pl.lit(creator).alias("creator_id"), *missing)


def value(frame: pl.DataFrame, feature: str) -> float | None:
    return measure_evenness(frame)[f"engagement_{feature}"].item()


def organic(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    views = rng.lognormal(9, 0.8, n)
    likes = rng.poisson(views * 0.05 * rng.lognormal(0, 0.3, n))
    return {
        "views": views.astype(int),
        "likes": likes,
        "comments": rng.poisson(likes * 0.08 * rng.lognormal(0, 0.4, n)),
    }


def test_robust_spread_by_hand() -> None:
    likes = [10, 20, 40, 80, 160, 320, 640, 1_280]
    logs = np.log1p(likes)
    expected = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    frame = posts(likes=likes, views=[count * 10 for count in likes], comments=[5] * 8)
    assert value(frame, "likes_log_spread") == pytest.approx(expected)
    assert value(frame, "comments_log_spread") == 0
    ratios = np.log1p(likes) - np.log1p(np.array(likes) * 10)
    by_views = 1.4826 * np.median(np.abs(ratios - np.median(ratios)))
    assert value(frame, "likes_by_views_log_spread") == pytest.approx(by_views)


def test_tails_by_hand() -> None:
    likes, comments = np.array([100] * 8 + [100, 1_000]), np.array([10] * 10)
    ratio = (likes + 1) / (comments + 1)
    expected = np.quantile(ratio, TAIL) / np.median(ratio)
    assert value(posts(likes=likes, comments=comments), "likes_by_comments_tail_ratio") == pytest.approx(expected)
    assert value(posts(likes=likes, comments=comments), "views_by_likes_tail_ratio") is None


@pytest.mark.parametrize(
    ("interactions", "expected"),
    [
        ([100] * 8, 0.0),
        ([100] * 6 + [300, 299], 1 / 8),
        ([100] * 5 + [300, 3_000, 40], 2 / 8),
        ([0] * 5 + [900, 900, 900], None),
        ([100] * 7, None),
        ([100] * 7 + [None], None),
    ],
)
def test_the_share_of_hits(interactions: list[int | None], expected: float | None) -> None:
    """A hit has three times the middle post's interactions; three times nothing is none."""
    assert value(posts(interactions=interactions), "hit_share") == expected


@pytest.mark.parametrize(
    ("likes", "expected"),
    [
        ([500] * 8, 1.0),
        ([500, 510, 520, 530, 2_000, 4_000, 8_000, 16_000], 0.5),
        ([100 * 2**at for at in range(8)], 1 / 8),
        ([500, 600, 601, 1_000, 2_000, 4_000, 8_000, 16_000], 2 / 8),
        ([LIKES_FOR_EVEN - 1] * 20, None),
        ([500] * (N_POSTS_FOR_SPREAD - 1) + [5] * 9, None),
        ([None] * 9, None),
    ],
)
def test_the_share_of_even_likes(likes: list[int | None], expected: float | None) -> None:
    found = value(posts(likes=pl.Series(likes, dtype=pl.Int64)), "even_likes_share")
    assert found == (expected if expected is None else pytest.approx(expected))


def test_creators_are_measured_as_each_alone() -> None:
    many = [posts(f"c{seed}", **organic(12, seed)) for seed in range(20)]
    together = measure_evenness(pl.concat(many).sample(fraction=1, shuffle=True, seed=3)).sort("creator_id")
    alone = pl.concat([measure_evenness(one) for one in many]).sort("creator_id")
    for name in alone.columns[1:]:
        assert together[name].to_list() == pytest.approx(alone[name].to_list(), nan_ok=True), name


@pytest.mark.parametrize("missing", ["likes", "comments", "views"])
def test_unknown_counts_leave_their_features_open_and_the_others_alone(missing: str) -> None:
    whole = posts(**organic(12, 1))
    without = measure_evenness(whole.with_columns(pl.lit(None, dtype=pl.Int64).alias(f"n_{missing}")))
    for name, number in measure_evenness(whole).row(0, named=True).items():
        if missing in name:
            assert without[name].item() is None, name
        elif name != "creator_id":
            assert without[name].item() == pytest.approx(number), name


@pytest.mark.parametrize(
    ("count", "feature"),
    [
        ("likes", "likes_by_comments_tail_ratio"),
        ("views", "views_by_likes_tail_ratio"),
        ("comments", "comments_by_likes_tail_ratio"),
    ],
)
def test_counts_bought_for_a_few_posts_raise_their_tail(count: str, feature: str) -> None:
    clean, raised = [], []
    for seed in range(40):
        counts = organic(20, seed)
        clean.append(value(posts(**counts), feature))
        counts[count] = counts[count].copy()
        counts[count][:4] = counts[count][:4] * 8 + 50
        raised.append(value(posts(**counts), feature))
    assert np.quantile(clean, 0.95) < np.quantile(raised, 0.1)


def test_likes_bought_up_to_a_level_stand_on_it() -> None:
    clean, raised = [], []
    for seed in range(40):
        counts = organic(20, seed)
        clean.append(value(posts(**counts), "even_likes_share"))
        level = np.random.default_rng(seed).normal(3_000, 60, 12).astype(int)
        counts["likes"] = np.concatenate([level, counts["likes"][12:]])
        raised.append(value(posts(**counts), "even_likes_share"))
    assert np.quantile(clean, 0.95) < np.quantile(raised, 0.1)


def test_no_posts() -> None:
    assert measure_evenness(posts(**organic(9, 1)).clear()).is_empty()
