"""One million profiles scored from Parquet to Parquet, beside LightGBM on the finished features: the model's own trees
alone, and 300 trees of 63 leaves as a yardstick that no model of ours moves."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

N_PROFILES = 1_000_000
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
UNKNOWN_SHARE = 0.25
YARDSTICK = "LightGBM, 300 x 63"
N_GROWN = 20_000
"""Rows that the yardstick is grown on."""


def make_profiles(path: Path, seed: int = 1) -> None:
    """Profiles with names, counts and dates, some of each unknown."""
    rng = np.random.default_rng(seed)
    digits = pl.Series(rng.integers(0, 10**8, N_PROFILES)).cast(pl.String)
    stems = pl.Series(rng.choice(["用户", "小红薯", "阿明", "快乐的风", "m", "Lily"], N_PROFILES))
    created = AS_OF.timestamp() - rng.integers(0, 10 * 365 * 86_400, N_PROFILES)
    frame = pl.DataFrame(
        {
            "profile_id": pl.Series(range(N_PROFILES)).cast(pl.String),
            "platform": rng.choice(["weibo", "x", "instagram"], N_PROFILES),
            "display_name": stems + digits,
            "bio": pl.Series(rng.choice(["", "热爱生活", "合作请联系"], N_PROFILES)).set(
                pl.Series(rng.random(N_PROFILES) < UNKNOWN_SHARE), None
            ),
            **{name: rng.lognormal(4, 2, N_PROFILES).astype(int) for name in ("n_followers", "n_following", "n_posts")},
            "created_at": pl.Series((created * 1e6).astype("int64")).cast(pl.Datetime("us", "UTC")),
            "has_avatar": rng.random(N_PROFILES) < 0.8,  # noqa: PLR2004 (a plausible share)
        }
    )
    frame.write_parquet(path)


def score_whole(source: Path) -> float:
    """Seconds from Parquet to Parquet."""
    from zhenfen.batch.row_files import score_profiles_file
    from zhenfen.estimators.profile_model import PROFILE
    from zhenfen.model_store import load_models

    model = load_models().need(PROFILE)
    start = time.perf_counter()
    score_profiles_file(source, source.with_name("out.parquet"), model, as_of=AS_OF)
    return time.perf_counter() - start


def score_alone(source: Path) -> float:
    """Seconds of the classifier's own prediction, features in memory."""
    from zhenfen.estimators.profile_model import PROFILE
    from zhenfen.features.audience.profile import measure_profiles
    from zhenfen.model_store import load_models
    from zhenfen.tables import TABLES, make_frame

    model = load_models().need(PROFILE)
    features = measure_profiles(make_frame(TABLES["audience"], pl.read_parquet(source)), AS_OF)
    profiles = pl.read_parquet(source, columns=["platform"])
    start = time.perf_counter()
    model.mixture.decision_function(features, profiles["platform"])
    return time.perf_counter() - start


def score_yardstick(source: Path) -> float:
    """Seconds of 300 trees of 63 leaves, grown on noise over the same features, in memory."""
    import lightgbm

    from zhenfen.features.audience.profile import PROFILE_FEATURES, measure_profiles
    from zhenfen.tables import TABLES, make_frame

    features = measure_profiles(make_frame(TABLES["audience"], pl.read_parquet(source)), AS_OF)
    X = np.ascontiguousarray(features.select(PROFILE_FEATURES).to_numpy())
    noise = np.random.default_rng(2).integers(0, 2, N_GROWN)
    settings = {"objective": "binary", "num_leaves": 63, "verbosity": -1, "seed": 2}
    trees = lightgbm.train(settings, lightgbm.Dataset(X[:N_GROWN], noise), num_boost_round=300)
    start = time.perf_counter()
    trees.predict(X, raw_score=True)
    return time.perf_counter() - start


CONTENDERS: dict[str, Callable[[Path], float]] = {
    "zhenfen score profiles": score_whole,
    "its trees alone": score_alone,
    YARDSTICK: score_yardstick,
}


def run_apart(name: str, source: Path) -> tuple[float, float]:
    """Seconds and peak MB of a contender in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.score_profiles", name, str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def main() -> None:
    """Print the table; with two arguments run one contender and print its figures."""
    if len(sys.argv) > 1:
        seconds = CONTENDERS[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.parquet"
        make_profiles(source)
        print(f"{N_PROFILES:,} profiles\n{'':<26}{'seconds':>9}{'profiles/s':>12}{'peak MB':>9}{'ratio':>8}")
        runs = {name: run_apart(name, source) for name in CONTENDERS}
        yardstick, _ = runs[YARDSTICK]
        for name, (seconds, peak) in runs.items():
            rate = N_PROFILES / seconds
            print(f"{name:<26}{seconds:>9.1f}{rate:>12,.0f}{peak:>9.0f}{seconds / yardstick:>8.2f}")


if __name__ == "__main__":
    main()
