"""The gate: whether a challenger may take the champion's place, by configs/gate.yaml."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.evaluate import INTERVAL, VIEWS, measure
from training.fit import balance
from training.held_out import measure_calibration
from training.packaging import make_rows
from zhenfen.config import Strict
from zhenfen.estimators.manifest import read_manifest
from zhenfen.scoring.frames import open_scorer
from zhenfen.shelf import FILE_NAME

Array = npt.NDArray[np.float64]

ALL = "all"
ANY_THRESHOLD = 0.5
"""`measure` wants one for a figure that is not read here."""


class Margins(Strict):
    """By how much a figure may be worse than the champion's: at the low end of the 95 % interval of the difference."""

    auc: float = Field(ge=0)
    brier: float = Field(ge=0)


class Limits(Strict):
    """What one model must hold.

    Attributes:
        size: What `size` means for its rows, for the table.
        edges: Where its size bands begin, ascending; the first band ends before the first of them.
        overall: Margins over all rows.
        slices: Margins on each source, platform and size band.
        most_calibration_error: Highest calibration error over all rows of sources it knew.
        slowest: Fewest rows a second, by the champion's in the same process.
        most_bytes: Size of its shelf folder.
    """

    size: str
    edges: tuple[float, ...] = Field(min_length=1)
    overall: Margins
    slices: Margins
    most_calibration_error: float = Field(gt=0, lt=1)
    slowest: float = Field(gt=0, le=1)
    most_bytes: int = Field(ge=1)


class Gate(Strict):
    """configs/gate.yaml.

    Attributes:
        seed: Of the resamples.
        n_resamples: How many.
        fewest_rows: Rows of either label from which a slice is judged.
        fewest_shared: Share of the champion's held-out rows that the challenger has scored too, on every slice.
        n_timed: Rows that are scored to time a model.
        n_rounds: How often, the two models in turn; the fastest round of each counts.
        models: Model name → limits.
    """

    seed: int
    n_resamples: int = Field(ge=100)
    fewest_rows: int = Field(ge=2)
    fewest_shared: float = Field(gt=0, le=1)
    n_timed: int = Field(ge=1)
    n_rounds: int = Field(ge=1)
    models: dict[str, Limits]


@dataclass(frozen=True)
class Check:
    """One line of the gate's table.

    Attributes:
        what: auc, brier, shared_rows, calibration_error, speed or bytes.
        where: View and slice, such as "within platform weibo"; empty for what concerns the whole model.
        value: The challenger's figure; where `low` stands, its difference from the champion's, and higher is better.
        limit: What value, or low, is held against.
        passed: None where there are too few rows to say.
        low: Low end of the 95 % interval of a difference.
        high: High end.
    """

    what: str
    where: str
    value: float
    limit: float
    passed: bool | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Contender:
    """A model that is judged: its shelf folder and its held-out scores, `held_out.SCHEMA`."""

    folder: Path
    held: pl.DataFrame


def judge(gate: Gate, name: str, challenger: Contender, champion: Contender | None) -> list[Check]:
    """Every check of a challenger; without a champion nothing is compared."""
    limits = gate.models[name]
    checks = [check_calibration(challenger.held, limits), check_bytes(challenger.folder, limits)]
    if champion is not None:
        checks += compare(challenger.held, champion.held, limits, gate)
        checks.append(check_speed(challenger.folder, champion.folder, limits, gate))
    return checks


def may_promote(checks: Sequence[Check]) -> bool:
    """Whether every check that could be made was passed."""
    return all(check.passed is not False for check in checks)


def compare(held: pl.DataFrame, before: pl.DataFrame, limits: Limits, gate: Gate) -> list[Check]:
    """Differences of challenger and champion on the rows that both have scored, by view and slice, paired by row."""
    both = held.join(before.select("row", *VIEWS), on="row", suffix="_before", maintain_order="left")
    checks: list[Check] = []
    for view in VIEWS:
        checks += check_shared(held, before, view, limits, gate)
        rows = both.filter(pl.col(view).is_not_null(), pl.col(f"{view}_before").is_not_null())
        for where, part in make_slices(rows, limits):
            margins = limits.overall if where == ALL else limits.slices
            checks += _compare_slice(part, view, where, margins, gate)
    if not any(check.where.endswith(ALL) and check.passed is not None for check in checks):
        # Nothing in common is no reason to promote.
        checks.append(Check("rows", ALL, both.height, 2 * gate.fewest_rows, passed=False))
    return checks


def check_shared(held: pl.DataFrame, before: pl.DataFrame, view: str, limits: Limits, gate: Gate) -> Iterator[Check]:
    """How much of what the champion has scored the challenger has scored too; of slices, those with too little.

    On a source or a band that it leaves out it could not be seen to be worse.
    """
    scored = held.filter(pl.col(view).is_not_null())["row"]
    rows = _with_enough(before.filter(pl.col(view).is_not_null()), gate)
    rows = rows.with_columns(is_shared=pl.col("row").is_in(scored.implode()))
    for where, part in make_slices(rows, limits) if rows.height else ():
        found, limit = float(part["is_shared"].cast(pl.Float64).sum()) / part.height, gate.fewest_shared
        if where == ALL or found < limit:
            yield Check("shared_rows", f"{view} {where}", found, limit, passed=found >= limit)


def make_slices(rows: pl.DataFrame, limits: Limits) -> Iterator[tuple[str, pl.DataFrame]]:
    """All rows, then each source, platform and size band."""
    yield ALL, rows
    banded = rows.with_columns(band=name_bands(limits))
    for what, column, order in (("source",) * 3, ("platform",) * 3, ("size", "band", "size")):
        if banded[column].n_unique() > 1:
            ordered = banded.sort(order, nulls_last=True, maintain_order=True)
            for (value,), part in ordered.partition_by(column, as_dict=True, maintain_order=True).items():
                yield f"{what} {value}", part


