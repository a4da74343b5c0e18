"""Word lists of configs/features/, and what of them stands in a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import polars as pl
from pydantic import field_validator, model_validator

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.text.normalise import normalise


class WordList(Strict):
    """Words and patterns that mean the same.

    Attributes:
        source: Where they come from.
        dated: Day they were gathered, ISO.
        words: Read as they are, Latin letters in either case.
        patterns: Regular expressions (Rust's, linear in the text) where words do not do.
    """

    source: str
    dated: str
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _check_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                pl.select(pl.lit("").str.contains(pattern))
            except pl.exceptions.ComputeError as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return patterns

    @model_validator(mode="after")
    def _check_content(self) -> WordList:
        if not all((*self.words, *self.patterns, *(self.words or self.patterns))):
            raise ValueError("an empty word would stand in every text")
        if not (self.words or self.patterns):
            raise ValueError("expected at least one word or pattern")
        return self

    @property
    def regex(self) -> str:
        """One expression for all of them, longest word first, so that the longest is the one that is found."""
        return "(?i)(?:" + "|".join((*self.patterns, *self._escaped)) + ")"

    @property
    def regexes(self) -> tuple[str, ...]:
        """An expression for each pattern, and one for the words."""
        return tuple(f"(?i){regex}" for regex in (*self.patterns, "|".join(self._escaped)) if regex)

    @property
    def _escaped(self) -> list[str]:
        return sorted(map(re.escape, self.words), key=lambda word: (-len(word), word))


class Lexicon(Strict):
    """The word lists of one file."""

    lists: dict[str, WordList]


@cache
def load_lexicon(name: str) -> Mapping[str, WordList]:
    """The word lists of configs/features/<name>.yaml by their name.

    Raises:
        ConfigError: The file is not there, or a list in it cannot be used.
    """
    return read_config(config_dir() / "features" / f"{name}.yaml", Lexicon).lists


def has_any(expr: pl.Expr, words: WordList) -> pl.Expr:
    """Whether a text holds a word of the list; null for a null text."""
    # One by one: a single pattern with a word boundary makes the joint expression a hundred times as slow.
    return pl.any_horizontal(expr.str.contains(regex) for regex in words.regexes)


def find_all(expr: pl.Expr, words: WordList) -> pl.Expr:
    """The words of the list as they stand in a text, in its order; null for a null text."""
    return expr.str.extract_all(words.regex)


@cache
def normalised_words(words: WordList) -> tuple[str, ...]:
    """The words in the spelling of `normalise`, for comparison with whole normalised texts."""
    frame = pl.DataFrame({"word": words.words}, schema={"word": pl.String})
    return tuple(frame.select(normalise(pl.col("word"))).to_series().unique().sort())
