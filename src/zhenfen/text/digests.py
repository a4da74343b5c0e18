"""A MinHash signature in 16 bytes: small enough to travel with every key of a text, and never stricter than it.

The last four bits of every hash are kept, so that hashes that are equal stay equal; others agree by chance once in
sixteen. Li and König (2010), b-Bit Minwise Hashing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhenfen.text.near_duplicates import MOST_UNDERRATED, N_PERMUTATIONS, Int, Uint32, Uint64, least_jaccard

BITS = 4
HASHES_A_WORD = 64 // BITS
N_WORDS = N_PERMUTATIONS // HASHES_A_WORD
_LOWEST_BITS = np.uint64(0x1111111111111111)


def digest(signatures: Uint32) -> Uint64:
    """Shape (n_texts, N_WORDS), from signatures of shape (n_texts, N_PERMUTATIONS)."""
    shifts = np.uint64(BITS) * np.arange(HASHES_A_WORD, dtype=np.uint64)
    lasts = (signatures & np.uint32(2**BITS - 1)).astype(np.uint64).reshape(-1, N_WORDS, HASHES_A_WORD)
    digests: Uint64 = np.bitwise_or.reduce(lasts << shifts, axis=2)
    return digests


def may_agree(digests: Uint64, n_chars: Int, first: Int, second: Int) -> npt.NDArray[np.bool_]:
    """Which pairs can have enough hashes that agree to be worth verifying; shape (n_pairs,).

    Args:
        digests: Shape (n_texts, N_WORDS).
        n_chars: Length of each text, as far as it counts.
        first: Index of one text of each pair.
        second: Index of the other.
    """
    differing = digests[first] ^ digests[second]
    for shift in (1, 2):
        differing |= differing >> np.uint64(shift)
    n_differing = np.bitwise_count(differing & _LOWEST_BITS).sum(axis=1, dtype=np.int64)
    needed = least_jaccard(np.maximum(n_chars[first], n_chars[second]))
    may: npt.NDArray[np.bool_] = N_PERMUTATIONS - n_differing >= N_PERMUTATIONS * (needed - MOST_UNDERRATED)
    return may
