"""What the pieces of a post add to its score, each with its place in the raw text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from zhenfen.estimators.ngram_shares import share_ngrams
from zhenfen.estimators.post_classifier import PostClassifier
from zhenfen.estimators.post_heads import Int
from zhenfen.estimators.post_text import (
    LIST_WEIGHT,
    LISTS,
    Array,
    Readable,
    leave_out_disclosures,
    measure_lists,
    read_letters,
)
from zhenfen.features.posts.facts import list_words
from zhenfen.text.characters import to_characters
from zhenfen.text.ngrams import N_BUCKETS, map_parts
from zhenfen.text.spans import find_spans

PIECES_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "contribution": pl.Float64(),
}


def find_pieces(classifier: PostClassifier, texts: pl.Series, heads: Int) -> pl.DataFrame:
    """Contributions to the letters' score before calibration; with the base of the text's head they sum to it.

    An n-gram's share goes to the letters it stands on; neighbouring letters that pull the same way are one piece. The
    words of a list share what the list adds.

    Args:
        classifier: Of posts.
        texts: Raw texts; a null one has no piece.
        heads: The place in HEADS of the head that reads each text, shape (n,).

    Returns:
        PIECES_SCHEMA: row of `texts`, start and end in characters of the raw text, contribution; by row and place.
    """
    found = [pl.DataFrame(schema=PIECES_SCHEMA)]
    for head in np.unique(heads):
        rows, weights, first = np.flatnonzero(heads == head), classifier.weights[head], 0

        def find(part: pl.Series, weights: Array = weights) -> tuple[pl.DataFrame, int]:
            return _find_part(weights, part), len(part)

        for pieces, n_texts in map_parts(find, texts.gather(rows)):
            own = rows[first : first + n_texts]
            found.append(pieces.with_columns(row=pl.Series(own[pieces["row"].to_numpy()], dtype=pl.Int64)))
            first += n_texts
    return pl.concat(found).sort("row", "start", "end")


def _find_part(weights: Array, texts: pl.Series) -> pl.DataFrame:
    told = leave_out_disclosures(texts)
    letters = read_letters(told)
    lists = LIST_WEIGHT * measure_lists(told, letters) * weights[N_BUCKETS:]
    characters, offsets = to_characters(letters.texts)
    adds = share_ngrams(characters, offsets, weights[:N_BUCKETS], np.sqrt)
    # Letters that stand side by side in the raw text and pull the same way, as one piece.
    rows = np.repeat(np.arange(len(letters.texts)), letters.n_chars)
    is_first = np.ones(len(adds), dtype=bool)
    is_first[1:] = (np.diff(rows) != 0) | (np.diff(letters.places) != 1) | ((adds[1:] > 0) != (adds[:-1] > 0))
    starts = np.flatnonzero(is_first)
    last = np.append(starts[1:], len(adds))[: len(starts)] - 1
    sums = np.add.reduceat(adds, starts) if len(starts) else np.empty(0)
    columns = {"row": rows[starts], "start": letters.places[starts], "end": letters.places[last] + 1}
    pieces = [pl.DataFrame({**columns, "contribution": sums}, schema=PIECES_SCHEMA)]
    pieces += [_share_list((told, letters), list_words(name).regex, lists[:, at]) for at, name in enumerate(LISTS)]
    return pl.concat(pieces).filter(pl.col("contribution") != 0).sort("row", "start", "end")


def _share_list(readings: Sequence[Readable], regex: str, adds: Array) -> pl.DataFrame:
    """The words of one list, each with its share of what the list adds to its text.

    Of the readings of a text the one in which most words stand tells their places, the first of those.
    """
    found = []
    for at, reading in enumerate(readings):
        spans = find_spans(reading.texts, regex)
        row, start, end = (spans[name].to_numpy() for name in ("row", "start", "end"))
        first = reading.offsets[row]
        places = {"row": row, "start": reading.places[first + start], "end": reading.places[first + end - 1] + 1}
        found.append(pl.DataFrame(places, schema=dict.fromkeys(places, pl.Int64)).with_columns(reading=pl.lit(at)))
    counted = pl.concat(found).with_columns(n=pl.len().over("row", "reading"))
    best = counted.filter(pl.col("n") == pl.col("n").max().over("row"))
    best = best.filter(pl.col("reading") == pl.col("reading").min().over("row"))
    share = pl.Series(adds).gather(best["row"]) / best["n"]
    return best.with_columns(contribution=share).select(*PIECES_SCHEMA)
