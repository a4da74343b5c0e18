"""What was scored, as Prometheus reads it: rows by model, where their scores lie, and which rows got none.

Every label comes from the program or the shelf, none from a caller: the number of series stays bounded.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from zhenfen.estimators.manifest import Manifest
from zhenfen.estimators.shelved import load_kinds
from zhenfen.model_store import Models

SCORE_EDGES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99, 1.0)
"""Upper ends of the bins of a probability: tenths, and finer at both ends, where calibrated scores crowd together."""
PROBA = "p_"
"""How the columns of probabilities begin."""
NOT_ASSESSED = "not_assessed"
BY_PLATFORM, BY_VALUES, BY_LENGTH = "platform", "values", "length"
"""Why a row is out of a model's domain: nothing validates the model on its platform, its values or its length are none
that the model has seen."""
OUTSIDE = {"profiles": (BY_PLATFORM, BY_VALUES), "posts": (BY_LENGTH,)}
"""Rows whose model states a domain → why one of them may lie outside."""

Labels = tuple[str, ...]
Bins = npt.NDArray[np.int64]


class ScoreCounts(Collector):
    """Counts of scored rows; safe to use from several threads. Series of every model held stand at 0 from the start."""

    def __init__(self, models: Models | None) -> None:
        self._lock = threading.Lock()
        self._rows: Counter[Labels] = Counter()
        self._unscored: Counter[Labels] = Counter()
        self._outside: Counter[Labels] = Counter()
        self._bins: dict[Labels, Bins] = {}
        self._sums: dict[Labels, float] = {}
        self._edges = np.array(SCORE_EDGES)
        for kind in load_kinds().values() if models is not None else ():
            if models is not None and (model := models.find(kind)) is not None:
                rows = (kind.rows, model.manifest.label)
                self._rows[rows] = self._unscored[rows] = 0
                self._outside.update(dict.fromkeys(((*rows, reason) for reason in OUTSIDE.get(kind.rows, ())), 0))
                for name in kind.outputs:
                    if name.startswith(PROBA):
                        self._bins[*rows, name] = np.zeros(len(SCORE_EDGES) + 1, dtype=np.int64)

    def count(self, kind: str, model: str, scored: pl.DataFrame, outside: Mapping[str, int]) -> None:
        """Rows of a kind were scored; each column of scores is put into its bins at once.

        Args:
            kind: What doors call the rows, such as profiles.
            model: Name and version of the model.
            scored: Its answer; columns named p_… are probabilities in [0, 1], null where a row has none.
            outside: Why rows lie out of the model's domain → how many.
        """
        rows = (kind, model)
        found: list[tuple[str, Bins, float]] = []
        n_known = 0
        for name in scored.columns:
            if name.startswith(PROBA):
                known = scored[name].drop_nulls().to_numpy()
                places = np.searchsorted(self._edges, known, side="left")
                bins = np.bincount(places, minlength=len(SCORE_EDGES) + 1).astype(np.int64)
                found.append((name, bins, float(known.sum())))
                n_known = max(n_known, len(known))
        # A creator may be measured and yet not be judged.
        n_judged = (
            scored.height - int((scored["level"] == NOT_ASSESSED).sum()) if "level" in scored.columns else n_known
        )
        with self._lock:
            self._rows[rows] += scored.height
            self._unscored[rows] += scored.height - min(n_known, n_judged)
            for reason, n in outside.items():
                self._outside[*rows, reason] += n
            for name, bins, total in found:
                series = (*rows, name)
                self._bins[series] = self._bins.get(series, 0) + bins
                self._sums[series] = self._sums.get(series, 0.0) + total

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Everything counted so far."""
        with self._lock:
            counts = {
                ("zhenfen_rows_scored", "Rows scored.", ("kind", "model")): dict(self._rows),
                ("zhenfen_rows_not_assessed", "Rows that got no score or no level.", ("kind", "model")): dict(
                    self._unscored
                ),
                ("zhenfen_rows_out_of_domain", "Rows out of the model's domain.", ("kind", "model", "reason")): dict(
                    self._outside
                ),
            }
            bins, sums = dict(self._bins), dict(self._sums)
        for (name, about, labels), values in counts.items():
            family = CounterMetricFamily(name, about, labels=labels)
            for series, n in sorted(values.items()):
                family.add_metric(series, n)
            yield family
        scores = HistogramMetricFamily("zhenfen_score", "Probabilities given.", labels=("kind", "model", "score"))
        ends = [*map(floatToGoString, SCORE_EDGES), "+Inf"]
        for series, in_bins in sorted(bins.items()):
            up_to = np.cumsum(in_bins).tolist()
            scores.add_metric(series, list(zip(ends, up_to, strict=True)), sums.get(series, 0.0))
        yield scores


def count_outside_profiles(scored: pl.DataFrame, platforms: pl.Series, manifest: Manifest) -> dict[str, int]:
    """Why profiles lie out of the domain of their model → how many; `platforms` are those that they were scored as."""
    is_outside = scored["out_of_domain"]
    if not is_outside.any():
        return {}
    is_unknown = ~platforms.is_in(list(manifest.platforms)).fill_null(value=False)
    n_unknown = int((is_outside & is_unknown).sum())
    return {BY_PLATFORM: n_unknown, BY_VALUES: int(is_outside.sum()) - n_unknown}
