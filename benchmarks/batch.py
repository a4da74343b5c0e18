"""Batch runs from folder to folder: time, rows/s and peak memory by engine and workers, and a run that is killed.

Each run is `zhenfen score` in a process of its own. Peak memory is of the largest process of the run; with Spark, of
Python's, since Java takes what it is given. The run that is killed at random moments is continued each time, and must
end with the bytes of a run that was not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

N_PARTS = 16
START = "import json, resource, sys; from zhenfen.serving.cli import main; code = 0"
MEASURED = """
try:
    main()
except SystemExit as stopped:
    code = stopped.code or 0
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(json.dumps([code, *(resource.getrusage(one).ru_maxrss / 1024 for one in who)]))
"""


def make_profiles(folder: Path, n: int) -> None:
    """Profiles with counts, names and dates."""
    import numpy as np

    folder.mkdir(parents=True)
    for part, rows in _shares(n):
        rng = np.random.default_rng(part)
        counts = {
            f"n_{name}": rng.lognormal(4, 2, rows).astype(np.int64) for name in ("followers", "following", "posts")
        }
        ids = pl.Series(np.arange(rows)).cast(pl.String)
        frame = pl.DataFrame(
            {"profile_id": f"{part}-" + ids, "platform": pl.repeat("weibo", rows, eager=True), **counts}
        )
        back = pl.lit(pl.Series(rng.integers(0, 3_000, rows)).cast(pl.Int64))
        created = pl.datetime(2025, 1, 1, time_unit="us", time_zone="UTC") - pl.duration(days=back)
        names = "用户" + pl.Series(rng.integers(0, 10**7, rows)).cast(pl.String)
        frame.with_columns(created_at=created, display_name=names).write_parquet(folder / f"{part:02d}.parquet")


def make_comments(folder: Path, n: int) -> None:
    """Comments as strangers write them, a twentieth from a farm's templates."""
    import numpy as np

    from zhenfen.simulate import texts

    folder.mkdir(parents=True)
    for part, rows in _shares(n):
        rng = np.random.default_rng(part)
        n_farmed = rows // 20
        written = [texts.organic_comments(rng, rows - n_farmed), texts.farm_comments(rng, n_farmed)]
        text = pl.concat([one.alias("text") for one in written]).gather(rng.permutation(rows))
        ids = (f"{part:02d}-" + pl.Series(np.arange(rows)).cast(pl.String)).alias("comment_id")
        pl.DataFrame([ids, text]).write_parquet(folder / f"{part:02d}.parquet")


def make_creators(folder: Path, n: int) -> None:
    """Tables of creators with readings, posts and comments."""
    from zhenfen.simulate import simulate_bulk

    for part, rows in _shares(n):
        for name, frame in simulate_bulk(rows, seed=part).frames.items():
            if name != "provenance":
                (folder / name).mkdir(parents=True, exist_ok=True)
                frame.write_parquet(folder / name / f"{part:02d}.parquet")


MAKERS: dict[str, Callable[[Path, int], None]] = {
    "profiles": make_profiles,
    "comments": make_comments,
    "creators": make_creators,
}


def _shares(n: int) -> list[tuple[int, int]]:
    """Part and its rows."""
    return [(part, n // N_PARTS + (part < n % N_PARTS)) for part in range(N_PARTS)]


def command(kind: str, source: Path, out: Path, engine: str, workers: int) -> list[str]:
    """`zhenfen score`, that prints its exit code and peak memory at the end."""
    arguments = ["score", kind, str(source), "--out", str(out), "--engine", engine, "--workers", str(workers)]
    return [sys.executable, "-c", START + MEASURED, *arguments]


def run(kind: str, source: Path, out: Path, engine: str, workers: int) -> tuple[float, float]:
    """Seconds and peak MB."""
    start = time.perf_counter()
    done = subprocess.run(command(kind, source, out, engine, workers), check=True, capture_output=True, text=True)
    code, *peaks = json.loads(done.stdout.strip().splitlines()[-1])
    if code:
        raise SystemExit(done.stderr)
    return time.perf_counter() - start, max(peaks)


def kill_and_continue(source: Path, out: Path, n_kills: int, seconds: float) -> int:
    """Kill a run of profiles at random moments, continue it each time; returns the kills that hit a running one."""
    rng = random.Random(1)
    hits = 0
    for _ in range(n_kills):
        process = subprocess.Popen(
            command("profiles", source, out, "local", 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(rng.uniform(0.1, seconds))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            hits += 1
    run("profiles", source, out, "local", 2)
    return hits


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a result."""
    files = (path for path in folder.rglob("*") if path.is_file() and "_work" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def compare(folder: Path, sizes: dict[str, int], engines: list[tuple[str, int]]) -> None:
    """Print a row a kind, size and engine; every run of the same input must give the same bytes."""
    print(f"{'':<10}{'rows':>10}  {'engine':<8}{'workers':>8}{'seconds':>9}{'rows/s':>10}{'peak MB':>9}  same bytes")
    for kind, n_rows in sizes.items():
        for n in sorted({max(n_rows // 10, 1), n_rows}):
            source = folder / f"{kind}-{n}"
            MAKERS[kind](source, n)
            first: dict[str, bytes] = {}
            # The smaller size only shows whether memory grows.
            for engine, workers in engines if n == n_rows else engines[:1]:
                out = folder / f"{kind}-{n}-{engine}-{workers}"
                seconds, peak = run(kind, source, out, engine, workers)
                first = first or contents(out)
                same = "yes" if contents(out) == first else "NO"
                figures = f"{seconds:>9.1f}{n / seconds:>10,.0f}{peak:>9,.0f}"
                print(f"{kind:<10}{n:>10,}  {engine:<8}{workers:>8}{figures}  {same}")


def main() -> None:
    """Make the inputs, run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--engines", nargs="+", choices=["local", "spark"], default=["local", "spark"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    sizes = {kind: getattr(options, kind) for kind in MAKERS if getattr(options, kind)}
    engines = [(engine, workers) for engine in options.engines for workers in options.workers]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare(folder, sizes, engines)
        if options.kills and options.profiles:
            source = folder / f"profiles-{options.profiles}"
            seconds, _ = run("profiles", source, folder / "straight", "local", 2)
            hits = kill_and_continue(source, folder / "killed", options.kills, seconds)
            same = contents(folder / "straight") == contents(folder / "killed")
            print(f"killed {hits} times of {options.kills}, continued: same bytes: {'yes' if same else 'NO'}")


if __name__ == "__main__":
    main()
