"""One spelling for texts that a reader takes for the same.

For comparison and for models, never for display. Between the steps a text keeps signs that stand for a word (a heart,
a plus, a penguin) until the words of contacts are read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.text.characters import change_where, to_characters, to_texts, unify_characters
from zhenfen.text.contact_words import read_contact_words
from zhenfen.text.contacts import mask_texts

MENTION = "@"
LINK = "🔗"
CONTACT = "☎"

LONGEST_RUN = 2
"""A character repeated more often is cut to this: 哈哈哈哈 and 哈哈 say the same, 哈 alone may be half a word."""
LONG_NUMBER = "00"
"""Stands for a number of 5 or 6 digits: nobody reads them, and templates differ in them. A longer one is as long as
most QQ numbers and every telephone number, and gets their sign."""

_URL = r"(?:https?://|www\.|t\.cn/)[!-~]+"
_PLACEHOLDER = r"\[contact:[a-z]+\]"
# [笑哭r] of Xiaohongshu, [允悲] of Weibo, [doge] of Bilibili, and the [话题] behind a Xiaohongshu tag.
_EMOJI_CODE = r"\[[\p{Han}a-z0-9_]{1,12}\]"
_REPLY_TO = r"^\s*回[复覆]\s*@[^\s:：]{1,40}\s*[:：]"
_NAME = r"@[\p{L}\p{N}_·-]+"
_SIGNS_OF_WORDS = "❤+🐧"
_NOT_TEXT = rf"[^\p{{L}}\p{{N}}{MENTION}{LINK}{CONTACT}{_SIGNS_OF_WORDS}]+"
_LONG_DIGITS = r"[0-9]{5}"
_MOST_LIKE_DIGITS = 3


def normalise(expr: pl.Expr) -> pl.Expr:
    """Simplified, lower-case letters and digits of a text, without emoji, emoji codes, punctuation and blanks.

    Contacts, names behind @ and addresses become one sign each, and so do long numbers (LONG_NUMBER); the
    "回复 @x:" before a reply goes; characters that look like others and contact words in disguise get their plain
    spelling; a run of one character is cut to LONGEST_RUN. Null stays null, a text without letters becomes empty.
    """
    return (
        expr.map_batches(unify_characters, return_dtype=pl.String(), is_elementwise=True)
        .map_batches(mask_texts, return_dtype=pl.String(), is_elementwise=True)
        .str.replace_all(_PLACEHOLDER, CONTACT)
        .str.replace_all(_EMOJI_CODE, "")
        .str.replace_all(_URL, LINK)
        .str.replace(_REPLY_TO, "")
        .str.replace_all(_NAME, MENTION)
        .map_batches(_shorten_numbers, return_dtype=pl.String(), is_elementwise=True)
        .str.replace_all(_NOT_TEXT, "")
        .map_batches(read_contact_words, return_dtype=pl.String(), is_elementwise=True)
        .str.replace_all(f"[{_SIGNS_OF_WORDS}]", "")
        .map_batches(_cut_runs, return_dtype=pl.String(), is_elementwise=True)
    )


def normalise_texts(texts: pl.Series) -> pl.Series:
    """`normalise` on all cores; rows in the order given, null stays null."""
    frame = texts.alias("text").to_frame()
    return _select_on_all_cores(frame, normalise(pl.col("text"))).alias(texts.name)


def normalise_comments(comments: pl.DataFrame) -> pl.DataFrame:
    """comment_id and normalised, the writer's own words of each comment in one spelling; rows in the order given."""
    own = normalise(cut_quoted(pl.col("text")))
    return comments.select("comment_id", normalised=_select_on_all_cores(comments.select("text"), own))


def cut_quoted(expr: pl.Expr) -> pl.Expr:
    """The writer's own words of a Weibo repost: everything from the first `//@` on is quoted."""
    return expr.str.replace(r"(?s)//\s?@.*$", "")


def has_emoji(expr: pl.Expr) -> pl.Expr:
    """Whether a text holds an emoji or a platform's emoji code; null for a null text."""
    return expr.str.contains(rf"(?i)\p{{Extended_Pictographic}}|\p{{Regional_Indicator}}|{_EMOJI_CODE}")


def _select_on_all_cores(frame: pl.DataFrame, expr: pl.Expr) -> pl.Series:
    # One expression runs on one core: as many slices as cores.
    parts = list(frame.iter_slices(-(-frame.height // pl.thread_pool_size()) or 1)) or [frame]
    return pl.concat(pl.collect_all([part.lazy().select(expr) for part in parts])).to_series()


def _shorten_numbers(texts: pl.Series) -> pl.Series:
    return change_where(texts, _LONG_DIGITS, _shorten)


def _shorten(texts: pl.Series) -> pl.Series:
    """Long numbers as signs; 23333 and 66666 are words, and 1000000 is short."""
    for digit in "0123456789":
        texts = texts.str.replace_all(f"{digit}{{{_MOST_LIKE_DIGITS},}}", digit * _MOST_LIKE_DIGITS)
    return texts.str.replace_all("[0-9]{7,}", CONTACT).str.replace_all("[0-9]{5,6}", LONG_NUMBER)


def _cut_runs(texts: pl.Series) -> pl.Series:
    """Only the few texts with a run are taken apart and put together again."""
    characters, offsets = to_characters(texts)
    rows = np.unique(np.searchsorted(offsets, np.flatnonzero(_is_beyond_run(characters, offsets)), side="right") - 1)
    if not rows.size:
        return texts
    characters, offsets = to_characters(texts.gather(rows))
    return texts.clone().scatter(rows, to_texts(characters, offsets, ~_is_beyond_run(characters, offsets)))


def _is_beyond_run(characters: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a character follows LONGEST_RUN of itself in its text, shape (n_characters,)."""
    again = np.zeros(len(characters), dtype=bool)
    again[1:] = characters[1:] == characters[:-1]
    again[offsets[:-1][offsets[:-1] < len(characters)]] = False
    beyond = again.copy()
    for back in range(1, LONGEST_RUN):
        beyond[back:] &= again[:-back]
        beyond[:back] = False
    return beyond
