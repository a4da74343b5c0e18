"""Texts as one row of code points, and one character for all that look the same.

Traditional characters become simplified ones (OpenCC's table), enclosed and small-capital letters and digits plain
ones, letters with accents plain ones, and Cyrillic or Greek letters inside a Latin word the Latin ones they look like.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import ConfigError

Uint32 = npt.NDArray[np.uint32]
Int = npt.NDArray[np.int64]

N_CODE_POINTS = 0x110000
_LATIN_WITH_ACCENTS = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
_OFTEN_STABLE = (9, 10, 13, *range(0x20, 0x7F), *range(0x4E00, 0xA000), *range(0x1F300, 0x1F9FF))
PUNCTUATION = "，。！？、：；…—～（）《》【】“”‘’\u3000"
"""Part of nearly every text, and no later step heeds its width."""
# 🇨🇳 is a flag; 🇻🇽 and one letter alone are letters.
_LETTERS_AS_FLAGS = (("🇻🇽", "vx"), ("🇼🇽", "wx"), ("🇶🇶", "qq"))
_FLAG = r"\p{Regional_Indicator}{2}"
# Letters of no width: Unicode counts the fillers of Hangul among the letters.
_NO_WIDTH = r"[\p{Cf}\p{M}\u{115f}\u{1160}]"
_ALL_WITH_CASE = 0x1F000
_FIRST_OF_MORE_BYTES = (0x80, 0x800, 0x10000)
"""Code points from which on UTF-8 takes one byte more."""
_OTHER, _LATIN, _ALIKE, _FOREIGN = range(4)


class Alikes(Strict):
    """Characters by what they are read as.

    Attributes:
        source: Where they come from.
        dated: Day they were gathered, ISO.
        characters: Character → all that are read as it.
    """

    source: str
    dated: str
    characters: dict[str, str]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(looks, is read as)."""
        return [(alike, read) for read, alikes in self.characters.items() for alike in alikes]


class Lookalikes(Strict):
    """configs/text/lookalikes.yaml: read so everywhere, and read so inside a Latin word only."""

    always: Alikes
    within_latin: Alikes


def unify_characters(texts: pl.Series) -> pl.Series:
    """NFKC, lower-case texts without marks and formats, one character for all that look the same; null stays null.

    Full-width punctuation may stay as it is.
    """
    return change_where(texts, _any_unstable(), _unify)


