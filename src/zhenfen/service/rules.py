"""The contract's rules as the service needs them: in pydantic's words for JSON, and as refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as cs

from zhenfen.service.errors import MOST_PROBLEMS, UNUSABLE, ServiceError
from zhenfen.tables.contract import COLUMN_THERE, find_impossible, possible_times, rule_of
from zhenfen.tables.specs import Column, TableSpec

BODY = "body"
_EXPECTED = {
    "missing": COLUMN_THERE,
    "extra_forbidden": "a column of the contract",
    "timezone_aware": "a time with its offset from UTC",
}
_IMPOSSIBLE = frozenset(
    ("string_too_short", "greater_than_equal", "less_than_equal", "finite_number", "literal_error", "impossible_time")
)
"""What pydantic calls a value that is read, and that the column's rule does not allow."""


def value_schema(column: Column) -> cs.CoreSchema:
    """The rule of a column as pydantic's description of its values; null is not one of them."""
    rule = rule_of(column)
    if column.kind == "time":
        return cs.no_info_after_validator_function(_to_utc, cs.datetime_schema(tz_constraint="aware"))
    low, high = rule.numbers or (None, None)
    if column.kind == "count":
        return cs.int_schema(ge=None if low is None else int(low), le=None if high is None else int(high))
    if column.kind == "real":
        return cs.float_schema(ge=low, le=high, allow_inf_nan=False)
    if column.kind == "flag":
        return cs.bool_schema()
    return cs.literal_schema(list(rule.choices)) if rule.choices else cs.str_schema(min_length=rule.min_chars or None)


def say_expected(kind: str, msg: str, column: Column | None) -> str:
    """What should have stood there.

    Args:
        kind: What pydantic calls the problem.
        msg: Its text of it.
        column: Where, as far as it is a column of the contract.
    """
    if column is not None and kind in _IMPOSSIBLE:
        return rule_of(column).expected
    return _EXPECTED.get(kind) or msg.removeprefix("Input should be ")


def check_values(spec: TableSpec, frame: pl.DataFrame) -> None:
    """Refuse from a file what JSON rows would be refused for.

    Args:
        spec: The table.
        frame: All its columns, in the contract's types.

    Raises:
        ServiceError: With the first values that break their columns' rules, by row, and how many there are.
    """
    breaches = find_impossible(spec.columns, frame)
    if breaches:
        found = [problem for one in breaches for problem in one.list_rows(BODY, MOST_PROBLEMS)]
        found.sort(key=lambda one: one.row or 0)
        n_all = sum(len(one.rows) for one in breaches)
        raise ServiceError(422, "invalid_table", UNUSABLE, found[:MOST_PROBLEMS], n_problems=n_all)


def _to_utc(moment: datetime) -> datetime:
    earliest, latest = possible_times()
    if not earliest <= moment <= latest:
        raise PydanticCustomError("impossible_time", "a time that is possible")
    return moment.astimezone(UTC)
