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
Int32 = npt.NDArray[np.int32]

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
N_NEIGHBOURS = 4
"""With 2, the crowded bands of a million comments part copies: recall .973 for .989; with 8 it is .990."""
MOST_UNDERRATED = 0.15
"""A pair is verified when the share of its hashes that agree falls short of the needed Jaccard by no more. The share
has a standard deviation of at most .09 (binomial, 32); of the links among a million comments this loses .7 %, and it
saves a fifth to a half of the verifying."""

# What is worked on at once stays in the processor's cache, which makes it several times as fast.
_TEXTS_SHINGLED_AT_ONCE = 10_000
_TEXTS_SIGNED_AT_ONCE = 1_000
# So that what is verified takes little memory.
_PAIRS_VERIFIED_AT_ONCE = 10_000
# A round looks at all texts: were there more rounds for more texts, the work would grow with their square.
_PAIRS_A_ROUND = 20_000
_MOST_ROUNDS = 16
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
    return size_clusters(comments).drop("cluster_size")


def size_clusters(comments: pl.DataFrame) -> pl.DataFrame:
    """`cluster_normalised` with cluster_size, how many of these comments are in the cluster; null for one in none."""
    telling = comments.select("normalised").with_row_index("row").filter(is_telling()).sort("normalised", "row")
    # Sorted, equal texts follow each other: from here on a text is its number.
    is_new = telling["normalised"].ne_missing(telling["normalised"].shift())
    texts, numbers = telling["normalised"].filter(is_new), np.cumsum(is_new.to_numpy()) - 1
    roots = _link(texts)[numbers]
    n_units = texts.to_frame("text").select(count_units(pl.col("text"))).to_series().gather(numbers)
    rooted = telling.select("row", root=pl.Series(roots), n_units=n_units)
    # Few have company, and ids are compared for them alone.
    rooted = rooted.filter(pl.Series(np.bincount(roots)[roots] > 1, dtype=pl.Boolean))
    clusters = (
        rooted.with_columns(comments["comment_id"].gather(rooted["row"]))
        .group_by("root")
        .agg(
            cluster_id=pl.col("comment_id").min(),
            cluster_size=pl.len().cast(pl.Int64),
            n_units=pl.col("n_units").min(),
        )
        .filter(is_enough(pl.col("cluster_size"), pl.col("n_units")))
    )
    named = rooted.select("row", "root").join(clusters, on="root")
    placed = (
        comments.select("comment_id").with_row_index("row").join(named, on="row", how="left", maintain_order="left")
    )
    return placed.select("comment_id", "cluster_id", "cluster_size")


def _link(texts: pl.Series) -> Int:
    """The smallest member of each text's component, shape (n_texts,); texts are distinct, sorted, without null."""
    # A text alone is like no other.
    if len(texts) <= 1:
        return np.arange(len(texts), dtype=np.int64)
    n_chars = count_chars(texts)
    return _join(texts, n_chars, *_propose(*sketch_texts(texts), n_chars))


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
    n_changes = most_changes(n_chars)
    needed = (n_chars + 1 - 2 * n_changes) / (n_chars + 1 + 2 * n_changes)
    return np.asarray(needed - 1e-9, dtype=np.float64)


