"""Raw texts in the spelling of the word lists: simplified characters, half-width letters, nothing without width.

For reading words in a text that is quoted: unlike `normalise` it keeps case, accents, signs and blanks, and every match
leads back to its place in the raw text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.text.characters import (
    N_CODE_POINTS,
    PUNCTUATION,
    change_where,
    cut_out,
    escape_codes,
    make_table,
    read_simplified,
    to_characters,
    to_texts,
)

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FROM_FULL_WIDTH = 0xFF01 - ord("!")
_HIDDEN = r"[\p{Cf}\x{115f}\x{1160}\x{3164}]"
"""Characters that take no room: formats, and the fillers of Hangul, which Unicode counts among the letters."""


def spell(texts: pl.Series) -> pl.Series:
    """The texts as the word lists spell them; null stays null."""
    return change_where(spell_in_place(texts), _HIDDEN, lambda hiding: hiding.str.replace_all(_HIDDEN, ""))


def spell_in_place(texts: pl.Series) -> pl.Series:
    """`spell`, but what takes no room stays, and so every character keeps its place."""
    return change_where(texts, _any_other(), _replace)


def spell_word(word: str) -> str:
    """`spell_in_place` of a single word, without the cost of a column: for the entries of long lists."""
    return "".join(_others().get(char, char) for char in word)


def place_in_raw(spans: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Spans that `text.spans.find_spans` found in `spell(texts)`, none empty, as spans of `texts`."""
    is_hiding = texts.str.contains(_HIDDEN).fill_null(value=False)
    row, start, end = (spans[name].to_numpy().copy() for name in ("row", "start", "end"))
    moved = np.flatnonzero(is_hiding.to_numpy()[row])
    if moved.size:
        characters, offsets = to_characters(texts.filter(is_hiding))
        kept = ~_hidden()[characters]
        places, n_before = np.flatnonzero(kept), np.concatenate(([0], np.cumsum(kept)))
        begin = offsets[np.searchsorted(is_hiding.arg_true().to_numpy(), row[moved])]
        first = n_before[begin]
        start[moved], end[moved] = (
            places[first + start[moved]] - begin,
            places[first + end[moved] - 1] + 1 - begin,
        )
    return spans.with_columns(start=pl.Series(start), end=pl.Series(end), seen=cut_out(texts, row, start, end))


def _replace(texts: pl.Series) -> pl.Series:
    characters, offsets = to_characters(texts)
    return to_texts(_table()[characters], offsets)


@cache
def _others() -> Mapping[str, str]:
    """Character → the one that lists are written with; punctuation stays, lists name it in both widths."""
    full = {chr(code): chr(code - _FROM_FULL_WIDTH) for code in _FULL_WIDTH if chr(code) not in PUNCTUATION}
    return {**dict(read_simplified()), **full}


@cache
def _any_other() -> str:
    return f"[{escape_codes([ord(char) for char in _others()])}]"


@cache
def _table() -> npt.NDArray[np.uint32]:
    return make_table(_others().items())


@cache
def _hidden() -> npt.NDArray[np.bool_]:
    """Whether a code point is one of _HIDDEN, as Polars reads it, shape (0x110000,)."""
    codes = [code for code in range(N_CODE_POINTS) if unicodedata.category(chr(code)) == "Cf"]
    hidden = np.zeros(N_CODE_POINTS, dtype=bool)
    hidden[[*codes, 0x115F, 0x1160, 0x3164]] = True
    return hidden
