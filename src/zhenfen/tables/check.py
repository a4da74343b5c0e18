"""Do whole tables keep their contract? All problems of all tables at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from zhenfen.errors import InvalidTableError, Problem
from zhenfen.tables.contract import COLUMN_THERE, find_breach, find_impossible, find_nulls, fits
from zhenfen.tables.specs import TABLES, TableSpec


def check_tables(frames: Mapping[str, pl.DataFrame]) -> None:
    """Raise when `frames` break the contract.

    Raises:
        InvalidTableError: With every problem of every table.
    """
    problems = find_problems(frames)
    if problems:
        raise InvalidTableError(problems)


def find_problems(frames: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Every breach of the contract in `frames`, by table, then column."""
    return [problem for name, frame in frames.items() for problem in _table_problems(TABLES[name], frame)]


def _table_problems(spec: TableSpec, frame: pl.DataFrame) -> Iterator[Problem]:
    missing = [name for name in spec.must_have if name not in frame.columns]
    for name in missing:
        yield Problem(COLUMN_THERE, spec.name, column=name)
    sound = True
    for column in (one for one in spec.columns if one.name in frame.columns):
        dtype = frame.schema[column.name]
        if not fits(dtype, column):
            sound = False
            yield Problem(f"type {column.dtype}", spec.name, column=column.name, value=str(dtype))
            continue
        nulls = find_nulls(column, frame[column.name]) if column.name in spec.must_have else []
        for breach in (*nulls, *find_impossible([column], frame)):
            yield from breach.summarise(spec.name)
    # A key is more than one column, and can be read only where each of them is sound.
    repeated = frame.select(spec.key).is_duplicated() if sound and not missing else pl.Series(dtype=pl.Boolean)
    if repeated.any():
        key = pl.concat_str(pl.col(spec.key).cast(pl.String), separator=" / ", ignore_nulls=True)
        named = frame.select(key.alias(" + ".join(spec.key))).to_series()
        for breach in find_breach(named, repeated, "each key once"):
            yield from breach.summarise(spec.name)
