"""Columns of the rows that went missing, and what moved for that reason alone.

The reference is measured again without the column, to the extent that the new rows lack it: what moves there as it
moved in the new rows is listed under the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from zhenfen.monitoring.comparison import Comparison, JudgedColumn, compare_columns
from zhenfen.monitoring.measure import MeasuredSample, Subject
from zhenfen.monitoring.platforms import PLATFORM, PlatformRows, split_platforms
from zhenfen.monitoring.prevalence import ShareChange, compare_shares
from zhenfen.monitoring.rules import MonitorRules

MOST_ROWS = 20_000
"""Rows of the reference that are measured again, evenly spaced: a share of them is known to .7 points."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A column of the rows that went missing.

    Attributes:
        column: Its name in the rows.
        platform: Of the rows; None for all rows together.
        missing: Share missing in the reference and in the new rows.
        gone: Measured columns that are missing for it, in their order.
        moved: Columns whose values moved: in the new rows, and in the reference without this column.
        shares: The same of flagged shares.
    """

    column: str
    platform: str | None
    missing: tuple[float, float]
    gone: tuple[str, ...] = ()
    moved: tuple[tuple[JudgedColumn, Comparison], ...] = ()
    shares: tuple[tuple[ShareChange, ShareChange], ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison of two samples found: every column and every flagged share."""

    columns: Sequence[JudgedColumn]
    changes: Sequence[ShareChange]


@dataclass(frozen=True, slots=True)
class MeasuredReference:
    """The reference's rows, what was measured of them, and the moment that their ages were counted at."""

    rows: pl.DataFrame
    measured: MeasuredSample
    as_of: datetime


def find_causes(
    subject: Subject, reference: MeasuredReference, new: pl.DataFrame, found: Compared, rules: MonitorRules
) -> list[Cause]:
    """The columns that went missing by at least `rules.least_change`, those that move most first.

    One that goes and takes nothing along is left out: no model reads it.

    Args:
        subject: How rows are measured.
        reference: What the new rows were compared with.
        new: The new rows.
        found: What was found between them.
        rules: Lines.
    """
    by_platform = any(one.comparison.platform is not None for one in found.columns)
    parts = split_platforms(reference.rows, new) if by_platform else [PlatformRows(None, reference.rows, new)]
    causes = []
    for part in parts:
        step = -(-part.then.height // MOST_ROWS)
        base, then = part.then.gather_every(step), _part(reference.measured, part.platform, step)
        for name in (one for one in part.then.columns if one != PLATFORM):
            missing = part.then[name].null_count() / part.then.height, part.now[name].null_count() / part.now.height
            if missing[1] - missing[0] >= rules.least_change:
                without = subject.measure(take_out(base, name, missing[1]), reference.as_of)
                columns = compare_columns(then.columns, without.columns, {}, rules)
                changes = compare_shares(then.marked, without.marked, subject.detectors, rules)
                cause = _compare(Cause(name, part.platform, missing), found, Compared(columns, changes))
                if cause.gone or cause.moved or cause.shares:
                    causes.append(cause)
    return sorted(causes, key=lambda one: -max((trial.values.psi for _, trial in one.moved if trial.values), default=0))


def take_out(rows: pl.DataFrame, name: str, share: float) -> pl.DataFrame:
    """The rows with a column unknown in that share of them: evenly spaced ones of those that know it."""
    known = rows[name].is_not_null()
    n_known = int(known.sum())
    n_out = round(share * rows.height) - (rows.height - n_known)
    if n_out <= 0:
        return rows
    place = pl.Series(known.cum_sum().cast(pl.Int64))
    # Of n_known places the n_out at which the rounded share rises by one.
    is_out = known & ((place * n_out) // n_known > ((place - 1) * n_out) // n_known)
    return rows.with_columns(pl.when(~is_out).then(pl.col(name)).alias(name))


def _part(measured: MeasuredSample, platform: str | None, step: int) -> MeasuredSample:
    kept = pl.lit(value=True) if platform is None else pl.lit(measured.columns[PLATFORM] == platform)
    frames = (one.filter(kept).gather_every(step) if one.width else one for one in (measured.columns, measured.marks))
    return MeasuredSample(*frames)


def _compare(cause: Cause, real: Compared, alone: Compared) -> Cause:
    """The cause with what moved in the new rows and, without its column, in the reference."""
    columns = {one.comparison.column: one for one in real.columns if one.comparison.platform == cause.platform}
    pairs = [(columns[one.comparison.column], one) for one in alone.columns if one.comparison.column in columns]
    changes = {one.column: one for one in real.changes if one.platform == cause.platform}
    changed = [(changes[one.column], one) for one in alone.changes if one.column in changes]
    return replace(
        cause,
        gone=tuple(one.comparison.column for one, again in pairs if one.has_absence_moved and again.has_absence_moved),
        moved=tuple(
            (one, again.comparison)
            for one, again in pairs
            if one.has_moved and again.has_moved and _same_way(one.comparison.medians, again.comparison.medians)
        ),
        shares=tuple(
            (one, again)
            for one, again in changed
            if one.has_moved and again.has_moved and one.change.value * again.change.value > 0
        ),
    )


def _same_way(medians: tuple[float, float] | None, again: tuple[float, float] | None) -> bool:
    if medians is None or again is None:
        return True
    return (medians[1] - medians[0]) * (again[1] - again[0]) >= 0
