"""Counts as platforms and people write them: 1234, "1.2万", "3.4亿", "1千+", "99+", "1.2w", "12,345", "赞"."""

from __future__ import annotations

import polars as pl

UNITS = {"百": 1e2, "千": 1e3, "k": 1e3, "万": 1e4, "w": 1e4, "m": 1e6, "亿": 1e8, "b": 1e9}
"""Factors of the units, Chinese, the agencies' w for 万, and the English letters of Instagram, YouTube and X."""

BUTTONS = ("赞", "点赞", "收藏", "评论", "分享", "转发")
"""A button without a number beside it: nobody has pressed it yet."""

BLANKS = ("", "-", "--", "—", "——", "/", "null", "none", "nan", "n/a", "#n/a", "未知", "暂无")
"""Cells that say "unknown"; they become null without a word."""

# Rounding a decimal such as 1.2万 may leave 11999.999…; no count is that near to the next integer by chance.
_ROUNDING = 1e-6


def tidy_text(values: pl.Expr) -> pl.Expr:
    """Full-width forms made narrow, lower case, without white space or a byte-order mark at the ends."""
    return values.str.normalize("NFKC").str.to_lowercase().str.strip_chars().str.strip_chars("\ufeff\u200b")


def is_blank(values: pl.Expr) -> pl.Expr:
    """Whether a cell says that it holds nothing; true for null."""
    return values.is_null() | tidy_text(values).is_in(list(BLANKS))


def parse_count(column: str | pl.Expr) -> pl.Expr:
    """Texts as Int64 counts; null where there is no count or where it cannot be read.

    A rounded count ("1.2万", "99+") becomes its lower bound. The word of a button stands for zero.
    """
    text = tidy_text(_column(column)).str.replace_all(r"[,\s']", "")
    counted = _with_unit(text, rf"^(\d+(?:\.\d+)?)({_any_unit()})\+?$")
    # Without a unit a fraction is no count: "1.5" is something else than people or clicks.
    plain = text.str.extract(r"^(\d+)(?:\.0+)?\+?$").cast(pl.Int64, strict=False)
    pressed = pl.when(text.is_in(list(BUTTONS))).then(pl.lit(0, dtype=pl.Int64))
    return pl.coalesce(plain, (counted + _ROUNDING).floor().cast(pl.Int64, strict=False), pressed)


def parse_amount(column: str | pl.Expr) -> pl.Expr:
    """Texts as Float64 amounts of money: "5000", "¥5,000", "1.2万元", "3000/条"; null where it cannot be read."""
    text = tidy_text(_column(column)).str.replace_all(r"[,\s']", "")
    bare = text.str.replace(r"^(?:[¥$]|rmb|cny)", "").str.replace(r"(?:元|块|rmb|cny)?(?:/[条篇次]|起)?$", "")
    plain = bare.str.extract(r"^(\d+(?:\.\d+)?)$").cast(pl.Float64, strict=False)
    return pl.coalesce(plain, _with_unit(bare, rf"^(\d+(?:\.\d+)?)({_any_unit()})$"))


def _with_unit(text: pl.Expr, pattern: str) -> pl.Expr:
    factor = text.str.extract(pattern, 2).replace_strict(UNITS, default=None, return_dtype=pl.Float64)
    return text.str.extract(pattern, 1).cast(pl.Float64, strict=False) * factor


def _any_unit() -> str:
    return "|".join(UNITS)


def _column(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column
