"""What a value of a column may be: one set of rules for JSON rows and for the columns of Arrow and Parquet bodies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import polars as pl
from pydantic_core import PydanticCustomError, SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from zhenfen.errors import Problem
from zhenfen.service.errors import MOST_PROBLEMS, UNUSABLE, ServiceError
from zhenfen.tables import Column, TableSpec, latest_possible
from zhenfen.tables.check import EARLIEST

BODY = "body"
_FIRST, _LAST = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))
_EXPECTED = {
    "missing": "the column to be there",
    "extra_forbidden": "a column of the contract",
    "string_too_short": "an id that is not empty",
    "timezone_aware": "a time with its offset from UTC",
}


def value_schema(column: Column) -> cs.CoreSchema:
    """The rule of a column's values; null is not one of them."""
    if column.kind == "id":
        return cs.str_schema(min_length=1)
    if column.kind == "count":
        return cs.int_schema(ge=0, le=None if column.high is None else int(column.high))
    if column.kind == "real":
        return cs.float_schema(ge=0, le=column.high, allow_inf_nan=False)
    if column.kind == "time":
        return cs.no_info_after_validator_function(_to_utc, cs.datetime_schema(tz_constraint="aware"))
    if column.kind == "choice":
        return cs.literal_schema(list(column.choices))
    return cs.bool_schema() if column.kind == "flag" else cs.str_schema()


def say_expected(kind: str, msg: str) -> str:
    """What should have stood there, from a problem's type and text as pydantic gives them."""
    return _EXPECTED.get(kind) or msg.removeprefix("Input should be ")


def check_values(spec: TableSpec, frame: pl.DataFrame) -> None:
    """Refuse from a file what JSON rows would be refused for.

    Args:
        spec: The table.
        frame: All its columns, in the contract's types.

    Raises:
        ServiceError: With every value that breaks its column's rule, by row.
    """
    found = [problem for column in spec.columns for problem in _find_problems(column, frame[column.name])]
    if found:
        found.sort(key=lambda one: one.row or 0)
        raise ServiceError(422, "invalid_table", UNUSABLE, found[:MOST_PROBLEMS], n_problems=len(found))


def _find_problems(column: Column, values: pl.Series) -> Iterator[Problem]:
    if column.kind == "time":
        # Files hold years that Python's times cannot; the nearest that they can is as wrong.
        values = values.clip(_FIRST, _LAST)
    # Only a column with a wrong value in it is gone through row by row.
    if next(_wrong(column, _telling(column, values)), None) is None:
        return
    for place, problem in _wrong(column, values):
        yield Problem(problem, BODY, row=place + 1, column=column.name, value=str(values[place]))


def _telling(column: Column, values: pl.Series) -> pl.Series:
    """Few values that break the rule if any does: times differ in every row, but their rule is a span."""
    if column.kind == "time":
        return pl.Series([values.min(), values.max()])
    return values.unique()


def _wrong(column: Column, values: pl.Series) -> Iterator[tuple[int, str]]:
    """Place and expectation of every value that breaks the rule."""
    try:
        _validator(column).validate_python(values.to_list(), strict=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            yield int(one["loc"][0]), say_expected(one["type"], one["msg"])


@cache
def _validator(column: Column) -> SchemaValidator:
    return SchemaValidator(cs.list_schema(cs.nullable_schema(value_schema(column))))


def _to_utc(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= latest_possible():
        raise PydanticCustomError("time_range", "a time between 1990 and now")
    return moment.astimezone(UTC)
