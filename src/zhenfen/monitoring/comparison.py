"""Every column of two samples beside each other: what moved, what went missing, and what is no chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import polars as pl
from polars import selectors as cs

from zhenfen.monitoring.platforms import FEWEST_ROWS, PLATFORM, split_platforms
from zhenfen.monitoring.rules import MonitorRules
from zhenfen.monitoring.stability import (
    Counts,
    Shift,
    count_bins,
    make_edges,
    shift_of_categories,
    shift_of_numbers,
)

MOST_CATEGORIES = 50
"""Texts with more different values are names or sentences, no categories."""
TOO_FEW, TOO_MANY_CATEGORIES, ABSENT = "too_few", "too_many_categories", "absent"


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin or category and the share of known values in it, in [0, 1].

    Attributes:
        label: Category; None for a bin of numbers.
        low: Lower end, outside; None without bound.
        high: Upper end, inside; None without bound.
        reference: Share in the reference.
        new: Share in the new rows.
    """

    label: str | None
    low: float | None
    high: float | None
    reference: float
    new: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column of both samples.

    Attributes:
        column: Its name.
        n: Known values in the reference and in the new rows.
        missing: Share missing in the reference and in the new rows.
        values: How far the known values moved; None where they were not compared.
        absence: How far the share missing moved.
        bins: Where the known values lie; empty where they were not compared.
        reason: TOO_FEW, TOO_MANY_CATEGORIES or ABSENT (known in neither); None when compared.
        outside: Share of known values outside the range that the model knows, in both; None without such a range.
        medians: Of the known numbers in both; None where they were not compared.
        platform: Platform of the rows; None for all rows together.
    """

    column: str
    n: tuple[int, int]
    missing: tuple[float, float]
    values: Shift | None
    absence: Shift
    bins: tuple[Bin, ...] = ()
    reason: str | None = None
    outside: tuple[float, float] | None = None
    medians: tuple[float, float] | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class JudgedColumn:
    """A comparison beside all others of the run.

    Attributes:
        comparison: The column.
        p_values: Of the known values, corrected for the number of comparisons; None where they were not compared.
        p_absence: Of the share missing, corrected.
        has_moved: Whether the known values changed, by the rules.
        has_absence_moved: Whether the share missing did.
    """

    comparison: Comparison
    p_values: float | None
    p_absence: float
    has_moved: bool
    has_absence_moved: bool

    @property
    def is_drift(self) -> bool:
        """Whether anything of the column changed."""
        return self.has_moved or self.has_absence_moved


def compare_columns(
    reference: pl.DataFrame, new: pl.DataFrame, domain: dict[str, tuple[float, float]], rules: MonitorRules
) -> list[JudgedColumn]:
    """Every column of every platform, in the order of the reference; both frames have rows and the same columns.

    Where the rows name platforms, their mix is a column of its own, and the others are compared within a platform: more
    rows of one do not make all columns move.

    Numbers are compared by the Kolmogorov-Smirnov test, categories and flags by Pearson's. All p-values of the run are
    corrected together (Benjamini & Yekutieli 2001, Ann Stat 29:1165: features depend on each other in any way). A
    change counts when it is no chance and its index reaches `psi_from` and what chance does to samples of these sizes.

    Args:
        reference: Numbers, flags and texts; null where unknown, and so is a number that is not finite.
        new: The same.
        domain: Column → range that the model was trained on.
        rules: Lines.
    """
    then, now = (one.with_columns(cs.float().replace([inf, -inf, nan], None)) for one in (reference, new))
    mix = [_compare(then[PLATFORM], now[PLATFORM], None)] if PLATFORM in then.columns else []
    compared = [
        replace(_compare(part.then[name], part.now[name], domain.get(name)), platform=part.platform)
        for part in split_platforms(then, now)
        for name in then.columns
        if name != PLATFORM
    ]
    return judge([*mix, *compared], rules)


def judge(compared: Sequence[Comparison], rules: MonitorRules) -> list[JudgedColumn]:
    """The comparisons with p-values corrected for their number."""
    from scipy.stats import false_discovery_control

    shifts = [shift for one in compared for shift in (one.absence, one.values) if shift is not None]
    if not shifts:
        return []
    corrected = iter(false_discovery_control([shift.p for shift in shifts], method="by").tolist())
    judged = []
    for one in compared:
        p_absence = next(corrected)
        p_values = None if one.values is None else next(corrected)
        moved = _counts(one.values, p_values, rules), _counts(one.absence, p_absence, rules)
        judged.append(JudgedColumn(one, p_values, p_absence, *moved))
    return judged


def _counts(shift: Shift | None, p: float | None, rules: MonitorRules) -> bool:
    if shift is None or p is None:
        return False
    return p <= rules.false_discovery_rate and shift.psi >= max(rules.psi_from, shift.psi_by_chance)


def _compare(reference: pl.Series, new: pl.Series, domain: tuple[float, float] | None) -> Comparison:
    known = reference.drop_nulls(), new.drop_nulls()
    n, gone = (len(known[0]), len(known[1])), (reference.null_count(), new.null_count())
    counts = [np.array(pair, dtype=np.int64) for pair in zip(n, gone, strict=True)]
    missing = (gone[0] / len(reference), gone[1] / len(new))
    uncompared = Comparison(reference.name, n, missing, None, shift_of_categories(*counts))
    if min(n) < FEWEST_ROWS:
        return replace(uncompared, reason=TOO_FEW if max(n) else ABSENT)
    if reference.dtype.is_numeric():
        then, now = (one.cast(pl.Float64).to_numpy() for one in known)
        edges = make_edges(then)
        in_bins = [count_bins(one, edges) / len(one) for one in (then, now)]
        ends = [None, *edges.tolist(), None]
        bins = (
            Bin(None, *place) for place in zip(ends[:-1], ends[1:], *(one.tolist() for one in in_bins), strict=True)
        )
        outside = None if domain is None else (_outside(known[0], *domain), _outside(known[1], *domain))
        medians = float(np.median(then)), float(np.median(now))
        shift = shift_of_numbers(then, now, edges)
        return replace(uncompared, values=shift, bins=tuple(bins), outside=outside, medians=medians)
    # Texts and flags: rows of each category, of every one that either sample knows.
    names = pl.concat(known).cast(pl.String).unique().sort()
    if len(names) > MOST_CATEGORIES:
        return replace(uncompared, reason=TOO_MANY_CATEGORIES)
    rows: list[Counts] = []
    for one in known:
        seen = one.cast(pl.String).value_counts(name="n")
        ordered = names.to_frame("name").join(
            seen, left_on="name", right_on=one.name, how="left", maintain_order="left"
        )
        rows.append(ordered["n"].fill_null(0).cast(pl.Int64).to_numpy())
    shares = [(one / one.sum()).tolist() for one in rows]
    categories = tuple(Bin(name, None, None, *pair) for name, *pair in zip(names, *shares, strict=True))
    return replace(uncompared, values=shift_of_categories(*rows), bins=categories)


def _outside(values: pl.Series, low: float, high: float) -> float:
    return 1 - int(values.is_between(low, high).sum()) / len(values)
