"""Comments that say nothing, and short praise that fits under anything.

Few of either are labelled (training/under_posts.py). Beside those stands a weak label: a text that stands under five
Weibo posts, in two kinds of shop or under both videos is about none of them; one that stands once may be. Where it is
made of words of praise it is praise, else filler. Either says what could be written anywhere, not what was bought.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from training.comments import SHOPPING, VIDEOS, mark_twins
from training.datasets import read_weibo_threads
from training.solicitations import PRAISES_PATH, Templates
from training.text_audits import AUDITS
from training.under_posts import read_kinds
from zhenfen.config import read_config
from zhenfen.text.lexicons import load_lexicon, normalised_words
from zhenfen.text.normalise import normalise_comments, normalise_texts

FEWEST_PLACES = {"weibo": 5, "shopping": 2, "bilibili": 2}
"""Different posts, kinds of shop, videos: of 850, of 10, of 2."""
MASHED_CHARS = (2, 12)
KINDS = ("filler", "praise")


def load_fillers(folder: Path, audits: pl.DataFrame | None = None) -> pl.DataFrame:
    """Distinct texts of three sources with a weak label, and of the comments under posts with one of two readers.

    Args:
        folder: The public data.
        audits: Comments labelled at the desk, see `text_audits.take_comments`.

    Returns:
        source, normalised, kind (filler | praise | other), twin. Weakly labelled texts that stand more than once, but
        not in enough places, that are labelled, and complaints (which are opinions, however short) are left out; so
        are labelled ones on whose kind the readers differ.
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
    is_everywhere, is_single = pl.col("n_places") >= needed, pl.col("n_rows") == 1
    is_praise = pl.col("normalised").str.contains(praise_pattern())
    kind = (
        pl.when(is_everywhere & is_praise)
        .then(pl.lit("praise"))
        .when(is_everywhere)
        .then(pl.lit("filler"))
        # Praise that stands once says no more than praise that stands often.
        .when(is_single & ~is_praise)
        .then(pl.lit("other"))
    )
    weak = counted.select("source", "normalised", kind=kind).drop_nulls("kind")
    labelled = read_kinds(folder)
    if audits is not None:
        # Nobody is asked at the desk whether a comment is praise: what is made of nothing else may be.
        is_open = (pl.col("part") == "contested") | ((pl.col("part") == "genuine") & is_praise)
        own = audits.with_columns(normalised=normalise_texts(audits["text"])).filter(~is_open)
        said = pl.when(pl.col("part") == "filler").then(pl.lit("filler")).otherwise(pl.lit("other"))
        own = own.select(source=pl.lit(AUDITS), text="text", kind=said)
        labelled = pl.concat((labelled, own))
    labelled = labelled.with_columns(normalised=normalise_texts(labelled["text"])).unique(
        "normalised", keep="first", maintain_order=True
    )
    weak = weak.join(labelled, on="normalised", how="anti", maintain_order="left")
    together = pl.concat((weak, labelled.select(weak.columns))).filter(pl.col("normalised") != "")
    return mark_twins(together)


def praise_pattern() -> str:
    """Normalised texts that are made of nothing but the words of praises.yaml."""
    slots = read_config(PRAISES_PATH, Templates).slots
    words = normalise_texts(pl.Series([word for words in slots.values() for word in words if word]))
    any_word = "|".join(words.unique(maintain_order=True).str.escape_regex())
    praising = "|".join(normalise_texts(pl.Series((*slots["nice"], *slots["stock"]))).str.escape_regex())
    return rf"^(?:{any_word})*(?:{praising})(?:{any_word})*$"


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
