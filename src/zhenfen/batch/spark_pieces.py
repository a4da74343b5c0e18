"""Pieces as partitions of Spark: blocks travel through its shuffle; a lost worker's are made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from zhenfen.batch.pieces import Block, Pieces, Step, do

if TYPE_CHECKING:
    from pyspark import RDD

T = TypeVar("T")


class SparkPieces(Pieces):
    """A piece a partition.

    Args:
        blocks: Where they met, as `meet` brings them.
    """

    def __init__(self, blocks: RDD[Block]) -> None:
        self.blocks = blocks

    def shuffle(self, step: Step, n_pieces: int) -> Self:
        """See `Pieces.shuffle`."""
        return type(self)(meet(self.made(step), n_pieces))

    def map(self, step: Step) -> Self:
        """See `Pieces.map`."""
        # Spark knows then that blocks of both can meet without travelling.
        made = self.blocks.mapPartitionsWithIndex(partial(_do, step=step), preservesPartitioning=True)
        return type(self)(persist(made))

    def union(self, other: Self) -> Self:
        """See `Pieces.union`."""
        both = self.blocks.union(other.blocks)
        if both.getNumPartitions() != self.blocks.getNumPartitions():
            # Spark then laid them one behind the other: no step would see what belongs together.
            raise RuntimeError("blocks of the same pieces did not meet")
        return type(self)(both)

    def scatter(self, blocks: Iterable[Block]) -> Self:
        """See `Pieces.scatter`."""
        return type(self)(meet(self.blocks.context.parallelize(list(blocks)), self.blocks.getNumPartitions()))

    def collect(self, step: Step) -> Iterator[Block]:
        """See `Pieces.collect`."""
        yield from self.made(step).collect()

    def made(self, step: Step) -> RDD[Block]:
        """What a step makes at each piece, there."""
        return self.blocks.mapPartitionsWithIndex(partial(_do, step=step))


def meet(numbered: RDD[tuple[int, T]], n_pieces: int) -> RDD[tuple[int, T]]:
    """What has a number brought to the partition of that number."""
    return numbered.partitionBy(n_pieces, _itself)


def persist(step: RDD[Any]) -> RDD[Any]:
    """Kept on the workers' disks once it was made; made again where a worker is lost."""
    from pyspark import StorageLevel

    return step.persist(StorageLevel.DISK_ONLY)


def _do(piece: int, blocks: Iterable[Block], step: Step) -> Iterator[Block]:
    yield from do(step, piece, (named for _, named in blocks))


def _itself(piece: int) -> int:
    return piece
