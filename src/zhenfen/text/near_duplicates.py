"""Comments made from one template: MinHash bands propose pairs, exact Jaccard verifies them, components are clusters.

Texts are compared as sets of character pairs, the edges of a text included: a text of L characters has L + 1 pairs,
and changing one character touches two of them. Broder (1997), Identifying and filtering near-duplicate documents.
The work grows linearly with the number of texts, however alike they are: in each band a text meets only the
neighbours that follow it in the order of its hashes, and components join what the neighbours link.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.text.characters import to_characters
from zhenfen.text.lexicons import load_lexicon, normalised_words
from zhenfen.text.ngrams import mix
from zhenfen.text.normalise import normalise_comments

Uint32 = npt.NDArray[np.uint32]
Uint64 = npt.NDArray[np.uint64]
Int = npt.NDArray[np.int64]

SHORTEST_UNITS = 8
"""Shorter texts form no cluster. A unit is one Chinese character or two Latin letters (X counts its limit so). Of the
comments of 4 units, 19 % (shop reviews), 68 % (Weibo) and 70 % (Bilibili) stand elsewhere word for word; of those of 8
units 1 %, 7 % and 20 %: short praise is what people have in common."""
SMALLEST_CLUSTER = 3
"""Two like comments are a coincidence that a large corpus is full of: with pairs 1.7 % of 62,774 shop reviews would be
in a cluster, from three on .6 %."""
LONG_UNITS = 20
"""A text this long does not come to two people by itself: two make a cluster. It adds .7 % of shop reviews, .3 % of
Bilibili comments, 2 % of JD reviews; the pairs that were looked at were copies or quotations."""
LONGEST_CHARS = 200
"""Texts that agree this far are copies, whatever follows; it bounds memory against a comment of a megabyte."""

N_PERMUTATIONS = 32
"""Two to a band: 16 bands propose a pair of Jaccard .5 with 99 %, and .47 is the least that is ever verified."""
BANDS = range(0, N_PERMUTATIONS, 2)
ORDER_BITS = np.uint64(16)
N_NEIGHBOURS = 2
MOST_UNDERRATED = 0.15
"""A pair is verified when the share of its hashes that agree falls short of the needed Jaccard by no more. The share
has a standard deviation of at most .09 (binomial, 32); of the links among a million comments this loses .7 %, and it
saves a fifth to a half of the verifying."""

# At most a megabyte of signatures at once: it stays in the processor's cache, which makes it several times as fast.
_TEXTS_SIGNED_AT_ONCE = 5_000
_PAIRS_COUNTED_AT_ONCE = 4_000
# So that what is verified takes little memory.
_PAIRS_VERIFIED_AT_ONCE = 20_000
_SEED = 1997


def cluster_comments(comments: pl.DataFrame) -> pl.DataFrame:
    """Clusters of comments with the same or nearly the same text, over all creators together.

    Args:
        comments: comment_id and text; other columns are left aside.

    Returns:
        comment_id and cluster_id, one row a comment in the order given. cluster_id is the smallest comment_id of the
        cluster, null for a comment in none. Neither row order nor the ids decide what is clustered.
    """
    return cluster_normalised(normalise_comments(comments))


def cluster_normalised(comments: pl.DataFrame) -> pl.DataFrame:
    """`cluster_comments` of texts that are normalised already: comment_id and normalised."""
    texts = comments["normalised"].filter(comments.select(is_telling()).to_series()).unique().sort()
    n_chars = count_chars(texts)
    linked = np.arange(len(texts), dtype=np.int64)
    # A text alone is like no other.
    if len(texts) > 1:
        linked = _join(texts, n_chars, *_propose(sign_texts(texts), n_chars))
    roots = pl.DataFrame({"normalised": texts, "root": linked})
    rooted = comments.select("comment_id", "normalised").join(roots, on="normalised", how="left", maintain_order="left")
    clusters = (
        rooted.drop_nulls("root")
        .group_by("root")
        .agg(
            cluster_id=pl.col("comment_id").min(),
            is_cluster=is_enough(pl.len(), count_units(pl.col("normalised")).min()),
        )
    )
    named = rooted.join(clusters.filter("is_cluster"), on="root", how="left", maintain_order="left")
    return named.select("comment_id", "cluster_id")


def is_enough(n: pl.Expr, n_units: pl.Expr) -> pl.Expr:
    """Whether `n` like comments or authors are more than coincidence; `n_units` are of the shortest text."""
    return n >= pl.when(n_units >= LONG_UNITS).then(2).otherwise(SMALLEST_CLUSTER)


def count_units(texts: pl.Expr) -> pl.Expr:
    """Length in units: 1 for a Chinese character, .5 for a Latin letter, which UTF-8 gives three bytes and one."""
    return (texts.str.len_bytes() + texts.str.len_chars()) / 4


def is_telling() -> pl.Expr:
    """Long enough, and written by a person rather than filled in by the platform."""
    text = pl.col("normalised")
    defaults = pl.Series(normalised_words(load_lexicon("comments")["platform_defaults"]))
    is_long_enough = count_units(text) >= SHORTEST_UNITS
    return (is_long_enough & ~text.is_in(defaults.implode())).fill_null(value=False)


def least_jaccard(n_chars: Int) -> npt.NDArray[np.float64]:
    """Jaccard that a pair needs, by the length of its longer text; shape as given, values in [.46, .77].

    It allows one changed character under 10 characters, two up to 29 (or one slot of three), then a tenth of all.
    With a fixed .5 instead, 4.9 % of unique Bilibili comments were linked, with this 3.3 %, at the recall of .96.
    """
    n_changes = np.maximum(np.where(n_chars < 10, 1, 2), n_chars // 10)  # noqa: PLR2004 (the docstring's)
    needed = (n_chars + 1 - 2 * n_changes) / (n_chars + 1 + 2 * n_changes)
    return np.asarray(needed - 1e-9, dtype=np.float64)


def join_alike(texts: pl.Series, first: Int, second: Int) -> Int:
    """The smallest member of each text's component, shape (n_texts,), by those of these pairs that are alike.

    Args:
        texts: Without null.
        first: Index of one text of each pair, that follow each other in a band (see `band_keys`).
        second: Index of the other.
    """
    n_chars = count_chars(texts)
    return _join(texts, n_chars, *_split_codes(_agreeing(sign_texts(texts), n_chars, first, second)))


def _join(texts: pl.Series, n_chars: Int, first: Int, second: Int) -> Int:
    roots = np.arange(len(texts), dtype=np.int64)
    for start in range(0, len(first), _PAIRS_VERIFIED_AT_ONCE):
        part = slice(start, start + _PAIRS_VERIFIED_AT_ONCE)
        # What earlier links have joined needs no link of its own.
        apart = roots[first[part]] != roots[second[part]]
        roots = connect(roots, *_verify(texts, n_chars, first[part][apart], second[part][apart]))
    return roots


def connect(roots: Int, first: Int, second: Int) -> Int:
    """The smallest member of each one's component, shape (n,), after linking first[i] with second[i].

    Each round hooks the larger root of every link onto the smaller and lets all point to their roots' roots.

    Args:
        roots: The same before, `np.arange(n)` to begin with.
        first: One end of each link.
        second: The other end.
    """
    roots = roots.copy()
    while (apart := roots[first] != roots[second]).any():
        one, other = roots[first[apart]], roots[second[apart]]
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        while (above := roots[roots] != roots).any():
            roots[above] = roots[roots[above]]
    return roots


def count_chars(texts: pl.Series) -> Int:
    """Length of each text as far as it counts, shape (n_texts,), up to LONGEST_CHARS."""
    n_chars: Int = np.minimum(texts.str.len_chars().to_numpy().astype(np.int64), LONGEST_CHARS)
    return n_chars


def _shingle(texts: pl.Series) -> tuple[Uint32, Int]:
    """Hashed character pairs of all texts in a row, and the offsets of each text's pairs."""
    # A zero before, between and after makes the edges: of L characters come L + 1 pairs.
    edged = pl.select(pl.concat_str(pl.lit("\0"), texts.str.slice(0, LONGEST_CHARS))).to_series()
    characters, offsets = to_characters(edged)
    pairs = characters * np.uint32(0x9E3779B1)
    pairs[:-1] ^= characters[1:] * np.uint32(0x85EBCA77)
    return mix(pairs), offsets


