"""What letters add to a score, given back as the whole words that they stand in.

A model of character n-grams says what each letter adds; a reader takes in words. jieba cuts them, with the field's
words and the names of brands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.text.characters import cut_out, to_characters
from zhenfen.text.segment import cut_texts
from zhenfen.text.spelling import spell_in_place

Int = npt.NDArray[np.int64]
WORDS_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "word": pl.String(),
    "contribution": pl.Float64(),
}


def share_words(texts: pl.Series, pieces: pl.DataFrame, names: tuple[str, ...] = ()) -> pl.DataFrame:
    """Contributions of pieces of texts as contributions of words.

    A piece's contribution falls on its letters and digits alike, on all of its characters where it has neither; a word
    has what its characters have. The sums of a text stay what they are.

    Args:
        texts: Raw texts; only those with a piece are cut.
        pieces: row (of `texts`), start, end (characters of the raw text, end not included, at least one) and
            contribution; they may overlap.
        names: Words besides the field's, such as the brands of `BrandBook.han`.

    Returns:
        WORDS_SCHEMA, words with a contribution, by row and place.
    """
    if pieces.is_empty():
        return pl.DataFrame(schema=WORDS_SCHEMA)
    used = pieces["row"].unique().sort()
    mine = texts.gather(used)
    characters, offsets = to_characters(mine)
    word_starts, word_of = _number_words(mine, offsets, names)
    # Every character of every piece, as its place among all characters.
    text_of = np.searchsorted(used.to_numpy(), pieces["row"].to_numpy())
    first = offsets[text_of] + pieces["start"].to_numpy()
    lengths = (pieces["end"] - pieces["start"]).to_numpy()
    piece_of = np.repeat(np.arange(pieces.height), lengths)
    places = np.repeat(first - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths) + np.arange(lengths.sum())
    counts = _is_letter(mine)[places].astype(np.float64)
    n_letters = np.bincount(piece_of, counts, pieces.height)
    counts[n_letters[piece_of] == 0] = 1.0
    n_counted = np.bincount(piece_of, counts, pieces.height)
    adds = counts * (pieces["contribution"].to_numpy() / n_counted)[piece_of]
    sums = np.bincount(word_of[places], adds, len(word_starts))
    ends = np.append(word_starts[1:], len(characters))
    rows = np.searchsorted(offsets, word_starts, side="right") - 1
    found = pl.DataFrame(
        {"at": rows, "start": word_starts - offsets[rows], "end": ends - offsets[rows], "contribution": sums}
    ).filter(pl.col("contribution") != 0)
    word = cut_out(mine, *(found[name].to_numpy() for name in ("at", "start", "end")))
    named = found.with_columns(row=used.gather(found["at"]), word=word)
    return named.select(pl.col(name).cast(dtype) for name, dtype in WORDS_SCHEMA.items())


def _number_words(texts: pl.Series, offsets: Int, names: tuple[str, ...]) -> tuple[Int, Int]:
    """Where each word of all texts begins, shape (n_words,); the word of each character, shape (n_characters,)."""
    is_first = np.zeros(offsets[-1], dtype=bool)
    # The spelling of the dictionary, every character in its place.
    for cut, start, end in zip(cut_texts(_spell(texts), names), offsets[:-1], offsets[1:], strict=True):
        lengths = np.array([len(word) for word in cut or ()], dtype=np.int64)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(lengths) else lengths
        is_first[start + starts[starts < end - start]] = True
        is_first[start : start + 1] = end > start
    return np.flatnonzero(is_first), np.cumsum(is_first) - 1


def _spell(texts: pl.Series) -> pl.Series:
    spelled = pl.DataFrame({"plain": spell_in_place(texts)}).with_columns(small=pl.col("plain").str.to_lowercase())
    # A few letters are longer when small (İ): such a text keeps its own.
    is_same = pl.col("plain").str.len_chars() == pl.col("small").str.len_chars()
    return spelled.select(pl.when(is_same).then("small").otherwise("plain")).to_series()


def _is_letter(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether each character of all texts is a letter or a digit, shape (n_characters,)."""
    blanked = texts.fill_null("").str.replace_all(r"(?s)[^\p{L}\p{N}]", " ")
    return np.asarray(to_characters(blanked)[0] != ord(" "))
