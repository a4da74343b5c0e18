"""Comments grouped in files of the work folder: the bytes of one process, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from batch_builder import Here, contents, run_here, write_comments
from batch_tasks import dies, dies_once

from zhenfen.batch import components, local_engine
from zhenfen.batch.engine import Block, Frames, pack
from zhenfen.batch.local_engine import SHUFFLE, LocalEngine, LocalPartitions
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.errors import ConfigError, DiskFullError


def test_comments_in_partitions_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_comments(tmp_path / "in")
    run_here("comments", source, tmp_path / "at_once")
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 50)
    monkeypatch.setattr(local_engine, "find_memory", lambda: 0)
    (tmp_path / "in_partitions" / "_work" / SHUFFLE / "of a run that was killed").mkdir(parents=True)
    engine = Here()
    score_folder(Order("comments", str(source), tmp_path / "in_partitions"), engine)
    assert len(engine.done) > 50
    assert contents(tmp_path / "in_partitions") == contents(tmp_path / "at_once")
    assert not list((tmp_path / "in_partitions").rglob(f"{SHUFFLE}*"))


ENOUGH = local_engine.SHARE_OF_MEMORY * (120 * local_engine.BYTES_A_COMMENT + 50_000 * local_engine.TIMES_ITS_SIZE)
"""For 120 comments that are 50 kB in a file."""


@pytest.mark.parametrize(
    ("n_workers", "memory", "times", "cut"),
    [(2, ENOUGH, 1, False), (3, ENOUGH, 1, True), (1, ENOUGH, 2_000, True), (1, ENOUGH // 10, 1, True)],
    ids=["few", "many workers", "long texts", "little memory"],
)
def test_comments_are_cut_where_workers_are_many_or_memory_is_short(  # noqa: PLR0917
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_workers: int, memory: float, times: int, cut: bool
) -> None:
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 50)
    monkeypatch.setattr(local_engine, "find_memory", lambda: memory)
    (tmp_path / "texts").mkdir()
    ids = pl.Series("comment_id", range(120)).cast(pl.String)
    comments = ids.to_frame().with_columns(normalised=pl.lit("这个面膜真的很好用我已经回购三次了" * times))
    comments.write_parquet(tmp_path / "texts" / "a")
    engine = Here()
    engine.n_workers = n_workers
    engine.group(["a"], tmp_path)
    assert bool(engine.done) == cut
    assert pl.read_parquet(tmp_path / "grouped" / "a")["cluster_size"].to_list() == [120] * 120


def _count_up(partition: int, frames: Frames) -> Iterator[Block]:
    yield partition, ("number", pack(pl.DataFrame({"number": [partition]})))


def test_a_worker_that_is_killed_costs_no_partition(tmp_path: Path) -> None:
    engine = LocalEngine(2)
    none = LocalPartitions(engine, tmp_path, [()] * 3)
    made = dict(none.collect(partial(dies_once, mark=tmp_path / "mark")))
    assert made == {partition: ("number", b"%d" % partition) for partition in range(3)}
    with pytest.raises(ConfigError, match="could not be grouped"):
        none.shuffle(dies, 1)
    engine.close()


def test_what_was_read_once_is_gone_and_what_stays_is_not(tmp_path: Path) -> None:
    none = LocalPartitions(Here(), tmp_path, [()] * 2)
    stays, sent = none.map(_count_up), none.shuffle(_count_up, 2)
    assert [len(one) for one in stays.union(sent).stretches] == [2, 2]
    folder = tmp_path / SHUFFLE
    assert len(list(folder.iterdir())) == 2
    list(stays.union(sent).collect(_nothing))
    assert len(list(folder.iterdir())) == 1
    assert stays.scatter([(1, ("number", b"7"))]).stretches[1][0].read(tmp_path) == ("number", b"7")


def _nothing(partition: int, frames: Frames) -> Iterator[Block]:
    return iter(())


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "0").symlink_to(full)
    monkeypatch.setattr(local_engine, "_new_folder", lambda _work: folder)
    none = LocalPartitions(Here(), tmp_path, [()])
    with pytest.raises(DiskFullError, match="the disk is full"):
        none.map(_makes_much)


def test_the_file_that_cannot_be_read_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"gone\.parquet"):
        LocalPartitions.open(Here(), tmp_path, [partial(local_engine._open, path=tmp_path / "gone.parquet")])
    monkeypatch.setattr(components, "ROWS_A_PARTITION", 0)
    monkeypatch.setattr(local_engine, "find_memory", lambda: 0)
    (tmp_path / "texts").mkdir()
    pl.DataFrame({"comment_id": ["a"]}).write_parquet(tmp_path / "texts" / "a")
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        Here().group(["a"], tmp_path)
    assert not (tmp_path / SHUFFLE).exists()


def _makes_much(partition: int, frames: Frames) -> Iterator[Block]:
    yield partition, ("much", b"1" * 100_000)
