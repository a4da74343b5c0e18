"""The one engine of the contract: what a column's values may be, and every value of a frame that is not so.

All that comes in is asked here, whatever it comes as: frames, Parquet and Arrow files, databases, JSON, cells of an
export. What a reader adds is how its own form is read, never what a value may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from zhenfen.errors import Problem
from zhenfen.tables.specs import Column, Kind

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
ROWS_NAMED = 5
"""How many rows of one kind of problem are named; the last one says how many more there are."""
COLUMN_THERE = "the column to be there"
READABLE: dict[Kind, str] = {
    "id": "a text",
    "text": "a text",
    "choice": "a text",
    "count": "a whole number",
    "real": "a number",
    "flag": "true or false",
    "time": "a time such as 2026-01-31T12:00:00, in UTC where it names no zone",
}
"""What is expected where a value is not even of the column's kind."""
_YEARS_PRINTED = tuple(moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))
"""Files hold times that cannot be printed; the nearest that can is as wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values of a column may be. Null is always possible: it says that a value is unknown.

    Attributes:
        expected: The rule in words; empty where every value of the column's type is possible.
        numbers: Smallest and largest number.
        times: Earliest and latest time.
        choices: The only values, where they are few.
        min_chars: Fewest characters of a text.
    """

    expected: str = ""
    numbers: tuple[float, float] | None = None
    times: tuple[datetime, datetime] | None = None
    choices: tuple[str, ...] = ()
    min_chars: int = 0

    def allows(self, values: pl.Expr) -> pl.Expr:
        """True where a value is possible, null where there is none; NaN is no number."""
        if self.choices:
            return values.is_in(list(self.choices))
        if self.min_chars:
            return values.str.len_chars() >= self.min_chars
        span = self.numbers or self.times
        if span is not None:
            return values.is_between(*span)
        return pl.lit(value=True)


def possible_times() -> tuple[datetime, datetime]:
    """The earliest and the latest time of a fact: no platform is older, and nothing is younger than now.

    A day is added for clocks and time zones.
    """
    return EARLIEST, datetime.now(UTC) + timedelta(days=1)


def rule_of(column: Column) -> Rule:
    """The rule of a column, as of now: no time lies in the future."""
    if column.kind in ("count", "real") and column.high is not None:
        return Rule(f"a number from 0 to {column.high:g}", numbers=(0, column.high))
    if column.kind == "time":
        earliest, latest = possible_times()
        return Rule(f"a time between {earliest:%Y} and {latest:%Y-%m-%d}", times=(earliest, latest))
    if column.kind == "choice":
        return Rule("one of " + ", ".join(column.choices), choices=column.choices)
    if column.kind == "id":
        return Rule("an id that is not empty", min_chars=1)
    return Rule()


def fits(dtype: pl.DataType, column: Column) -> bool:
    """Whether a column of this type can be read as the contract's without a guess: only its width may differ."""
    # A column of nothing but nulls has no type.
    if dtype == pl.Null:
        return True
    if column.kind == "count":
        return dtype.is_integer()
    if column.kind == "time":
        return isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC"
    if column.kind == "real":
        return dtype.is_numeric()
    return dtype == column.dtype


@dataclass(frozen=True)
class Breach:
    """Rows of one column that all break the same rule.

    Attributes:
        column: Name of the column.
        expected: What should have stood there.
        rows: Their numbers, from 1, ascending.
        values: What stands there, null where nothing does.
    """

    column: str
    expected: str
    rows: pl.Series
    values: pl.Series

    def list_rows(self, file: str, most: int) -> list[Problem]:
        """A problem a row, of the first `most` rows."""
        values = self.values.head(most)
        if isinstance(values.dtype, pl.Datetime):
            first, last = _YEARS_PRINTED if values.dtype.time_zone else (datetime.min, datetime.max)
            values = values.cast(pl.Datetime("us", values.dtype.time_zone)).clip(first, last)
        if values.dtype.is_numeric() or values.dtype.is_temporal():
            values = values.cast(pl.String)
        return [
            Problem(self.expected, file, row=row, column=self.column, value=None if value is None else str(value))
            for row, value in zip(self.rows.head(most).to_list(), values.to_list(), strict=True)
        ]


def summarise(breaches: Iterable[Breach], file: str) -> list[Problem]:
    """Of each breach a problem for each of the first rows, and one that counts the others."""
    problems: list[Problem] = []
    for one in breaches:
        problems += one.list_rows(file, ROWS_NAMED)
        if len(one.rows) > ROWS_NAMED:
            more = f"{one.expected} (and {len(one.rows) - ROWS_NAMED} more rows)"
            problems.append(Problem(more, file, column=one.column))
    return problems


def find_impossible(columns: Sequence[Column], frame: pl.DataFrame, start: int = 0) -> list[Breach]:
    """Values that break the rule of their column, a breach a column.

    Args:
        columns: Columns of the contract; those that `frame` lacks break nothing.
        frame: Columns whose types fit.
        start: Rows before the frame's first.
    """
    found: list[Breach] = []
    for column in columns:
        rule = rule_of(column)
        if rule.expected and column.name in frame.columns and frame.schema[column.name] != pl.Null:
            bad = frame.select(~rule.allows(pl.col(column.name))).to_series()
            found += find_breach(frame[column.name], bad, rule.expected, start)
    return found


def find_nulls(column: Column, values: pl.Series, start: int = 0) -> list[Breach]:
    """Rows without a value in a column that must have one."""
    return find_breach(values, values.is_null(), "an id" if column.kind == "id" else "a value", start)


def find_breach(values: pl.Series, bad: pl.Series, expected: str, start: int = 0) -> list[Breach]:
    """The breach of `values`, named as their column, in the rows where `bad` is true; none where none is."""
    if not bad.any():
        return []
    places = bad.arg_true()
    return [Breach(values.name, expected, places.cast(pl.Int64) + start + 1, values.gather(places))]
