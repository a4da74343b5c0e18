"""What becomes of damaged exports: 10,000 seeded mutants of small exports, imported as the command line imports them.

Each is read, with what was not used listed, or refused with a place and an expectation. Anything else is a fault: an
error that is not ours, a refusal that names no file, something half-written, a process that dies, rows that are lost
without a word. `python -m benchmarks.mutated_exports [how many] [first seed]`; exits with 1 where there is a fault.
Public exports are damaged as well where ZHENFEN_DATA names their folder.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random

from benchmarks.export_mutations import find_fitting
from benchmarks.export_seeds import SEEDS, hand_in

N_MUTANTS = 10_000
N_TOLD = 500
"""After how many mutants of a process it is said how far the run is."""
FIRST_SEED = 20261129
LARGEST_BYTES = 4 * 2**30
"""What a process may have of memory: 4 GiB is a quarter of a usual laptop."""
SLOWEST_SECONDS = 60
"""Of exports of some kB; what takes longer hangs."""

FACTS = ("creators", "posts", "comments", "follower_counts", "audience", "creator_stats")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant.

    Attributes:
        seed: Its number.
        export: The export that was damaged.
        mutation: How: group and name.
        result: read, refused, or what is wrong.
        said: Fault, or the refusal's first line.
        seconds: How long the import took.
        peak_mb: Most memory that the process held meanwhile.
        n_lost: Rows fewer than of the sound export, where nothing says so.
    """

    seed: int
    export: str
    mutation: str
    result: str
    said: str
    seconds: float
    peak_mb: float
    n_lost: int = 0


def make_mutant(seed: int, folder: Path) -> tuple[str, str, Path]:
    """Write the mutant of a number into the empty folder `folder`.

    Returns:
        Name of the export, name of the mutation, and the path to hand in.
    """
    rng = Random(seed)
    exports = {**SEEDS, **{path.name: path for path in _public_exports()}}
    name = rng.choice(sorted(exports))
    _write_export(name, folder)
    for mutation, mutate in find_fitting(rng):
        path = mutate(rng, folder)
        if path is not None:
            return name, mutation, path
    raise ValueError(f"nothing can be done to {name}")


