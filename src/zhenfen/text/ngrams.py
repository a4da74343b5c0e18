"""Hashed character n-grams of texts: a sparse matrix that needs no vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.text.characters import to_characters

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Uint32 = npt.NDArray[np.uint32]
Int = npt.NDArray[np.int64]
Result = TypeVar("Result")

N_BUCKETS = 2**18
"""The comments of the public sets hold about two million different n-grams; with four times as many buckets the model
of comments was no better on sources it had not seen."""
LONGEST = 3

_KEY_BITS = 32
_CHARACTERS_AT_ONCE = 100_000
"""So that the sorting stays in the processor's cache; a longer text is taken alone."""
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], dtype=np.uint32)
"""One odd number a size (xxHash's primes), so that the same characters at another place make another n-gram."""


def hash_ngrams(texts: pl.Series, n_buckets: int = N_BUCKETS, longest: int = LONGEST) -> csr_matrix:
    """How often the n-grams of 1 to `longest` characters stand in each text, by the bucket they are hashed to.

    The hash depends on nothing but the characters: not on the machine, the process or the other texts.

    Args:
        texts: Normalised texts; a null one is an empty row.
        n_buckets: A power of two, at most 2**31.
        longest: 1 to 5.

    Returns:
        float32 counts, shape (n_texts, n_buckets), buckets ascending in every row.

    Raises:
        ValueError: `n_buckets` or `longest` is none of those.
    """
    from scipy.sparse import csr_matrix, vstack

    check_size(n_buckets, longest)

    def hash_part(part: pl.Series) -> csr_matrix:
        characters, offsets = to_characters(part)
        keys, counts = count_buckets(characters, offsets, n_buckets, longest)
        rows, buckets = split_keys(keys, n_buckets)
        ends = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(part)))))
        return csr_matrix((counts.astype(np.float32), buckets, ends), shape=(len(part), n_buckets))

    parts = map_parts(hash_part, texts, n_buckets)
    return vstack(parts, format="csr", dtype=np.float32) if parts else csr_matrix((0, n_buckets), dtype=np.float32)


def map_parts(function: Callable[[pl.Series], Result], texts: pl.Series, n_buckets: int = N_BUCKETS) -> list[Result]:
    """`function` of consecutive parts of `texts`, each small enough for `count_buckets`, on all cores.

    What a part needs does not grow with their number.
    """
    n_most = 2**_KEY_BITS // n_buckets
    ends = texts.str.len_chars().fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
    parts: list[pl.Series] = []
    start = 0
    while start < len(texts):
        # As many texts as have about _CHARACTERS_AT_ONCE characters together, but one at least.
        before = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, before + _CHARACTERS_AT_ONCE, side="right"))
        end = min(max(end, start + 1), start + n_most)
        parts.append(texts.slice(start, end - start))
        start = end
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(function, parts))


def count_buckets(
    characters: Uint32, offsets: Int, n_buckets: int = N_BUCKETS, longest: int = LONGEST
) -> tuple[Uint32, Int]:
    """The buckets of all texts and how often each is hit.

    Args:
        characters: Code points of all texts in a row, shape (n_characters,).
        offsets: Text i is `characters[offsets[i]:offsets[i + 1]]`, shape (n_texts + 1,).
        n_buckets: A power of two, at most 2**31.
        longest: 1 to 5.

    Returns:
        Keys, ascending, which `split_keys` takes apart; and counts, same shape.
    """
    rows = number_rows(offsets)
    sizes = range(1, longest + 1)
    keys = np.concatenate([hash_size(characters, rows, size, n_buckets)[0] for size in sizes])
    keys.sort()
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(is_new)
    return keys[starts], np.diff(starts, append=len(keys))


def split_keys(keys: Uint32, n_buckets: int = N_BUCKETS) -> tuple[Int, npt.NDArray[np.int32]]:
    """The text and the bucket of each key, shape as given."""
    rows = keys >> np.uint32(n_buckets.bit_length() - 1)
    return rows.astype(np.int64), (keys & np.uint32(n_buckets - 1)).astype(np.int32)


def hash_size(characters: Uint32, rows: Uint32, size: int, n_buckets: int = N_BUCKETS) -> tuple[Uint32, Int]:
    """The n-grams of one size.

    Args:
        characters: Code points of all texts in a row, shape (n_characters,).
        rows: The text each of them belongs to, shape (n_characters,).
        size: Of the n-grams, in characters.
        n_buckets: A power of two.

    Returns:
        Keys as `count_buckets` makes them, one an n-gram, and the place of its first character, same shape.
    """
    n = max(len(characters) - size + 1, 0)
    hashes = np.full(n, size, dtype=np.uint32)
    for place in range(size):
        hashes *= _FACTORS[0]
        hashes ^= characters[place : place + n] * _FACTORS[1 + place % (len(_FACTORS) - 1)]
    inside = np.flatnonzero(rows[:n] == rows[size - 1 : size - 1 + n])
    buckets = mix(hashes[inside]) & np.uint32(n_buckets - 1)
    return rows[inside] << np.uint32(n_buckets.bit_length() - 1) | buckets, inside


def number_rows(offsets: Int) -> Uint32:
    """The text that each character belongs to, shape (n_characters,)."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.uint32), np.diff(offsets))


def check_size(n_buckets: int, longest: int) -> None:
    """Refuse what cannot be hashed.

    Raises:
        ValueError: `n_buckets` is no power of two up to 2**31, or `longest` is not 1 to 5.
    """
    if not 0 < n_buckets <= 2**31 or n_buckets & (n_buckets - 1):
        raise ValueError(f"n_buckets: expected a power of two up to 2**31, found {n_buckets}")
    if not 1 <= longest <= len(_FACTORS):
        raise ValueError(f"longest: expected 1 to {len(_FACTORS)}, found {longest}")


def mix(values: Uint32) -> Uint32:
    """Spread the values evenly, in place (the finaliser of MurmurHash3): no two differ less for having been alike."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        values ^= values >> np.uint32(shift)
        values *= np.uint32(factor)
    values ^= values >> np.uint32(16)
    return values
