"""What is done at one partition on the way to clusters of like comments, in the order of `components.group`.

A step is called with the number of its partition and the frames that met there, by name, and makes blocks for others.
A partition where nothing met sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.batch.engine import Block, Frames, pack, route
from zhenfen.text.digests import N_WORDS, digest, may_agree
from zhenfen.text.near_duplicates import (
    BANDS,
    LONGEST_CHARS,
    N_NEIGHBOURS,
    ORDER_BITS,
    band_keys,
    count_chars,
    count_units,
    is_enough,
    is_telling,
    join_alike,
    sign_texts,
)

FILE = "file"
_PLACE_BITS = 32
_GOLDEN = 0.6180339887498949
_WORDS = tuple(f"word_{place}" for place in range(N_WORDS))


def sample_rows(place: int, frames: Frames, rows_a_sample: int) -> Iterator[Block]:
    """Of a file, how many rows there are; some ids, and some texts that can be in a cluster."""
    rows = frames[FILE]
    # Another start in each file: the first of a small one is its least, where no cut should be. Multiples of the golden
    # section are spread evenly, however many.
    start = int(place * _GOLDEN % 1 * rows_a_sample)
    yield place, ("n_rows", pack(pl.DataFrame({"n_rows": [rows.height]})))
    for name, column in (("ids", rows["comment_id"]), ("texts", rows.filter(is_telling())["normalised"])):
        yield place, (name, pack(column.sort().gather_every(rows_a_sample, start).to_frame("value")))


def send_by_id(place: int, frames: Frames, cuts: pl.Series) -> Iterator[Block]:
    """The comments of a file, as `rows`, to the partitions of their ids."""
    rows = frames[FILE]
    yield from route(_range_of(rows["comment_id"], cuts), "rows", rows)


def send_by_text(partition: int, frames: Frames, cuts: pl.Series) -> Iterator[Block]:
    """Comments that can be in a cluster, as `rows`, to the partitions of their texts.

    An id that comes again is the same comment, with the first one's text.
    """
    if "rows" not in frames:
        return
    rows = frames["rows"].sort("part", "row")
    rows = rows.with_columns(
        is_first=pl.col("comment_id").is_first_distinct(), normalised=pl.col("normalised").first().over("comment_id")
    ).filter(is_telling())
    yield from route(_range_of(rows["normalised"], cuts), "rows", rows)


def number_texts(partition: int, frames: Frames) -> Iterator[Block]:
    """Distinct `texts` with their numbers, and `comments` with the number of their text."""
    if "rows" not in frames:
        return
    first = partition << _PLACE_BITS
    texts = frames["rows"].select(pl.col("normalised").unique().sort()).with_row_index("number")
    texts = texts.with_columns(pl.col("number").cast(pl.Int64) + first)
    yield partition, ("texts", pack(texts))
    yield partition, ("comments", pack(frames["rows"].join(texts, "normalised").drop("normalised")))


def send_keys(partition: int, frames: Frames, n_partitions: int) -> Iterator[Block]:
    """Each text once a band, as `keys`, with what tells most pairs apart where they meet."""
    if "texts" not in frames:
        return
    texts = frames["texts"]
    signatures = sign_texts(texts["normalised"])
    words = dict(zip(_WORDS, digest(signatures).T, strict=True))
    told = texts.select("number").with_columns(n_chars=count_chars(texts["normalised"]), **words)
    keyed = (told.with_columns(key=band_keys(signatures, band), band=pl.lit(band, pl.UInt8)) for band in BANDS)
    keys = pl.concat(keyed)
    yield from route(_band_of(keys) % n_partitions, "keys", keys)


def pair_texts(partition: int, frames: Frames) -> Iterator[Block]:
    """`pairs` of texts that agree on a band, follow each other in its order and may be alike."""
    if "keys" not in frames:
        return
    found = []
    for keys in (band.sort("key", "number") for band in frames["keys"].partition_by("band")):
        in_band, number = _band_of(keys).to_numpy(), keys["number"].to_numpy()
        words, n_chars = keys.select(_WORDS).to_numpy(), keys["n_chars"].to_numpy()
        for step in range(1, N_NEIGHBOURS + 1):
            at = np.flatnonzero(in_band[step:] == in_band[:-step])
            at = at[may_agree(words, n_chars, at, at + step)]
            one, other = number[at], number[at + step]
            found.append(pl.DataFrame({"first": np.minimum(one, other), "second": np.maximum(one, other)}))
    pairs = pl.concat(found).unique()
    yield from route(partition_of(pairs["first"]), "pairs", pairs)


def send_firsts(partition: int, frames: Frames) -> Iterator[Block]:
    """The pairs, as `proposed`, and each first text once, as `firsts`, to where the second is."""
    if "pairs" not in frames:
        return
    pairs = frames["pairs"].unique()
    pairs = pairs.with_columns(goes_to=partition_of(pairs["second"]))
    yield from route(pairs["goes_to"], "proposed", pairs.drop("goes_to"))
    asked = pairs.select(pl.col("first").alias("number"), "goes_to").unique()
    asked = asked.join(_as_compared(frames["texts"]), "number")
    yield from route(asked["goes_to"], "firsts", asked.drop("goes_to"))


def link_texts(partition: int, frames: Frames) -> Iterator[Block]:
    """`links` of texts that are alike, each with the first of its component here."""
    if "proposed" not in frames:
        return
    pairs = frames["proposed"]
    asked = frames["texts"].join(pairs.select(number="second"), "number", "semi")
    texts = pl.concat((_as_compared(asked), frames["firsts"])).unique("number").sort("number")
    first, second = (place_in(texts["number"], pairs[name]) for name in ("first", "second"))
    roots = join_alike(texts["normalised"], first, second)
    # At most a link a text leaves the partition, however many are alike.
    linked = np.flatnonzero(roots != np.arange(len(roots)))
    numbers = texts["number"].to_numpy()
    yield partition, ("links", pack(pl.DataFrame({"first": numbers[roots[linked]], "second": numbers[linked]})))


def join_roots(partition: int, frames: Frames) -> Iterator[Block]:
    """Comments with the root and the length of their text, as `rooted`."""
    if "comments" not in frames:
        return
    texts = frames["texts"].with_columns(n_units=count_units(pl.col("normalised")), root=pl.col("number"))
    if "roots" in frames:
        texts = texts.update(frames["roots"], on="number")
    rooted = frames["comments"].join(texts.drop("normalised"), "number").drop("number")
    yield partition, ("rooted", pack(rooted))


def sum_roots(partition: int, frames: Frames) -> Iterator[Block]:
    """What each root has here, as `sums`, to where the root is."""
    if "rooted" not in frames:
        return
    by_root = frames["rooted"].filter("is_first").group_by("root")
    sums = by_root.agg(
        cluster_id=pl.col("comment_id").min(), cluster_size=pl.len().cast(pl.Int64), n_units=pl.col("n_units").min()
    )
    sums = sums.with_columns(asks=pl.lit(partition, dtype=pl.Int64))
    yield from route(partition_of(sums["root"]), "sums", sums)


def name_clusters(partition: int, frames: Frames) -> Iterator[Block]:
    """The `clusters`, to all partitions that hold some of their comments."""
    if "sums" not in frames:
        return
    clusters = (
        frames["sums"]
        .group_by("root")
        .agg(pl.col("cluster_id").min(), pl.col("cluster_size").sum(), pl.col("n_units").min())
        .filter(is_enough(pl.col("cluster_size"), pl.col("n_units")))
        .drop("n_units")
    )
    asked = frames["sums"].select("root", "asks").join(clusters, "root")
    yield from route(asked["asks"], "clusters", asked.drop("asks"))


def send_to_files(partition: int, frames: Frames) -> Iterator[Block]:
    """The cluster of each comment, as `clusters`, to where its file is."""
    if "clusters" not in frames:
        return
    named = frames["rooted"].join(frames["clusters"], "root").select("part", "row", "cluster_id", "cluster_size")
    yield from route(named["part"], "clusters", named.drop("part"))


def partition_of(numbers: pl.Series) -> pl.Series:
    """The partition that holds each of these texts."""
    return numbers // (1 << _PLACE_BITS)


def place_in(numbers: pl.Series, some: pl.Series) -> npt.NDArray[np.int64]:
    """Where `some` stand among sorted numbers."""
    return numbers.search_sorted(some).to_numpy().astype(np.int64)


def _range_of(values: pl.Series, cuts: pl.Series) -> pl.Series:
    return pl.Series(cuts.search_sorted(values, side="right"))


def _band_of(keys: pl.DataFrame) -> pl.Series:
    return keys["key"] // (1 << int(ORDER_BITS))


def _as_compared(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.with_columns(pl.col("normalised").str.head(LONGEST_CHARS))
