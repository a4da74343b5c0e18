"""Clusters of like comments piece by piece: the bands, links and components of `text.near_duplicates`.

Comments meet by id, to leave out what comes again, then by text. Each piece holds a range of all texts, so that a
number (piece above, place below) orders texts as the texts themselves would: from there on numbers travel. Each
distinct text sends its keys to the pieces of its bands; texts that follow each other there are paired as in memory, and
verified where the second of them is. Numbers of linked texts come to one process, to be joined into components.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.batch.pieces import Block, Frames, Pieces, pack, route, unpack
from zhenfen.text.digests import N_WORDS, digest, may_agree
from zhenfen.text.near_duplicates import (
    BANDS,
    LONGEST_CHARS,
    N_NEIGHBOURS,
    ORDER_BITS,
    band_keys,
    connect,
    count_chars,
    count_units,
    is_enough,
    is_telling,
    join_alike,
    sign_texts,
)

ROWS_A_PIECE = 50_000
"""What a worker holds at once: some five megabytes of comments and thirty-five of their keys. Of a million comments,
100,000 a piece took no less time and an eighth more memory."""
MOST_PIECES = 1_000
"""Each sends to each: beyond, pieces grow instead."""
ROWS_A_SAMPLE = 1_000
"""One of so many rows says where ranges of ids and texts are cut: pieces of fifty thousand differ by a seventh."""
FILE = "file"
P = TypeVar("P", bound=Pieces)
_PLACE_BITS = 32
_GOLDEN = 0.6180339887498949
_WORDS = tuple(f"word_{place}" for place in range(N_WORDS))
_GROUPED = ("comment_id", "normalised", "cluster_id", "cluster_size")


def group_pieces(files: P, n_files: int) -> P:
    """Clusters of like comments over all files together.

    Args:
        files: A piece a file, in the order of all: what `open_file` makes of it.
        n_files: How many there are.

    Returns:
        As many pieces; `close_file` makes the file of each.
    """
    n, ids, texts = _find_cuts(files)
    by_text = files.shuffle(partial(_send_ids, cuts=ids), n).shuffle(partial(_send_texts, cuts=texts), n)
    comments = by_text.map(_number)
    # Numbers `first` and `second` of texts that are alike.
    pairs = comments.shuffle(partial(_send_keys, n_pieces=n), n).shuffle(_pair, n)
    proposed = comments.union(pairs).shuffle(_send_firsts, n)
    none = pl.DataFrame(schema={"first": pl.Int64, "second": pl.Int64})
    links = pl.concat([none, *(unpack(packed) for _, (_, packed) in comments.union(proposed).collect(_link))])
    roots = comments.scatter(_find_roots(links))
    rooted = comments.union(roots).map(_join_roots)
    clusters = rooted.shuffle(_sum, n).shuffle(_name, n)
    return files.union(rooted.union(clusters).shuffle(_send_clusters, n_files))


def open_file(place: int, data: bytes) -> Block:
    """The rows of a Parquet file with comment_id and normalised, at its place in the order of all."""
    rows = pl.read_parquet(io.BytesIO(data)).with_row_index("row")
    return place, (FILE, pack(rows.with_columns(part=pl.lit(place, dtype=pl.Int32))))


def close_file(place: int, frames: Frames) -> Iterator[Block]:
    """The content of a Parquet file: what `scoring.group_comments` returns for the rows of one."""
    rows = frames[FILE]
    if "clusters" in frames:
        rows = rows.join(frames["clusters"], "row", "left", maintain_order="left")
    else:
        rows = rows.with_columns(cluster_id=pl.lit(None, pl.String), cluster_size=pl.lit(None, pl.Int64))
    size = pl.when(pl.col("normalised").is_not_null()).then(pl.col("cluster_size").fill_null(1))
    written = io.BytesIO()
    rows.sort("row").with_columns(cluster_size=size).select(_GROUPED).write_parquet(written)
    yield place, ("grouped", written.getvalue())


def _find_cuts(files: Pieces) -> tuple[int, pl.Series, pl.Series]:
    """Number of pieces; the first id and the first text of each piece but the first, or none where nothing is known."""
    looked: dict[str, list[pl.Series]] = {"n_rows": [], "ids": [], "texts": []}
    for _, (name, packed) in files.collect(_look):
        looked[name].append(unpack(packed).to_series())
    n_pieces = min(max(1, -(-int(pl.concat(looked["n_rows"]).sum()) // ROWS_A_PIECE)), MOST_PIECES)
    return n_pieces, _cut(pl.concat(looked["ids"]), n_pieces), _cut(pl.concat(looked["texts"]), n_pieces)


def _look(place: int, frames: Frames) -> Iterator[Block]:
    """How many rows there are; some ids, and some texts that can be in a cluster."""
    rows = frames[FILE]
    # Another start in each file: the first of a small one is its least, where no cut should be. Multiples of the golden
    # section are spread evenly, however many.
    start = int(place * _GOLDEN % 1 * ROWS_A_SAMPLE)
    yield place, ("n_rows", pack(pl.DataFrame({"n_rows": [rows.height]})))
    for name, column in (("ids", rows["comment_id"]), ("texts", rows.filter(is_telling())["normalised"])):
        yield place, (name, pack(column.sort().gather_every(ROWS_A_SAMPLE, start).to_frame("value")))


def _cut(samples: pl.Series, n_pieces: int) -> pl.Series:
    known = samples.sort()
    return known.gather([len(known) * piece // n_pieces for piece in range(1, n_pieces) if len(known)])


def _send_ids(place: int, frames: Frames, cuts: pl.Series) -> Iterator[Block]:
    rows = frames[FILE]
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


def _piece_of(numbers: pl.Series) -> pl.Series:
    return numbers // (1 << _PLACE_BITS)


def _place_in(numbers: pl.Series, some: pl.Series) -> npt.NDArray[np.int64]:
    """Where `some` stand among sorted numbers."""
    return numbers.search_sorted(some).to_numpy().astype(np.int64)


def _number(piece: int, frames: Frames) -> Iterator[Block]:
    """Distinct texts with their numbers, and comments with the number of their text."""
    if "rows" not in frames:
        return
    first = piece << _PLACE_BITS
    texts = frames["rows"].select(pl.col("normalised").unique().sort()).with_row_index("number")
    texts = texts.with_columns(pl.col("number").cast(pl.Int64) + first)
    yield piece, ("texts", pack(texts))
    yield piece, ("comments", pack(frames["rows"].join(texts, "normalised").drop("normalised")))


def _send_keys(piece: int, frames: Frames, n_pieces: int) -> Iterator[Block]:
    """Each text once a band, with what tells most pairs apart where they meet."""
    if "texts" not in frames:
        return
    texts = frames["texts"]
    signatures = sign_texts(texts["normalised"])
    words = dict(zip(_WORDS, digest(signatures).T, strict=True))
    told = texts.select("number").with_columns(n_chars=count_chars(texts["normalised"]), **words)
    keyed = (told.with_columns(key=band_keys(signatures, band), band=pl.lit(band, pl.UInt8)) for band in BANDS)
    keys = pl.concat(keyed)
    yield from route(_band_of(keys) % n_pieces, "keys", keys)


def _band_of(keys: pl.DataFrame) -> pl.Series:
    return keys["key"] // (1 << int(ORDER_BITS))


def _pair(piece: int, frames: Frames) -> Iterator[Block]:
    """Texts that agree on a band, follow each other in its order and may be alike."""
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
    yield from route(_piece_of(pairs["first"]), "pairs", pairs)


def _send_firsts(piece: int, frames: Frames) -> Iterator[Block]:
    """The pairs, and each first text once, to where the second is."""
    if "pairs" not in frames:
        return
    pairs = frames["pairs"].unique()
    pairs = pairs.with_columns(piece=_piece_of(pairs["second"]))
    yield from route(pairs["piece"], "proposed", pairs.drop("piece"))
    asked = (
        pairs.select(pl.col("first").alias("number"), "piece").unique().join(_as_compared(frames["texts"]), "number")
    )
    yield from route(asked["piece"], "firsts", asked.drop("piece"))


def _as_compared(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.with_columns(pl.col("normalised").str.head(LONGEST_CHARS))


def _link(piece: int, frames: Frames) -> Iterator[Block]:
    """Texts that are alike, each with the first of its component here."""
    if "proposed" not in frames:
        return
    pairs = frames["proposed"]
    asked = frames["texts"].join(pairs.select(number="second"), "number", "semi")
    texts = pl.concat((_as_compared(asked), frames["firsts"])).unique("number").sort("number")
    first, second = (_place_in(texts["number"], pairs[name]) for name in ("first", "second"))
    roots = join_alike(texts["normalised"], first, second)
    # At most a link a text leaves the piece, however many are alike.
    linked = np.flatnonzero(roots != np.arange(len(roots)))
    numbers = texts["number"].to_numpy()
    yield piece, ("links", pack(pl.DataFrame({"first": numbers[roots[linked]], "second": numbers[linked]})))


def _find_roots(links: pl.DataFrame) -> Iterator[Block]:
    """The number of each linked text, and that of the first of its component."""
    numbers = pl.concat((links["first"], links["second"].alias("first"))).unique().sort()
    first, second = (_place_in(numbers, links[name]) for name in ("first", "second"))
    roots = connect(np.arange(len(numbers), dtype=np.int64), first, second)
    rooted = pl.DataFrame({"number": numbers, "root": numbers.gather(roots)})
    yield from route(_piece_of(numbers), "roots", rooted)


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
    yield from route(_piece_of(sums["root"]), "sums", sums)


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
