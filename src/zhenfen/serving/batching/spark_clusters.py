"""Clusters of like comments on Spark: the same bands, links and components as `text.near_duplicates` makes in memory.

Every distinct text goes into each of its bands; within a band the texts that follow each other are paired, as they are
in memory, since a window over (band, key) in the order of (rest of the key, text) is that very order. Pairs are
verified where they meet. Only the texts that have a like come to the driver, to be joined into components.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from zhenfen.text.near_duplicates import (
    BANDS,
    LONG_UNITS,
    N_NEIGHBOURS,
    ORDER_BITS,
    SMALLEST_CLUSTER,
    band_keys,
    connect,
    is_telling,
    keep_alike,
    sign_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import RDD
    from pyspark.sql import DataFrame, SparkSession

_FILE = "part int, data binary"
_ROWS = "part int, row long, comment_id string, normalised string"
_BANDED = "normalised string, band int, key long, place int"
_LINKED = "normalised string, other string"
_GROUPED = ("comment_id", "normalised", "cluster_id", "cluster_size")
_NO_ROW = -1


def group_on_spark(session: SparkSession, texts: RDD[tuple[int, bytes]]) -> RDD[tuple[int, bytes]]:
    """Clusters of like comments over all files together.

    Args:
        session: A running session.
        texts: Place of each file in the order of all, and the Parquet file: comment_id and normalised.

    Returns:
        Place, and the Parquet file: what `scoring.rows.group_comments` returns for its rows.
    """
    rows = session.createDataFrame(texts, _FILE).mapInArrow(_open, _ROWS).cache()
    named = _name_clusters(session, _first_of_each_id(rows))
    files = rows.join(named, "comment_id", "left").groupBy("part").applyInArrow(_close, _FILE)
    return files.rdd.map(lambda row: (row.part, bytes(row.data)))


def _open(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of each file, in order; one more before them, so that a file without rows is not lost."""
    for batch in batches:
        for part, data in _frame(batch).iter_rows():
            frame = pl.read_parquet(io.BytesIO(data))
            first = pl.DataFrame({"comment_id": [None], "normalised": [None]}, schema=frame.schema)
            row = pl.int_range(_NO_ROW, frame.height, dtype=pl.Int64, eager=True)
            columns = (pl.lit(part, dtype=pl.Int32).alias("part"), row.alias("row"), "comment_id", "normalised")
            yield from _batches(pl.concat([first, frame]).select(columns))


def _close(table: pa.Table) -> pa.Table:
    """The file of the rows of one."""
    frame = _frame(table).sort("row")
    size = pl.when(pl.col("normalised").is_not_null()).then(pl.col("cluster_size").fill_null(1))
    grouped = frame.filter(pl.col("row") != _NO_ROW).with_columns(cluster_size=size).select(_GROUPED)
    written = io.BytesIO()
    grouped.write_parquet(written)
    return _table(pl.DataFrame({"part": frame["part"].head(1), "data": [written.getvalue()]}))


def _first_of_each_id(rows: DataFrame) -> DataFrame:
    """comment_id, normalised: an id that comes again is the same comment."""
    from pyspark.sql import functions as F  # noqa: N812 (everybody's name for it)

    first = F.min(F.struct("part", "row", "normalised")).alias("first")
    real = rows.where(F.col("row") != _NO_ROW)
    return real.groupBy("comment_id").agg(first).select("comment_id", "first.normalised")


def _name_clusters(session: SparkSession, once: DataFrame) -> DataFrame:
    """comment_id, cluster_id, cluster_size of the comments in a cluster."""
    from pyspark.sql import functions as F  # noqa: N812

    banded = once.select("normalised").distinct().mapInArrow(_band, _BANDED).cache()
    roots = _join_links(session, banded)
    telling = banded.where(F.col("band") == F.lit(BANDS[0])).select("normalised")
    rooted = telling.join(roots, "normalised", "left").select(
        "normalised", F.coalesce("root", "normalised").alias("root")
    )
    members = once.join(rooted, "normalised")
    units = (F.octet_length("normalised") + F.char_length("normalised")) / 4
    sizes = members.groupBy("root").agg(
        F.min("comment_id").alias("cluster_id"), F.count("*").alias("cluster_size"), F.min(units).alias("units")
    )
    enough = F.when(F.col("units") >= LONG_UNITS, 2).otherwise(SMALLEST_CLUSTER)
    clusters = sizes.where(F.col("cluster_size") >= enough)
    return members.join(clusters, "root").select("comment_id", "cluster_id", "cluster_size")


def _band(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each text that can tell something, once a band."""
    for batch in batches:
        texts = _frame(batch).filter(is_telling())["normalised"]
        if texts.is_empty():
            continue
        signatures = sign_texts(texts)
        for band in BANDS:
            keys = band_keys(signatures, band)
            columns = {
                "normalised": texts,
                "band": pl.repeat(band, len(texts), dtype=pl.Int32, eager=True),
                "key": pl.Series((keys >> ORDER_BITS).astype(np.int64)),
                "place": pl.Series((keys & np.uint64(0xFFFF)).astype(np.int32)),
            }
            yield from _batches(pl.DataFrame(columns))


def _join_links(session: SparkSession, banded: DataFrame) -> DataFrame:
    """normalised and root, the first text of its component, of every text that has a like."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812

    window = Window.partitionBy("band", "key").orderBy("place", "normalised")
    # All neighbours in one pass: a window each would sort the bands as many times at once.
    following = F.array(*(F.lead("normalised", step).over(window) for step in range(1, N_NEIGHBOURS + 1)))
    paired = banded.select("normalised", following.alias("others"))
    proposed = paired.select("normalised", F.explode("others").alias("other"))
    proposed = proposed.where(F.col("other").isNotNull()).select(
        F.least("normalised", "other").alias("normalised"), F.greatest("normalised", "other").alias("other")
    )
    links = pl.DataFrame(pl.from_arrow(proposed.distinct().mapInArrow(_link, _LINKED).toArrow()))
    texts = pl.concat((links["normalised"], links["other"])).unique().sort()
    first, second = (texts.search_sorted(links[name]).to_numpy().astype(np.int64) for name in links.columns)
    roots = connect(np.arange(len(texts), dtype=np.int64), first, second)
    rooted = pl.DataFrame({"normalised": texts, "root": texts.gather(roots)})
    return session.createDataFrame(_table(rooted), "normalised string, root string")


def _link(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The pairs that are alike."""
    for batch in batches:
        pairs = _frame(batch)
        both = pl.concat((pairs["normalised"], pairs["other"].alias("normalised")))
        places = np.arange(pairs.height, dtype=np.int64)
        first, _ = keep_alike(both, places, places + pairs.height)
        yield from _batches(pairs[first])


def _frame(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(batch))


def _table(frame: pl.DataFrame) -> pa.Table:
    """With plain strings and bytes, as Spark knows them."""
    import pyarrow as pa

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    known = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    plain = [known.get(one.type, one.type) for one in table.schema]
    return table.cast(pa.schema(list(zip(table.schema.names, plain, strict=True))))


def _batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    yield from _table(frame).to_batches()
