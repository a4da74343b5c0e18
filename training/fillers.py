"""Comments that say nothing, by a weak label: what people write word for word under many different things.

Nobody labelled fillers. A text that stands under five Weibo posts, in two kinds of shop or under both videos is about
none of them; one that stands once may be. What it flags is what could be written anywhere, not what was bought.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from training.comments import SHOPPING, VIDEOS, mark_twins
from training.datasets import read_weibo_threads
from zhenfen.text.lexicons import load_lexicon, normalised_words
from zhenfen.text.normalise import normalise_comments

FEWEST_PLACES = {"weibo": 5, "shopping": 2, "bilibili": 2}
"""Different posts, kinds of shop, videos: of 850, of 10, of 2."""
MASHED_CHARS = (2, 12)


def load_fillers(folder: Path) -> pl.DataFrame:
    """Distinct texts of three sources.

    Returns:
        source, normalised, is_fake (1: stands in many places, 0: stands once), twin. Texts that stand more than once,
        but not in enough places, and complaints (which are opinions, however short) are left out.
    """
    shops = SHOPPING.read_raw(folder).filter(is_positive=1).select("text", part="category")
    videos = VIDEOS.read_raw(folder).select("text", part="video")
    threads = read_weibo_threads(folder)["comments"].select("text", part="post_id")
    named = {"weibo": threads, "shopping": shops, "bilibili": videos}
    rows = pl.concat([frame.with_columns(source=pl.lit(name)) for name, frame in named.items()])
    rows = rows.with_row_index("comment_id")
    counted = (
        rows.with_columns(normalise_comments(rows)["normalised"])
        .group_by("source", "normalised", maintain_order=True)
        .agg(n_rows=pl.len(), n_places=pl.col("part").n_unique())
    )
    needed = pl.col("source").replace_strict(FEWEST_PLACES, return_dtype=pl.Int64)
    is_filler, is_single = pl.col("n_places") >= needed, pl.col("n_rows") == 1
    labelled = counted.filter((is_filler | is_single) & (pl.col("normalised") != ""))
    return mark_twins(labelled.select("source", "normalised", is_fake=is_filler.cast(pl.Int8)))


def filler_signs() -> dict[str, str]:
    """Signs of the filler model: how long a text is, and whether it is made of the lexicon's stock words alone."""
    words = load_lexicon("comments")["filler"]
    stock = "|".join((*normalised_words(words), *words.patterns))
    return {"characters": ".", "stock": rf"^(?:{stock}|\p{{L}})$|^(?:{stock})+$"}


def make_fillers(rng: np.random.Generator) -> pl.Series:
    """Normalised fillers of the lexicon, once and twice over, and as many mashes of the keyboard and of digits."""
    words = pl.Series(normalised_words(load_lexicon("comments")["filler"]))
    mashes = [_mash(letters, len(words), rng) for letters in ("abcdefghijklmnopqrstuvwxyz", "0123456789", "asdfghjkl")]
    return pl.concat([words, words + words, *mashes]).unique(maintain_order=True)


def _mash(letters: str, n: int, rng: np.random.Generator) -> pl.Series:
    low, high = MASHED_CHARS
    drawn = np.array(list(letters))[rng.integers(0, len(letters), (n, high))]
    columns = pl.DataFrame({str(at): drawn[:, at] for at in range(high)})
    lengths = pl.Series(rng.integers(low, high + 1, n))
    return columns.select(pl.concat_str(pl.all()).str.slice(0, lengths)).to_series()
