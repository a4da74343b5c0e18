"""Do whole tables keep their contract? All problems of all tables at once."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from zhenfen.errors import InvalidTableError, Problem
from zhenfen.tables.contract import COLUMN_THERE, find_breach, find_impossible, find_nulls, fits, summarise
from zhenfen.tables.specs import TABLES


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
    problems: list[Problem] = []
    for name, frame in frames.items():
        spec = TABLES[name]
        missing = [one for one in spec.must_have if one not in frame.columns]
        problems += [Problem(COLUMN_THERE, name, column=one) for one in missing]
        is_sound = not missing
        for column in (one for one in spec.columns if one.name in frame.columns):
            dtype = frame.schema[column.name]
            if not fits(dtype, column):
                is_sound = False
                problems.append(Problem(f"type {column.dtype}", name, column=column.name, value=str(dtype)))
                continue
            nulls = find_nulls(column, frame[column.name]) if column.name in spec.must_have else []
            problems += summarise([*nulls, *find_impossible([column], frame)], name)
        # A key is more than one column, and can be read only where each of them is sound.
        repeated = frame.select(spec.key).is_duplicated() if is_sound else pl.Series(dtype=pl.Boolean)
        if repeated.any():
            key = pl.concat_str(pl.col(spec.key).cast(pl.String), separator=" / ", ignore_nulls=True)
            named = frame.select(key.alias(" + ".join(spec.key))).to_series()
            problems += summarise(find_breach(named, repeated, "each key once"), name)
    return problems
