"""How good a model is on rows it has not seen: figures with intervals, and counts at the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.fit import balance
from zhenfen.estimators.manifest import ValidationCounts

Array = npt.NDArray[np.float64]
EVEN = 0.5
"""The share of fakes that figures and probabilities are at."""
VIEWS = ("within", "across")
"""By models that knew the source of a row, and by models that did not."""
FIGURES = ("auc", "ap", "mcc", "brier")
N_RESAMPLES = 200
"""Enough for the 2.5th and 97.5th percentile to the second decimal."""
INTERVAL = (2.5, 97.5)
Figure = tuple[float, float, float]
"""Value, low and high end of the 95 % interval."""
Figures = Mapping[str, Mapping[str, Figure]]
"""Source → figure → value."""


@dataclass(frozen=True)
class Judged:
    """Rows scored by models that had not seen them, and what that shows.

    Attributes:
        rows: source, platform, is_fake, twin, and the probabilities `within` and `across`, NaN where a view has none.
        threshold: Probability from which a row counts as flagged.
        figures: View → source → figures.
    """

    rows: pl.DataFrame
    threshold: float
    figures: Mapping[str, Figures]

    def to_manifest(self) -> dict[str, Any]:
        """What model.yaml says of it: threshold, counts and figures."""
        judging = {view: with_both_labels(self.rows.filter(pl.col(view).is_not_nan())) for view in VIEWS}
        within, across = (count_flagged(rows, rows[view].to_numpy(), self.threshold) for view, rows in judging.items())
        return {
            "threshold": self.threshold,
            "validations": within,
            "validations_across": across,
            "metrics": {view: round_figures(found) for view, found in self.figures.items()},
        }

    def to_metrics(self) -> dict[str, dict[str, Any]]:
        """View → source → figure, as a tracking store holds them."""
        return {view: dict(take_points(found)) for view, found in self.figures.items()}


def judge(rows: pl.DataFrame, threshold: float, seed: int) -> Judged:
    """The figures of both views.

    Args:
        rows: See `Judged`.
        threshold: See `Judged`.
        seed: Of the resamples.
    """
    judging = {view: with_both_labels(rows.filter(pl.col(view).is_not_nan())) for view in VIEWS}
    figures = {view: evaluate(found, found[view].to_numpy(), threshold, seed) for view, found in judging.items()}
    return Judged(rows, threshold, figures)


def with_both_labels(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the sources that have rows of both labels."""
    return rows.filter(pl.col("is_fake").n_unique().over("source") > 1)


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
    found = {}
    for source in rows["source"].unique(maintain_order=True):
        mine = rows["source"] == source
        part, own = rows.filter(mine), probas[mine.to_numpy()]
        labels, weight = part["is_fake"].to_numpy().astype(np.float64), balance(part)
        group = part["twin"].rank("dense").to_numpy().astype(np.int64) - 1
        n_groups = int(group.max()) + 1
        rng = np.random.default_rng(seed)
        # How often each group comes up when as many as there are get drawn with replacement.
        draws = (np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups) for _ in range(n_resamples))
        drawn = [measure(labels, own, weight * times[group], threshold) for times in draws]
        low, high = np.nanpercentile(drawn, INTERVAL, axis=0)
        values = measure(labels, own, weight, threshold)
        found[source] = {
            name: (values[place], float(low[place]), float(high[place])) for place, name in enumerate(FIGURES)
        }
    return found


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


def choose_threshold(rows: pl.DataFrame, probas: Array, most_false_alarms: float) -> float:
    """The lowest probability from which no source has more than that share flagged; rounded up to four digits.

    Args:
        rows: source of genuine rows.
        probas: Theirs, by models that had not seen them, shape (n,).
        most_false_alarms: In (0, 1).
    """
    quantile = pl.col("proba").quantile(1 - most_false_alarms, "higher")
    ends = rows.select("source", proba=pl.Series(probas)).group_by("source").agg(quantile)
    highest = ends["proba"].to_numpy().max()
    return float(np.ceil(np.nextafter(highest, 1) * 1e4) / 1e4)


def round_figures(figures: Figures) -> dict[str, dict[str, list[float]]]:
    """The same with four digits, as model.yaml holds them."""
    return {
        source: {name: [round(value, 4) for value in figure] for name, figure in found.items()}
        for source, found in figures.items()
    }


def take_points(figures: Figures) -> dict[str, dict[str, float]]:
    """The same without the intervals, as a tracking store holds them."""
    return {source: {name: figure[0] for name, figure in found.items()} for source, found in figures.items()}


def mean_of(figures: Figures, name: str) -> float:
    """Mean over the sources of one figure."""
    return float(np.mean([one[name][0] for one in figures.values()]))


def worst_of(figures: Figures, name: str) -> float:
    """The lowest of one figure over the sources."""
    return min(one[name][0] for one in figures.values())


def measure(labels: Array, probas: Array, weight: Array, threshold: float) -> tuple[float, float, float, float]:
    """FIGURES in their order, all inputs of shape (n,); NaN where a kind of label weighs nothing."""
    if not 0 < labels @ weight < weight.sum():
        return (np.nan, np.nan, np.nan, np.nan)
    levels, place = np.unique(probas, return_inverse=True)
    fake, genuine = (np.bincount(place, weight * kind, len(levels)).astype(np.float64) for kind in (labels, 1 - labels))
    # AUC: equal probabilities count one half.
    auc = float(fake @ (np.cumsum(genuine) - genuine / 2) / (fake.sum() * genuine.sum()))
    # Average precision: the highest probabilities may weigh nothing in a resample.
    found, flagged = np.cumsum(fake[::-1]), np.cumsum((fake + genuine)[::-1])
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    average_precision = float(fake[::-1] @ precision / fake.sum())
    # Matthews' correlation: 0 where every row or none is flagged, as scikit-learn has it.
    hits, alarms = fake[levels >= threshold].sum(), genuine[levels >= threshold].sum()
    misses, rests = fake.sum() - hits, genuine.sum() - alarms
    spread = (hits + alarms) * (hits + misses) * (rests + alarms) * (rests + misses)
    mcc = float((hits * rests - alarms * misses) / np.sqrt(spread)) if spread > 0 else 0.0
    return auc, average_precision, mcc, float(np.average((probas - labels) ** 2, weights=weight))


def calibration_error(labels: Array, probas: Array, weight: Array, n_bins: int = 10) -> float:
    """Mean distance of the probability from the share of manipulated, over bins of equal width (ECE)."""
    bins = np.minimum((probas * n_bins).astype(np.int64), n_bins - 1)
    sums = [np.bincount(bins, weight * values, n_bins) for values in (probas, labels)]
    return float(np.abs(sums[0] - sums[1]).sum() / weight.sum())
