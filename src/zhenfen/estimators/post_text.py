"""How the post model reads a text: its letters and the words of the lists, each with its place in the raw text.

What discloses an advert, or denies that it is one, is left out before anything is read: how a post sounds and whether
it is disclosed are two facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.features.posts.facts import POST_LISTS, SPONSORSHIP_LISTS, list_words
from zhenfen.text.characters import to_characters, to_texts, unify_characters
from zhenfen.text.ngrams import LONGEST, N_BUCKETS, hash_ngrams, map_parts
from zhenfen.text.spans import find_spans
from zhenfen.text.spelling import spell_in_place

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

LISTS = (*SPONSORSHIP_LISTS, *POST_LISTS)
MOST_WORDS = 20
"""More words of one list say no more."""
CHARS_PER_UNIT = 300
"""Words are counted for this many letters, about the median of the labelled notes and product posts."""
FEWEST_CHARS = 100
"""A text shorter than this is read as this long: one word in a title is no flood of them."""
LIST_WEIGHT = 0.3
"""Scale of the lists beside n-grams of length 1; .1, .3, .6 and 1 were tried, see docs/experiments/post.md."""

_NAME_LINK_CODE = r"@[\p{L}\p{N}_·-]+|(?:https?://|www\.|t\.cn/)[!-~]+|\[[\p{Han}A-Za-z0-9_]{1,12}\]"
_NO_LETTER = r"[^\p{L}\p{N}]"


@dataclass(frozen=True)
class Readable:
    """Texts with some characters left out.

    Attributes:
        texts: What is left of each.
        places: Place in its raw text of every character that is left, shape (n_characters,).
        offsets: Characters of text i are `places[offsets[i]:offsets[i + 1]]`, shape (n_texts + 1,).
    """

    texts: pl.Series
    places: Int
    offsets: Int

    @property
    def n_chars(self) -> Int:
        """Characters left in each text, shape (n_texts,)."""
        return np.diff(self.offsets)


def leave_out_disclosures(texts: pl.Series) -> Readable:
    """Texts without what discloses or denies an advert; a null one is empty."""
    texts = texts.fill_null("")
    regexes = [regex for name in ("disclosure", "negation") for regex in list_words(name).regexes]
    return _leave_out(spell_in_place(texts), texts, regexes)


def read_letters(told: Readable) -> Readable:
    """Simplified lower-case letters and digits, without names, addresses, emoji codes, punctuation and blanks."""
    blanked = told.texts.str.replace_all(_NO_LETTER, " ")
    # The new spelling where it keeps every character in its place.
    frame = pl.DataFrame({"text": blanked, "spelled": unify_characters(blanked)})
    is_same = pl.col("text").str.len_chars() == pl.col("spelled").str.len_chars()
    blanked = frame.select(pl.when(is_same).then("spelled").otherwise("text")).to_series()
    letters = _leave_out(told.texts, blanked, [_NAME_LINK_CODE], " ")
    rows = np.repeat(np.arange(len(told.texts)), letters.n_chars)
    return Readable(letters.texts, told.places[told.offsets[rows] + letters.places], letters.offsets)


def measure_lists(told: Readable, letters: Readable) -> Array:
    """log(1 + words of each list for CHARS_PER_UNIT letters), shape (n_texts, len(LISTS)).

    Words are counted in the text and in its letters, and the larger number stands: signs between all characters hide
    them in the one, and what is written with signs is not in the other.
    """
    counts = np.maximum(_count_words(told.texts), _count_words(letters.texts))
    per_unit = CHARS_PER_UNIT / np.maximum(letters.n_chars, FEWEST_CHARS)
    counts = np.minimum(counts, MOST_WORDS)
    return np.asarray(np.log1p(counts * per_unit[:, None]), dtype=np.float64)


def _count_words(texts: pl.Series) -> Array:
    frame = texts.rename("text").to_frame()
    counted = frame.select(pl.col("text").str.count_matches(list_words(name).regex).alias(name) for name in LISTS)
    return counted.to_numpy().astype(np.float64)


def make_matrix(texts: pl.Series) -> csr_matrix:
    """What the classifier reads.

    Args:
        texts: Raw texts; a null one is a row of zeros.

    Returns:
        Shape (n_texts, N_BUCKETS + len(LISTS)): which n-grams stand in the text, of length 1 together, and the lists.
    """
    from scipy.sparse import csr_matrix, vstack

    parts = map_parts(_make_part, texts)
    return vstack(parts, format="csr") if parts else csr_matrix((0, N_BUCKETS + len(LISTS)))


def has_letters(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether a text holds anything to read, shape (n,)."""
    return np.asarray(texts.str.contains(r"[\p{L}\p{N}]").fill_null(value=False).to_numpy(), dtype=np.bool_)


def _make_part(texts: pl.Series) -> csr_matrix:
    from scipy.sparse import csr_matrix, diags, hstack

    told = leave_out_disclosures(texts)
    letters = read_letters(told)
    grams = hash_ngrams(letters.texts, N_BUCKETS, LONGEST).astype(np.float64)
    n_grams = np.diff(grams.indptr)
    grams.data[:] = 1.0
    unit = diags(1 / np.sqrt(np.maximum(n_grams, 1))) @ grams
    lists = LIST_WEIGHT * measure_lists(told, letters)
    return csr_matrix(hstack((unit, csr_matrix(lists)), format="csr"))


def _leave_out(read: pl.Series, written: pl.Series, regexes: list[str], blank: str = "") -> Readable:
    """`written` without the spans that the patterns find in `read`, a text of the same length, and without `blank`."""
    characters, offsets = to_characters(written)
    kept = np.ones(len(characters), dtype=bool) if not blank else characters != ord(blank)
    for regex in regexes:
        spans = find_spans(read, regex)
        starts = offsets[spans["row"].to_numpy()] + spans["start"].to_numpy()
        ends = offsets[spans["row"].to_numpy()] + spans["end"].to_numpy()
        depth = np.zeros(len(characters) + 1, dtype=np.int64)
        np.add.at(depth, starts, 1)
        np.add.at(depth, ends, -1)
        kept &= np.cumsum(depth[:-1]) == 0
    n_kept = np.concatenate(([0], np.cumsum(kept)))[offsets]
    rows = np.repeat(np.arange(len(written)), np.diff(offsets))
    places = (np.arange(len(characters)) - offsets[rows])[kept]
    return Readable(to_texts(characters, offsets, kept), places, n_kept)
