"""Clusters of like comments on Spark: the same bands, links and components as `text.near_duplicates` makes in memory.

Every distinct text goes into each of its bands; within a band the texts that follow each other are paired, as they are
in memory, since a window over (band, key) in the order of (rest of the key, text) is that very order. Pairs are
verified where they meet. Only the texts that have a like come to the driver, to be joined into components.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import numpy as np
import polars as pl

from zhenfen.serving.batching.clusters import write_whole
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
    from pyspark.sql import Column, DataFrame, SparkSession

_BANDED = "normalised string, band int, key long, place int"
_LINKED = "normalised string, other string"
_WRITTEN = "part int, n long"
_GROUPED = {"comment_id": pl.String, "normalised": pl.String, "cluster_id": pl.String, "cluster_size": pl.Int64}


def group_on_spark(session: SparkSession, names: Sequence[str], texts: Path, grouped: Path) -> None:
    """See `Engine.group`."""
    if not names:
        return
    rows = _read(session, names, texts).cache()
    named = _name_clusters(session, _first_of_each_id(rows))
    _write(rows, named, names, grouped)
    rows.unpersist()
    for name in names:
        # A file without rows is in no group.
        if not (grouped / name).exists():
            write_whole(pl.DataFrame(schema=_GROUPED), grouped / name)


def _read(session: SparkSession, names: Sequence[str], texts: Path) -> DataFrame:
    """part (place in `names`), row, comment_id, normalised."""
    from pyspark.sql import functions as F  # noqa: N812 (everybody's name for it)

    frame = session.read.schema("comment_id string, normalised string").parquet(*(str(texts / one) for one in names))
    placed = frame.select("comment_id", "normalised", F.col("_metadata.file_path"), F.col("_metadata.row_index"))
    paths = [one["file_path"] for one in placed.select("file_path").distinct().collect()]
    places = {name: place for place, name in enumerate(names)}
    root = texts.resolve()
    known = [(path, places[_local(path).relative_to(root).as_posix()]) for path in paths]
    parts = session.createDataFrame(known, "file_path string, part int")
    return placed.join(F.broadcast(parts), "file_path").select("part", "row_index", "comment_id", "normalised")


def _local(address: str) -> Path:
    return Path(unquote(urlparse(address).path)).resolve()


def _first_of_each_id(rows: DataFrame) -> DataFrame:
    """comment_id, normalised: an id that comes again is the same comment."""
    from pyspark.sql import functions as F  # noqa: N812

    first = F.min(F.struct("part", "row_index", "normalised")).alias("first")
    return rows.groupBy("comment_id").agg(first).select("comment_id", "first.normalised")


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
    pairs = [banded.select("normalised", _following(step).over(window).alias("other")) for step in _steps()]
    proposed = pairs[0]
    for more in pairs[1:]:
        proposed = proposed.union(more)
    proposed = proposed.where(F.col("other").isNotNull()).select(
        F.least("normalised", "other").alias("normalised"), F.greatest("normalised", "other").alias("other")
    )
    links = pl.DataFrame(pl.from_arrow(proposed.distinct().mapInArrow(_link, _LINKED).toArrow()))
    texts = pl.concat((links["normalised"], links["other"])).unique().sort()
    first, second = (texts.search_sorted(links[name]).to_numpy().astype(np.int64) for name in links.columns)
    roots = connect(np.arange(len(texts), dtype=np.int64), first, second)
    rooted = pl.DataFrame({"normalised": texts, "root": texts.gather(roots)})
    return session.createDataFrame(_table(rooted), "normalised string, root string")


def _steps() -> range:
    return range(1, N_NEIGHBOURS + 1)


def _following(step: int) -> Column:
    from pyspark.sql import functions as F  # noqa: N812

    return F.lead("normalised", step)


def _link(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The pairs that are alike."""
    for batch in batches:
        pairs = _frame(batch)
        both = pl.concat((pairs["normalised"], pairs["other"].alias("normalised")))
        places = np.arange(pairs.height, dtype=np.int64)
        first, _ = keep_alike(both, places, places + pairs.height)
        yield from _batches(pairs[first])


def _write(rows: DataFrame, named: DataFrame, names: Sequence[str], grouped: Path) -> None:
    def write(table: pa.Table) -> pa.Table:
        frame = _frame(table).sort("row_index")
        part = int(frame["part"][0])
        size = pl.when(pl.col("normalised").is_not_null()).then(pl.col("cluster_size").fill_null(1))
        write_whole(frame.with_columns(cluster_size=size).select(*_GROUPED), grouped / names[part])
        return _table(pl.DataFrame({"part": [part], "n": [frame.height]}, schema={"part": pl.Int32, "n": pl.Int64}))

    rows.join(named, "comment_id", "left").groupBy("part").applyInArrow(write, _WRITTEN).collect()


def _frame(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(batch))


def _table(frame: pl.DataFrame) -> pa.Table:
    """With plain strings, as Spark knows them."""
    import pyarrow as pa

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    plain = [pa.string() if pa.types.is_large_string(one.type) else one.type for one in table.schema]
    return table.cast(pa.schema(list(zip(table.schema.names, plain, strict=True))))


def _batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    yield from _table(frame).to_batches()
