"""Hashed n-grams against an oracle in plain Python, and the laws of a hash."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from work_counter import check_linear

from zhenfen.text import ngrams
from zhenfen.text.ngrams import hash_ngrams

TEXTS = ["加微信", "", None, "好", "哈哈哈哈", "abc加微信abc", "𝟙𠮷😀", "顶"]


def mix(value: int) -> int:
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        value ^= value >> shift
        value = value * factor % 2**32
    return value ^ value >> 16


def bucket(gram: str, n_buckets: int) -> int:
    value = len(gram)
    for place, character in enumerate(gram):
        value = value * 0x9E3779B1 % 2**32
        value ^= ord(character) * (0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)[place % 4] % 2**32
    return mix(value) % n_buckets


def oracle(text: str | None, n_buckets: int, longest: int) -> Counter[int]:
    text = text or ""
    grams = (text[i : i + size] for size in range(1, longest + 1) for i in range(len(text) - size + 1))
    return Counter(bucket(gram, n_buckets) for gram in grams)


def rows_of(texts: list[str | None], n_buckets: int, longest: int) -> list[dict[int, float]]:
    matrix = hash_ngrams(pl.Series(texts, dtype=pl.String), n_buckets, longest)
    assert matrix.shape == (len(texts), n_buckets)
    assert matrix.dtype == np.float32
    assert matrix.has_canonical_format
    return [dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) for row in matrix]


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
@pytest.mark.parametrize("n_buckets", [1, 8, 2**18])
def test_it_counts_what_the_oracle_counts(n_buckets: int, longest: int) -> None:
    assert rows_of(TEXTS, n_buckets, longest) == [dict(oracle(text, n_buckets, longest)) for text in TEXTS]


def test_a_text_hashes_the_same_in_any_company(monkeypatch: pytest.MonkeyPatch) -> None:
    together = rows_of(TEXTS, 2**18, 3)
    monkeypatch.setattr(ngrams, "_CHARACTERS_AT_ONCE", 3)
    assert rows_of(TEXTS, 2**18, 3) == together
    assert rows_of(TEXTS[::-1], 2**18, 3) == together[::-1]


def test_order_within_an_n_gram_matters() -> None:
    one, other = rows_of(["微信", "信微"], 2**18, 2)
    assert len(one.keys() & other.keys()) == 2


def test_buckets_are_hit_evenly() -> None:
    grams = pl.Series([chr(0x4E00 + i) + chr(0x4E00 + j) for i in range(150) for j in range(150)])
    hits = np.asarray((hash_ngrams(grams, 256, 2) > 0).sum(axis=0)).ravel()
    # Pairs alone: 22,500 of them on 256 buckets are 88 ± 9 each; single characters add up to 2 texts × 150 each.
    assert hits.min() > 40


def test_no_texts() -> None:
    assert hash_ngrams(pl.Series([], dtype=pl.String)).shape == (0, ngrams.N_BUCKETS)
    assert hash_ngrams(pl.Series([None, None], dtype=pl.String)).nnz == 0


@pytest.mark.parametrize(("n_buckets", "longest"), [(0, 3), (3, 3), (2**32, 3), (8, 0), (8, 6)])
def test_sizes_that_cannot_be(n_buckets: int, longest: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        hash_ngrams(pl.Series(["好"]), n_buckets, longest)


@pytest.mark.parametrize("text", ["啊" * 100_000, "加v12345" * 12_500, "\x00\u202e\ufeff" * 30_000, "😀" * 100_000])
def test_a_very_long_text_is_linear_work(text: str) -> None:
    matrix = hash_ngrams(pl.Series([text, "好"]))
    assert matrix[0].sum() == 3 * len(text) - 3
    assert matrix[1].nnz == 1
    check_linear(lambda longer: hash_ngrams(pl.Series([longer])), text)
