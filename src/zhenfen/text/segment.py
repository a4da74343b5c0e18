"""Chinese texts cut into words, by jieba's dictionary and rules and the words of configs/text/words.yaml."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import polars as pl

from zhenfen.config import config_dir, read_config
from zhenfen.text.lexicons import Lexicon

WORD_FREQUENCY = 1_000
"""Of the field's words, in jieba's dictionary of 60 million: enough for each to stay whole, too little to tear a
neighbour of everyday language apart (草莓 stays whole in 种草莓)."""


def segment(expr: pl.Expr) -> pl.Expr:
    """The words of each normalised text, as a list; blanks are left out, null stays null.

    rjieba cuts about ten times faster than jieba. On normalised texts both cut alike (8,000 public comments, none
    apart); of raw ones 1 % differ, and 11 % of adverts made of signs: record `segmenter_name` with whatever is trained
    on the words.
    """
    return expr.map_batches(_segment_all, return_dtype=pl.List(pl.String()), is_elementwise=True)


@cache
def segmenter_name() -> str:
    """The library that `segment` cuts with: rjieba where it is installed, else jieba."""
    from importlib.util import find_spec

    return "rjieba" if find_spec("rjieba") else "jieba"


@cache
def load_cutter(name: str) -> Callable[[str], list[str]]:
    """The function of `rjieba` or `jieba` that cuts one text, with the field's words.

    Raises:
        ConfigError: configs/text/words.yaml is not there or cannot be used.
    """
    lists = read_config(config_dir() / "text" / "words.yaml", Lexicon).lists
    words = sorted({word for entries in lists.values() for word in entries.words})
    if name == "rjieba":
        import rjieba

        fast = rjieba.Jieba()
        for word in words:
            fast.add_word(word, WORD_FREQUENCY, None)
        return lambda text: list(fast.cut(text))
    import jieba

    jieba.setLogLevel(logging.WARNING)
    # An own one: the library's default belongs to whoever else uses it in this process.
    reference = jieba.Tokenizer()
    for word in words:
        reference.add_word(word, WORD_FREQUENCY)
    return lambda text: list(reference.cut(text))


def _segment_all(texts: pl.Series) -> pl.Series:
    cut = load_cutter(segmenter_name())
    # Neither library takes more than one text a call.
    words = [None if text is None else [word for word in cut(text) if word.strip()] for text in texts]
    return pl.Series(texts.name, words, dtype=pl.List(pl.String()))
