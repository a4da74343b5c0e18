"""A service that is treated badly: slow connections, many at once, kills in the middle of uploads and jobs.

`python -m benchmarks.service_abuse [kills]` prints what became of each; exits with 1 where nobody else is answered,
a job is lost or something is left behind. `python -m benchmarks.service_abuse --minutes 10` mixes instead good profiles
and vets with damaged bodies, damaged exports and slow clients for so long.
"""

from __future__ import annotations

import contextlib
import io
import itertools
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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.export_mutations import find_fitting
from benchmarks.mutated_exports import make_mutant

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

KINDS = ("profiles", "comments", "posts")
SENT_AS = {
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".tar.gz": "application/gzip",
}
N_SLOW = 20
"""Slow clients at a time, beside the mixed load."""

VET_EVERY = 8
"""Jobs run one at a time: more would wait for longer than anybody watches."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, and its answer: `status` is 0 where there is none."""

    path: str
    status: int
    seconds: float
    said: bytes


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


def crawl_on(port: int, until: float, ends: Counter[str]) -> None:
    """`crawl`, again whenever it was hung up on."""
    while time.monotonic() < until:
        crawl(port, until, ends)


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
        return zip_folder(folder)


def zip_folder(folder: Path) -> bytes:
    """All files of a folder as an archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            # A mutation may name a file in another encoding; a name in an archive is UTF-8.
            archive.write(path, os.fsencode(path.relative_to(folder)).decode(errors="replace"))
    return sink.getvalue()


def tell_state(running: Running, job_id: str) -> str:
    """The state of a job; of one that failed, why."""
    job = json.loads(running.ask(f"/v1/jobs/{job_id}")[1])
    return str(job["error"]["code"] if job.get("error") else job.get("state", "lost"))


def await_jobs(running: Running, job_ids: Sequence[str]) -> dict[str, str]:
    """The states of jobs when they have ended, or none of them has changed for LONGEST_S."""
    until, states = time.monotonic() + LONGEST_S, dict[str, str]()
    while time.monotonic() < until:
        before, states = states, {one: tell_state(running, one) for one in job_ids}
        if states != before:
            until = time.monotonic() + LONGEST_S
        if not {"queued", "running"} & set(states.values()):
            break
        time.sleep(1)
    return states


Question = tuple[str, bytes, str]
"""Path, body and content type."""


def damage_rows(rng: random.Random) -> Iterator[Question]:
    """Bodies of good rows, damaged as exports are."""
    rows = pl.DataFrame(
        {"profile_id": ["1", "2"], "comment_id": ["1", "2"], "post_id": ["1", "2"], "text": ["好", "x"]}
    )
    while True:
        with tempfile.TemporaryDirectory() as name:
            (folder := Path(name) / "rows").mkdir()
            path, kind = folder / rng.choice(["rows.json", "rows.parquet", "rows.arrow"]), rng.choice(KINDS)
            if path.suffix == ".json":
                path.write_text(f'{{"rows":{rows.write_json()}}}', encoding="utf-8")
            elif path.suffix == ".parquet":
                rows.write_parquet(path)
            else:
                rows.write_ipc_stream(path)
            next(one for _, mutate in find_fitting(rng) if (one := mutate(rng, folder)) is not None)
            # A mutation may give the file another name, or remove it.
            bodies = [one.read_bytes() for one in Path(name).rglob("*") if one.is_file()]
            yield f"/v1/score/{kind}", b"".join(bodies), SENT_AS[path.suffix]


def damage_exports(seed: int) -> Iterator[Question]:
    """Damaged exports, to be scored at once and, one in VET_EVERY, to be vetted."""
    for number in itertools.count(seed):
        with tempfile.TemporaryDirectory() as name:
            # Some mutations write beside the export.
            (folder := Path(name) / "export").mkdir()
            path = make_mutant(number, folder)[2]
            suffix = next((one for one in SENT_AS if path.name.endswith(one)), None)
            body = path.read_bytes() if path.is_file() and suffix else zip_folder(folder)
            path_asked = "/v1/score/creators" if number % VET_EVERY else "/v1/vet"
            yield path_asked, body, SENT_AS[suffix or ".zip"]


def ask_on(running: Running, questions: Iterator[Question], until: float, pause_s: float) -> list[Answered]:
    """One client: what it asked, and what it was answered."""
    found = []
    for path, body, kind in questions:
        if time.monotonic() > until:
            break
        start = time.monotonic()
        status, said = running.ask(path, body, kind)
        found.append(Answered(path, status, time.monotonic() - start, said))
        time.sleep(pause_s)
    return found


def watch_memory(running: Running, until: float) -> list[float]:
    """MiB that the service itself held, at the start, in the middle and at the end."""
    found, pause_s = [], (until - time.monotonic() - 2) / 2
    for turn in range(3):
        if turn:
            time.sleep(pause_s)
        told = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
        found.append(int(told.partition("VmRSS:")[2].split()[0]) / 1024)
    return found


def mix(minutes: float) -> bool:
    """Good and hostile requests together; the good ones are answered, and every job that was promised ends."""
    rng, export = random.Random(SEED), make_export()
    good: Question = ("/v1/score/profiles", PROFILES, "application/json")
    vets: Question = ("/v1/vet", export, "application/zip")
    with serve() as (running, _):
        until = time.monotonic() + 60 * minutes
        ends: Counter[str] = Counter()
        slow = [threading.Thread(target=crawl_on, args=(running.port, until, ends)) for _ in range(N_SLOW)]
        for one in slow:
            one.start()
        with ThreadPoolExecutor() as pool:
            memory = pool.submit(watch_memory, running, until)
            asked = {
                "good profiles": pool.submit(ask_on, running, itertools.repeat(good), until, 0.2),
                "good vets": pool.submit(ask_on, running, itertools.repeat(vets), until, 60),
                "damaged rows": pool.submit(ask_on, running, damage_rows(rng), until, 0.2),
                "damaged exports": pool.submit(ask_on, running, damage_exports(SEED), until, 1),
            }
            found = {name: one.result() for name, one in asked.items()}
        for one in slow:
            one.join()
        promised = [
            (name, json.loads(one.said)["job_id"])
            for name, answers in found.items()
            for one in answers
            if one.path == "/v1/vet" and one.status == 202  # noqa: PLR2004 (HTTP)
        ]
        states = await_jobs(running, [job_id for _, job_id in promised])
        after = running.ask("/healthz")[0]
    for name, answers in found.items():
        slowest = max(one.seconds for one in answers)
        print(f"{name}: {dict(Counter(one.status for one in answers))}, slowest {slowest:.1f} s")
    print(f"{N_SLOW} slow clients: {dict(ends)}")
    print("memory of the service:", ", ".join(f"{one:.0f} MiB" for one in memory.result()))
    ended = {name: Counter(states[job_id] for own, job_id in promised if own == name) for name in found}
    print("jobs:", {name: dict(one) for name, one in ended.items() if one}, "afterwards:", after)
    answered = Counter(one.status for name in ("good profiles", "good vets") for one in found[name])
    faults = [one for answers in found.values() for one in answers if one.status in (0, 500)]
    lost = set(states.values()) & {"queued", "running", "lost", "internal"}
    return not faults and not lost and set(answered) <= {200, 202, 503} and set(ended["good vets"]) == {"done"}


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
        states = await_jobs(running, promised)
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
    if "--minutes" in sys.argv:
        sys.exit(not mix(float(sys.argv[-1])))
    with serve() as (running, _):
        results = [starve(running), crowd(running)]
    results.append(kill_often(int(sys.argv[1]) if len(sys.argv) > 1 else N_KILLS))
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
