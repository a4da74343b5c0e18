"""One creator vetted, with a rise that was bought and a pod: 120 days, 65 posts, 2,391 comments; cold and warm.

    python -m benchmarks.vet

Processor time and seconds, medians: `zhenfen vet` from the terminal beside a process that imports polars and reads the
same files; then the same creator scored again and again in one process, as the service does it, beside the reading.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STORY, SEED = "engagement_pod", 1
READ = "import sys; from pathlib import Path; import polars as pl\n"
READ += "for path in Path(sys.argv[1]).glob('*.parquet'): pl.read_parquet(path)"
CLI = "from zhenfen.cli.main import main; main()"
Cost = tuple[float, float]
"""Processor time and seconds."""


def make_creator(folder: Path) -> None:
    """The tables of a creator who bought two fifths of the followers in a burst, and has a pod."""
    from zhenfen.simulate import Campaign, inject, simulate
    from zhenfen.tables import write_tables

    tables = simulate([STORY], SEED).tables
    (creator_id,) = tables["creators"]["creator_id"]
    write_tables(inject(tables, {creator_id: Campaign("follower_burst", 0.4)}, SEED).tables, folder)


def run_apart(code: str, *arguments: str | Path) -> Cost:
    """What Python takes for `code` in a process of its own, what it starts included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def run_here(work: Callable[[], object]) -> Cost:
    """What `work` takes in this process."""
    cpu, start = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - start


def tell(name: str, costs: list[Cost], what: str) -> None:
    """A row of the table: the medians."""
    cpu, seconds = (statistics.median(column) for column in zip(*costs, strict=True))
    print(f"{name:<34}{cpu:>8.2f}{seconds:>9.2f}  {what}", flush=True)


def main() -> None:
    """Make the creator, run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    n = parser.parse_args().repeats
    from zhenfen.model_store import load_models
    from zhenfen.scoring import score
    from zhenfen.tables import read_tables
    from zhenfen.verdict.changes import OVERALL

    print(f"{'':<34}{'CPU s':>8}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as name:
        tables, report = Path(name) / "tables", Path(name) / "report"
        make_creator(tables)
        vet = ("vet", tables, "--out", report)
        # By turns, so that a busy machine slows both alike.
        pairs = [(run_apart(CLI, *vet), run_apart(READ, tables)) for _ in range(n)]
        tell("zhenfen vet", [one for one, _ in pairs], "cold: a process each time")
        tell("polars imported, files read", [one for _, one in pairs], "")
        models = load_models()
        found = score(read_tables(tables), models)
        n_found = found.details[OVERALL]["counterfactuals"].height
        warm = [run_here(lambda: score(read_tables(tables), models)) for _ in range(n)]
        tell("scored with details", warm, f"warm: again in one process; {n_found} ways to a lower level")
        lean = models.with_models(post=None)
        without = [run_here(lambda: score(read_tables(tables), lean)) for _ in range(n)]
        tell("... without the model of posts", without, "")
        tell("files read and checked", [run_here(lambda: read_tables(tables)) for _ in range(n)], "")


if __name__ == "__main__":
    main()
