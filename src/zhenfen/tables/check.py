"""Does a frame keep its contract? All problems of all tables at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

from zhenfen.errors import InvalidTableError, Problem
from zhenfen.tables.specs import DTYPES, TABLES, Column, TableSpec

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
ROWS_NAMED = 5
"""How many rows of one kind of problem are named; the last one says how many more there are."""


def latest_possible() -> datetime:
    """No fact can be younger than this: now, and a day of clock and time-zone slack."""
    return datetime.now(UTC) + timedelta(days=1)


def find_problems(frames: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Every breach of the contract in `frames`, by table, then column."""
    problems: list[Problem] = []
    for name, frame in frames.items():
        problems.extend(_table_problems(TABLES[name], frame))
    return problems


def find_wrong_values(spec: TableSpec, frame: pl.DataFrame, place: str, start: int = 0) -> list[Problem]:
    """Every value of `frame` that breaks the rule of its column; nulls break none.

    Args:
        spec: The table.
        frame: Columns of the table, in the contract's types.
        place: What problems name as the file.
        start: Rows before the frame's first.
    """
    columns = (column for column in spec.columns if column.name in frame.columns)
    return [problem for column in columns for problem in _wrong_values(column, frame, place, start)]


def check_tables(frames: Mapping[str, pl.DataFrame]) -> None:
    """Raise when `frames` break the contract.

    Raises:
        InvalidTableError: With every problem of every table.
    """
    problems = find_problems(frames)
    if problems:
        raise InvalidTableError(problems)


def _table_problems(spec: TableSpec, frame: pl.DataFrame) -> Iterator[Problem]:
    missing = [name for name in spec.must_have if name not in frame.columns]
    for name in missing:
        yield Problem("the column to be there", spec.name, column=name)
    sound = True
    for column in spec.columns:
        if column.name in frame.columns:
            if not _fits(frame.schema[column.name], column):
                sound = False
                yield Problem(
                    f"type {column.dtype}", spec.name, column=column.name, value=str(frame.schema[column.name])
                )
            else:
                yield from _column_problems(spec, column, frame)
    if not missing and sound:
        yield from _key_problems(spec, frame)


def _fits(dtype: pl.DataType, column: Column) -> bool:
    if dtype == pl.Null:
        return True
    if column.kind == "count":
        return dtype.is_integer()
    if column.kind == "time":
        return isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC"
    if column.kind == "real":
        return dtype.is_numeric()
    return dtype == DTYPES[column.kind]


def _column_problems(spec: TableSpec, column: Column, frame: pl.DataFrame) -> Iterator[Problem]:
    values = pl.col(column.name)
    if column.name in spec.must_have:
        yield from _named_rows(spec.name, column.name, frame, values.is_null(), "a value")
    yield from _wrong_values(column, frame, spec.name)


def _wrong_values(column: Column, frame: pl.DataFrame, place: str, start: int = 0) -> Iterator[Problem]:
    bad, expected = _out_of_range(column)
    # A column of nothing but nulls has no type to compare values in.
    if bad is not None and frame.schema[column.name] != pl.Null:
        yield from _named_rows(place, column.name, frame, bad, expected, start=start)


def _out_of_range(column: Column) -> tuple[pl.Expr | None, str]:
    values = pl.col(column.name)
    if column.kind in ("count", "real"):
        high = column.high if column.high is not None else float("inf")
        bad = (values < 0) | (values > high)
        if column.kind == "real":
            bad = bad | values.is_nan()
        return bad, f"a number from 0 to {high:g}"
    if column.kind == "time":
        latest = latest_possible()
        return ~values.is_between(EARLIEST, latest), f"a time between 1990 and {latest:%Y-%m-%d}"
    if column.kind == "choice":
        return ~values.is_in(list(column.choices)), "one of " + ", ".join(column.choices)
    if column.kind == "id":
        return values.str.len_chars() == 0, "an id that is not empty"
    return None, ""


def _named_rows(
    table: str, column: str, frame: pl.DataFrame, bad: pl.Expr, expected: str, *, start: int = 0
) -> Iterator[Problem]:
    first = start + 1
    rows = frame.select(pl.int_range(first, pl.len() + first).alias("_row"), pl.col(column).alias("_value"), bad=bad)
    rows = rows.filter(pl.col("bad"))
    for row, value in rows.head(ROWS_NAMED).select("_row", pl.col("_value").cast(pl.String, strict=False)).iter_rows():
        yield Problem(expected, table, row=row, column=column, value=value)
    if rows.height > ROWS_NAMED:
        yield Problem(f"{expected} (and {rows.height - ROWS_NAMED} more rows)", table, column=column)


def _key_problems(spec: TableSpec, frame: pl.DataFrame) -> Iterator[Problem]:
    repeated = frame.select(spec.key).is_duplicated()
    if not repeated.any():
        return
    key = " + ".join(spec.key)
    named = frame.select(pl.concat_str(pl.col(spec.key).cast(pl.String), separator=" / ", ignore_nulls=True).alias(key))
    yield from _named_rows(spec.name, key, named, pl.lit(repeated), "each key once")