def change_where(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, of which those that hold the pattern are changed: most rules concern few texts."""
    found = texts.str.contains(pattern).fill_null(value=False)
    return texts.clone().scatter(found.arg_true(), change(texts.filter(found))) if found.any() else texts


def _unify(texts: pl.Series) -> pl.Series:
    plain = texts.str.normalize("NFKC").str.replace_all(_NO_WIDTH, "")
    characters, offsets = to_characters(change_where(plain, r"\p{Regional_Indicator}", _read_flags))
    alikes = escape_codes([ord(alike) for alike, _ in _lookalikes().within_latin.pairs])
    return change_where(to_texts(_table()[characters], offsets), f"[{alikes}]", _fold_words)


def _read_flags(texts: pl.Series) -> pl.Series:
    for flag, letters in _LETTERS_AS_FLAGS:
        texts = texts.str.replace_all(flag, letters, literal=True)
    return texts.str.replace_all(_FLAG, "")


def to_characters(texts: pl.Series) -> tuple[Uint32, Int]:
    """All texts as one row of code points.

    Returns:
        Code points, shape (n_characters,), and offsets, shape (n_texts + 1,): text i is `[offsets[i]:offsets[i + 1]]`.
        A null text is empty.
    """
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(texts.str.len_chars().fill_null(0).to_numpy(), out=offsets[1:])
    return np.frombuffer(texts.str.join("").item().encode("utf-32-le"), dtype=np.uint32), offsets


def to_texts(characters: Uint32, offsets: Int, kept: npt.NDArray[np.bool_] | None = None) -> pl.Series:
    """The way back from `to_characters`, without the characters that are not `kept`."""
    import pyarrow as pa

    n_bytes = _n_bytes()[characters]
    if kept is not None:
        n_bytes *= kept
        characters = characters[kept]
    ends = np.concatenate(([0], np.cumsum(n_bytes, dtype=np.int64)))[offsets]
    content = characters.tobytes().decode("utf-32-le").encode()
    rows = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(ends), pa.py_buffer(content))
    return pl.Series(rows)


def cut_out(texts: pl.Series, row: Int, start: Int, end: Int) -> pl.Series:
    """The piece of each span, in time that grows with the texts and the pieces alone.

    `str.slice` counts characters from the beginning of the text for every piece: a text of some MB with a piece in each
    line would take hours.

    Args:
        texts: Any texts.
        row: Places of texts that are not null, shape (n,).
        start: Characters of the text, shape (n,).
        end: Characters of the text, not included and within it, shape (n,).
    """
    used, at = np.unique(row, return_inverse=True)
    characters, offsets = to_characters(texts.gather(used))
    lengths = end - start
    ends = np.concatenate(([0], np.cumsum(lengths)))
    places = np.arange(ends[-1]) + np.repeat(offsets[at] + start - ends[:-1], lengths)
    return to_texts(characters[places], ends)


def _fold_words(texts: pl.Series) -> pl.Series:
    """Foreign letters of a word that has Latin letters or digits, if each looks like a Latin one, as the Latin ones."""
    characters, offsets = to_characters(texts)
    kinds = _kinds()[characters]
    is_word = kinds != _OTHER
    starts = is_word.copy()
    starts[1:] &= ~is_word[:-1]
    # A word ends with its text, and no text here is empty.
    starts[offsets[:-1]] |= is_word[offsets[:-1]]
    words = np.maximum(np.cumsum(starts) - 1, 0)
    has_latin, has_foreign = (np.bincount(words, kinds == kind) > 0 for kind in (_LATIN, _FOREIGN))
    is_folded = (kinds == _ALIKE) & (has_latin & ~has_foreign)[words]
    return to_texts(np.where(is_folded, _latin_table()[characters], characters), offsets)


def make_table(pairs: Iterable[tuple[str, str]]) -> Uint32:
    """What each code point is read as, shape (0x110000,), from pairs (looks, is read as); others as themselves."""
    table = np.arange(N_CODE_POINTS, dtype=np.uint32)
    for alike, read in pairs:
        table[ord(alike)] = ord(read)
    return table


@cache
def _table() -> Uint32:
    """What each code point is read as, in lower case, shape (0x110000,)."""
    plain = ((chr(code), unicodedata.normalize("NFKD", chr(code))[0]) for code in _LATIN_WITH_ACCENTS)
    accents = [(letter, base) for letter, base in plain if letter != base and base.isascii() and base.isalpha()]
    table = make_table((*read_simplified(), *accents, *_lookalikes().always.pairs))
    lower = ((code, chr(code).lower()) for code in range(_ALL_WITH_CASE) if chr(code).isupper())
    for code, letter in lower:
        table[code] = table[ord(letter[0])]
    return table


@cache
def _latin_table() -> Uint32:
    return make_table(_lookalikes().within_latin.pairs)


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """What each code point is in a word: _LATIN (ASCII letter or digit), _ALIKE, _FOREIGN (Greek, Cyrillic), _OTHER."""
    kinds = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    kinds[0x370:0x530] = _FOREIGN
    kinds[[ord(letter) for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]] = _LATIN
    kinds[[ord(alike) for alike, _ in _lookalikes().within_latin.pairs]] = _ALIKE
    return kinds


@cache
def _n_bytes() -> npt.NDArray[np.uint8]:
    """Bytes of each code point in UTF-8, shape (0x110000,)."""
    return np.digitize(np.arange(N_CODE_POINTS), _FIRST_OF_MORE_BYTES).astype(np.uint8) + np.uint8(1)


@cache
def _any_unstable() -> str:
    """A class of all characters but those of plain simplified texts, as a regular expression."""
    plain: list[int] = []
    for code in _OFTEN_STABLE:
        is_folded = unicodedata.normalize("NFKC", chr(code)) != chr(code) or _table()[code] != code
        if not is_folded and unicodedata.category(chr(code))[0] != "M":
            plain.append(code)
    return f"[^{escape_codes(plain)}{PUNCTUATION}]"


def escape_codes(codes: list[int]) -> str:
    """Code points as the ranges of a regular expression's class: a short one is compiled faster."""
    points = np.array(sorted(codes))
    parts = np.split(points, np.flatnonzero(np.diff(points) > 1) + 1)
    return "".join(rf"\x{{{part[0]:x}}}-\x{{{part[-1]:x}}}" for part in parts)


@cache
def _lookalikes() -> Lookalikes:
    return read_config(config_dir() / "text" / "lookalikes.yaml", Lookalikes)


def read_simplified() -> list[tuple[str, str]]:
    """OpenCC's characters: (traditional, simplified)."""
    path = config_dir() / "text" / "simplified.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    pairs = [line for line in lines if not line.startswith("#")]
    if wrong := [line for line in pairs if len(line) != 2]:  # noqa: PLR2004 (a pair)
        raise ConfigError(f"{path}: {wrong[0]!r} is no pair of characters")
    return [(pair[0], pair[1]) for pair in pairs]
