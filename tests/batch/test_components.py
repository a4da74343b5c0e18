"""Comments grouped partition by partition: the clusters are those of one process, however it is cut."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.batch import components
from zhenfen.batch.components import close_file, find_cuts, group, open_file
from zhenfen.batch.engine import Block, Partitions, Step, apply, route, unpack
from zhenfen.scoring import group_comments
from zhenfen.simulate import texts
from zhenfen.simulate.sellers import bought_comments


class InMemory(Partitions):
    """Partitions in a list; what meets comes in any order."""

    def __init__(self, met: list[list[tuple[str, bytes]]], rng: np.random.Generator) -> None:
        self.met = met
        self.rng = rng

    def shuffle(self, step: Step, n_partitions: int) -> Self:
        return self._meet(self.collect(step), n_partitions)

    def map(self, step: Step) -> Self:
        made = list(self.collect(step))
        return self._meet(made, len(self.met))

    def union(self, other: Self) -> Self:
        return type(self)([[*one, *two] for one, two in zip(self.met, other.met, strict=True)], self.rng)

    def scatter(self, blocks: Iterable[Block]) -> Self:
        return self._meet(blocks, len(self.met))

    def collect(self, step: Step) -> Iterator[Block]:
        for partition, blocks in enumerate(self.met):
            yield from apply(step, partition, [blocks[at] for at in self.rng.permutation(len(blocks))])

    def _meet(self, blocks: Iterable[Block], n_partitions: int) -> Self:
        met: list[list[tuple[str, bytes]]] = [[] for _ in range(n_partitions)]
        for partition, named in blocks:
            met[partition].append(named)
        return type(self)(met, self.rng)


def _open(files: list[pl.DataFrame]) -> InMemory:
    opened = [open_file(place, _write(frame)) for place, frame in enumerate(files)]
    return InMemory([[named] for _, named in opened], np.random.default_rng(1))


def _group(files: list[pl.DataFrame]) -> pl.DataFrame:
    grouped = dict(group(_open(files), len(files)).collect(close_file))
    return pl.concat([pl.read_parquet(io.BytesIO(grouped[place][1])) for place in range(len(files))])


def _write(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def _make_files(seed: int) -> list[pl.DataFrame]:
    """Strangers' comments and templates over five files, the last empty; ids and texts that come again, and none."""
    rng = np.random.default_rng(seed)
    templates = [bought_comments("template", seller, 0, 75, rng) for seller in range(4)]
    written = pl.concat([one.alias("t") for one in (texts.organic_comments(rng, 700), *templates)])
    written = pl.concat([written, written.head(40)]).gather(rng.permutation(1_040))
    ids = pl.Series([f"c{one}" for one in rng.integers(0, 900, 1_040)])
    rows = pl.DataFrame({"comment_id": ids, "normalised": written})
    rows = rows.with_columns(pl.when(pl.int_range(pl.len()) % 50 != 3).then("normalised").alias("normalised"))
    return [rows[start : start + 260] for start in range(0, 1_041, 260)]


@pytest.mark.parametrize("rows_a_partition", [90, 400, 5_000])
def test_partitions_make_the_clusters_of_one_process(monkeypatch: pytest.MonkeyPatch, rows_a_partition: int) -> None:
    monkeypatch.setattr(components, "ROWS_A_PARTITION", rows_a_partition)
    monkeypatch.setattr(components, "ROWS_A_SAMPLE", 20)
    files = _make_files(rows_a_partition)
    expected = group_comments(pl.concat(files))
    assert expected["cluster_id"].n_unique() > 10
    assert_frame_equal(_group(files), expected)


@pytest.mark.parametrize(
    ("rows_a_file", "n_rows", "rows_a_sample"), [(1, 300, 2), (7, 2_000, 12), (90, 10_000, 20), (1_000, 10_000, 20)]
)
def test_no_partition_holds_much_more_than_its_share(
    monkeypatch: pytest.MonkeyPatch, rows_a_file: int, n_rows: int, rows_a_sample: int
) -> None:
    share = n_rows // 10
    monkeypatch.setattr(components, "ROWS_A_PARTITION", share)
    monkeypatch.setattr(components, "ROWS_A_SAMPLE", rows_a_sample)
    rng = np.random.default_rng(8)
    texts_ = pl.Series([f"{one:024x}" for one in rng.integers(0, 2**62, n_rows)])
    ids = pl.Series([f"{one:x}" for one in rng.integers(0, 2**62, n_rows)])
    rows = pl.DataFrame({"comment_id": ids, "normalised": texts_})
    files = _open([rows[start : start + rows_a_file] for start in range(0, n_rows, rows_a_file)])
    n_partitions, id_cuts, text_cuts = find_cuts(files)
    assert n_partitions == 10
    for cuts, values in ((id_cuts, ids), (text_cuts, texts_)):
        assert np.bincount(cuts.search_sorted(values).to_numpy()).max() < 2 * share


def test_of_texts_that_are_all_alike_a_link_each_leaves_the_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 60)
    monkeypatch.setattr(components, "ROWS_A_SAMPLE", 5)
    long = "跟着博主买的这款面霜真的太好用了朋友们都来问我用了什么" * 3
    texts_ = [f"{long[:at]}{at}{long[at:]}" for at in range(60)] + [f"{at}{long}" for at in range(60)]
    rows = pl.DataFrame({"comment_id": [f"c{at}" for at in range(120)], "normalised": texts_})
    links: list[int] = []

    def find(found: pl.DataFrame) -> Iterator[Block]:
        links.append(found.height)
        yield from find_roots(found)

    find_roots = components.find_roots
    monkeypatch.setattr(components, "find_roots", find)
    assert_frame_equal(_group([rows]), group_comments(rows))
    assert 0 < links[0] <= 2 * rows.height


@pytest.mark.parametrize("ids", [[], ["a", "b", "c"]])
def test_without_texts_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch, ids: list[str]) -> None:
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 1)
    rows = pl.DataFrame({"comment_id": ids, "normalised": None}, {"comment_id": pl.String, "normalised": pl.String})
    assert_frame_equal(_group([rows]), group_comments(rows))


def test_a_frame_is_cut_by_its_partitions() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    blocks = {
        partition: (name, unpack(content)) for partition, (name, content) in route(pl.Series([4, 0, 4]), "rows", frame)
    }
    assert {partition: (name, one["a"].to_list()) for partition, (name, one) in blocks.items()} == {
        4: ("rows", [1, 3]),
        0: ("rows", [2]),
    }
