"""How good a model is on rows it has not seen: figures with intervals, and counts at the threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from training.fit import balance
from zhenfen.estimators.manifest import ValidationCounts

Array = npt.NDArray[np.float64]
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
    here = {source: rows["source"] == source for source in rows["source"].unique(maintain_order=True)}
    return {
        source: _evaluate_one(rows.filter(mine), probas[mine.to_numpy()], threshold, seed, n_resamples)
        for source, mine in here.items()
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


def round_figures(figures: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, list[float]]]:
    """The same with four digits, as model.yaml holds them."""
    return {
        source: {name: [round(value, 4) for value in figure] for name, figure in found.items()}
        for source, found in figures.items()
    }


def take_points(figures: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, float]]:
    """The same without the intervals, as a tracking store holds them."""
    return {source: {name: figure[0] for name, figure in found.items()} for source, found in figures.items()}


def mean_of(figures: Mapping[str, Mapping[str, Figure]], name: str) -> float:
    """Mean over the sources of one figure."""
    return float(np.mean([one[name][0] for one in figures.values()]))


def worst_of(figures: Mapping[str, Mapping[str, Figure]], name: str) -> float:
    """The lowest of one figure over the sources."""
    return min(one[name][0] for one in figures.values())


def _evaluate_one(
    rows: pl.DataFrame, probas: Array, threshold: float, seed: int, n_resamples: int
) -> dict[str, Figure]:
    labels, weight = rows["is_fake"].to_numpy().astype(np.float64), balance(rows)
    group = rows["twin"].rank("dense").to_numpy().astype(np.int64) - 1
    rng = np.random.default_rng(seed)
    drawn = [measure(labels, probas, weight * _draw(group, rng), threshold) for _ in range(n_resamples)]
    low, high = np.nanpercentile(drawn, INTERVAL, axis=0)
    values = measure(labels, probas, weight, threshold)
    return {name: (values[place], float(low[place]), float(high[place])) for place, name in enumerate(FIGURES)}


def measure(labels: Array, probas: Array, weight: Array, threshold: float) -> tuple[float, float, float, float]:
    """FIGURES in their order, all inputs of shape (n,); NaN where a kind of label weighs nothing."""
    if not 0 < labels @ weight < weight.sum():
        return (np.nan, np.nan, np.nan, np.nan)
    levels, place = np.unique(probas, return_inverse=True)
    fake, genuine = (np.bincount(place, weight * kind, len(levels)).astype(np.float64) for kind in (labels, 1 - labels))
    brier = float(np.average((probas - labels) ** 2, weights=weight))
    return _auc(fake, genuine), _average_precision(fake, genuine), _mcc(fake, genuine, levels >= threshold), brier


def _draw(group: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each row comes up when as many groups as there are get drawn with replacement, shape (n,)."""
    n_groups = int(group.max()) + 1
    return np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[group]


def _auc(fake: Array, genuine: Array) -> float:
    """Weights of fake and genuine rows at each probability, ascending; equal probabilities count one half."""
    below = np.cumsum(genuine) - genuine / 2
    return float(fake @ below / (fake.sum() * genuine.sum()))


def _average_precision(fake: Array, genuine: Array) -> float:
    found, flagged = np.cumsum(fake[::-1]), np.cumsum((fake + genuine)[::-1])
    # The highest probabilities may weigh nothing in a resample.
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return float(fake[::-1] @ precision / fake.sum())


def _mcc(fake: Array, genuine: Array, is_flagged: npt.NDArray[np.bool_]) -> float:
    """Matthews' correlation; 0 where every row or none is flagged, as scikit-learn has it."""
    hits, alarms = fake[is_flagged].sum(), genuine[is_flagged].sum()
    misses, rests = fake.sum() - hits, genuine.sum() - alarms
    spread = (hits + alarms) * (hits + misses) * (rests + alarms) * (rests + misses)
    return float((hits * rests - alarms * misses) / np.sqrt(spread)) if spread > 0 else 0.0
