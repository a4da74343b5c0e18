"""The desk under a team: analysts who click through a shortlist on loopback, beside a running job of 200 creators.

Each analyst reads a page, waits a moment, and clicks on: the shortlist, a creator, what happened on some days, a
reviewer, a decision, a declared event. Prints p50 and p95 of each kind of page, errors, conflicts (two analysts on one
row, which the desk answers with 409 and loses nothing), and the service's memory. Stops by itself.

Run: python -m benchmarks.desk_load             20 analysts for 60 s, after the projects are made (minutes)
     python -m benchmarks.desk_load 10m 20 0.5  how long, how many analysts, seconds between two clicks
"""

from __future__ import annotations

import http.client
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.service import resident_mib, serve_command, serving

N_CREATORS = 200
SEED = 19
LONGEST_JOB_S = 600
STAMP = re.compile(r'data-stamp="([0-9a-f]+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')
FILE = re.compile(r'<a href="(creator-[^"/.]+)\.html">')
CONFLICT = 409


@dataclass
class Told:
    """What all analysts saw: milliseconds by kind of page, refusals, and conflicts."""

    taken_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    n_conflicts: int = 0


class Analyst:
    """One browser: a connection that is kept, and the stamp of the last page.

    Args:
        port: Of the service.
        told: Where everything is noted.
        number: Which analyst; seeds what is clicked.
    """

    def __init__(self, port: int, told: Told, number: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.told, self.chance, self.number, self.stamp = told, random.Random(SEED + number), number, ""

    def ask(self, kind: str, place: str, form: dict[str, str] | None = None) -> str:
        """A page, or what a form answers; how long it took and what went wrong is noted."""
        headers = {"Accept-Language": self.chance.choice(["zh-CN", "en", "fr"])}
        if form is not None:
            headers |= {
                "x-stamp": self.stamp,
                "hx-request": "true",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        start = time.perf_counter()
        self.connection.request(
            "GET" if form is None else "POST", place, None if form is None else urlencode(form), headers
        )
        answer = self.connection.getresponse()
        text = answer.read().decode()
        self.told.taken_ms[kind].append((time.perf_counter() - start) * 1000)
        if answer.status == CONFLICT:
            self.told.n_conflicts += 1
        elif answer.status >= http.HTTPStatus.BAD_REQUEST:
            self.told.errors.append(f"{kind}: {answer.status}")
        self.stamp = found[1] if (found := STAMP.search(text)) else self.stamp
        return text

    def work(self, homes: list[str], until: float, pause_s: float) -> None:
        """Click through one of the projects at `homes` until the time is over."""
        while time.perf_counter() < until:
            home = self.chance.choice(homes)
            shortlist = self.ask("shortlist", f"{home}/index.html")
            files = FILE.findall(shortlist)
            for file in self.chance.sample(files, 3):
                time.sleep(self.chance.uniform(0.5, 1.5) * pause_s)
                self.review(home, file)

    def review(self, home: str, file: str) -> None:
        """Read a creator's page, look at some days, and say something of the creator."""
        page = self.ask("creator", f"{home}/{file}.html")
        self.ask("days", f"{home}/{file}/days?start=2026-09-01&end=2026-09-14")
        version = VERSION.search(page)
        if version is None:
            self.told.errors.append("creator: no form")
            return
        review = f"{home}/reviews/{file}"
        match self.chance.choice(["owner", "decision", "declare"]):
            case "owner":
                self.ask("owner", review, {"version": version[1], "owner": f"analyst {self.number}"})
            case "decision":
                said = {"decision": self.chance.choice(["approve", "wait"]), "reason": f"by {self.number}"}
                self.ask("decision", review, {"version": version[1], "is_decision": "true", **said})
            case "declare":
                day = f"2026-09-{self.chance.randrange(1, 29):02d}"
                self.ask("declare", f"{home}/{file}/declare", {"kind": "giveaway", "starts_on": day, "said": "receipt"})


def make_projects(data: Path) -> Callable[[], str]:
    """What makes a project of simulated creators in a service's folder and returns its address."""
    from zhenfen.desk_cases.project import open_projects
    from zhenfen.simulate import simulate_bulk
    from zhenfen.tables import write_tables

    tables = simulate_bulk(N_CREATORS, seed=SEED)
    projects = open_projects(data)

    def make() -> str:
        project = projects.make(f"{N_CREATORS} simulated creators", "local")
        write_tables(tables, projects.add_batch(project.project_id))
        return f"/projects/{project.project_id}"

    return make


def vet(asker: Analyst, home: str) -> float:
    """Have a project vetted and wait for its report; returns the seconds that took."""
    start = time.perf_counter()
    asker.ask("home", "/")
    asker.ask("job", f"{home}/job", {})
    while time.perf_counter() - start < LONGEST_JOB_S:
        told = asker.ask("job", f"{home}/job/told")
        if '"done"' in told:
            return time.perf_counter() - start
        if '"failed"' in told:
            raise RuntimeError(told)
        time.sleep(1)
    raise RuntimeError("the job does not end")


@contextmanager
def job_running(port: int, home: str) -> Iterator[None]:
    """A project's job that runs while the block does; it ends with the service at the latest."""
    asker = Analyst(port, Told(), 0)
    asker.ask("home", "/")
    asker.ask("job", f"{home}/job", {})
    yield
    asker = Analyst(port, Told(), 0)
    is_over = '"done"' in asker.ask("job", f"{home}/job/told")
    print(f"the job beside them {'ended before them' if is_over else 'ran until they ended'}")


def show(told: Told) -> None:
    """Print a line for each kind of page."""
    print(f"{'page':<12}{'n':>7}{'p50 ms':>9}{'p95 ms':>9}{'longest':>9}")
    for kind, taken in sorted(told.taken_ms.items()):
        edges = statistics.quantiles(taken, n=20, method="inclusive") if len(taken) > 1 else taken * 19
        print(f"{kind:<12}{len(taken):>7}{edges[9]:>9.0f}{edges[18]:>9.0f}{max(taken):>9.0f}")
    print(f"errors: {len(told.errors)} {sorted(set(told.errors))}; conflicts: {told.n_conflicts}")


def press(port: int, home: list[str], n_analysts: int, duration_s: float, pause_s: float) -> None:
    """Print what so many analysts saw."""
    told, start, before = Told(), time.perf_counter(), resident_mib(port)
    with ThreadPoolExecutor(n_analysts) as pool:
        analysts = [Analyst(port, told, number) for number in range(n_analysts)]
        for done in [pool.submit(one.work, home, start + duration_s, pause_s) for one in analysts]:
            done.result()
    n, taken_s = sum(map(len, told.taken_ms.values())), time.perf_counter() - start
    print(f"{n_analysts} analysts, {taken_s:.0f} s, {n / taken_s:.1f} pages/s, load average {os.getloadavg()[0]:.1f}")
    show(told)
    print(f"memory of the service: {before:.0f} MiB before, {resident_mib(port):.0f} MiB after", flush=True)


def main() -> None:
    """Print the tables: one analyst alone, all of them alone, all of them beside a job."""
    words = [*sys.argv[1:], *("60", "20", "1")[len(sys.argv) - 1 :]]
    duration_s = float(words[0].removesuffix("m")) * (60 if words[0].endswith("m") else 1)
    n_analysts, pause_s = int(words[1]), float(words[2])
    with tempfile.TemporaryDirectory() as folder, serving(serve_command(Path(folder)), "/readyz") as (port, _):
        make = make_projects(Path(folder) / "service")
        home = make()
        taken_s = vet(Analyst(port, Told(), 0), home)
        print(f"vetting {N_CREATORS} creators in three languages: {taken_s:.0f} s", flush=True)
        press(port, [home], 1, min(duration_s, 20), pause_s)
        press(port, [home], n_analysts, duration_s / 2, pause_s)
        with job_running(port, make()):
            press(port, [home], n_analysts, duration_s, pause_s)


if __name__ == "__main__":
    main()
