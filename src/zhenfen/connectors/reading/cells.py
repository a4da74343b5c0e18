"""One column of raw texts becomes one column of a table, by its kind.

A million cells are read the quick way; only those that resist are read the thorough way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from zhenfen.connectors.reading.counts import is_blank, parse_amount, parse_count, tidy_text
from zhenfen.connectors.reading.times import parse_epoch, parse_time
from zhenfen.tables import Column
from zhenfen.tables.contract import rule_of
from zhenfen.tables.specs import Kind

SEEN = "_seen"
"""When a row was captured: raw text before the reading, a UTC time after it."""

TRUE = ("true", "1", "yes", "y", "t", "是", "有", "真", "√", "✓", "已认证", "认证", "报备", "已报备", "广告", "oui")
FALSE = ("false", "0", "no", "n", "f", "否", "无", "假", "×", "未认证", "无认证", "未报备", "非报备", "非广告", "non")
_UNREAD: dict[Kind, str] = {
    "time": "unusable.time",
    "count": "unusable.count",
    "real": "unusable.amount",
    "flag": "unusable.flag",
    "choice": "unusable.choice",
}
"""Message of what should have stood in a cell, for people who do not know the contract."""


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
        is_empty = (raw == "").any()
        return Reading(_on(raw, lambda cell: pl.when(cell != "").then(cell)) if is_empty else raw)
    if column.kind == "time":
        values = _on(raw, parse_epoch)
        rest = values.is_null() & raw.is_not_null()
        if rest.any():
            frame = pl.DataFrame({"raw": raw} if seen is None else {"raw": raw, "seen": seen})
            thorough = frame.filter(rest).select(parse_time("raw", None if seen is None else pl.col("seen")))
            values = values.scatter(rest.arg_true(), thorough.to_series())
    elif column.kind == "count":
        values = _quick_then_thorough(raw, pl.Int64(), parse_count)
    elif column.kind == "real":
        values = _quick_then_thorough(raw, pl.Float64(), parse_amount)
    else:
        values = _on(raw, _flag if column.kind == "flag" else tidy_text)
    rule = rule_of(column)
    possible = _on(values, lambda value: pl.when(rule.allows(value)).then(value)).alias(raw.name)
    # Cells that hold something which was not read are bad; blank ones are simply unknown.
    unread = possible.is_null() & raw.is_not_null()
    if not unread.any():
        return Reading(possible)
    bad = unread & ~_on(raw, lambda cell: is_blank(cell) | (cell == "0" if column.kind == "time" else False))
    expected = "unusable.share" if column.unit == "share" else _UNREAD[column.kind]
    return Reading(possible, expected, bad) if bad.any() else Reading(possible)


def _quick_then_thorough(raw: pl.Series, dtype: pl.DataType, thorough: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    values = raw.cast(dtype, strict=False)
    rest = values.is_null() & raw.is_not_null()
    return values.scatter(rest.arg_true(), _on(raw.filter(rest), thorough)) if rest.any() else values


def _flag(cell: pl.Expr) -> pl.Expr:
    text = tidy_text(cell)
    return pl.when(text.is_in(list(TRUE))).then(True).when(text.is_in(list(FALSE))).then(False)


def _on(values: pl.Series, make: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    return values.to_frame().select(make(pl.col(values.name)).alias(values.name)).to_series()
