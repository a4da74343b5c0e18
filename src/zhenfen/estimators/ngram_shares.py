"""What the characters of a text add to a score that its n-grams make."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zhenfen.text.ngrams import LONGEST, count_buckets, hash_size, number_rows, split_keys

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


def share_ngrams(
    characters: npt.NDArray[np.uint32],
    offsets: Int,
    weights: npt.NDArray[np.floating],
    divide_by: Callable[[Int], Array],
) -> Array:
    """What each character adds: of every n-gram on it an even part; shape (n_characters,).

    Args:
        characters: Code points of all texts in a row, shape (n_characters,).
        offsets: Text i is `characters[offsets[i]:offsets[i + 1]]`, shape (n_texts + 1,).
        weights: Of each bucket, shape (n_buckets,); a power of two of them.
        divide_by: How many different buckets each text hits → what its weights are divided by.
    """
    keys, counts = count_buckets(characters, offsets, len(weights))
    rows, buckets = split_keys(keys, len(weights))
    length = divide_by(np.bincount(rows, minlength=len(offsets) - 1))
    worth = weights[buckets] / length[rows] / counts
    adds = np.zeros(len(characters))
    for size in range(1, LONGEST + 1):
        found, places = hash_size(characters, number_rows(offsets), size, len(weights))
        share = worth[np.searchsorted(keys, found)] / size
        for step in range(size):
            adds[places + step] += share
    return adds