def try_mutant(seed: int, work: Path) -> Outcome:
    """Import the mutant of a number and say what became of it; `work` is an empty folder."""
    from zhenfen.errors import InputError, ZhenfenError

    given = work / "in" / "export"
    given.mkdir(parents=True)
    export, mutation, path = make_mutant(seed, given)
    out = work / "out" / "tables"
    out.parent.mkdir()
    _forget_peak()
    started = time.perf_counter()
    result, said, n_lost = "read", "", 0
    try:
        (n_rows, listed), (n_sound, always) = _import(export, path, out), _import_sound(export)
        n_lost = max(0, n_sound - n_rows) if listed <= always else 0
    except InputError as error:
        result, said = "refused", str(error).partition("\n")[0]
        # A place is a name that the user knows; an expectation is what to do about it.
        if not error.problems or not all(one.file and one.expected for one in error.problems):
            result = "no place"
    except ZhenfenError as error:
        result, said = "no place", repr(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (a parser's panic is no Exception)
        result, said = "traceback", f"{type(error).__name__}: {error}"[:300]
    seconds = time.perf_counter() - started
    left = [one.name for one in out.parent.iterdir()]
    if result != "read" and left:
        result, said = "left behind", ", ".join(left)
    return Outcome(seed, export, mutation, result, said, seconds, _peak_mb(), n_lost)


def _import(export: str, path: Path, out: Path) -> tuple[int, set[tuple[object, ...]]]:
    """As the command line does; how many rows there are, and what is listed as not used."""
    from zhenfen.cli.import_ import import_
    from zhenfen.cli.options import Lang
    from zhenfen.tables import read_tables

    # Sheets that name nobody are of somebody that the user names.
    creator_name = None if export in SEEDS else "小王"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import_(path, str(out), obtained_how="a benchmark", creator_name=creator_name, lang=Lang.EN)
    tables = read_tables(out)
    return sum(tables[name].height for name in FACTS), set(tables["unusable"].rows())


@cache
def _import_sound(export: str) -> tuple[int, set[tuple[object, ...]]]:
    from zhenfen.errors import ZhenfenError

    with tempfile.TemporaryDirectory(prefix="zhenfen-sound-") as name:
        folder = Path(name) / "export"
        folder.mkdir()
        _write_export(export, folder)
        try:
            return _import(export, hand_in(folder), Path(name) / "out")
        except ZhenfenError:
            return 0, set()  # of a kind that is refused nothing can be lost


def _write_export(name: str, folder: Path) -> None:
    if name in SEEDS:
        SEEDS[name](folder)
    else:
        public = next(path for path in _public_exports() if path.name == name)
        shutil.copytree(public, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def _public_exports() -> list[Path]:
    folder = Path(os.environ.get("ZHENFEN_DATA", "")) / "exports"
    return sorted(folder.iterdir()) if "ZHENFEN_DATA" in os.environ and folder.is_dir() else []


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print a table of exports and mutations, then every fault."""
    n_mutants = int(sys.argv[1]) if len(sys.argv) > 1 else N_MUTANTS
    first = int(sys.argv[2]) if len(sys.argv) > 2 else FIRST_SEED  # noqa: PLR2004
    outcomes = _try_all(range(first, first + n_mutants))
    _print_table(outcomes, "export")
    _print_table(outcomes, "mutation")
    faults = [one for one in outcomes if one.result not in ("read", "refused")]
    lost = [one for one in outcomes if one.n_lost]
    print(f"\n{len(outcomes)} mutants from seed {first}, {len(faults)} faults, {len(lost)} read with fewer rows unsaid")
    for one in [*faults, *lost]:
        print(f"{one.seed} {one.export} / {one.mutation}: {one.result}, {one.n_lost} rows fewer {one.said}")
    sys.exit(bool(faults))


def _try_all(seeds: range) -> list[Outcome]:
    """The outcomes of all, in the order of their numbers, by as many processes as there are cores."""
    n_shares = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(n_shares) as pool:
        shares = pool.map(_try_share, [list(seeds[number::n_shares]) for number in range(n_shares)])
    return sorted(chain.from_iterable(shares), key=lambda one: one.seed)


def _try_share(left: list[int]) -> list[Outcome]:
    """The outcomes of these; a process that dies or hangs is one of them, and another goes on behind it."""
    outcomes = list[Outcome]()
    while left:
        command = [sys.executable, "-m", "benchmarks.mutated_exports", "--child", *map(str, left)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            for line in child.stdout or ():
                outcomes.append(Outcome(**json.loads(line)))
                left.pop(0)
                if outcomes[-1].result not in ("read", "refused") or len(outcomes) % N_TOLD == 0:
                    print(f"{len(outcomes)} of this process: {outcomes[-1]}", file=sys.stderr, flush=True)
        if left:
            outcomes.append(Outcome(left.pop(0), "?", "?", "died", f"exit code {child.returncode}", 0, 0))
    return outcomes


def _try_in_child(seeds: list[int]) -> None:
    import faulthandler

    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_BYTES, LARGEST_BYTES))
    for seed in seeds:
        faulthandler.dump_traceback_later(SLOWEST_SECONDS, exit=True)
        with tempfile.TemporaryDirectory(prefix="zhenfen-mutant-") as name:
            os.environ["ZHENFEN_HOME"] = f"{name}/home"
            outcome = try_mutant(seed, Path(name))
        print(json.dumps(asdict(outcome)), flush=True)


def _print_table(outcomes: list[Outcome], by: str) -> None:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[getattr(one, by)].append(one)
    print(f"\n{by:<32}{'read':>7}{'refused':>9}{'faults':>8}{'slowest s':>11}{'peak MB':>9}")
    for name, ones in sorted(groups.items()):
        counts = {result: sum(one.result == result for one in ones) for result in ("read", "refused")}
        n_faults = len(ones) - sum(counts.values())
        slowest, peak = max(one.seconds for one in ones), max(one.peak_mb for one in ones)
        print(f"{name:<32}{counts['read']:>7}{counts['refused']:>9}{n_faults:>8}{slowest:>11.1f}{peak:>9.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _try_in_child([int(one) for one in sys.argv[2:]])
    else:
        main()
