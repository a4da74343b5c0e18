"""Curves of held-out probabilities for the tracking run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.evaluate import VIEWS
from training.fit import balance
from training.held_out import pick_view

Array = npt.NDArray[np.float64]
N_BINS = 10


def draw_views(held: pl.DataFrame) -> dict[str, Any]:
    """`draw_curves` of sources that the models knew ("within_…") and of those they did not ("across_…").

    Sources with one label only have no curves, and a view without others has no figures.

    Args:
        held: `held_out.SCHEMA`.
    """
    parts = {view: pick_view(held, view) for view in VIEWS}
    drawn = {view: draw_curves(rows, rows[view].to_numpy()) for view, rows in parts.items() if rows.height}
    return {f"{view}_{name}": figure for view, figures in drawn.items() for name, figure in figures.items()}


def draw_curves(rows: pl.DataFrame, probas: Array) -> dict[str, Any]:
    """File name → matplotlib figure: calibration and precision by recall, one line a source, at even shares."""
    return {
        "calibration.png": _draw(rows, probas, _calibration, "probability", "share of fakes"),
        "precision_recall.png": _draw(rows, probas, _precision_recall, "recall", "precision"),
    }


def _draw(rows: pl.DataFrame, probas: Array, curve: Any, x_label: str, y_label: str) -> Any:
    # Without pyplot: no window system is looked for and nothing is kept alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    for source in rows["source"].unique(maintain_order=True):
        here = (rows["source"] == source).to_numpy()
        one = rows.filter(source=source)
        axes.plot(*curve(one["is_fake"].to_numpy(), probas[here], balance(one)), label=source)
    axes.set(xlabel=x_label, ylabel=y_label, xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()
    return figure


def _calibration(labels: Array, probas: Array, weight: Array) -> tuple[Array, Array]:
    """Mean probability and share of fakes of each tenth of the range that holds rows."""
    bins = np.minimum((probas * N_BINS).astype(np.int64), N_BINS - 1)
    mass = np.bincount(bins, weight, N_BINS)
    filled = mass > 0
    sums = (np.bincount(bins, weight * values, N_BINS) for values in (probas, labels))
    mean_proba, share = (one[filled] / mass[filled] for one in sums)
    return mean_proba, share


def _precision_recall(labels: Array, probas: Array, weight: Array) -> tuple[Array, Array]:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(labels, probas, sample_weight=weight)
    return recall, precision
