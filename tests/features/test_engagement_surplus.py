"""Even surplus: by hand, by a second calculation, and packets beside attention."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.features.engagement.evenness import N_POSTS_FOR_SPREAD
from zhenfen.features.engagement.surplus import LEAST_SPREAD, SURPLUS_OF, USUAL, measure_surplus

Counts = dict[str, np.ndarray]
PAIRS = {"likes": "others", "views": "likes", "comments": "likes"}


def organic(seed: int, n: int = 24) -> Counts:
    rng = np.random.default_rng(seed)
    views = rng.lognormal(9.5, 0.9, n).astype(int)
    likes = rng.poisson(views * 0.05 * rng.lognormal(0, 0.3, n))
    others = rng.poisson(likes * 0.3 * rng.lognormal(0, 0.3, n))
    return {"views": views, "likes": likes, "comments": rng.binomial(others, 0.4), "others": others}


def posts(counts: Counts, creator: str = "a") -> pl.DataFrame:
    frame = pl.DataFrame({f"n_{name}": counts[name] for name in ("views", "likes", "comments")})
    return frame.with_columns(creator_id=pl.lit(creator), n_interactions=pl.Series(counts["likes"] + counts["others"]))


def value(frame: pl.DataFrame, count: str) -> float | None:
    found: float | None = measure_surplus(frame)[f"engagement_{count}_even_surplus_ratio"].item()
    return found


def spread(values: np.ndarray) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def second_calculation(parts: np.ndarray, wholes: np.ndarray) -> float:
    parts, wholes = parts + 1, wholes + 1
    ratio = parts / wholes
    upper = [at for at in range(len(ratio)) if ratio[at] >= np.median(ratio)]
    surplus = np.array([parts[at] - np.quantile(ratio, USUAL) * wholes[at] for at in upper])
    kept = surplus >= 1
    return (spread(np.log(wholes[upper][kept])) + LEAST_SPREAD) / (spread(np.log(surplus[kept])) + LEAST_SPREAD)


def test_by_hand() -> None:
    """Four posts at one like for each other interaction; four with a thousand likes more."""
    others = np.array([9, 99, 999, 9_999, 9, 99, 999, 9_999])
    likes = others + np.array([0] * 4 + [1_000] * 4)
    expected = (spread(np.log(others[4:] + 1)) + LEAST_SPREAD) / LEAST_SPREAD
    counts = {"likes": likes, "others": others, "views": likes, "comments": likes}
    assert value(posts(counts), "likes") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("count", SURPLUS_OF)
@pytest.mark.parametrize("seed", range(5))
def test_by_a_second_calculation(count: str, seed: int) -> None:
    counts = organic(seed)
    expected = second_calculation(counts[count], counts[PAIRS[count]])
    assert value(posts(counts), count) == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def innocents() -> pl.DataFrame:
    """Surpluses of 40 creators who bought nothing."""
    return measure_surplus(pl.concat([posts(organic(seed), f"c{seed}") for seed in range(40)]))


@pytest.mark.parametrize("count", SURPLUS_OF)
@pytest.mark.parametrize("n_bought", [9, 16])
def test_packets_are_more_even_than_attention(innocents: pl.DataFrame, count: str, n_bought: int) -> None:
    bought: list[pl.DataFrame] = []
    liked: list[pl.DataFrame] = []
    for seed in range(40):
        counts = organic(seed)
        rng = np.random.default_rng(seed)
        packet = np.zeros(24)
        packet[-n_bought:] = np.rint(3 * counts[count][-n_bought:].mean() * rng.normal(1, 0.03, n_bought))
        bought.append(posts({**counts, count: counts[count] + packet.astype(int)}, f"c{seed}"))
        tripled = {name: numbers * np.where(packet > 0, 4, 1) for name, numbers in counts.items()}
        liked.append(posts(tripled, f"c{seed}"))
    column = f"engagement_{count}_even_surplus_ratio"
    packets, attention = (measure_surplus(pl.concat(one))[column].to_numpy() for one in (bought, liked))
    innocent = innocents[column].to_numpy()
    assert len(innocent) == len(packets) == len(attention) == 40
    assert np.quantile(innocent, 0.95) < np.quantile(packets, 0.25)
    assert np.median(attention) < np.quantile(innocent, 0.75)


def test_creators_are_measured_as_each_alone() -> None:
    many = [posts(organic(seed), f"c{seed}") for seed in range(20)]
    together = measure_surplus(pl.concat(many).sample(fraction=1, shuffle=True, seed=3)).sort("creator_id")
    alone = pl.concat([measure_surplus(one) for one in many]).sort("creator_id")
    for name in alone.columns[1:]:
        assert together[name].to_list() == pytest.approx(alone[name].to_list()), name


@pytest.mark.parametrize(
    ("missing", "open_"),
    [
        ("n_likes", {"likes", "views", "comments"}),
        ("n_views", {"views"}),
        ("n_comments", {"comments"}),
        ("n_interactions", {"likes"}),
    ],
)
def test_unknown_counts_leave_their_features_open_and_the_others_alone(missing: str, open_: set[str]) -> None:
    whole = posts(organic(1))
    without = whole.with_columns(pl.lit(None, dtype=pl.Int64).alias(missing))
    for count in SURPLUS_OF:
        assert value(without, count) == (None if count in open_ else value(whole, count)), count


def test_too_few_posts() -> None:
    frame = posts(organic(2, N_POSTS_FOR_SPREAD))
    assert value(frame, "views") is not None
    assert value(frame.head(N_POSTS_FOR_SPREAD - 1), "views") is None


def test_posts_without_any_surplus() -> None:
    same = np.full(12, 50)
    frame = posts({"likes": same, "others": same, "views": same, "comments": same})
    assert measure_surplus(frame).drop("creator_id").row(0) == (None, None, None)


def test_no_posts() -> None:
    assert measure_surplus(posts(organic(1)).clear()).is_empty()
