"""Frames that meet by number on Spark's workers: the shuffle moves whole frames in Arrow's format, never rows.

A row a tuple, as Spark's own tables travel, takes several times the room and most of the time of a step of numpy.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from pyspark import RDD

Block: TypeAlias = tuple[int, tuple[str, bytes]]
"""Number of the piece that reads it, name, frame."""
Frames: TypeAlias = Mapping[str, pl.DataFrame]
"""What met at a piece: of each name one frame, its rows in no order."""
Step: TypeAlias = Callable[[int, Frames], Iterable[Block]]
"""Called with the number of a piece and what met there."""


def exchange(blocks: RDD[Block], n_pieces: int) -> RDD[Block]:
    """Bring blocks to the pieces that they are for."""
    return blocks.partitionBy(n_pieces, _itself)


def work_on(blocks: RDD[Block], step: Step, *, stays: bool = False) -> RDD[Block]:
    """Do a step at each piece.

    Args:
        blocks: What `exchange` returned, or several of the same number of pieces together.
        step: What is done.
        stays: Whether all that the step makes is for the piece itself, so that it need not travel.
    """
    return blocks.mapPartitionsWithIndex(partial(_do, step=step), preservesPartitioning=stays)


def route(pieces: pl.Series, name: str, frame: pl.DataFrame) -> Iterator[Block]:
    """A frame cut into blocks by the piece that each row is for.

    Args:
        pieces: Number of a piece for each row.
        name: What the frame is called where it is read.
        frame: The rows.
    """
    marked = frame.with_columns(_piece=pieces.cast(pl.Int64))
    for (piece,), rows in marked.partition_by("_piece", as_dict=True, include_key=False).items():
        yield int(piece), (name, pack(rows))


def hold(step: RDD[Any]) -> RDD[Any]:
    """Kept on the workers' disks once it was made; made again where a worker is lost."""
    from pyspark import StorageLevel

    return step.persist(StorageLevel.DISK_ONLY)


def pack(frame: pl.DataFrame) -> bytes:
    """A frame as bytes."""
    packed = io.BytesIO()
    frame.write_ipc(packed, compression="lz4")
    return packed.getvalue()


def unpack(packed: bytes) -> pl.DataFrame:
    """The frame again."""
    return pl.read_ipc(io.BytesIO(packed))


def _do(piece: int, blocks: Iterable[Block], step: Step) -> Iterator[Block]:
    met: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for _, (name, packed) in blocks:
        met[name].append(unpack(packed))
    yield from step(piece, {name: pl.concat(frames) for name, frames in met.items()})


def _itself(piece: int) -> int:
    return piece
