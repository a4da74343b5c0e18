"""Comments grouped in files of the work folder: the bytes of one process, and nothing left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from batch_builder import Here, contents, run_here, write_comments

from zhenfen.batch import clusters, local_pieces, piece_clusters
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.local_pieces import LocalPieces
from zhenfen.batch.pieces import Block, Frames, pack
from zhenfen.batch.run import Order
from zhenfen.batch.scoring import score_folder
from zhenfen.errors import ConfigError


def test_comments_in_pieces_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_comments(tmp_path / "in")
    run_here("comments", source, tmp_path / "at_once")
    monkeypatch.setattr(piece_clusters, "ROWS_A_PIECE", 50)
    (tmp_path / "in_pieces" / "_work" / local_pieces.FOLDER / "of a run that was killed").mkdir(parents=True)
    engine = Here()
    score_folder(Order("comments", str(source), tmp_path / "in_pieces"), engine)
    assert len(engine.done) > 50
    assert contents(tmp_path / "in_pieces") == contents(tmp_path / "at_once")
    assert not list((tmp_path / "in_pieces").rglob(f"{local_pieces.FOLDER}*"))


def _count_up(piece: int, frames: Frames) -> Iterator[Block]:
    yield piece, ("number", pack(pl.DataFrame({"number": [piece]})))


def _dies_once(piece: int, frames: Frames, mark: Path) -> Iterator[Block]:
    yield piece, ("number", b"%d" % piece)
    if piece == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _dies(piece: int, frames: Frames) -> Iterator[Block]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield piece, ("number", b"")


def test_a_worker_that_is_killed_costs_no_piece(tmp_path: Path) -> None:
    engine = LocalEngine(2)
    none = LocalPieces(engine, tmp_path, [()] * 3)
    made = dict(none.collect(partial(_dies_once, mark=tmp_path / "mark")))
    assert made == {piece: ("number", b"%d" % piece) for piece in range(3)}
    with pytest.raises(ConfigError, match="could not be grouped"):
        none.shuffle(_dies, 1)
    engine.close()


def test_what_was_read_once_is_gone_and_what_stays_is_not(tmp_path: Path) -> None:
    none = LocalPieces(Here(), tmp_path, [()] * 2)
    stays, sent = none.map(_count_up), none.shuffle(_count_up, 2)
    assert [len(one) for one in stays.union(sent).stretches] == [2, 2]
    folder = tmp_path / local_pieces.FOLDER
    assert len(list(folder.iterdir())) == 2
    list(stays.union(sent).collect(_nothing))
    assert len(list(folder.iterdir())) == 1
    assert stays.scatter([(1, ("number", b"7"))]).stretches[1][0].read(tmp_path) == ("number", b"7")


def _nothing(piece: int, frames: Frames) -> Iterator[Block]:
    return iter(())


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "0").symlink_to(full)
    monkeypatch.setattr(local_pieces, "_new_folder", lambda _work: folder)
    none = LocalPieces(Here(), tmp_path, [()])
    with pytest.raises(ConfigError, match="No space left"):
        none.map(_makes_much)


def test_the_file_that_cannot_be_read_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.parquet"):
        LocalPieces.open(Here(), tmp_path, [partial(clusters._open, path=tmp_path / "gone.parquet")])
    (tmp_path / "texts").mkdir()
    pl.DataFrame({"comment_id": ["a"]}).write_parquet(tmp_path / "texts" / "a")
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        clusters._group_in_pieces(Here(), ["a"], tmp_path)
    assert not (tmp_path / local_pieces.FOLDER).exists()


def _makes_much(piece: int, frames: Frames) -> Iterator[Block]:
    yield piece, ("much", b"1" * 100_000)
