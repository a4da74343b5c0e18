"""Clusters of like comments over many files of this machine: at once in this process, or piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from zhenfen.batch import piece_clusters
from zhenfen.batch.engine import Engine
from zhenfen.batch.local_pieces import LocalPieces, clear
from zhenfen.batch.piece_clusters import close_file, group_pieces, open_file
from zhenfen.batch.pieces import Block, Frames
from zhenfen.batch.run import write_whole
from zhenfen.files import write_file
from zhenfen.scoring import group_comments


def group_here(engine: Engine, names: Sequence[str], work: Path) -> None:
    """See `Engine.group`; nothing is done where a run that was stopped had done it."""
    if all((work / "grouped" / name).exists() for name in names):
        return
    if sum(pq.read_metadata(work / "texts" / name).num_rows for name in names) > piece_clusters.ROWS_A_PIECE:
        _group_in_pieces(engine, names, work)
        return
    frames = [pl.read_parquet(work / "texts" / name, glob=False) for name in names]
    together = group_comments(pl.concat(frames))
    start = 0
    for name, frame in zip(names, frames, strict=True):
        write_whole(together.slice(start, frame.height), work / "grouped" / name)
        start += frame.height


def _group_in_pieces(engine: Engine, names: Sequence[str], work: Path) -> None:
    try:
        files = LocalPieces.open(engine, work, [partial(_open, path=work / "texts" / name) for name in names])
        for place, (_, data) in group_pieces(files, len(names)).collect(close_file):
            write_file(work / "grouped" / names[place], data)
    finally:
        clear(work)


def _open(place: int, frames: Frames, path: Path) -> Iterator[Block]:
    yield open_file(place, path.read_bytes())
