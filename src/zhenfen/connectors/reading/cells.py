"""One column of raw texts becomes one column of a table, by its kind.

A million cells are read the quick way; only those that resist are read the thorough way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from zhenfen.connectors.reading.counts import is_blank, parse_amount, parse_count, tidy_text
from zhenfen.connectors.reading.times import parse_epoch, parse_time
from zhenfen.tables import Column, latest_possible
from zhenfen.tables.check import EARLIEST

SEEN = "_seen"
"""When a row was captured: raw text before the reading, a UTC time after it."""

TRUE = ("true", "1", "yes", "y", "t", "是", "有", "真", "√", "✓", "已认证", "认证", "报备", "已报备", "广告")
FALSE = ("false", "0", "no", "n", "f", "否", "无", "假", "×", "未认证", "无认证", "未报备", "非报备", "非广告")


@dataclass(frozen=True, slots=True)
class Reading:
    """A column after reading.

    Attributes:
        values: The table's type; null where nothing stood or nothing could be read.
        expected: Message key of what should have stood in the cells of `bad`.
        bad: True where something stood that is no such value; None when every cell was read.
    """

    values: pl.Series
    expected: str = ""
    bad: pl.Series | None = None


def read_column(column: Column, raw: pl.Series, seen: pl.Series | None = None) -> Reading:
    """Read the texts of `raw` as what `column` holds.

    Args:
        column: The column of the contract.
        raw: Strings, one a row.
        seen: When each row was captured, for "3天前"; None when the export does not say.
    """
    if column.kind in ("id", "text"):
        return Reading(_null_if_empty(raw))
    if column.kind == "time":
        return _in_range(raw, _read_times(raw, seen), EARLIEST, latest_possible(), "unusable.time")
    if column.kind == "count":
        values = _quick_then_thorough(raw, _whole_number, parse_count)
        return _in_range(raw, values, 0, column.high, "unusable.count")
    if column.kind == "real":
        values = _quick_then_thorough(raw, _real_number, parse_amount)
        return _in_range(raw, values, 0, column.high, "unusable.amount")
    if column.kind == "flag":
        return _judged(raw, _on(raw, _flag), "unusable.flag")
    return _judged(raw, _on(raw, lambda cell: _choice(cell, column.choices)), "unusable.choice")


def _null_if_empty(raw: pl.Series) -> pl.Series:
    return _on(raw, lambda cell: pl.when(cell != "").then(cell)) if (raw == "").any() else raw


def _read_times(raw: pl.Series, seen: pl.Series | None) -> pl.Series:
    values = _on(raw, parse_epoch)
    rest = values.is_null() & raw.is_not_null()
    if not rest.any():
        return values
    frame = pl.DataFrame({"raw": raw} if seen is None else {"raw": raw, "seen": seen})
    thorough = frame.filter(rest).select(parse_time("raw", None if seen is None else pl.col("seen")))
    return values.scatter(rest.arg_true(), thorough.to_series())


def _quick_then_thorough(
    raw: pl.Series, quick: Callable[[pl.Expr], pl.Expr], thorough: Callable[[pl.Expr], pl.Expr]
) -> pl.Series:
    values = _on(raw, quick)
    rest = values.is_null() & raw.is_not_null()
    return values.scatter(rest.arg_true(), _on(raw.filter(rest), thorough)) if rest.any() else values


def _whole_number(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Int64, strict=False)


def _real_number(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Float64, strict=False)


def _flag(cell: pl.Expr) -> pl.Expr:
    text = tidy_text(cell)
    return pl.when(text.is_in(list(TRUE))).then(True).when(text.is_in(list(FALSE))).then(False)


def _choice(cell: pl.Expr, choices: tuple[str, ...]) -> pl.Expr:
    text = tidy_text(cell)
    return pl.when(text.is_in(list(choices))).then(text)


def _in_range(raw: pl.Series, values: pl.Series, low: object, high: object, expected: str) -> Reading:
    possible = _on(values, lambda value: pl.when(value.is_between(pl.lit(low), pl.lit(high))).then(value))
    return _judged(raw, possible, expected)


def _judged(raw: pl.Series, values: pl.Series, expected: str) -> Reading:
    """Cells that hold something which was not read are bad; blank ones are simply unknown."""
    values = values.alias(raw.name)
    unread = values.is_null() & raw.is_not_null()
    if not unread.any():
        return Reading(values)
    bad = unread & ~_on(raw, lambda cell: is_blank(cell) | (cell == "0" if values.dtype.is_temporal() else False))
    return Reading(values, expected, bad) if bad.any() else Reading(values)


def _on(values: pl.Series, make: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    return values.to_frame().select(make(pl.col(values.name)).alias(values.name)).to_series()
