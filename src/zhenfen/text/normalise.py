"""One spelling for texts that a reader takes for the same.

For comparison only, never for display. Traditional characters stay traditional: mapping them needs a dictionary
(OpenCC's) that is no core dependency.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

MENTION = "@"
LINK = "🔗"
CONTACT = "☎"

LONGEST_RUN = 2
"""A character repeated more often is cut to this: 哈哈哈哈 and 哈哈 say the same, 哈 alone may be half a word."""

_URL = r"(?:https?://|www\.|t\.cn/)[!-~]+"
_PLACEHOLDER = r"\[contact:[a-z]+\]"
# [笑哭r] of Xiaohongshu, [允悲] of Weibo, [doge] of Bilibili, and the [话题] behind a Xiaohongshu tag.
_EMOJI_CODE = r"\[[\p{Han}a-z0-9_]{1,12}\]"
_REPLY_TO = r"^\s*回复\s*@[^\s:：]{1,40}\s*[:：]"
_NAME = r"@[\p{L}\p{N}_·-]+"
# Letters of no width: Unicode counts the fillers of Hangul among the letters.
_FILLER = r"\u{115f}\u{1160}"
_FIRST_OF_MORE_BYTES = (0x80, 0x800, 0x10000)
"""Code points from which on UTF-8 takes one byte more."""
_NOT_TEXT = rf"[^\p{{L}}\p{{N}}{MENTION}{LINK}{CONTACT}]|[{_FILLER}]"


def normalise(expr: pl.Expr) -> pl.Expr:
    """Lower-case NFKC letters and digits of a text, without emoji, platform emoji codes, punctuation and blanks.

    Names behind @, addresses and masked contacts become one sign each; the "回复 @x:" before a reply goes;
    a run of one character is cut to LONGEST_RUN. Null stays null, a text without letters becomes empty.
    """
    return (
        expr.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"\p{Cf}", "")
        .str.replace_all(_PLACEHOLDER, CONTACT)
        .str.replace_all(_EMOJI_CODE, "")
        .str.replace_all(_URL, LINK)
        .str.replace(_REPLY_TO, "")
        .str.replace_all(_NAME, MENTION)
        .str.replace_all(_NOT_TEXT, "")
        .map_batches(_cut_runs, return_dtype=pl.String(), is_elementwise=True)
    )


def normalise_comments(comments: pl.DataFrame) -> pl.DataFrame:
    """comment_id and normalised, the writer's own words of each comment in one spelling; rows in the order given."""
    plan = pl.col("comment_id"), normalise(cut_quoted(pl.col("text"))).alias("normalised")
    # One expression runs on one core: as many slices as cores.
    size = -(-comments.height // pl.thread_pool_size()) or 1
    parts = list(comments.iter_slices(size)) or [comments]
    return pl.concat(pl.collect_all([part.lazy().select(plan) for part in parts]))


def cut_quoted(expr: pl.Expr) -> pl.Expr:
    """The writer's own words of a Weibo repost: everything from the first `//@` on is quoted."""
    return expr.str.replace(r"(?s)//\s?@.*$", "")


def has_emoji(expr: pl.Expr) -> pl.Expr:
    """Whether a text holds an emoji or a platform's emoji code; null for a null text."""
    return expr.str.contains(rf"(?i)\p{{Extended_Pictographic}}|\p{{Regional_Indicator}}|{_EMOJI_CODE}")


def to_characters(texts: pl.Series) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """All texts as one row of code points.

    Returns:
        Code points, shape (n_characters,), and offsets, shape (n_texts + 1,): text i is `[offsets[i]:offsets[i + 1]]`.
        A null text is empty.
    """
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(texts.str.len_chars().fill_null(0).to_numpy(), out=offsets[1:])
    return np.frombuffer(texts.str.join("").item().encode("utf-32-le"), dtype=np.uint32), offsets


def _cut_runs(texts: pl.Series) -> pl.Series:
    """Only the few texts with a run are taken apart and put together again."""
    characters, offsets = to_characters(texts)
    rows = np.unique(np.searchsorted(offsets, np.flatnonzero(_is_beyond_run(characters, offsets)), side="right") - 1)
    if not rows.size:
        return texts
    characters, offsets = to_characters(texts.gather(rows))
    return texts.clone().scatter(rows, _to_texts(characters, offsets, ~_is_beyond_run(characters, offsets)))


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


def _to_texts(
    characters: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> pl.Series:
    """The way back from `to_characters`, without the characters that are not `kept`."""
    import pyarrow as pa

    n_bytes = np.where(kept, 1 + sum(characters >= first for first in _FIRST_OF_MORE_BYTES), 0)
    ends = np.concatenate(([0], np.cumsum(n_bytes, dtype=np.int64)))[offsets]
    content = characters[kept].tobytes().decode("utf-32-le").encode()
    rows = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(ends), pa.py_buffer(content))
    return pl.Series(rows)
