"""Batch runs from folder to folder: time, rows/s and peak memory by engine and workers, and runs that are killed.

    python -m benchmarks.batch --quick

Each run is `zhenfen score` in a process of its own. Peak memory is of the whole process tree, Java's included, a page
that processes share counted once. Beside each kind stands pyarrow alone: the same files read, and written with their
first column and four more numbers. Runs that are killed at random moments are continued each time and must end with
the bytes of a run that was not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

N_PARTS = 16
N_COMMENTS = 40
"""Comments of a creator: enough for every family, four million of a hundred thousand creators."""
QUICK = {"profiles": 20_000, "comments": 20_000, "creators": 400}
FULL = {"profiles": 1_000_000, "comments": 1_000_000, "creators": 100_000}
N_NUMBERS = 4
SECONDS_BETWEEN = 0.2
CLI = "from zhenfen.cli.main import main; main()"
ALL_KINDS = tuple(FULL)


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
    from zhenfen.simulate.sellers import bought_comments

    folder.mkdir(parents=True)
    for part, rows in _shares(n):
        rng = np.random.default_rng(part)
        n_farmed = rows // 20
        written = [texts.organic_comments(rng, rows - n_farmed), bought_comments("template", 0, 0, n_farmed, rng)]
        text = pl.concat([one.alias("text") for one in written]).gather(rng.permutation(rows))
        ids = (f"{part:02d}-" + pl.Series(np.arange(rows)).cast(pl.String)).alias("comment_id")
        pl.DataFrame([ids, text]).write_parquet(folder / f"{part:02d}.parquet")


def make_creators(folder: Path, n: int) -> None:
    """Tables of creators with readings, posts and comments."""
    from zhenfen.simulate import simulate_bulk

    for part, rows in _shares(n):
        for name, frame in simulate_bulk(rows, n_comments=N_COMMENTS, seed=part).frames.items():
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


def command(kind: str, source: Path | str, out: Path, engine: str, workers: int) -> list[str]:
    """`zhenfen score`."""
    arguments = ["score", kind, str(source), "--out", str(out), "--engine", engine, "--workers", str(workers)]
    return [sys.executable, "-c", CLI, *arguments]


class Peak(threading.Thread):
    """The most memory in MB that a process and all below it held at once, as far as it was looked at."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.ended = threading.Event()
        self.mb = 0.0

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(SECONDS_BETWEEN):
            self.mb = max(self.mb, sum(map(held_by, below(self.pid))) / 1024)


def below(pid: int) -> list[int]:
    """A process and all that it or they started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of the program, in brackets, may hold blanks.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def held_by(pid: int) -> int:
    """Memory of a process in kB, a page that several share in equal parts; 0 of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def watch(arguments: list[str]) -> tuple[float, float]:
    """Run a command; seconds and peak MB."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=said)
        peak = Peak(process.pid)
        peak.start()
        code = process.wait()
        seconds = time.perf_counter() - start
        peak.ended.set()
        peak.join()
        if code:
            said.seek(0)
            raise SystemExit(said.read().decode())
    return seconds, peak.mb


COPY = f"""
import sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
source, out = map(Path, sys.argv[1:])
for path in source.rglob("*.parquet"):
    table = pq.ParquetFile(path).read()
    less = table.select([0])
    for number in range({N_NUMBERS}):
        less = less.append_column(str(number), pa.array(range(table.num_rows), pa.float64()))
    target = out / path.relative_to(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(less, target)
"""


def copy(source: Path, out: Path) -> list[str]:
    """The reference: what reading and writing alone take."""
    return [sys.executable, "-c", COPY, str(source), str(out)]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a result."""
    files = (path for path in folder.rglob("*") if path.is_file() and "_work" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def compare(folder: Path, sizes: dict[str, int], engines: list[tuple[str, int]]) -> None:
    """Print a row a kind, size and engine; every run of the same input must give the same bytes."""
    heads = f"{'engine':<8}{'workers':>8}{'seconds':>9}{'rows/s':>10}{'peak MB':>9}{'x copy':>8}"
    print(f"{'':<10}{'rows':>10}  {heads}  same bytes")
    for kind, n_rows in sizes.items():
        for n in sorted({max(n_rows // 10, 1), n_rows}):
            # The smaller size only shows whether memory grows.
            _compare_one(folder, kind, n, engines if n == n_rows else engines[:1])


def _compare_one(folder: Path, kind: str, n: int, engines: list[tuple[str, int]]) -> None:
    source = folder / f"{kind}-{n}"
    MAKERS[kind](source, n)
    base, peak = watch(copy(source, folder / "copy"))
    _tell((kind, n), ("pyarrow", 1), (base, peak, base), "")
    first: dict[str, bytes] = {}
    for engine, workers in engines:
        out = folder / f"{kind}-{n}-{engine}-{workers}"
        seconds, peak = watch(command(kind, source, out, engine, workers))
        made = contents(out)
        first = first or made
        _tell((kind, n), (engine, workers), (seconds, peak, base), "yes" if made == first else "NO")
        shutil.rmtree(out)
    shutil.rmtree(folder / "copy")
    shutil.rmtree(source)


def _tell(what: tuple[str, int], who: tuple[str, int], figures: tuple[float, float, float], same: str) -> None:
    (kind, n), (engine, workers), (seconds, peak, base) = what, who, figures
    shown = f"{seconds:>9.1f}{n / seconds:>10,.0f}{peak:>9,.0f}{seconds / base:>8.1f}"
    print(f"{kind:<10}{n:>10,}  {engine:<8}{workers:>8}{shown}  {same}", flush=True)


def kill(folder: Path, kind: str, n: int, n_kills: int) -> None:
    """Kill a run at random moments, continue it each time, and print whether it ends as one that was not."""
    source, out = folder / "source", folder / "killed"
    MAKERS[kind](source, n)
    arguments = command(kind, source, out, "local", 2)
    seconds, _ = watch(command(kind, source, folder / "straight", "local", 2))
    rng = random.Random(1)
    hits = sum(_kill_once(arguments, rng.uniform(0, seconds)) for _ in range(n_kills))
    watch(arguments)
    same = "yes" if contents(folder / "straight") == contents(out) else "NO"
    print(f"{n:,} {kind}: killed {hits} times of {n_kills}, continued each time; same bytes: {same}", flush=True)
    for made in (source, out, folder / "straight"):
        shutil.rmtree(made)


def _kill_once(arguments: list[str], after: float) -> bool:
    """Whether the run was still under way; only its first process is killed, the others have to notice."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def main() -> None:
    """Make the inputs, run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small inputs: whether everything runs, not how fast")
    parser.add_argument("--kinds", nargs="+", choices=ALL_KINDS, default=ALL_KINDS)
    parser.add_argument("--engines", nargs="+", choices=["local", "spark"], default=["local", "spark"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="where inputs and results are kept meanwhile: 6 GB at full size")
    options = parser.parse_args()
    sizes = {kind: (QUICK if options.quick else FULL)[kind] for kind in options.kinds}
    engines = [(engine, workers) for engine in options.engines for workers in options.workers]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        compare(Path(name), sizes, engines)
        for kind in options.kinds if options.kills else ():
            kill(Path(name), kind, max(sizes[kind] // 10, QUICK[kind]), options.kills)


if __name__ == "__main__":
    main()
