"""Clusters of like comments over partitions: the bands, links and components of `text.near_duplicates`.

Comments meet by id, to leave out what comes again, then by text. Each partition holds a range of all texts, so that a
number (partition above, place below) orders texts as the texts themselves would: from there on numbers travel. Each
distinct text sends its keys to the partitions of its bands; texts that follow each other there are paired as in memory,
and verified where the second of them is. Numbers of linked texts come to one process, to be joined into components.
`component_steps.py` says what is done at one partition.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl

from zhenfen.batch import component_steps as steps
from zhenfen.batch.component_steps import FILE
from zhenfen.batch.engine import Block, Frames, Partitions, pack, route, unpack
from zhenfen.text.near_duplicates import connect

ROWS_A_PARTITION = 50_000
"""What a worker holds at once: some five megabytes of comments and thirty-five of their keys. Of a million comments,
100,000 a partition took no less time and an eighth more memory."""
MOST_PARTITIONS = 1_000
"""Each sends to each: beyond, partitions grow instead."""
ROWS_A_SAMPLE = 1_000
"""One of so many rows says where ranges of ids and texts are cut: partitions of fifty thousand differ by a seventh."""
P = TypeVar("P", bound=Partitions)
_GROUPED = ("comment_id", "normalised", "cluster_id", "cluster_size")


def group(files: P, n_files: int) -> P:
    """Clusters of like comments over all files together.

    Args:
        files: A partition a file, in the order of all: what `open_file` makes of it.
        n_files: How many there are.

    Returns:
        As many partitions; `close_file` makes the file of each.
    """
    n, ids, texts = find_cuts(files)
    by_id = files.shuffle(partial(steps.send_by_id, cuts=ids), n)
    comments = by_id.shuffle(partial(steps.send_by_text, cuts=texts), n).map(steps.number_texts)
    # Numbers `first` and `second` of texts that are alike.
    pairs = comments.shuffle(partial(steps.send_keys, n_partitions=n), n).shuffle(steps.pair_texts, n)
    proposed = comments.union(pairs).shuffle(steps.send_firsts, n)
    none = pl.DataFrame(schema={"first": pl.Int64, "second": pl.Int64})
    found = comments.union(proposed).collect(steps.link_texts)
    roots = comments.scatter(find_roots(pl.concat([none, *(unpack(packed) for _, (_, packed) in found)])))
    rooted = comments.union(roots).map(steps.join_roots)
    clusters = rooted.shuffle(steps.sum_roots, n).shuffle(steps.name_clusters, n)
    return files.union(rooted.union(clusters).shuffle(steps.send_to_files, n_files))


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


def find_cuts(files: Partitions) -> tuple[int, pl.Series, pl.Series]:
    """Number of partitions; the first id and the first text of each but the first, or none where nothing is known."""
    sampled: dict[str, list[pl.Series]] = {"n_rows": [], "ids": [], "texts": []}
    for _, (name, packed) in files.collect(partial(steps.sample_rows, rows_a_sample=ROWS_A_SAMPLE)):
        sampled[name].append(unpack(packed).to_series())
    n = min(max(1, -(-int(pl.concat(sampled["n_rows"]).sum()) // ROWS_A_PARTITION)), MOST_PARTITIONS)
    ids, texts = (
        known.gather([len(known) * at // n for at in range(1, n) if len(known)])
        for known in (pl.concat(sampled[name]).sort() for name in ("ids", "texts"))
    )
    return n, ids, texts


def find_roots(links: pl.DataFrame) -> Iterator[Block]:
    """The number of each linked text, and that of the first of its component, to where the text is."""
    numbers = pl.concat((links["first"], links["second"].alias("first"))).unique().sort()
    first, second = (steps.place_in(numbers, links[name]) for name in ("first", "second"))
    roots = connect(np.arange(len(numbers), dtype=np.int64), first, second)
    rooted = pl.DataFrame({"number": numbers, "root": numbers.gather(roots)})
    yield from route(steps.partition_of(numbers), "roots", rooted)
