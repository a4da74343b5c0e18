"""How long `import zhenfen` and `zhenfen --help` take, beside an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 9
PROGRAM = Path(sys.executable).with_name("zhenfen")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import zhenfen": [sys.executable, "-c", "import zhenfen"],
    "import polars": [sys.executable, "-c", "import polars"],
    "zhenfen --help": [str(PROGRAM), "--help"],
}


def median_seconds(command: list[str]) -> float:
    """Median wall time of `command` over REPEATS runs after one to warm the caches."""
    subprocess.run(command, check=True, capture_output=True)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print the table."""
    measured = {name: median_seconds(command) for name, command in COMMANDS.items()}
    bare = measured["python -c pass"]
    print(f"{'start-up':<20}{'seconds':>9}{'× bare python':>15}")
    for name, seconds in measured.items():
        print(f"{name:<20}{seconds:>9.3f}{seconds / bare:>15.1f}")


if __name__ == "__main__":
    main()