def name_bands(limits: Limits) -> pl.Expr:
    """The band of each size, in words."""
    band = pl.lit(f"below {limits.edges[0]:g}")
    for edge in limits.edges:
        band = pl.when(pl.col("size") >= edge).then(pl.lit(f"from {edge:g}")).otherwise(band)
    known = pl.when(pl.col("size").is_not_null()).then(band).otherwise(pl.lit("unknown"))
    return pl.format("{} {}", known, pl.lit(limits.size))


def check_calibration(held: pl.DataFrame, limits: Limits) -> Check:
    """Calibration error at even shares of both labels, on rows of sources that the model knew."""
    found, limit = measure_calibration(held, VIEWS[0]), limits.most_calibration_error
    where = f"{VIEWS[0]} {ALL}"
    if found is None:
        return Check("calibration_error", where, np.nan, limit, passed=False)
    return Check("calibration_error", where, found, limit, passed=found <= limit)


def check_bytes(folder: Path, limits: Limits) -> Check:
    """Size of the files that a model is shipped as."""
    names = (FILE_NAME, *read_manifest(folder).files)
    found = sum((folder / name).stat().st_size for name in names)
    return Check("bytes", "", found, limits.most_bytes, passed=found <= limits.most_bytes)


def check_speed(challenger: Path, champion: Path, limits: Limits, gate: Gate) -> Check:
    """Rows a second by the champion's; both score the same simulated rows, in turn, in this process."""
    scorers = [open_scorer(folder) for folder in (challenger, champion)]
    inputs = [make_rows(read_manifest(folder), gate.n_timed) for folder in (challenger, champion)]
    seconds = np.zeros((gate.n_rounds, len(scorers)))
    for turn in range(gate.n_rounds):
        for place, (scorer, rows) in enumerate(zip(scorers, inputs, strict=True)):
            since = time.perf_counter()
            scorer(rows, None)
            seconds[turn, place] = time.perf_counter() - since
    # The fastest round is the one that other programs disturbed least.
    fastest = seconds.min(axis=0)
    found = float(fastest[1] / fastest[0])
    return Check("speed", "", found, limits.slowest, passed=found >= limits.slowest)


def _compare_slice(rows: pl.DataFrame, view: str, where: str, margins: Margins, gate: Gate) -> Iterator[Check]:
    """auc of the sources where both labels have rows enough; brier of the labels that have."""
    place = f"{view} {where}"
    rows = _with_enough(rows, gate)
    values, drawn = _differences(rows, view, gate) if rows.height else (np.full(2, np.nan), np.full((1, 2), np.nan))
    for number, (name, margin) in enumerate((("auc", margins.auc), ("brier", margins.brier))):
        if np.isnan(values[number]):
            yield Check(name, place, np.nan, -margin, passed=None)
            continue
        low, high = (float(end) for end in np.nanpercentile(drawn[:, number], INTERVAL))
        yield Check(name, place, float(values[number]), -margin, low >= -margin, low, high)


def _differences(rows: pl.DataFrame, view: str, gate: Gate) -> tuple[Array, Array]:
    """Challenger less champion: auc and brier (turned round, so that higher is better), and the same of each resample.

    Groups of near-duplicates are drawn, and the same ones for both models.
    """
    parts = rows.with_columns(pl.col("twin").rank("dense").cast(pl.Int64) - 1).partition_by("source")
    sources = [_Source(part, view) for part in parts]
    n_groups = rows["twin"].n_unique()
    rng = np.random.default_rng(gate.seed)
    draws = (np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups) for _ in range(gate.n_resamples))
    return _mean(sources, np.ones(n_groups)), np.array([_mean(sources, drawn) for drawn in draws])


class _Source:
    """The rows of one source: its scores are ordered among themselves only, for each view has a model a source."""

    def __init__(self, rows: pl.DataFrame, view: str) -> None:
        self.labels = rows["is_fake"].to_numpy().astype(np.float64)
        self.weight = balance(rows)
        self.group = rows["twin"].to_numpy()
        self.probas = [rows[name].to_numpy() for name in (view, f"{view}_before")]

    def difference(self, drawn: npt.NDArray[Any]) -> Array:
        """Of the two figures, where group number n counts `drawn[n]` times; NaN where nothing of a kind was drawn."""
        weight = self.weight * drawn[self.group]
        new, old = (_figures(self.labels, one, weight) for one in self.probas)
        return new - old


def _mean(sources: Sequence[_Source], drawn: npt.NDArray[Any]) -> Array:
    """Over the sources in which a figure is known; NaN where it is in none."""
    found = np.array([source.difference(drawn) for source in sources])
    known = ~np.isnan(found)
    n_known = known.sum(axis=0)
    means = np.full(2, np.nan)
    np.divide(np.where(known, found, 0.0).sum(axis=0), n_known, out=means, where=n_known > 0)
    return means


def _figures(labels: Array, probas: Array, weight: Array) -> Array:
    if weight.sum() == 0:
        return np.full(2, np.nan)
    auc, *_ = measure(labels, probas, weight, ANY_THRESHOLD)
    return np.array([auc, -np.average((probas - labels) ** 2, weights=weight)])


def _with_enough(rows: pl.DataFrame, gate: Gate) -> pl.DataFrame:
    return rows.filter(pl.len().over("source", "is_fake") >= gate.fewest_rows)
