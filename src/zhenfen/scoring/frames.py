"""Rows as other programs hand them over, typed as the contract has them, and scored by a shelf folder.

Elsewhere a count that may be unknown is a float, and a time has no zone or is a text: such columns are taken for what
they say. What cannot be taken is named, all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from zhenfen.errors import ConfigError, InvalidTableError, Problem
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import ShelvedModel, load_kinds
from zhenfen.tables import Column

Scorer = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Rows and the moment that ages are counted at (ISO; None: the latest time among the rows) → scores, in that order."""
ROWS_NAMED = 5
_EXPECTED = {
    "count": "a whole number",
    "time": "a time such as 2026-01-31T12:00:00, in UTC where it names no zone",
    "flag": "true or false",
    "real": "a number",
}


def input_columns(manifest: Manifest) -> tuple[Column, ...]:
    """What a model reads of a row; the first is the row's id, which must be there, as must a text.

    Raises:
        ConfigError: The manifest is of no model that scores rows.
    """
    return _kind_of(manifest).columns(manifest)


def is_needed(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a row is nothing without it: its id, and the text of a comment or post."""
    return column == columns[0] or column.name == "text"


def open_scorer(folder: Path) -> Scorer:
    """What scores rows by the model of a shelf folder: an audience profile, a comment, a post, or a creator's features.

    A comment's cluster depends on the comments around it and is left out.

    Raises:
        ConfigError: A file was changed, or the model is of another kind.
    """
    manifest = read_manifest(folder)
    kind = _kind_of(manifest)
    columns, model = kind.columns(manifest), kind.load(folder)
    return lambda rows, as_of: kind.score(model, take_columns(rows, columns), as_of)


def _kind_of(manifest: Manifest) -> ShelvedModel[Any]:
    kinds = load_kinds()
    if manifest.name not in kinds:
        raise ConfigError(f"{manifest.label}: expected a model of {', '.join(kinds)}")
    return kinds[manifest.name]


def take_columns(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """`columns` of `frame` in the contract's types; absent ones are null, others are left out.

    Raises:
        InvalidTableError: A column that a row is nothing without is absent, or a value is not of its type; all of it.
    """
    problems = [
        Problem("the column to be there", "input", column=column.name)
        for column in columns
        if is_needed(column, columns) and column.name not in frame.columns
    ]
    taken = {column.name: _convert(frame, column) for column in columns}
    for column in columns:
        problems += _misfits(frame, taken[column.name], column)
    problems += _missing_ids(taken[columns[0].name])
    if problems:
        raise InvalidTableError(problems)
    return pl.DataFrame(list(taken.values()))


def _convert(frame: pl.DataFrame, column: Column) -> pl.Series:
    """The values that can be taken; the others are null."""
    nothing = pl.Series(column.name, [None] * frame.height, dtype=column.dtype)
    if column.name not in frame.columns:
        return nothing
    values = frame[column.name]
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        values = values.cast(pl.String)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    if not _is_alike(values.dtype, column):
        return nothing
    if column.kind == "time":
        return _to_time(values)
    if column.kind == "count" and values.dtype.is_float():
        values = frame.select(pl.when(values == values.round()).then(values)).to_series()
    return values.cast(column.dtype, strict=False).alias(column.name)


def _is_alike(dtype: pl.DataType, column: Column) -> bool:
    if column.kind in ("count", "real"):
        return dtype.is_numeric()
    if column.kind == "time":
        return isinstance(dtype, pl.Datetime | pl.Date | pl.String)
    return dtype == column.dtype


def _to_time(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    moments = values.cast(pl.Datetime("us", getattr(values.dtype, "time_zone", None)))
    zone = getattr(moments.dtype, "time_zone", None)
    return moments.dt.convert_time_zone("UTC") if zone else moments.dt.replace_time_zone("UTC")


def _misfits(frame: pl.DataFrame, taken: pl.Series, column: Column) -> Iterator[Problem]:
    if column.name not in frame.columns:
        return
    given = frame[column.name]
    is_known = ~given.is_null() & ~given.is_nan() if given.dtype.is_float() else ~given.is_null()
    rows = (is_known & taken.is_null()).arg_true()
    expected = _EXPECTED.get(column.kind, "a text")
    for row in rows.head(ROWS_NAMED):
        yield Problem(expected, "input", row=int(row) + 1, column=column.name, value=str(given[int(row)]))
    if len(rows) > ROWS_NAMED:
        yield Problem(f"{expected} (and {len(rows) - ROWS_NAMED} more rows)", "input", column=column.name)


def _missing_ids(ids: pl.Series) -> Iterator[Problem]:
    for row in ids.is_null().arg_true().head(ROWS_NAMED):
        yield Problem("an id", "input", row=int(row) + 1, column=ids.name)
