"""Counts and times of the service, as Prometheus reads them.

Routes are named by their template, never by the path that was asked for, and methods nobody knows are one: the number
of series stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The client library's own buckets, up to the longest answer allowed."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER = "other"
"""Label of a method or a route that is none of ours."""

# A second series beside every counter, for when it began, helps nobody here.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What one service counts; safe to use from several threads."""

    def __init__(self) -> None:
        # A registry of its own, so that two services in one process do not add up.
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "zhenfen_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "zhenfen_request_seconds",
            "From the first byte to the last.",
            ("route",),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._open = Gauge("zhenfen_requests_open", "Requests being answered.", registry=self._registry)
        self._rows = Counter("zhenfen_rows_scored", "Rows scored.", ("kind",), registry=self._registry)
        self._jobs = _Jobs()
        self._registry.register(self._jobs)
        # Memory, processor and open files of this process, where the system tells.
        ProcessCollector(registry=self._registry)

    def open_request(self) -> None:
        """A request came in."""
        self._open.inc()

    def close_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._open.dec()
        self._requests.labels(method if method in METHODS else OTHER, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_rows(self, kind: str, n_rows: int) -> None:
        """Rows of a kind were scored."""
        self._rows.labels(kind).inc(n_rows)

    def render(self, jobs: Mapping[str, int]) -> str:
        """Everything counted so far, in the text form 0.0.4.

        Args:
            jobs: State → number of jobs in it.
        """
        self._jobs.by_state = jobs
        return generate_latest(self._registry).decode()


class _Jobs(Collector):
    """The jobs as they stand when somebody asks: a state that no job is in any more has no series."""

    def __init__(self) -> None:
        self.by_state: Mapping[str, int] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("zhenfen_jobs", "Vetting jobs by state.", labels=("state",))
        for state, n_jobs in sorted(self.by_state.items()):
            family.add_metric((state,), n_jobs)
        yield family
