"""How many manipulated creators a detector finds at a fixed share of false alarms, by what was bought and how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import binomtest

from training.card import make_table
from training.creator_fit import HeldOut, find_line, is_shocked
from training.evaluate import EVEN

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

DOSES = (0.01, 0.05, 0.10, 0.25, 0.50, 5.0)
LARGE_FROM = 0.1
RECALL_SCHEMA: dict[str, pl.DataType] = {
    "manipulation": pl.String(),
    "slice": pl.String(),
    "detector": pl.String(),
    "n_found": pl.Int64(),
    "n": pl.Int64(),
}


def count_found(
    parts: Mapping[str, HeldOut], by: str, edges: Sequence[float], doses: tuple[float, float] = (0.0, np.inf)
) -> pl.DataFrame:
    """Creators found by manipulation, slice and detector: RECALL_SCHEMA.

    Each detector's line is where 5 % of the held-out creators with an innocent shock lie above; the line and the
    creators beside it are held out together, so a detector gets no credit for where its scores lie.

    Args:
        parts: Manipulation → rows and scores that know nothing of it.
        by: Column that is cut into slices: dose or camouflage.
        edges: Where it is cut, rising; a value at an edge belongs to the slice above.
        doses: Least dose counted, and the one from which on none is.
    """
    return pl.DataFrame(
        [row for kind, held in parts.items() for row in _count_one(kind, held, by, edges, doses)],
        schema=RECALL_SCHEMA,
        orient="row",
    )


def _count_one(
    kind: str, held: HeldOut, by: str, edges: Sequence[float], doses: tuple[float, float]
) -> Iterable[tuple[str, str, str, int, int]]:
    dosed = pl.col("dose").is_between(*doses, closed="left")
    mine = held.rows.select(((pl.col("manipulation") == kind) & dosed).fill_null(False)).to_series().to_numpy()
    values = held.rows[by].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    shocked = is_shocked(held.rows)
    for name, scores in held.scores.items():
        found = np.nan_to_num(scores, nan=-np.inf) > find_line(scores[shocked])
        for low, high in pairwise(edges):
            inside = mine & (values >= low) & (values < high)
            if inside.any():
                yield kind, f"{low:g}–{high:g}", name, int(found[inside].sum()), int(inside.sum())


def compare_auc(
    labels: Numbers, one: Array, other: Array, groups: Numbers, *, seed: int, n_draws: int = 500
) -> tuple[float, float, float]:
    """AUC of `one` less AUC of `other` and its 95 % interval, over resampled groups.

    Args:
        labels: 1 manipulated, shape (n,).
        one: Scores, shape (n,).
        other: Scores of the same rows.
        groups: Numbers of what is drawn together (a roster, a creator), shape (n,).
        seed: Of the draws.
        n_draws: How many.
    """
    rng = np.random.default_rng(seed)
    names, place = np.unique(groups, return_inverse=True)
    ranks = [np.unique(np.asarray_chkfinite(scores), return_inverse=True)[1] for scores in (one, other)]

    def gain(weight: Array) -> float:
        better, worse = (measure_auc(labels, rank, weight) for rank in ranks)
        return better - worse

    differences = []
    for _ in range(n_draws):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weight = times[place].astype(np.float64)
        if min(weight[labels == 0].sum(), weight[labels == 1].sum()) > 0:
            differences.append(gain(weight))
    low, high = np.quantile(differences, [0.025, 0.975])
    return gain(np.ones(len(labels))), float(low), float(high)


def measure_auc(labels: Numbers, ranks: Numbers, weight: Array) -> float:
    """AUC of scores by their dense ranks, equal ones half each, every row as often as it weighs.

    As scikit-learn's, which sorts the scores again for every weighting: a training asks for thousands.

    Args:
        labels: 1 manipulated, shape (n,).
        ranks: From 0, equal where scores are, shape (n,).
        weight: At least 0, more for either label, shape (n,).
    """
    manipulated, others = (np.bincount(ranks, weight * (labels == label)) for label in (1, 0))
    below = np.cumsum(others) - others / 2
    return float((manipulated @ below) / (manipulated.sum() * others.sum()))


def auc_table(held: HeldOut, seed: int) -> str:
    """AUC and recall at the 5 % line of every detector: all doses, and doses of .1 and more, as Markdown."""
    labels = held.rows["is_fake"].to_numpy()
    rosters = held.rows["twin"].rank("dense").cast(pl.Int64).to_numpy()
    is_large = (held.rows["dose"] >= LARGE_FROM).fill_null(value=False).to_numpy()
    shocked = is_shocked(held.rows)
    rows = []
    for name, raw in held.scores.items():
        scores = np.nan_to_num(raw, nan=float(np.nanmin(raw)))
        found = scores > find_line(scores[shocked])
        cells = [name]
        for kept in (np.ones(len(labels), dtype=np.bool_), is_large | (labels == 0)):
            auc, low, high = compare_auc(labels[kept], scores[kept], np.zeros(kept.sum()), rosters[kept], seed=seed)
            bought = kept & (labels == 1)
            # Beside a score that is everywhere the same, whose AUC is one half.
            cells += [
                f"{auc + EVEN:.3f} [{low + EVEN:.3f}, {high + EVEN:.3f}]",
                show_share(int(found[bought].sum()), int(bought.sum())),
            ]
        rows.append(cells)
    return make_table(("detector", "AUC", "recall", "AUC, doses from .1", "recall, doses from .1"), rows)


def show_share(n_found: int, n: int) -> str:
    """`.912 [.901, .923]`: a share with its 95 % Wilson interval."""
    interval = binomtest(n_found, n).proportion_ci(method="wilson")
    return f"{n_found / n:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def recall_table(counts: pl.DataFrame, detector: str) -> str:
    """Rows manipulations and all together, columns slices, as Markdown."""
    mine = counts.filter(pl.col("detector") == detector)
    slices = mine["slice"].unique(maintain_order=True).to_list()
    slices.sort(key=lambda name: float(name.partition("–")[0]))
    kinds = [*mine["manipulation"].unique(maintain_order=True), None]
    return make_table(
        ("bought", *slices), ((kind or "all", *(_cell(mine, kind, one) for one in slices)) for kind in kinds)
    )


def detector_table(counts: pl.DataFrame, slices: Sequence[str]) -> str:
    """Rows manipulations, columns detectors, over the slices named together, as Markdown."""
    inside = counts.filter(pl.col("slice").is_in(list(slices)))
    names = inside["detector"].unique(maintain_order=True).to_list()
    kinds = [*inside["manipulation"].unique(maintain_order=True), None]
    rows = ((kind or "all", *(_cell(inside.filter(detector=name), kind, None) for name in names)) for kind in kinds)
    return make_table(("bought", *names), rows)


def _cell(counts: pl.DataFrame, kind: str | None, one: str | None) -> str:
    for column, wanted in (("manipulation", kind), ("slice", one)):
        counts = counts if wanted is None else counts.filter(pl.col(column) == wanted)
    return show_share(int(counts["n_found"].sum()), int(counts["n"].sum())) if counts.height else "–"
