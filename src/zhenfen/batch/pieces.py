"""Partitions that shuffle frames, here pieces by number: one way for the processes of a machine and for Spark.

Whole frames travel, in Arrow's format. A row a tuple, as Spark's own tables travel, takes several times the room and
most of the time of a step of numpy.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self, TypeAlias

import polars as pl

Block: TypeAlias = tuple[int, tuple[str, bytes]]
"""Number of the piece that reads it; name and content, a frame but where a step says otherwise."""
Frames: TypeAlias = Mapping[str, pl.DataFrame]
"""What met at a piece: of each name one frame, its rows in no order."""
Step: TypeAlias = Callable[[int, Frames], Iterable[Block]]
"""Called with the number of a piece and what met there; it goes to another process."""


class Pieces(ABC):
    """Blocks, partitioned by the number of the piece that reads them."""

    @abstractmethod
    def shuffle(self, step: Step, n_pieces: int) -> Self:
        """Do a step at each piece, and bring what it makes to the pieces of that number; read once, or not kept."""

    @abstractmethod
    def map(self, step: Step) -> Self:
        """Do a step at each piece that makes blocks for this very piece; kept, to be read several times."""

    @abstractmethod
    def union(self, other: Self) -> Self:
        """These blocks and those of as many pieces."""

    @abstractmethod
    def scatter(self, blocks: Iterable[Block]) -> Self:
        """Blocks of this process, brought to as many pieces."""

    @abstractmethod
    def collect(self, step: Step) -> Iterator[Block]:
        """What a step makes at each piece, here."""


def do(step: Step, piece: int, blocks: Iterable[tuple[str, bytes]]) -> Iterator[Block]:
    """Do a step at a piece where these blocks met."""
    met: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for name, content in blocks:
        met[name].append(unpack(content))
    yield from step(piece, {name: pl.concat(frames) for name, frames in met.items()})


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


def pack(frame: pl.DataFrame) -> bytes:
    """A frame as bytes; Spark compresses what travels."""
    packed = io.BytesIO()
    frame.write_ipc(packed)
    return packed.getvalue()


def unpack(packed: bytes) -> pl.DataFrame:
    """The frame again."""
    return pl.read_ipc(io.BytesIO(packed))
