"""The words of a contact in spellings that dodge filters, read as the words they stand for.

Most of these spellings are words of their own (卫星 is a satellite, 裙 a skirt, 企鹅 a penguin): they count only beside
a word that asks for contact or before a contact's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import polars as pl

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.text.characters import change_where

_CODE = "☎"


class Spellings(Strict):
    """How one contact word is written; the file says what the lists mean.

    Attributes:
        source: Where they come from.
        dated: Day they were gathered, ISO.
        always: Read as the word wherever they stand.
        beside: Read so behind `before` or in front of `after` or `code`, regular expressions without groups.
        between: Read so in front of a code, or behind `before` at the end of a text.
        initials: Read so in front of a code where no Latin letter precedes.
    """

    source: str
    dated: str
    always: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    code: str = ""

    def rules(self, word: str) -> Iterator[tuple[str, str]]:
        """(pattern, replacement), in the order in which they apply."""
        # vx within a Latin word is no word.
        if latin := _latin(self.always):
            yield f"(^|[^a-z]){_any_of(latin)}", "${1}" + word
        if han := _han(self.always):
            yield _any_of(han), word
        if self.beside and self.code:
            yield f"(^|[^a-z]){_any_of(_latin(self.beside))}(?:{self.code})", "${1}" + word + _CODE
            yield f"{_any_of(_han(self.beside))}(?:{self.code})", word + _CODE
        if self.beside and self.before:
            yield f"({self.before}){_any_of(self.beside)}", "${1}" + word
        if self.beside and self.after:
            yield f"{_any_of(self.beside)}({self.after})", word + "${1}"
        if self.between:
            yield f"{_any_of(self.between)}{_CODE}", word + _CODE
        if self.between and self.before:
            yield f"({self.before}){_any_of(self.between)}$", "${1}" + word
        if self.initials:
            yield f"(^|[^a-z]){_any_of(self.initials)}{_CODE}", "${1}" + word + _CODE


class ContactWords(Strict):
    """configs/text/contact_words.yaml: the spellings of each word."""

    words: dict[str, Spellings]


def read_contact_words(texts: pl.Series) -> pl.Series:
    """Texts without blanks and punctuation in which every contact word has its own spelling; null stays null."""
    return change_where(texts, _any_spelling(), _read)


def _read(texts: pl.Series) -> pl.Series:
    for pattern, replacement in _rules():
        texts = texts.str.replace_all(pattern, replacement)
    return texts


@cache
def _rules() -> tuple[tuple[str, str], ...]:
    words = read_config(config_dir() / "text" / "contact_words.yaml", ContactWords).words
    return tuple(rule for word, spellings in words.items() for rule in spellings.rules(word))


@cache
def _any_spelling() -> str:
    return "|".join(pattern for pattern, _ in _rules())


def _latin(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word[0].isascii())


def _han(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if not word[0].isascii())


def _any_of(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(map(re.escape, words)) + ")"
