"""Simulated creators beside the public data they were fitted on: the same readings of both, quantile by quantile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from training.datasets import read_creator_posts
from training.simulation_growth import Window, describe, simulate_windows, split_windows
from training.simulation_posts import N_DAYS, read_xinhong
from zhenfen.simulate.organic import Posts, Reals, draw_traits, make_gains, make_posts
from zhenfen.simulate.parameters import Parameters

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
N_CREATORS = 600
LAST_POSTS = 10
LEAST_POSTS = 8


def compare_growth(windows: Sequence[Window], parameters: Parameters, seed: int, n_times: int = 2) -> pl.DataFrame:
    """Columns what, fitted (half of the channels), other (the other half), simulated (all windows)."""
    fitted, other = (describe(half) for half in split_windows(windows))
    simulated = describe(simulate_windows(windows, parameters, seed, n_times))
    return pl.DataFrame(
        {
            "what": list(fitted),
            "fitted": list(fitted.values()),
            "other": [other[name] for name in fitted],
            "simulated": [simulated[name] for name in fitted],
        }
    )


def compare_posts(folder: Path, parameters: Parameters, seed: int) -> pl.DataFrame:
    """Columns platform, what, quantile, real, simulated: engagement of creators of the real sizes."""
    return pl.concat((_compare_xiaohongshu(folder, parameters, seed), _compare_douyin(folder, parameters, seed)))


def _compare_xiaohongshu(folder: Path, parameters: Parameters, seed: int) -> pl.DataFrame:
    """Means of 90 days, as 新红 has them."""
    rows = read_xinhong(folder).sample(N_CREATORS, seed=seed)
    real = {
        "mean views by followers": rows["mean_views"] / rows["n_followers"],
        "mean likes by followers": rows["mean_likes"] / rows["n_followers"],
        "likes by views": rows["mean_likes"] / rows["mean_views"],
        "comments by likes": rows["mean_comments"] / rows["mean_likes"],
        "saves by likes": rows["mean_saves"] / rows["mean_likes"],
        "gained in 90 days by followers": rows["new_followers"] / rows["n_followers"],
    }
    simulated = [_read_means(*made) for made in _simulate("xiaohongshu", rows["n_followers"], parameters, seed)]
    return _table("xiaohongshu", {name: values.to_numpy() for name, values in real.items()}, simulated)


def _read_means(size: float, posts: Posts, gained: float) -> dict[str, float]:
    mean = {name: float(values.mean()) if len(values) else np.nan for name, values in posts.counts.items()}
    likes = mean["n_likes"] or np.nan
    return {
        "mean views by followers": mean["n_views"] / (size + gained),
        "mean likes by followers": mean["n_likes"] / (size + gained),
        "likes by views": mean["n_likes"] / (mean["n_views"] or np.nan),
        "comments by likes": mean["n_comments"] / likes,
        "saves by likes": mean["n_saves"] / likes,
        "gained in 90 days by followers": gained / (size + gained),
    }


def _compare_douyin(folder: Path, parameters: Parameters, seed: int) -> pl.DataFrame:
    """The last ten videos, as 星图 has them."""
    tables = read_creator_posts(folder, "douyin_xingtu_goodgame_2025")
    posts = tables["posts"].join(tables["creators"].select("creator_id", size="n_followers"), on="creator_id")
    real = [
        _read_last(float(part["size"][0]), {name: part[name].cast(pl.Float64).to_numpy() for name in _LAST})
        for part in posts.drop_nulls(_LAST).partition_by("creator_id")
        if len(part) >= LEAST_POSTS
    ]
    sizes = tables["creators"]["n_followers"].sample(N_CREATORS, seed=seed)
    made = _simulate("douyin", sizes, parameters, seed)
    simulated = [
        _read_last(size, {name: posts.counts[name][-LAST_POSTS:] for name in _LAST})
        for size, posts, _ in made
        if len(posts.at) >= LEAST_POSTS
    ]
    return _table("douyin", {name: np.array([one[name] for one in real]) for name in real[0]}, simulated)


_LAST = ["n_views", "n_likes", "n_comments"]


def _read_last(size: float, counts: dict[str, Reals]) -> dict[str, float]:
    views, likes = np.log1p(counts["n_views"]), np.log1p(counts["n_likes"])
    varies = views.std() > 0 and likes.std() > 0
    return {
        "median views by followers": float(np.median(counts["n_views"]) / size),
        "likes by views": float(counts["n_likes"].sum() / (counts["n_views"].sum() or np.nan)),
        "comments by likes": float(counts["n_comments"].sum() / (counts["n_likes"].sum() or np.nan)),
        "spread of log views": float(views.std()),
        "spread of log likes": float(likes.std()),
        "views-likes correlation": float(np.corrcoef(views, likes)[0, 1]) if varies else np.nan,
    }


def _simulate(platform: str, sizes: pl.Series, parameters: Parameters, seed: int) -> list[tuple[float, Posts, float]]:
    """Size, posts and followers gained of one creator a size over 90 days."""
    made = []
    for at, size in enumerate(sizes):
        rng = np.random.default_rng((seed, at))
        traits = draw_traits("koc", platform, N_DAYS, parameters, rng, n_followers=int(size))
        posts = make_posts(traits, rng)
        days, _ = make_gains(traits, posts, np.arange(N_DAYS) % 7, parameters.growth, rng)
        made.append((float(size), posts, float(days.sum())))
    return made


def _table(platform: str, real: dict[str, Reals], simulated: Sequence[dict[str, float]]) -> pl.DataFrame:
    rows = [
        {
            "platform": platform,
            "what": name,
            "quantile": quantile,
            "real": float(np.nanquantile(values.astype(np.float64), quantile)),
            "simulated": float(np.nanquantile([one[name] for one in simulated], quantile)),
        }
        for name, values in real.items()
        for quantile in QUANTILES
    ]
    return pl.DataFrame(rows)
