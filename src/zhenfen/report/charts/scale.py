"""Scales and ticks: numbers and days to places between 0 and 1, and the round values to label them with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta

Scale = Callable[[float], float]
DayScale = Callable[[date], float]

LOG_FROM_DECADES = 1.5
"""On a linear scale the smallest value of a wider range lies within 3 % of the edge and can't be told from zero."""
_ROUND_STEPS = (1, 2, 2.5, 5, 10)
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
DAYS_PER_MONTH = 30.44


def linear(low: float, high: float) -> Scale:
    """low → 0, high → 1; everything → 0.5 where they are equal."""
    return lambda value: (value - low) / (high - low) if high > low else 0.5


def logarithmic(low: float, high: float) -> Scale:
    """`linear` in the logarithm, for values above 0."""
    scale = linear(math.log(low), math.log(high))
    return lambda value: scale(math.log(value))


def day_scale(first: date, last: date) -> DayScale:
    """`linear` in days."""
    scale = linear(first.toordinal(), last.toordinal())
    return lambda day: scale(day.toordinal())


def is_wide(values: Sequence[float]) -> bool:
    """Whether `values`, all above 0, span more than LOG_FROM_DECADES."""
    return min(values) > 0 and math.log10(max(values) / min(values)) > LOG_FROM_DECADES


def nice_ticks(low: float, high: float, n_most: int = 5) -> list[float]:
    """At most n_most + 1 round values that enclose [low, high]; two where they are equal."""
    if high <= low:
        low, high = (low - 1, low + 1) if low else (0.0, 1.0)
    rough = (high - low) / (n_most - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * magnitude for unit in _ROUND_STEPS if unit * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def decade_ticks(low: float, high: float) -> list[float]:
    """Powers of ten that enclose [low, high], low above 0."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def day_ticks(first: date, last: date, n_most: int = 7) -> list[tuple[date, str]]:
    """At most n_most days between first and last with their labels: MM-DD, YYYY-MM or YYYY by their distance."""
    n_days = (last - first).days
    for step in _DAY_STEPS:
        if n_days / step < n_most:
            days = [first + timedelta(days=offset) for offset in range(0, n_days + 1, step)]
            return [(day, day.strftime("%m-%d")) for day in days]
    n_months = n_days / DAYS_PER_MONTH
    step = next((step for step in _MONTH_STEPS if n_months / step < n_most), _MONTH_STEPS[-1])
    label = "%Y-%m" if step < 12 else "%Y"  # noqa: PLR2004 (months of a year)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = [date(month // 12, month % 12 + 1, 1) for month in months if month % step == 0]
    return [(day, day.strftime(label)) for day in starts if first <= day <= last]
