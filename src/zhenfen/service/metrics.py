"""Counts and times of the service, as Prometheus reads them.

Routes are named by their template, never by the path that was asked for, and methods nobody knows are one: the number
of series stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

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

from zhenfen.estimators.shelved import load_kinds
from zhenfen.service.score_counts import ScoreCounts
from zhenfen.version import __version__

if TYPE_CHECKING:
    import polars as pl

    from zhenfen.model_store import Models
    from zhenfen.service.settings import Limits

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The client library's own buckets, up to the longest answer allowed."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER = "other"
"""Label of a method or a route that is none of ours."""

# A second series beside every counter, for when it began, helps nobody here.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What one service counts; safe to use from several threads.

    Counters begin at 0 with the process; what the processes of jobs score is not among them.

    Args:
        models: Which models score; None where none are told of.
        limits: How much may wait.
    """

    def __init__(self, models: Models | None = None, limits: Limits | None = None) -> None:
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
        self._refusals = Counter(
            "zhenfen_refusals",
            "Requests refused, by the code of the answer; upload says whether an export was sent.",
            ("code", "upload"),
            registry=self._registry,
        )
        self._scores = ScoreCounts(models)
        self._state = _State()
        for collector in (self._scores, self._state, _Held(models, limits)):
            self._registry.register(collector)
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

    def count_refusal(self, code: str, *, is_upload: bool) -> None:
        """A request was refused; `code` is one of the service's own words."""
        self._refusals.labels(code, str(is_upload).lower()).inc()

    def count_scored(
        self, kind: str, model: str, scored: pl.DataFrame, outside: Mapping[str, int] | None = None
    ) -> None:
        """Rows of a kind were scored; see `ScoreCounts.count`."""
        self._scores.count(kind, model, scored, outside or {})

    def render(self, jobs: Mapping[str, int], n_open: int = 0) -> str:
        """Everything counted so far, in the text form 0.0.4.

        Args:
            jobs: State → number of jobs in it.
            n_open: Requests that are scored or wait for a thread.
        """
        self._state.jobs, self._state.n_open = jobs, n_open
        return generate_latest(self._registry).decode()


class _State(Collector):
    """Jobs and waiting requests as they stand when somebody asks: a state that no job is in any more has no series."""

    def __init__(self) -> None:
        self.jobs: Mapping[str, int] = {}
        self.n_open = 0

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("zhenfen_jobs", "Vetting jobs by state.", labels=("state",))
        for state, n_jobs in sorted(self.jobs.items()):
            family.add_metric((state,), n_jobs)
        yield family
        yield GaugeMetricFamily(
            "zhenfen_scoring_open", "Requests being read apart or scored, or waiting for it.", self.n_open
        )


class _Held(Collector):
    """What stays as it is while the process lives: versions and hashes of what scores, and how much may wait."""

    def __init__(self, models: Models | None, limits: Limits | None) -> None:
        self._families = [_info("zhenfen_build_info", "Version of the program.", ("version",), [(__version__,)])]
        if models is not None:
            held = [
                (kind.rows, model.manifest.label, model.version.rpartition(" ")[2])
                for kind in load_kinds().values()
                if (model := models.find(kind)) is not None
            ]
            about = "Models that score, with the hash that reports print."
            self._families.append(_info("zhenfen_model_info", about, ("kind", "model", "hash"), held))
            parts = list(models.versions.items())
            about = "Panel, rules and models that a judgement depends on, as reports print them."
            self._families.append(_info("zhenfen_part_info", about, ("part", "version"), parts))
        if limits is not None:
            most = GaugeMetricFamily("zhenfen_waiting_limit", "How many may wait.", labels=("what",))
            most.add_metric(("jobs",), limits.n_jobs_waiting)
            most.add_metric(("requests",), limits.n_waiting)
            self._families.append(most)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families


def _info(name: str, about: str, labels: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> GaugeMetricFamily:
    """A series of 1 a row: what Prometheus joins words to numbers by."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for row in rows:
        family.add_metric(row, 1)
    return family
