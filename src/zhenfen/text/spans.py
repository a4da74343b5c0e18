"""Where a pattern stands in a text: the first and last character of every match."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.text.characters import cut_out, to_characters

SPANS_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "seen": pl.String(),
}
_OPEN, _CLOSE = "\x02", "\x03"
"""Control characters that stand for nothing in a text; a text that holds them has blanks there while it is read."""


def find_spans(texts: pl.Series, regex: str) -> pl.DataFrame:
    """Every match of a pattern, from left to right, none inside another.

    Args:
        texts: Raw texts; a null one has no match.
        regex: Of the Rust kind, linear in the text.

    Returns:
        row (place in `texts`), start and end (characters of the text, end not included), seen (the match); ascending.
    """
    at = texts.str.contains(regex).fill_null(value=False).arg_true()
    if at.is_empty():
        return pl.DataFrame(schema=SPANS_SCHEMA)
    texts = texts.gather(at)
    marked = texts.str.replace_all(f"[{_OPEN}{_CLOSE}]", " ").str.replace_all(f"({regex})", f"{_OPEN}${{1}}{_CLOSE}")
    characters, offsets = to_characters(marked)
    opened, closed = (np.flatnonzero(characters == ord(sign)) for sign in (_OPEN, _CLOSE))
    row = np.searchsorted(offsets, opened, side="right") - 1
    n_before = np.arange(len(opened)) - np.searchsorted(row, row, side="left")
    # Two signs stand before each earlier match of the text, one more before the end of this one.
    starts = opened - offsets[row] - 2 * n_before
    ends = closed - offsets[row] - 2 * n_before - 1
    columns = {"row": at.gather(row), "start": starts, "end": ends, "seen": cut_out(texts, row, starts, ends)}
    return pl.DataFrame(columns).cast(SPANS_SCHEMA)  # type: ignore[arg-type]
