"""Clusters of like comments on Spark: the same bands, links and components as `text.near_duplicates` makes in memory.

Comments meet by id, to leave out what comes again, then by text. Each piece holds a range of all texts, so that a
number (piece above, place below) orders texts as the texts themselves would: from there on numbers travel. Each
distinct text sends its keys to the pieces of its bands; texts that follow each other there are paired as in memory, and
verified where the second of them is. Numbers of linked texts come to the driver, to be joined into components.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from zhenfen.serving.batching.spark_exchange import Block, Frames, exchange, hold, pack, route, unpack, work_on
from zhenfen.text.digests import N_WORDS, digest, may_agree
from zhenfen.text.near_duplicates import (
    BANDS,
    N_NEIGHBOURS,
    ORDER_BITS,
    band_keys,
    connect,
    count_chars,
    count_units,
    is_enough,
    is_telling,
    keep_alike,
    sign_texts,
)

if TYPE_CHECKING:
    from pyspark import RDD

ROWS_A_PIECE = 100_000
"""What a worker holds at once: some ten megabytes of comments, thirty of their keys."""
ROWS_A_SAMPLE = 1_000
"""One of so many rows says where ranges of ids and texts are cut: pieces of a hundred thousand differ by a tenth."""
_PLACE_BITS = 32
_WORDS = tuple(f"word_{place}" for place in range(N_WORDS))
_GROUPED = ("comment_id", "normalised", "cluster_id", "cluster_size")


def group_on_spark(files: RDD[tuple[int, bytes]], n_files: int) -> RDD[tuple[int, bytes]]:
    """Clusters of like comments over all files together.

    Args:
        files: Place of each file in the order of all, and the Parquet file: comment_id and normalised.
        n_files: How many there are.

    Returns:
        Place, and the Parquet file: what `scoring.rows.group_comments` returns for its rows.
    """
    opened = hold(exchange(files.map(_open), n_files))
    n, ids, texts = _find_cuts(opened)
    by_id = exchange(work_on(opened, partial(_send_ids, cuts=ids)), n)
    by_text = exchange(work_on(by_id, partial(_send_texts, cuts=texts)), n)
    comments = hold(work_on(by_text, _number, stays=True))
    roots = files.context.parallelize(list(_find_roots(_find_links(comments, n))))
    rooted = hold(work_on(comments.union(exchange(roots, n)), _join_roots, stays=True))
    sums = exchange(work_on(rooted, _sum), n)
    clusters = exchange(work_on(sums, _name), n)
    named = exchange(work_on(rooted.union(clusters), _send_clusters), n_files)
    return work_on(opened.union(named), _close).mapValues(lambda named: named[1])


def _open(file: tuple[int, bytes]) -> Block:
    place, data = file
    rows = pl.read_parquet(io.BytesIO(data)).with_row_index("row")
    return place, ("file", pack(rows.with_columns(part=pl.lit(place, dtype=pl.Int32))))


def _close(place: int, frames: Frames) -> Iterator[Block]:
    """The file of the rows of one."""
    rows = frames["file"]
    if "clusters" in frames:
        rows = rows.join(frames["clusters"], "row", "left", maintain_order="left")
    else:
        rows = rows.with_columns(cluster_id=pl.lit(None, pl.String), cluster_size=pl.lit(None, pl.Int64))
    size = pl.when(pl.col("normalised").is_not_null()).then(pl.col("cluster_size").fill_null(1))
    written = io.BytesIO()
    rows.sort("row").with_columns(cluster_size=size).select(_GROUPED).write_parquet(written)
    yield place, ("grouped", written.getvalue())


def _find_cuts(opened: RDD[Block]) -> tuple[int, pl.Series, pl.Series]:
    """Number of pieces; the first id and the first text of each piece but the first, or none where nothing is known."""
    looked = [unpack(packed) for _, (_, packed) in work_on(opened, _look).collect()]
    n_rows = sum(one["n_rows"].item(0) for one in looked if one.height)
    n_pieces = max(1, -(-n_rows // ROWS_A_PIECE))
    samples = pl.concat(looked)
    return n_pieces, _cut(samples["comment_id"], n_pieces), _cut(samples["normalised"], n_pieces)


def _look(place: int, frames: Frames) -> Iterator[Block]:
    """Some ids and some texts, and how many rows there are."""
    rows = frames["file"]
    some = rows.select(pl.col("comment_id", "normalised").sort(nulls_last=True).gather_every(ROWS_A_SAMPLE))
    yield place, ("some", pack(some.with_columns(n_rows=pl.lit(rows.height, dtype=pl.Int64))))


def _cut(samples: pl.Series, n_pieces: int) -> pl.Series:
    known = samples.drop_nulls().sort()
    return known.gather([len(known) * piece // n_pieces for piece in range(1, n_pieces) if len(known)])


def _send_ids(place: int, frames: Frames, cuts: pl.Series) -> Iterator[Block]:
    rows = frames["file"]
    yield from route(_pieces(rows["comment_id"], cuts), "rows", rows)


def _send_texts(place: int, frames: Frames, cuts: pl.Series) -> Iterator[Block]:
    """Comments that can be in a cluster; an id that comes again is the same comment, with the first one's text."""
    if "rows" not in frames:
        return
    rows = frames["rows"].sort("part", "row")
    rows = rows.with_columns(
        is_first=pl.col("comment_id").is_first_distinct(), normalised=pl.col("normalised").first().over("comment_id")
    ).filter(is_telling())
    yield from route(_pieces(rows["normalised"], cuts), "rows", rows)


