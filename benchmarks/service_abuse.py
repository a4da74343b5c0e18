"""A service that is treated badly: slow connections, many at once, kills in the middle of uploads and jobs.

`python -m benchmarks.service_abuse [kills]` prints what became of each; exits with 1 where nobody else is answered,
a job is lost or something is left behind.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

N_CONNECTIONS = 300
N_KILLS = 10
SEED = 20261129
SLOW_S = 15
"""How long slow clients go on: longer than a head may take."""
LONGEST_S = 300
"""When no job has changed its state for so long, those that wait are called lost."""
PROFILES = json.dumps(
    {"rows": [{"profile_id": "1", "platform": "weibo", "n_followers": 10, "n_following": 9}]}
).encode()


class Running:
    """A service in a process of its own, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = int(free.getsockname()[1])
        self.data = folder / "data"
        command = [sys.executable, "-c", "from zhenfen.cli.main import main; main()", "serve"]
        command += ["--port", str(self.port), "--data", str(self.data)]
        environment = {**os.environ, "ZHENFEN_HOME": str(folder / "home")}
        self.log = (folder / "log").open("ab")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        until = time.monotonic() + LONGEST_S
        while self.ask("/healthz")[0] != 200:  # noqa: PLR2004 (HTTP)
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError((folder / "log").read_text(encoding="utf-8", errors="replace"))
            time.sleep(0.2)

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Status and body of an answer; 0 where there is none."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"content-type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


@contextmanager
def serve() -> Iterator[tuple[Running, Path]]:
    """A service, and the folder that it lives in."""
    with tempfile.TemporaryDirectory(prefix="zhenfen-abuse-", ignore_cleanup_errors=True) as name:
        running = Running(Path(name))
        try:
            yield running, Path(name)
        finally:
            running.kill()


def crawl(port: int, until: float, ends: Counter[str]) -> None:
    """A client that sends a byte a second of a head that never ends."""
    head = b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"x" * 10_000
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.settimeout(0.05)
            for place in range(len(head)):
                connection.send(head[place : place + 1])
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(1):
                        ends["hung up on"] += 1
                        return
                    ends["answered"] += 1
                    return
                if time.monotonic() > until:
                    ends["still there"] += 1
                    return
                time.sleep(1)
    except OSError:
        ends["hung up on"] += 1


def starve(running: Running) -> bool:
    """Good requests beside slow clients."""
    ends: Counter[str] = Counter()
    until = time.monotonic() + SLOW_S
    slow = [threading.Thread(target=crawl, args=(running.port, until, ends)) for _ in range(N_CONNECTIONS)]
    for one in slow:
        one.start()
    good: list[tuple[int, float]] = []
    while time.monotonic() < until:
        start = time.monotonic()
        good.append((running.ask("/v1/score/profiles", PROFILES)[0], time.monotonic() - start))
        time.sleep(0.5)
    for one in slow:
        one.join()
    after = running.ask("/healthz")[0]
    print(f"{N_CONNECTIONS} slow connections: {dict(ends)}")
    answers, slowest = dict(Counter(status for status, _ in good)), max(seconds for _, seconds in good)
    print(f"  good requests beside them: {answers}, slowest {slowest:.1f} s")
    print(f"  afterwards: {after}")
    return after == 200 and any(status == 200 for status, _ in good)  # noqa: PLR2004 (HTTP)


def crowd(running: Running) -> bool:
    """Many good requests at once: each is answered or told to come again."""
    start = time.monotonic()
    with ThreadPoolExecutor(N_CONNECTIONS) as pool:
        found = Counter(pool.map(lambda _: running.ask("/v1/score/profiles", PROFILES)[0], range(N_CONNECTIONS)))
    print(f"{N_CONNECTIONS} good requests at once: {dict(found)} in {time.monotonic() - start:.1f} s")
    return set(found) <= {200, 503}


def make_export() -> bytes:
    """Tables of one creator, zipped."""
    from zhenfen.simulate import simulate
    from zhenfen.tables import write_tables

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tables"
        write_tables(simulate(["organic_small"], seed=1).tables, folder)
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        return sink.getvalue()


def tell_state(running: Running, job_id: str) -> str:
    """The state of a job; of one that failed, why."""
    job = json.loads(running.ask(f"/v1/jobs/{job_id}")[1])
    return str(job["error"]["code"] if job.get("error") else job.get("state", "lost"))


def kill_often(n_kills: int) -> bool:
    """Kill the service at random moments of uploads and jobs; what it promised is kept after a restart."""
    rng, export = random.Random(SEED), make_export()
    with tempfile.TemporaryDirectory(prefix="zhenfen-abuse-", ignore_cleanup_errors=True) as name:
        folder, promised, attempts = Path(name), list[str](), 0
        for _ in range(n_kills):
            running = Running(folder)
            timer = threading.Timer(rng.uniform(0.2, 6), running.kill)
            timer.start()
            while running.process.poll() is None:
                attempts += 1
                status, body = running.ask("/v1/vet", export, "application/zip")
                if status == 202:  # noqa: PLR2004 (HTTP)
                    promised.append(json.loads(body)["job_id"])
                time.sleep(rng.uniform(0, 1))
            timer.join()
        running = Running(folder)
        until, states = time.monotonic() + LONGEST_S, dict[str, str]()
        while time.monotonic() < until:
            before, states = states, {one: tell_state(running, one) for one in promised}
            if states != before:
                until = time.monotonic() + LONGEST_S
            if not {"queued", "running"} & set(states.values()):
                break
            time.sleep(1)
        running.kill()
        with closing(sqlite3.connect(running.data / "jobs.sqlite")) as database:
            sound = database.execute("pragma integrity_check").fetchone()[0]
            known = {row[0] for row in database.execute("select job_id from jobs")}
        litter = sorted(path.name for path in (running.data / "jobs").iterdir() if path.name not in known)
        print(f"{n_kills} kills, {attempts} uploads, {len(promised)} accepted: {dict(Counter(states.values()))}")
        print(f"  database: {sound}; folders of no job: {len(litter)}")
        return sound == "ok" and not litter and set(states.values()) <= {"done", "worker_died"}


def main() -> None:
    """Print what became of all."""
    with serve() as (running, _):
        results = [starve(running), crowd(running)]
    results.append(kill_often(int(sys.argv[1]) if len(sys.argv) > 1 else N_KILLS))
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
