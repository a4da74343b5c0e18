"""`zhenfen serve` under load from a second process on loopback: requests/s, latency, memory over time, start.

Run: python -m benchmarks.service [SECONDS a case, default 10; 600 shows memory after ten minutes and more]
"""

from __future__ import annotations

import http.client
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import polars as pl

SERVE = "from typer import run; from zhenfen.serving.serve_cli import serve; run(serve)"
JSON, PARQUET = "application/json", "application/vnd.apache.parquet"
PATH = "/v1/score/profiles?as_of=2026-11-01"
DEFAULT_S = 10.0
N_PROCESS_ARGUMENTS = 4


@dataclass(frozen=True)
class Case:
    """One kind of load."""

    n_rows: int
    n_clients: int
    media_type: str


CASES = (
    Case(1, 1, JSON),
    Case(1, 8, JSON),
    Case(1000, 1, JSON),
    Case(1000, 4, JSON),
    Case(1000, 1, PARQUET),
    Case(1000, 4, PARQUET),
)


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
    command = [sys.executable, "-m", "benchmarks.service", str(port), json.dumps(asdict(case)), str(duration_s)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


@contextmanager
def serving(folder: str) -> Iterator[tuple[int, float]]:
    """Port of a running service, and the seconds until its first answer."""
    start = time.perf_counter()
    command = [sys.executable, "-c", SERVE, "--port", "0", "--data", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
            port = int(url.rstrip(".").rpartition(":")[2])
            read(port, "/healthz")
            yield port, time.perf_counter() - start
        finally:
            process.terminate()


def read(port: int, path: str) -> str:
    """An answer's text."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def resident_mb(port: int) -> float:
    """Memory of the service, by its own word."""
    lines = read(port, "/metrics").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_resident_memory_bytes ")) / 2**20


def main() -> None:
    """Print the table; with three arguments be the load generator and print its figures."""
    if len(sys.argv) == N_PROCESS_ARGUMENTS:
        print(json.dumps(press(int(sys.argv[1]), Case(**json.loads(sys.argv[2])), float(sys.argv[3]))))
        return
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_S
    with tempfile.TemporaryDirectory() as folder, serving(folder) as (port, start_s):
        print(f"start to first answer {start_s:.1f} s, {resident_mb(port):.0f} MB; {duration_s:g} s a case")
        names = ("profiles", "clients", "body", "req/s", "rows/s", "p50 ms", "p95 ms", "p99 ms", "MB after")
        print("".join(name.rjust(9) for name in names))
        for case in CASES:
            one = press_apart(port, case, duration_s)
            body = case.media_type.rpartition(".")[2].removeprefix("application/")
            print(
                f"{case.n_rows:>9}{case.n_clients:>9}{body:>9}{one['rate']:>9.1f}{one['rate'] * case.n_rows:>9,.0f}"
                f"{one['p50']:>9.1f}{one['p95']:>9.1f}{one['p99']:>9.1f}{resident_mb(port):>9.0f}"
            )


if __name__ == "__main__":
    main()