def _pieces(values: pl.Series, cuts: pl.Series) -> pl.Series:
    return pl.Series(cuts.search_sorted(values, side="right"))


def _number(piece: int, frames: Frames) -> Iterator[Block]:
    """Distinct texts with their numbers, and comments with the number of their text."""
    if "rows" not in frames:
        return
    first = piece << _PLACE_BITS
    texts = frames["rows"].select(pl.col("normalised").unique().sort()).with_row_index("number")
    texts = texts.with_columns(pl.col("number").cast(pl.Int64) + first)
    yield piece, ("texts", pack(texts))
    yield piece, ("comments", pack(frames["rows"].join(texts, "normalised").drop("normalised")))


def _find_links(comments: RDD[Block], n_pieces: int) -> pl.DataFrame:
    """Numbers `first` and `second` of texts that are alike."""
    keys = exchange(work_on(comments, partial(_send_keys, n_pieces=n_pieces)), n_pieces)
    pairs = exchange(work_on(keys, _pair), n_pieces)
    proposed = exchange(work_on(comments.union(pairs), _send_firsts), n_pieces)
    links = work_on(comments.union(proposed), _link).collect()
    none = pl.DataFrame(schema={"first": pl.Int64, "second": pl.Int64})
    return pl.concat([none, *(unpack(packed) for _, (_, packed) in links)])


def _send_keys(piece: int, frames: Frames, n_pieces: int) -> Iterator[Block]:
    """Each text once a band, with what tells most pairs apart where they meet."""
    if "texts" not in frames:
        return
    texts = frames["texts"]
    signatures = sign_texts(texts["normalised"])
    words = dict(zip(_WORDS, digest(signatures).T, strict=True))
    told = texts.select("number").with_columns(n_chars=count_chars(texts["normalised"]), **words)
    for band in BANDS:
        keys = band_keys(signatures, band)
        keyed = told.with_columns(band=pl.lit(band, dtype=pl.UInt8), key=keys)
        yield from route(pl.Series((keys >> ORDER_BITS) % n_pieces), "keys", keyed)


