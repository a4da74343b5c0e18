"""Long texts in windows: what is judged is a passage of a known length and place, not a whole of any length."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from zhenfen.config import Strict
from zhenfen.text.characters import cut_out

WINDOWS_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "window": pl.String(),
}


class WindowConfig(Strict):
    """How texts are cut.

    Attributes:
        n_chars: Characters of a window.
        fewest_chars: A tail of fewer joins the window before it.
        most: Windows of a text; what lies behind them is not read.
    """

    n_chars: int = Field(default=80, gt=0)
    fewest_chars: int = Field(default=20, gt=0)
    most: int = Field(default=14, gt=0)


def cut_windows(texts: pl.Series, config: WindowConfig) -> pl.DataFrame:
    """The windows of each text, from its beginning, none overlapping; every text has at least one.

    Args:
        texts: Any texts; a null one is empty.
        config: How they are cut.

    Returns:
        WINDOWS_SCHEMA: row (place in `texts`), start and end (characters, end not included), window; ascending.
    """
    texts = texts.fill_null("")
    n_chars = texts.str.len_chars().to_numpy().astype(np.int64)
    whole, tail = np.divmod(n_chars, config.n_chars)
    n_whole = np.maximum(whole + (tail >= config.fewest_chars), 1)
    n_kept = np.minimum(n_whole, config.most)
    row = np.repeat(np.arange(len(texts)), n_kept)
    place = np.arange(len(row)) - np.repeat(np.cumsum(n_kept) - n_kept, n_kept)
    start = place * config.n_chars
    end = np.where(place == n_whole[row] - 1, n_chars[row], start + config.n_chars)
    return pl.DataFrame(
        {
            "row": row,
            "start": start,
            "end": end,
            "window": cut_out(texts, row, start, end),
        },
        schema=WINDOWS_SCHEMA,
    )
