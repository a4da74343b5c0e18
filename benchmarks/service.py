"""`zhenfen serve` under load from a second process on loopback: requests/s, latency, processor, memory, cold starts.

The reference, measured in the same run by the same clients, is a bare FastAPI route that reads the body and answers
with a constant: what is left is scoring, checking and counting.

Run: python -m benchmarks.service        about a quarter of an hour, ten minutes of it for the memory
     python -m benchmarks.service quick  half a minute, to see that it works; its figures say little
"""

from __future__ import annotations

import http.client
import io
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
import uvicorn
from fastapi import FastAPI, Request, Response

from zhenfen.service.factory import NO_TELEMETRY
from zhenfen.service.server import listen

MAIN = "from zhenfen.cli.main import main; main()"
JSON, PARQUET = "application/json", "application/vnd.apache.parquet"
PATH = "/v1/score/profiles?as_of=2026-11-01"
PRESS, BARE = "press", "bare"
MIB = 2**20


@dataclass(frozen=True)
class Durations:
    """How long is measured, in seconds, and how many starts."""

    n_starts: int
    case_s: float
    memory_s: float
    memory_step_s: float


FULL = Durations(5, 10, 600, 60)
SHORT = Durations(1, 1, 4, 2)


@dataclass(frozen=True)
class Case:
    """One kind of load."""

    n_rows: int
    n_clients: int
    media_type: str


BARE_CASES = (Case(1, 1, JSON), Case(1, 8, JSON), Case(1000, 1, JSON), Case(1000, 4, JSON))
CASES = (*BARE_CASES, Case(1000, 1, PARQUET), Case(1000, 4, PARQUET))
MEMORY_CASE = Case(1000, 4, JSON)


def make_body(case: Case) -> bytes:
    """Profiles with the columns that most exports have."""
    numbers = range(case.n_rows)
    frame = pl.DataFrame(
        {
            "profile_id": [f"p{n}" for n in numbers],
            "platform": ["weibo"] * case.n_rows,
            "display_name": [("用户7391846502", "阿明爱吃面", "Lily_小仙女")[n % 3] for n in numbers],
            "bio": [("", "热爱生活", None)[n % 3] for n in numbers],
            "n_followers": [n * 37 % 5000 for n in numbers],
            "n_following": [n * 91 % 2000 for n in numbers],
            "n_posts": [n * 13 % 900 for n in numbers],
            "has_avatar": [n % 5 > 0 for n in numbers],
        }
    )
    if case.media_type == JSON:
        return f'{{"rows":{frame.write_json()}}}'.encode()
    sink = io.BytesIO()
    frame.write_parquet(sink)
    return sink.getvalue()


def ask(port: int, case: Case, body: bytes, until: float) -> list[float]:
    """One client: asks again as soon as it is answered; returns how many seconds each answer took."""
    seconds = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while time.perf_counter() < until:
        start = time.perf_counter()
        connection.request("POST", PATH, body, {"Content-Type": case.media_type})
        answer = connection.getresponse()
        content = answer.read()
        seconds.append(time.perf_counter() - start)
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{answer.status}: {content[:200]!r}")
    connection.close()
    return seconds


def press(port: int, case: Case, duration_s: float) -> dict[str, float]:
    """Requests/s and milliseconds at p50, p95, p99 with all clients at once."""
    body = make_body(case)
    start = time.perf_counter()
    with ThreadPoolExecutor(case.n_clients) as clients:
        asked = [clients.submit(ask, port, case, body, start + duration_s) for _ in range(case.n_clients)]
        seconds = [taken for one in asked for taken in one.result()]
    taken = time.perf_counter() - start
    edges = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"rate": len(seconds) / taken, **{f"p{at}": edges[at - 1] * 1000 for at in (50, 95, 99)}}


def press_apart(port: int, case: Case, duration_s: float) -> dict[str, float]:
    """`press` in a process of its own, so that the clients' work is not the service's."""
    words = [PRESS, str(port), json.dumps(asdict(case)), str(duration_s)]
    done = subprocess.run([*this_module(), *words], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def this_module() -> list[str]:
    """The command that runs this file."""
    return [sys.executable, "-m", "benchmarks.service"]


def serve_bare() -> None:
    """The reference: one route, which reads the body and answers with a constant. Prints its port first."""
    app = FastAPI(telemetry=NO_TELEMETRY)

    @app.post("/v1/score/profiles")
    async def answer(request: Request) -> Response:
        await request.body()
        return Response(b'{"n_rows":1,"rows":[]}', media_type=JSON)

    with listen("127.0.0.1", 0) as sock:
        print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, http="h11")).run(sockets=[sock])