def sign_texts(texts: pl.Series) -> Uint32:
    """MinHash signatures, shape (n_texts, N_PERMUTATIONS); of texts without null."""
    rng = np.random.default_rng(_SEED)
    factors = rng.integers(0, 2**31, N_PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shifts = rng.integers(0, 2**32, N_PERMUTATIONS, dtype=np.uint32)
    signatures = np.empty((len(texts), N_PERMUTATIONS), dtype=np.uint32)

    def sign(start: int) -> None:
        pairs, offsets = _shingle(texts.slice(start, _TEXTS_SIGNED_AT_ONCE))
        rows = signatures[start : start + _TEXTS_SIGNED_AT_ONCE]
        for at, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
            rows[:, at] = np.minimum.reduceat(pairs * factor + shift, offsets[:-1])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        list(pool.map(sign, range(0, len(texts), _TEXTS_SIGNED_AT_ONCE)))
    return signatures


def _propose(signatures: Uint32, n_chars: Int) -> tuple[Int, Int]:
    """Pairs of texts, smaller index first, that share a band and enough of all hashes; each pair once."""

    def propose(band: int) -> Uint64:
        keys = band_keys(signatures, band)
        # Stable: texts are sorted, so that equal keys come in the order of their texts, not of their rows.
        order = np.argsort(keys, kind="stable")
        keys = keys[order] >> ORDER_BITS
        # Neighbours agree on the band's two hashes and follow each other in their order.
        agreeing = [np.flatnonzero(keys[step:] == keys[:-step]) for step in range(1, N_NEIGHBOURS + 1)]
        pairs = ((order[at], order[at + step]) for step, at in enumerate(agreeing, 1))
        return np.concatenate([_agreeing(signatures, n_chars, *pair) for pair in pairs])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        codes = _sort_distinct(np.concatenate(list(pool.map(propose, BANDS))))
    return _split_codes(codes)


def _split_codes(codes: Uint64) -> tuple[Int, Int]:
    return (codes >> np.uint64(32)).astype(np.int64), (codes & np.uint64(0xFFFFFFFF)).astype(np.int64)


def band_keys(signatures: Uint32, band: int) -> Uint64:
    """What a band's texts are sorted by, shape (n_texts,): equal above the ORDER_BITS means equal in the band.

    24 bits of each of two hashes make the band, 16 of the next hash the order within it, so that the likest come
    together.
    """
    one, two, three = (signatures[:, (band + step) % N_PERMUTATIONS].astype(np.uint64) for step in range(3))
    low = np.uint64(0xFFFFFF)
    keys: Uint64 = (one & low) << np.uint64(40) | (two & low) << ORDER_BITS | three & np.uint64(0xFFFF)
    return keys


def _agreeing(signatures: Uint32, n_chars: Int, first: Int, second: Int) -> Uint64:
    """The pairs that enough of all hashes agree on, each as one number: smaller index above, larger below."""
    enough = np.empty(len(first), dtype=bool)
    for start in range(0, len(first), _PAIRS_COUNTED_AT_ONCE):
        part = slice(start, start + _PAIRS_COUNTED_AT_ONCE)
        one, other = first[part], second[part]
        n_agreeing = (signatures.take(one, axis=0) == signatures.take(other, axis=0)).sum(axis=1, dtype=np.uint8)
        needed = least_jaccard(np.maximum(n_chars[one], n_chars[other]))
        enough[part] = n_agreeing >= N_PERMUTATIONS * (needed - MOST_UNDERRATED)
    small, large = np.minimum(first, second)[enough], np.maximum(first, second)[enough]
    return small.astype(np.uint64) << np.uint64(32) | large.astype(np.uint64)


def _verify(texts: pl.Series, n_chars: Int, first: Int, second: Int) -> tuple[Int, Int]:
    """The pairs whose Jaccard similarity is large enough for their length."""
    kept = np.zeros(len(first), dtype=bool)

    def verify(part: Int) -> None:
        needed = least_jaccard(np.maximum(n_chars[first[part]], n_chars[second[part]]))
        kept[part] = jaccard(texts.gather(first[part]), texts.gather(second[part])) >= needed

    n_threads = pl.thread_pool_size()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(verify, np.array_split(np.arange(len(first)), n_threads)))
    return first[kept], second[kept]


def jaccard(ones: pl.Series, others: pl.Series) -> npt.NDArray[np.float64]:
    """Jaccard similarity of the character pairs of two texts, row by row; shape (n_rows,), values in [0, 1].

    Pairs are told apart by a 32-bit hash.
    """
    left, right = _keyed_sets(ones), _keyed_sets(others)
    both = np.concatenate((left, right))
    both.sort()
    shared = _count_rows(both[1:][both[1:] == both[:-1]], len(ones))
    return shared / (_count_rows(both, len(ones)) - shared)


def _keyed_sets(texts: pl.Series) -> Uint64:
    """Each text's pairs once, with the text's row in the upper half of the number; sorted."""
    pairs, offsets = _shingle(texts)
    keys = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(offsets)) << np.uint64(32) | pairs
    return _sort_distinct(keys)


def _sort_distinct(numbers: Uint64) -> Uint64:
    # numpy.unique builds a hash table, which takes several times as long on numbers like these.
    numbers.sort()
    is_new = np.ones(len(numbers), dtype=bool)
    is_new[1:] = numbers[1:] != numbers[:-1]
    return numbers[is_new]


def _count_rows(keys: Uint64, n_rows: int) -> Int:
    return np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=n_rows)
