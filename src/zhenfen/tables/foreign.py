"""Columns as other programs and databases write them, taken for what they say in the contract's types.

Elsewhere a count that may be unknown is a float, a flag is a number, and a time has no zone or is a text. What cannot
be taken is named by row, all of it at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zhenfen.errors import InvalidTableError, Problem
from zhenfen.tables.contract import COLUMN_THERE, READABLE, Breach, find_breach, find_impossible, find_nulls, summarise
from zhenfen.tables.specs import Column, TableSpec

INPUT = "input"
"""What problems of rows name that come from no file."""


def is_needed(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a row is nothing without it: its id, which stands first, and the text of a comment or post."""
    return column == columns[0] or column.name == "text"


def take_columns(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """`columns` of `frame` in the contract's types; absent ones are null, others are left out.

    Args:
        frame: Rows as another program hands them over; NaN is unknown there.
        columns: What is wanted, the row's id first.

    Raises:
        InvalidTableError: A column that a row is nothing without is absent, or a value is not of its type or breaks its
            column's rule; all of it.
    """
    problems = [
        Problem(COLUMN_THERE, INPUT, column=column.name)
        for column in columns
        if is_needed(column, columns) and column.name not in frame.columns
    ]
    taken: list[pl.Series] = []
    breaches: list[Breach] = []
    for column in columns:
        nothing = _nothing(column, frame.height)
        given = _spell_out(frame[column.name]) if column.name in frame.columns else nothing
        given = given.fill_nan(None) if given.dtype.is_float() else given
        taken.append(_take(given, column) if _is_alike(given.dtype, column) else nothing)
        breaches += _find_untaken(given, taken[-1], column)
    rows = pl.DataFrame(taken)
    breaches += [*find_impossible(columns, rows), *find_nulls(columns[0], taken[0])]
    problems += summarise(breaches, INPUT)
    if problems:
        raise InvalidTableError(problems)
    return rows


def take_table(frame: pl.DataFrame, spec: TableSpec, file: str) -> pl.DataFrame:
    """The columns of a database's table in the contract's types; those that it lacks stay out.

    Databases have no booleans or UTC times of their own, and SQLite no types that it keeps to: numbers and texts are
    taken for what they say, whatever the column was declared as.

    Raises:
        InvalidTableError: With every value that is not of its column's type.
    """
    taken: list[pl.Series] = []
    breaches: list[Breach] = []
    for column in (one for one in spec.columns if one.name in frame.columns):
        given = _spell_out(frame[column.name])
        taken.append(_take(given, column))
        breaches += _find_untaken(given, taken[-1], column)
    if breaches:
        raise InvalidTableError(summarise(breaches, file))
    return pl.DataFrame(taken)


def _spell_out(values: pl.Series) -> pl.Series:
    """Categories as the texts that they stand for."""
    return values.cast(pl.String) if isinstance(values.dtype, pl.Categorical | pl.Enum) else values


def _is_alike(dtype: pl.DataType, column: Column) -> bool:
    """Whether another program may well mean such a column by such a type."""
    if column.kind in ("count", "real"):
        return dtype.is_numeric()
    if column.kind == "time":
        return isinstance(dtype, pl.Datetime | pl.Date | pl.String)
    return dtype == column.dtype


def _take(values: pl.Series, column: Column) -> pl.Series:
    """The values that can be taken; the others are null."""
    try:
        if column.kind == "time" and values.dtype == pl.String:
            return values.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        if column.kind == "time" and isinstance(values.dtype, pl.Date | pl.Datetime):
            zone = getattr(values.dtype, "time_zone", None)
            moments = values.cast(pl.Datetime("us", zone), strict=False)
            return moments.dt.convert_time_zone("UTC") if zone else moments.dt.replace_time_zone("UTC")
        if column.kind == "count" and values.dtype.is_float():
            values = values.to_frame().select(pl.when(pl.first() == pl.first().round()).then(pl.first())).to_series()
        return values.cast(column.dtype, strict=False)
    except pl.exceptions.PolarsError:
        # From such a type nothing leads to the contract's.
        return _nothing(column, len(values))


def _nothing(column: Column, n_rows: int) -> pl.Series:
    return pl.Series(column.name, [], dtype=column.dtype).clear(n_rows)


def _find_untaken(given: pl.Series, taken: pl.Series, column: Column) -> list[Breach]:
    return find_breach(given, given.is_not_null() & taken.is_null(), READABLE[column.kind])
