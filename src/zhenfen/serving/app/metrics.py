"""Counts and times of the service in the text form that Prometheus reads (exposition format 0.0.4).

Routes are named by their template, never by the path that was asked for, and methods nobody knows are one: the number
of series stays bounded.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The client libraries' own buckets, up to the longest answer allowed."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER = "other"
"""Label of a method or a route that is none of ours."""

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What is counted; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[Labels] = Counter()
        self._rows: Counter[Labels] = Counter()
        self._seconds: defaultdict[Labels, Counter[int]] = defaultdict(Counter)
        self._total_s: defaultdict[Labels, float] = defaultdict(float)
        self.n_open = 0

    def open_request(self) -> None:
        """A request came in."""
        with self._lock:
            self.n_open += 1

    def close_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        known = method if method in METHODS else OTHER
        with self._lock:
            self.n_open -= 1
            self._requests[("method", known), ("route", route), ("status", str(status))] += 1
            self._seconds[(("route", route),)][bisect_left(BUCKETS_S, seconds)] += 1
            self._total_s[(("route", route),)] += seconds

    def count_rows(self, kind: str, n_rows: int) -> None:
        """Rows of a kind were scored."""
        with self._lock:
            self._rows[(("kind", kind),)] += n_rows

    def render(self, jobs: Mapping[str, int]) -> str:
        """Everything counted so far.

        Args:
            jobs: State → number of jobs in it.
        """
        with self._lock:
            lines = [
                *_family("zhenfen_requests_total", "counter", "Requests answered.", self._requests),
                *self._render_seconds(),
                *_family("zhenfen_requests_open", "gauge", "Requests being answered.", {(): self.n_open}),
                *_family("zhenfen_rows_scored_total", "counter", "Rows scored.", self._rows),
            ]
        by_state: dict[Labels, int] = {(("state", state),): n for state, n in jobs.items()}
        lines += _family("zhenfen_jobs", "gauge", "Vetting jobs by state.", by_state)
        resident = resident_bytes()
        if resident is not None:
            lines += _family("process_resident_memory_bytes", "gauge", "Resident memory.", {(): resident})
        return "\n".join(lines) + "\n"

    def _render_seconds(self) -> Iterator[str]:
        name = "zhenfen_request_seconds"
        yield from (f"# HELP {name} From the first byte to the last.", f"# TYPE {name} histogram")
        for labels, buckets in sorted(self._seconds.items()):
            n_so_far = 0
            for place, edge in enumerate((*BUCKETS_S, "+Inf")):
                n_so_far += buckets[place]
                yield f"{name}_bucket{_render_labels((*labels, ('le', str(edge))))} {n_so_far}"
            yield f"{name}_sum{_render_labels(labels)} {self._total_s[labels]:.6f}"
            yield f"{name}_count{_render_labels(labels)} {n_so_far}"


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system has no /proc."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:")), None)


def _family(name: str, kind: str, text: str, values: Mapping[Labels, int]) -> Iterator[str]:
    yield from (f"# HELP {name} {text}", f"# TYPE {name} {kind}")
    for labels, value in sorted(values.items()):
        yield f"{name}{_render_labels(labels)} {value}"


def _render_labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}" if labels else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
