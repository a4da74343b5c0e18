"""How good a model is on rows it has not seen: figures with intervals, and counts at the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from training.fit import balance
from zhenfen.estimators.manifest import ValidationCounts

Array = npt.NDArray[np.float64]
Metric = Callable[[Array, Array, Array], float]
"""Labels, probabilities and weights, each of shape (n,), to a figure."""

FIGURES = ("auc", "ap", "mcc", "brier")
N_RESAMPLES = 200
"""Enough for the 2.5th and 97.5th percentile to the second decimal."""
INTERVAL = (2.5, 97.5)
Figure = tuple[float, float, float]
"""Value, low and high end of the 95 % interval."""


def evaluate(
    rows: pl.DataFrame, probas: Array, threshold: float, seed: int, n_resamples: int = N_RESAMPLES
) -> dict[str, dict[str, Figure]]:
    """Source → figure → value and interval, at even shares of fake and genuine rows.

    Intervals are percentiles over resamples of the groups of near-duplicates (bootstrap).

    Args:
        rows: source, is_fake and twin.
        probas: Probability of each row from a model that has not seen it, shape (n,).
        threshold: From which a row counts as flagged, for mcc.
        seed: Of the resamples.
        n_resamples: How many.
    """
    return {
        source: _evaluate_one(rows.filter(here), probas[here.to_numpy()], threshold, seed, n_resamples)
        for source, here in _by_source(rows)
    }


def count_flagged(rows: pl.DataFrame, probas: Array, threshold: float) -> tuple[ValidationCounts, ...]:
    """Counts of each source at the threshold, as `prevalence` wants them."""
    flagged = rows.select("source", "platform", "is_fake").with_columns(flagged=pl.Series(probas >= threshold))
    fake = pl.col("is_fake") == 1
    counts = flagged.group_by("source", "platform", maintain_order=True).agg(
        n_fake=fake.sum(),
        n_fake_flagged=(fake & pl.col("flagged")).sum(),
        n_genuine=(~fake).sum(),
        n_genuine_flagged=(~fake & pl.col("flagged")).sum(),
    )
    return tuple(ValidationCounts.model_validate(row) for row in counts.iter_rows(named=True))


def mean_of(figures: Mapping[str, Mapping[str, Figure]], name: str) -> float:
    """Mean over the sources of one figure."""
    return float(np.mean([one[name][0] for one in figures.values()]))


def worst_of(figures: Mapping[str, Mapping[str, Figure]], name: str) -> float:
    """The lowest of one figure over the sources."""
    return min(one[name][0] for one in figures.values())


def _by_source(rows: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
    yield from ((source, rows["source"] == source) for source in rows["source"].unique(maintain_order=True))


def _evaluate_one(
    rows: pl.DataFrame, probas: Array, threshold: float, seed: int, n_resamples: int
) -> dict[str, Figure]:
    labels, weight = rows["is_fake"].to_numpy().astype(np.float64), balance(rows)
    group = rows["twin"].rank("dense").to_numpy().astype(np.int64) - 1
    rng = np.random.default_rng(seed)
    metrics = _metrics(threshold)
    times = [_draw(group, rng) for _ in range(n_resamples)]
    drawn = [n_times for n_times in times if len(np.unique(labels[n_times > 0])) > 1]
    found: dict[str, Figure] = {}
    for name, metric in metrics.items():
        values = [metric(labels[n > 0], probas[n > 0], (weight * n)[n > 0]) for n in drawn]
        low, high = np.percentile(values, INTERVAL)
        found[name] = (metric(labels, probas, weight), float(low), float(high))
    return found


def _draw(group: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each row comes up when as many groups as there are get drawn with replacement, shape (n,)."""
    n_groups = int(group.max()) + 1
    return np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[group]


def _metrics(threshold: float) -> dict[str, Metric]:
    from sklearn import metrics

    return {
        "auc": lambda y, p, w: float(metrics.roc_auc_score(y, p, sample_weight=w)),
        "ap": lambda y, p, w: float(metrics.average_precision_score(y, p, sample_weight=w)),
        "mcc": lambda y, p, w: float(metrics.matthews_corrcoef(y, p >= threshold, sample_weight=w)),
        "brier": lambda y, p, w: float(np.average((p - y) ** 2, weights=w)),
    }
