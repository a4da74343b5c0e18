"""A digest lets every pair through that the whole signature lets through, and few others."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.sellers import bought_comments
from zhenfen.text.digests import digest, may_agree
from zhenfen.text.near_duplicates import MOST_UNDERRATED, N_PERMUTATIONS, count_chars, least_jaccard, sign_texts


def test_no_pair_that_is_alike_is_left_out() -> None:
    rng = np.random.default_rng(3)
    written = bought_comments("template", 0, 0, 400, rng)
    first, second = np.triu_indices(400, 1)
    n_chars = count_chars(written)
    signatures = sign_texts(written)
    may = may_agree(digest(signatures), n_chars, first, second)
    n_agreeing = (signatures[first] == signatures[second]).sum(axis=1)
    needed = least_jaccard(np.maximum(n_chars[first], n_chars[second])) - MOST_UNDERRATED
    enough = n_agreeing >= N_PERMUTATIONS * needed
    assert enough.sum() > 100
    assert not (enough & ~may).any()


def test_strangers_are_mostly_left_out() -> None:
    written = pl.Series(texts.organic_comments(np.random.default_rng(4), 2_000)).unique().sort()
    written = written.filter(written.str.len_chars() >= 8)
    first, second = np.triu_indices(len(written), 1)
    assert may_agree(digest(sign_texts(written)), count_chars(written), first, second).mean() < 0.02


def test_one_hash_that_differs_is_counted_once() -> None:
    signatures = np.arange(64, dtype=np.uint32).reshape(2, 32)
    signatures[1] = signatures[0]
    signatures[1, :20] ^= np.uint32(0b1111)
    digests = digest(signatures)
    assert digests.shape == (2, 2)
    one, other = np.array([0]), np.array([1])
    # Of 200 characters a Jaccard of .67 is needed: .52 of 32 hashes, and 12 are left.
    assert not may_agree(digests, np.array([200, 200]), one, other)[0]
    signatures[1, :16] = signatures[0, :16]
    assert may_agree(digest(signatures), np.array([200, 200]), one, other)[0]
