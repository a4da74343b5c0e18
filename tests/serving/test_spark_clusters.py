"""What Spark's workers do piece by piece, done here: the clusters are those of one process, however it is cut."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.scoring.rows import group_comments
from zhenfen.serving.batching import spark_clusters, spark_exchange
from zhenfen.simulate import texts


class Pieces:
    """Partitions in a list: of an RDD what `group_on_spark` uses. Those that come to a piece come in any order."""

    def __init__(self, partitions: list[list[Any]], rng: np.random.Generator) -> None:
        self.partitions = partitions
        self.rng = rng
        self.context = self

    def parallelize(self, rows: list[Any]) -> Pieces:
        return Pieces([rows], self.rng)

    def map(self, call: Callable[[Any], Any]) -> Pieces:
        return Pieces([[call(one) for one in partition] for partition in self.partitions], self.rng)

    def mapValues(self, call: Callable[[Any], Any]) -> Pieces:  # noqa: N802 (Spark's name)
        return self.map(lambda one: (one[0], call(one[1])))

    def mapPartitionsWithIndex(  # noqa: N802 (Spark's name)
        self,
        call: Callable[[int, Iterable[Any]], Iterator[Any]],
        preservesPartitioning: bool = False,  # noqa: N803
    ) -> Pieces:
        made = [list(call(place, iter(one))) for place, one in enumerate(self.partitions)]
        if preservesPartitioning:
            assert all(piece == place for place, one in enumerate(made) for piece, _ in one)
        return Pieces(made, self.rng)

    def partitionBy(self, n: int, call: Callable[[int], int]) -> Pieces:  # noqa: N802 (Spark's name)
        met: list[list[Any]] = [[] for _ in range(n)]
        for row in self.collect():
            met[call(row[0])].append(row)
        return Pieces([[one[at] for at in self.rng.permutation(len(one))] for one in met], self.rng)

    def union(self, other: Pieces) -> Pieces:
        pairs = zip(self.partitions, other.partitions, strict=True)
        return Pieces([[*one, *two] for one, two in pairs], self.rng)

    def collect(self) -> list[Any]:
        return [row for partition in self.partitions for row in partition]


def _write(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def _make_files(seed: int) -> list[pl.DataFrame]:
    """Strangers' comments and templates over five files, the last empty; ids and texts that come again, and none."""
    rng = np.random.default_rng(seed)
    written = pl.concat([texts.organic_comments(rng, 700).alias("t"), texts.farm_comments(rng, 300).alias("t")])
    written = pl.concat([written, written.head(40)]).gather(rng.permutation(1_040))
    ids = pl.Series([f"c{one}" for one in rng.integers(0, 900, 1_040)])
    rows = pl.DataFrame({"comment_id": ids, "normalised": written})
    rows = rows.with_columns(pl.when(pl.int_range(pl.len()) % 50 != 3).then("normalised").alias("normalised"))
    return [rows[start : start + 260] for start in range(0, 1_041, 260)]


@pytest.mark.parametrize("rows_a_piece", [90, 400, 5_000])
def test_pieces_make_the_clusters_of_one_process(monkeypatch: pytest.MonkeyPatch, rows_a_piece: int) -> None:
    monkeypatch.setattr(spark_clusters, "ROWS_A_PIECE", rows_a_piece)
    monkeypatch.setattr(spark_clusters, "ROWS_A_SAMPLE", 20)
    monkeypatch.setattr(spark_clusters, "hold", lambda step: step)
    files = _make_files(rows_a_piece)
    source = Pieces([[(place, _write(frame)) for place, frame in enumerate(files)]], np.random.default_rng(1))
    grouped = dict(spark_clusters.group_on_spark(source, len(files)).collect())  # type: ignore[arg-type]
    together = pl.concat([pl.read_parquet(io.BytesIO(grouped[place])) for place in range(len(files))])
    expected = group_comments(pl.concat(files))
    assert expected["cluster_id"].n_unique() > 10
    assert_frame_equal(together, expected)


@pytest.mark.parametrize("ids", [[], ["a", "b", "c"]])
def test_without_texts_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch, ids: list[str]) -> None:
    monkeypatch.setattr(spark_clusters, "ROWS_A_PIECE", 1)
    monkeypatch.setattr(spark_clusters, "hold", lambda step: step)
    rows = pl.DataFrame({"comment_id": ids, "normalised": None}, {"comment_id": pl.String, "normalised": pl.String})
    source = Pieces([[(0, _write(rows))]], np.random.default_rng(1))
    [(place, packed)] = spark_clusters.group_on_spark(source, 1).collect()  # type: ignore[arg-type]
    assert place == 0
    assert_frame_equal(pl.read_parquet(io.BytesIO(packed)), group_comments(rows))


def test_a_frame_is_cut_by_its_pieces() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    blocks = {
        piece: (name, spark_exchange.unpack(packed))
        for piece, (name, packed) in spark_exchange.route(pl.Series([4, 0, 4]), "rows", frame)
    }
    assert {piece: (name, one["a"].to_list()) for piece, (name, one) in blocks.items()} == {
        4: ("rows", [1, 3]),
        0: ("rows", [2]),
    }
