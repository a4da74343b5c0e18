"""Chinese texts cut into words, by jieba's dictionary and rules."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import polars as pl


def segment(expr: pl.Expr) -> pl.Expr:
    """The words of each text, as a list; blanks are left out, null stays null.

    rjieba cuts about ten times faster than jieba and the same way but for .7 % of texts that mix Latin letters and
    emoji: record `segmenter_name` with whatever is trained on the words.
    """
    return expr.map_batches(_segment_all, return_dtype=pl.List(pl.String()), is_elementwise=True)


@cache
def segmenter_name() -> str:
    """The library that `segment` cuts with: rjieba where it is installed, else jieba."""
    from importlib.util import find_spec

    return "rjieba" if find_spec("rjieba") else "jieba"


def load_cutter(name: str) -> Callable[[str], list[str]]:
    """The function of `rjieba` or `jieba` that cuts one text."""
    if name == "rjieba":
        import rjieba

        return lambda text: list(rjieba.cut(text))
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return lambda text: list(jieba.lcut(text))


def _segment_all(texts: pl.Series) -> pl.Series:
    cut = load_cutter(segmenter_name())
    # Neither library takes more than one text a call.
    words = [None if text is None else [word for word in cut(text) if word.strip()] for text in texts]
    return pl.Series(texts.name, words, dtype=pl.List(pl.String()))