def _pair(piece: int, frames: Frames) -> Iterator[Block]:
    """Texts that agree on a band, follow each other in its order and may be alike."""
    if "keys" not in frames:
        return
    keys = frames["keys"].sort("band", "key", "number")
    pairs = pl.concat([_follow(keys, step) for step in range(1, N_NEIGHBOURS + 1)]).unique()
    yield from route(pairs["first"] // (1 << _PLACE_BITS), "pairs", pairs)


def _follow(keys: pl.DataFrame, step: int) -> pl.DataFrame:
    in_band = keys["key"].to_numpy() >> ORDER_BITS
    band = keys["band"].to_numpy()
    at = np.flatnonzero((band[step:] == band[:-step]) & (in_band[step:] == in_band[:-step]))
    digests = keys.select(_WORDS).to_numpy()
    at = at[may_agree(digests, keys["n_chars"].to_numpy(), at, at + step)]
    number = keys["number"].to_numpy()
    one, other = number[at], number[at + step]
    return pl.DataFrame({"first": np.minimum(one, other), "second": np.maximum(one, other)})


def _send_firsts(piece: int, frames: Frames) -> Iterator[Block]:
    """The first text of each pair, to where the second is."""
    if "pairs" not in frames:
        return
    pairs = frames["pairs"].unique().join(frames["texts"], left_on="first", right_on="number")
    yield from route(pairs["second"] // (1 << _PLACE_BITS), "proposed", pairs)


def _link(piece: int, frames: Frames) -> Iterator[Block]:
    """The pairs that are alike."""
    if "proposed" not in frames:
        return
    pairs = frames["proposed"].join(frames["texts"], left_on="second", right_on="number", suffix="_second")
    both = pl.concat((pairs["normalised"], pairs["normalised_second"].alias("normalised")))
    places = np.arange(pairs.height, dtype=np.int64)
    first, _ = keep_alike(both, places, places + pairs.height)
    yield piece, ("links", pack(pairs.select("first", "second")[first]))


def _find_roots(links: pl.DataFrame) -> Iterator[Block]:
    """The number of each linked text, and that of the first of its component."""
    numbers = pl.concat((links["first"], links["second"].alias("first"))).unique().sort()
    first, second = (numbers.search_sorted(links[name]).to_numpy().astype(np.int64) for name in ("first", "second"))
    roots = connect(np.arange(len(numbers), dtype=np.int64), first, second)
    rooted = pl.DataFrame({"number": numbers, "root": numbers.gather(roots)})
    yield from route(numbers // (1 << _PLACE_BITS), "roots", rooted)


def _join_roots(piece: int, frames: Frames) -> Iterator[Block]:
    """Comments with the root and the length of their text."""
    if "comments" not in frames:
        return
    texts = frames["texts"].with_columns(n_units=count_units(pl.col("normalised")), root=pl.col("number"))
    if "roots" in frames:
        texts = texts.update(frames["roots"], on="number")
    rooted = frames["comments"].join(texts.drop("normalised"), "number").drop("number")
    yield piece, ("rooted", pack(rooted))


def _sum(piece: int, frames: Frames) -> Iterator[Block]:
    """What each root has here, to where the root is."""
    if "rooted" not in frames:
        return
    sums = (
        frames["rooted"]
        .filter("is_first")
        .group_by("root")
        .agg(
            cluster_id=pl.col("comment_id").min(), cluster_size=pl.len().cast(pl.Int64), n_units=pl.col("n_units").min()
        )
    )
    sums = sums.with_columns(asks=pl.lit(piece, dtype=pl.Int64))
    yield from route(sums["root"] // (1 << _PLACE_BITS), "sums", sums)


def _name(piece: int, frames: Frames) -> Iterator[Block]:
    """The clusters, to all that have a part of them."""
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


def _send_clusters(piece: int, frames: Frames) -> Iterator[Block]:
    """The cluster of each comment, to where its file is."""
    if "clusters" not in frames:
        return
    named = frames["rooted"].join(frames["clusters"], "root").select("part", "row", "cluster_id", "cluster_size")
    yield from route(named["part"], "clusters", named.drop("part"))
