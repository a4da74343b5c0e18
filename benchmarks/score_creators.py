"""Many creators scored from tables to Parquet, step by step: 90 daily readings and 30 posts each, without texts.

    python -m benchmarks.score_creators --creators 100000

The same series are marked with `zhenfen spans` as well. Each runs in a process of its own, so that time and peak memory
stand side by side.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

N_PARTS = 16
KEPT = ("creators", "follower_counts", "posts")
Seconds = dict[str, float]


def make_tables(folder: Path, n_creators: int) -> None:
    """Partitioned tables of simulated creators, as a nightly batch finds them."""
    from zhenfen.simulate import simulate_bulk

    for part in range(N_PARTS):
        n = n_creators // N_PARTS + (part < n_creators % N_PARTS)
        tables = simulate_bulk(n, seed=part)
        for name in KEPT:
            # Parts are made by themselves: the part's number keeps their ids apart.
            ids = pl.col(r"^(creator|post)_id$")
            apart = tables[name].with_columns((pl.lit(f"{part:02d}-") + ids).name.keep())
            (folder / name).mkdir(parents=True, exist_ok=True)
            apart.write_parquet(folder / name / f"{part:02d}.parquet")


class Steps:
    """Seconds by step, from what the work tells of its progress."""

    def __init__(self) -> None:
        self.seconds: Seconds = {}
        self._step, self._since = "reading", time.perf_counter()

    def tell(self, name: str, _done: int, _total: int) -> None:
        """A step begins, or goes on."""
        now = time.perf_counter()
        self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
        self._step, self._since = name, now


def score_all(folder: Path) -> Seconds:
    """What `zhenfen score creators` does."""
    from zhenfen.batch.creator_files import score_creators_file
    from zhenfen.model_store import load_models

    steps = Steps()
    score_creators_file(folder, folder.with_name("scored.parquet"), load_models(), on_progress=steps.tell)
    steps.tell("", 0, 0)
    return steps.seconds


def mark_all(folder: Path) -> Seconds:
    """What `zhenfen spans` does."""
    from zhenfen.vetting.spans import write_spans

    steps = Steps()
    write_spans(folder, folder.with_name("spans.parquet"), on_progress=steps.tell)
    steps.tell("", 0, 0)
    return steps.seconds


COMMANDS: dict[str, Callable[[Path], Seconds]] = {"score creators": score_all, "spans": mark_all}


def run_apart(name: str, folder: Path) -> tuple[Seconds, float]:
    """Seconds by step and peak MB of a command in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.score_creators", "--command", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def main() -> None:
    """Make the tables, run the commands, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--command", choices=sorted(COMMANDS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command:
        seconds = COMMANDS[options.command](options.folder)
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "tables"
        make_tables(tables, options.creators)
        print(f"{options.creators:,} creators\n{'':<24}{'seconds':>9}{'creators/s':>12}{'peak MB':>9}")
        for name in COMMANDS:
            seconds, peak = run_apart(name, tables)
            total = sum(seconds.values())
            print(f"{name:<24}{total:>9.1f}{options.creators / total:>12,.0f}{peak:>9,.0f}")
            for step, part in seconds.items():
                print(f"  {step:<22}{part:>9.1f}")


if __name__ == "__main__":
    main()