def most_changes(n_chars: Int) -> Int:
    """How many changed characters `least_jaccard` allows; shape as given."""
    return np.maximum(np.where(n_chars < 10, 1, 2), n_chars // 10)  # noqa: PLR2004 (that docstring's)


_TWICE_CHANGES: Int32 = (2 * most_changes(np.arange(LONGEST_CHARS + 1))).astype(np.int32)


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
    n_at_once = max(_PAIRS_A_ROUND, -(-len(first) // _MOST_ROUNDS))
    for start in range(0, len(first), n_at_once):
        part = slice(start, start + n_at_once)
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
    """MinHash signatures, shape (n_texts, N_PERMUTATIONS), hash by hash in memory; of texts without null."""
    return sketch_texts(texts)[0]


def sketch_texts(texts: pl.Series) -> tuple[Uint32, Uint64]:
    """What tells texts apart; of texts without null.

    Returns:
        Signatures as `sign_texts` has them; marks, shape (n_texts,): of 64 bits those that the text's pairs hash to.
    """
    rng = np.random.default_rng(_SEED)
    factors = rng.integers(0, 2**31, N_PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shifts = rng.integers(0, 2**32, N_PERMUTATIONS, dtype=np.uint32)
    hashes = np.empty((N_PERMUTATIONS, len(texts)), dtype=np.uint32)
    marks = np.empty(len(texts), dtype=np.uint64)

    def sketch(start: int) -> None:
        pairs, offsets = _shingle(texts.slice(start, _TEXTS_SHINGLED_AT_ONCE))
        marks[start : start + len(offsets) - 1] = np.bitwise_or.reduceat(
            np.uint64(1) << (pairs >> np.uint32(26)).astype(np.uint64), offsets[:-1]
        )
        lengths = np.diff(offsets)
        order = np.argsort(lengths, kind="stable")
        signed = np.empty((N_PERMUTATIONS, len(order)), dtype=np.uint32)
        for at in range(0, len(order), _TEXTS_SIGNED_AT_ONCE):
            # Texts of about one length stand side by side; a shorter one's last pair comes again, which is no less.
            some = order[at : at + _TEXTS_SIGNED_AT_ONCE]
            places = np.minimum(np.arange(lengths[some[-1]])[:, None], lengths[some] - 1)
            table = pairs.take(offsets[some] + places)
            hashed = np.empty_like(table)
            for row, factor, shift in zip(signed, factors, shifts, strict=True):
                np.multiply(table, factor, out=hashed)
                np.add(hashed, shift, out=hashed)
                np.minimum.reduce(hashed, axis=0, out=row[at : at + len(some)])
        hashes[:, start + order] = signed

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        list(pool.map(sketch, range(0, len(texts), _TEXTS_SHINGLED_AT_ONCE)))
    return hashes.T, marks


def _propose(signatures: Uint32, marks: Uint64, n_chars: Int) -> tuple[Int, Int]:
    """Pairs of texts, smaller index first, that share a band and enough of all hashes; each pair once.

    Those that their marks tell apart are left out: exact Jaccard would refuse them.
    """
    longest = n_chars.astype(np.int32)

    def propose(band: int) -> Uint64:
        keys = band_keys(signatures, band)
        order = _order_shared(keys)
        in_band, marked, length = keys[order] >> ORDER_BITS, marks[order], longest[order]
        found = []
        # Neighbours agree on the band's two hashes and follow each other in their order.
        for step in range(1, N_NEIGHBOURS + 1):
            agree = in_band[step:] == in_band[:-step]
            agree &= may_be_alike(marked[step:], marked[:-step], length[step:], length[:-step])
            at = np.flatnonzero(agree)
            found.append(_make_codes(order[at], order[at + step]))
        return np.concatenate(found)

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        codes = _sort_distinct(np.concatenate(list(pool.map(propose, BANDS))))
    return _split_codes(_agreeing(signatures, n_chars, *_split_codes(codes)))


def _order_shared(keys: Uint64) -> Int:
    """The texts whose band another text shares, in the order of their keys; equal keys in the order of the texts."""
    # To sort numbers is several times as fast as to find their order: the first bits of each key and its place are one.
    n_bits = np.uint64(len(keys).bit_length())
    firsts = keys >> n_bits << n_bits | np.arange(len(keys), dtype=np.uint64)
    firsts.sort()
    begins = firsts >> max(n_bits, ORDER_BITS)
    is_shared = np.zeros(len(keys), dtype=bool)
    is_shared[1:] = begins[1:] == begins[:-1]
    is_shared[:-1] |= is_shared[1:]
    shared = (firsts[is_shared] & ((np.uint64(1) << n_bits) - np.uint64(1))).astype(np.int64)
    # Stable: texts are sorted, so that equal keys come in the order of their texts, not of their rows.
    return shared[np.argsort(keys[shared], kind="stable")]


def may_be_alike(marks: Uint64, others: Uint64, n_chars: Int32, n_others: Int32) -> npt.NDArray[np.bool_]:
    """Whether so few of two texts' marks differ that their Jaccard can be enough; shape as given.

    Of s pairs of characters in both texts together and d in one of them alone, the Jaccard is (s - d) / (s + d). Here s
    is taken as large as the lengths allow, d as the number of marks that differ, which is never more than it is. With
    what `least_jaccard` asks for, d may be 2 s n_changes / (n_chars + 1).
    """
    most = np.maximum(n_chars, n_others)
    n_pairs = n_chars + n_others + np.int32(2)
    may: npt.NDArray[np.bool_] = (
        np.bitwise_count(marks ^ others) * (most + np.int32(1)) <= n_pairs * _TWICE_CHANGES[most]
    )
    return may


def _make_codes(first: Int, second: Int) -> Uint64:
    """Each pair as one number: smaller index above, larger below."""
    return np.minimum(first, second).astype(np.uint64) << np.uint64(32) | np.maximum(first, second).astype(np.uint64)


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
    n_agreeing = np.zeros(len(first), dtype=np.uint8)
    for hashes in signatures.T:
        n_agreeing += hashes[first] == hashes[second]
    needed = least_jaccard(np.maximum(n_chars[first], n_chars[second]))
    enough = n_agreeing >= N_PERMUTATIONS * (needed - MOST_UNDERRATED)
    return _make_codes(first[enough], second[enough])


def _verify(texts: pl.Series, n_chars: Int, first: Int, second: Int) -> tuple[Int, Int]:
    """The pairs whose Jaccard similarity is large enough for their length."""
    kept = np.zeros(len(first), dtype=bool)

    def verify(start: int) -> None:
        part = slice(start, start + _PAIRS_VERIFIED_AT_ONCE)
        needed = least_jaccard(np.maximum(n_chars[first[part]], n_chars[second[part]]))
        kept[part] = jaccard(texts.gather(first[part]), texts.gather(second[part])) >= needed

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        list(pool.map(verify, range(0, len(first), _PAIRS_VERIFIED_AT_ONCE)))
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