@contextmanager
def serving(command: Sequence[str], path: str) -> Iterator[tuple[int, float]]:
    """Port of a server that says where it listens, and the seconds until `path` is there."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
            port = int(url.rstrip(".").rpartition(":")[2])
            read(port, path)
            yield port, time.perf_counter() - start
        finally:
            process.terminate()


def read(port: int, path: str) -> str:
    """An answer's text; of a path that is not there too."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


def ask_process(port: int, figure: str) -> float:
    """What a server's process tells of itself; NaN where it tells nothing."""
    lines = read(port, "/metrics").splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"process_{figure} ")), math.nan)


def resident_mib(port: int) -> float:
    """Memory of the service."""
    return ask_process(port, "resident_memory_bytes") / MIB


def time_starts(folder: Path, n_starts: int) -> None:
    """Print how long a user waits for the command line, and a scheduler for the service."""
    profile, scores = folder / "one.parquet", folder / "scores.parquet"
    profile.write_bytes(make_body(Case(1, 1, PARQUET)))
    commands: dict[str, list[str | Path]] = {
        "--help": ["--help"],
        "score profiles, one row": ["score", "profiles", profile, "--out", scores],
    }
    for name, words in commands.items():
        print(f"zhenfen {name}: {show_seconds([time_command(words) for _ in range(n_starts)])}")
    taken = []
    for _ in range(n_starts):
        with serving(serve_command(folder), "/readyz") as (_, start_s):
            taken.append(start_s)
    print(f"zhenfen serve, to its first answer: {show_seconds(taken)}")


def time_command(words: Sequence[str | Path]) -> float:
    """Seconds that a command takes from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", MAIN, *words], check=True, capture_output=True)
    return time.perf_counter() - start


def show_seconds(taken: Sequence[float]) -> str:
    """The median, and the longest."""
    return f"{statistics.median(taken):.2f} s (longest of {len(taken)}: {max(taken):.2f} s)"


def serve_command(folder: Path) -> list[str]:
    """The service on any free port."""
    return [sys.executable, "-c", MAIN, "serve", "--port", "0", "--data", str(folder / "service")]


def show_case(name: str, port: int, case: Case, duration_s: float) -> float:
    """Print a line of the table; returns requests/s. Processor time is of the service alone, on all cores."""
    before_s = ask_process(port, "cpu_seconds_total")
    one = press_apart(port, case, duration_s)
    cpu_ms = 1000 * (ask_process(port, "cpu_seconds_total") - before_s) / (one["rate"] * duration_s)
    body = case.media_type.rpartition(".")[2].removeprefix("application/")
    print(
        f"{name:<8}{case.n_rows:>9}{case.n_clients:>9}{body:>9}{one['rate']:>9.1f}{one['rate'] * case.n_rows:>10,.0f}"
        f"{one['p50']:>9.1f}{one['p95']:>9.1f}{one['p99']:>9.1f}{cpu_ms:>9.1f}",
        flush=True,
    )
    return one["rate"]


def show_load(folder: Path, durations: Durations) -> None:
    """Print the table of loads, then the memory under a steady one."""
    names = ("profiles", "clients", "body", "req/s", "rows/s", "p50 ms", "p95 ms", "p99 ms", "cpu ms")
    print("server  " + "".join(name.rjust(10 if name == "rows/s" else 9) for name in names))
    with serving([*this_module(), BARE], "/") as (port, _):
        for case in BARE_CASES:
            show_case(BARE, port, case, durations.case_s)
    with serving(serve_command(folder), "/readyz") as (port, _):
        print(f"memory of the service before any request: {resident_mib(port):.0f} MiB")
        for case in CASES:
            show_case("zhenfen", port, case, durations.case_s)
        show_memory(port, durations)


def show_memory(port: int, durations: Durations) -> None:
    """Print the memory at every step of a steady load."""
    print(f"memory under {MEMORY_CASE.n_clients} clients with {MEMORY_CASE.n_rows} profiles a request:")
    start, n_asked = time.perf_counter(), 0.0
    while (passed := time.perf_counter() - start) < durations.memory_s:
        print(f"  after {passed:>5.0f} s and {n_asked:>7,.0f} requests {resident_mib(port):>6.0f} MiB", flush=True)
        n_asked += press_apart(port, MEMORY_CASE, durations.memory_step_s)["rate"] * durations.memory_step_s
    print(f"  after {passed:>5.0f} s and {n_asked:>7,.0f} requests {resident_mib(port):>6.0f} MiB")


def main() -> None:
    """Print the tables; as a child be the load generator, or the reference."""
    match sys.argv[1:]:
        case [] | ["quick"] as words:
            durations = SHORT if words else FULL
            with tempfile.TemporaryDirectory() as folder:
                time_starts(Path(folder), durations.n_starts)
                show_load(Path(folder), durations)
        case ["press", port, case, duration_s]:
            print(json.dumps(press(int(port), Case(**json.loads(case)), float(duration_s))))
        case ["bare"]:
            serve_bare()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
