"""Features of many creators, one partition at a time in one process, beside plain Polars and pandas aggregates.

    python benchmarks/features.py --creators 100000

Each creator has 90 daily readings, 30 posts and 200 comments (`simulate_bulk`), in 16 partitions of Parquet. Every
contender runs in a process of its own over the same files, so that times and peak memory stand side by side.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

N_PARTITIONS = 16
SHARED = ("comment_texts", "comment_clusters")
"""Steps made once for all families: one spelling for every text, and near-duplicates over all creators together. The
plain aggregates do neither, so their time compares with what is left without these two."""


def main() -> None:
    """Make the partitions, run the contenders, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--contender", choices=sorted(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(_run(CONTENDERS[options.contender], options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        _make_partitions(Path(folder), options.creators)
        results = {name: _run_apart(name, Path(folder)) for name in CONTENDERS}
    _print_table(options.creators, results)


def _make_partitions(folder: Path, n_creators: int) -> None:
    from zhenfen.simulate import simulate_bulk
    from zhenfen.tables import write_tables

    for part in range(N_PARTITIONS):
        n = n_creators // N_PARTITIONS + (part < n_creators % N_PARTITIONS)
        write_tables(simulate_bulk(n, seed=part), folder / f"part{part:02d}")


def _run_apart(contender: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--contender", contender, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _run(contender: Callable[[Path], dict[str, float]], folder: Path) -> dict[str, float]:
    started, started_cpu = time.perf_counter(), time.process_time()
    steps = contender(folder)
    total = {"total": time.perf_counter() - started, "CPU": time.process_time() - started_cpu}
    return {**steps, **total, "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _partitions(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("part*")))


def run_zhenfen(folder: Path) -> dict[str, float]:
    """What families share, then every family of the package, without details."""
    seconds: dict[str, float] = defaultdict(float)
    for path in _partitions(folder):
        # In a function of its own, so that one partition is gone before the next is read.
        _measure_partition(path, seconds)
    return dict(seconds)


def _measure_partition(path: Path, seconds: dict[str, float]) -> None:
    from zhenfen.features.base import load_families
    from zhenfen.features.inputs import Inputs
    from zhenfen.scoring import latest_moment
    from zhenfen.tables import read_tables

    started = time.perf_counter()
    tables = read_tables(path)
    inputs = Inputs(tables, latest_moment(tables), with_details=False)
    seconds["reading"] += time.perf_counter() - started
    for name in SHARED:
        started = time.perf_counter()
        getattr(inputs, name)
        seconds[name] += time.perf_counter() - started
    for name, family in load_families().items():
        started = time.perf_counter()
        family.measure(inputs)
        seconds[name] += time.perf_counter() - started


def run_polars(folder: Path) -> dict[str, float]:
    """Simple aggregates a creator: growth, engagement, and lengths, repeats and authors of the comments."""
    import polars as pl

    for path in _partitions(folder):
        counts = pl.read_parquet(path / "follower_counts.parquet", columns=["creator_id", "observed_at", "n_followers"])
        gained = counts.sort("creator_id", "observed_at").with_columns(
            gained=pl.col("n_followers").diff().over("creator_id")
        )
        gained.group_by("creator_id").agg(
            pl.col("gained").median(), pl.col("gained").max().alias("best"), pl.col("gained").std().alias("spread")
        )
        posts = pl.read_parquet(path / "posts.parquet", columns=["creator_id", "n_likes", "n_comments", "n_views"])
        posts.group_by("creator_id").agg(
            pl.col("n_likes", "n_comments", "n_views").median(), pl.col("n_likes").std().alias("spread")
        )
        comments = pl.read_parquet(path / "comments.parquet", columns=["creator_id", "author_id", "text"])
        comments.group_by("creator_id").agg(
            pl.col("text").str.len_chars().mean(),
            pl.col("text").n_unique().alias("texts"),
            pl.col("author_id").n_unique(),
        )
    return {}


def run_pandas(folder: Path) -> dict[str, float]:
    """The same aggregates in pandas."""
    import pandas as pd

    for path in _partitions(folder):
        counts = pd.read_parquet(path / "follower_counts.parquet", columns=["creator_id", "observed_at", "n_followers"])
        counts = counts.sort_values(["creator_id", "observed_at"])
        counts["gained"] = counts.groupby("creator_id")["n_followers"].diff()
        counts.groupby("creator_id")["gained"].agg(["median", "max", "std"])
        posts = pd.read_parquet(path / "posts.parquet", columns=["creator_id", "n_likes", "n_comments", "n_views"])
        by_creator = posts.groupby("creator_id")
        by_creator[["n_likes", "n_comments", "n_views"]].median()
        by_creator["n_likes"].std()
        comments = pd.read_parquet(path / "comments.parquet", columns=["creator_id", "author_id", "text"])
        comments["n_chars"] = comments["text"].str.len()
        comments.groupby("creator_id").agg({"n_chars": "mean", "text": "nunique", "author_id": "nunique"})
    return {}


CONTENDERS: dict[str, Callable[[Path], dict[str, float]]] = {
    "zhenfen": run_zhenfen,
    "polars": run_polars,
    "pandas": run_pandas,
}


def _print_table(n_creators: int, results: dict[str, dict[str, float]]) -> None:
    print(f"{n_creators:,} creators in {N_PARTITIONS} partitions; seconds, peak resident memory")
    for name, figures in results.items():
        print(f"\n{name}")
        for step, figure in figures.items():
            print(f"  {step:<18}{figure:>10,.2f}" if step != "peak MB" else f"  {step:<18}{figure:>10,.0f}")
    print("\ntotal by plain Polars aggregates; the same without reading and grouping the comments' texts")
    base = results["polars"]["total"]
    for name, figures in results.items():
        without = figures["total"] - sum(figures.get(step, 0.0) for step in SHARED)
        print(f"  {name:<18}{figures['total'] / base:>10,.2f}{without / base:>10,.2f}")


if __name__ == "__main__":
    main()
