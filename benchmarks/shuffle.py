"""What travels between workers, on paper: the steps of a batch are done in one process and their bytes counted.

    python -m benchmarks.shuffle

Comments: the real steps of `batch/components.py`, over few partitions for bytes a comment (pieces are then large, as
those of a large run are) and over many for how much fuller the fullest is, once as comments are, once with half of them
one text. Neither depends on how many there are: from both follows what a thousand million would take. Creators: the
cut of `creator_buckets.py` over counts of comments that spread widely. Bytes are before Spark compresses them;
`benchmarks/cluster.py` prints what it measured.
"""

from __future__ import annotations

import argparse
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import polars as pl

from zhenfen.batch import components
from zhenfen.batch.creators import ROWS_A_BUCKET
from zhenfen.batch.engine import Block, Partitions, Step, apply
from zhenfen.simulate import texts

N_FILES = 16
FEW, MANY = 4, 50
"""Partitions."""
ROWS_A_SAMPLE = 20
N_COMMENTS = 50_000
ON_PAPER = 1_000_000_000
COPIES = 100_000_000
LARGE_CREATOR = 10_000_000
N_CREATORS = 1_000_000
MEAN_COMMENTS = 100
SPREAD_LOG = 1.5
"""Standard deviation of the logarithm of a creator's comments, assumed; what it means for the largest is printed."""
WORKERS = (2, 10, 100)
TO_DRIVER = "to the driver"


@dataclass(frozen=True)
class Shuffled:
    """What a step sent: bytes, and those that met at the fullest partition."""

    name: str
    n_bytes: int
    n_most: int


@dataclass(frozen=True)
class Counted(Partitions):
    """Partitions in memory that note what travels.

    Attributes:
        blocks: Name and content of what met, by partition.
        sent: What each step sent, in order.
    """

    blocks: Sequence[Sequence[tuple[str, bytes]]]
    sent: list[Shuffled] = field(default_factory=list)

    def shuffle(self, step: Step, n_partitions: int) -> Self:
        """See `Partitions.shuffle`."""
        name = getattr(step, "func", step).__name__
        return self._meet(name, self._made(step), n_partitions)

    def map(self, step: Step) -> Self:
        """See `Partitions.map`; nothing travels."""
        met: list[list[tuple[str, bytes]]] = [[] for _ in self.blocks]
        for place, block in self._made(step):
            met[place].append(block)
        return type(self)(met, self.sent)

    def union(self, other: Self) -> Self:
        """See `Partitions.union`."""
        return type(self)([[*one, *two] for one, two in zip(self.blocks, other.blocks, strict=True)], self.sent)

    def scatter(self, blocks: Iterable[Block]) -> Self:
        """See `Partitions.scatter`."""
        return self._meet("from the driver", blocks, len(self.blocks))

    def collect(self, step: Step) -> Iterator[Block]:
        """See `Partitions.collect`."""
        made = list(self._made(step))
        sizes = [len(content) for _, (_, content) in made]
        self.sent.append(Shuffled(f"{getattr(step, 'func', step).__name__} {TO_DRIVER}", sum(sizes), sum(sizes)))
        yield from made

    def _made(self, step: Step) -> Iterator[Block]:
        for place, blocks in enumerate(self.blocks):
            yield from apply(step, place, blocks)

    def _meet(self, name: str, blocks: Iterable[Block], n_partitions: int) -> Self:
        met: list[list[tuple[str, bytes]]] = [[] for _ in range(n_partitions)]
        for place, block in blocks:
            met[place].append(block)
        sizes = [sum(len(content) for _, content in one) for one in met]
        self.sent.append(Shuffled(name, sum(sizes), max(sizes)))
        return type(self)(met, self.sent)


def group_counted(n: int, n_partitions: int, commonest: float = 0.0) -> list[Shuffled]:
    """What the steps sent for `n` comments, of which a share is one and the same text."""
    components.ROWS_A_PARTITION, components.ROWS_A_SAMPLE = -(-n // n_partitions), ROWS_A_SAMPLE
    rng = np.random.default_rng(1)
    written = texts.organic_comments(rng, n).alias("normalised")
    is_one = pl.Series(rng.random(n) < commonest)
    one = "这个真的太好用了，已经回购三次，姐妹们可以放心冲"
    rows = pl.DataFrame({"comment_id": [f"{number:019d}" for number in range(n)], "normalised": written})
    rows = rows.with_columns(normalised=pl.when(is_one).then(pl.lit(one)).otherwise("normalised"))
    files = []
    for place, part in enumerate(rows.iter_slices(n // N_FILES + 1)):
        data = io.BytesIO()
        part.write_parquet(data)
        files.append([components.open_file(place, data.getvalue())[1]])
    counted = Counted(files)
    components.group(counted, len(files))
    return counted.sent


def show_comments(n: int) -> None:
    """A row a step: bytes a comment, both on paper, and how much fuller than the others the fullest partition is."""
    few, many = group_counted(n, FEW), group_counted(n, MANY)
    skewed_few, skewed = group_counted(n, FEW, 0.5), group_counted(n, MANY, 0.5)
    print(f"{n:,} comments; fullest of {MANY} partitions; on paper {ON_PAPER:,} comments")
    print(f"{'step':<28}{'bytes a comment':>16}{'GB on paper':>12}{'fullest':>9}{'half one text':>15}")
    for one, *spread in zip(few, many, skewed, strict=True):
        full, fuller = (step.n_most / max(1, step.n_bytes) * MANY for step in spread)
        shown = "" if TO_DRIVER in one.name else f"{full:>8.1f}x{fuller:>14.1f}x"
        print(f"{one.name:<28}{one.n_bytes / n:>16.1f}{one.n_bytes / n * ON_PAPER / 1e9:>12,.0f}{shown}")
    total = sum(step.n_bytes for step in few if TO_DRIVER not in step.name) / n
    print(f"{'all that travels':<28}{total:>16.1f}{total * ON_PAPER / 1e9:>12,.0f}")
    for workers in WORKERS:
        away = total * ON_PAPER * (workers - 1) / workers / 1e9
        print(f"  {workers:>4} workers: {away:>8,.0f} GB between machines, {away / workers:>8,.1f} GB into each")
    at_one = next(step.n_bytes for step in skewed_few if step.name == "send_by_text") / n
    print(f"a text with {COPIES:,} copies: {at_one * COPIES / 1e9:,.1f} GB meet at one task of send_by_text")


def show_creators() -> None:
    """How many comments meet at the fullest bucket, without and with one creator who has ten million."""
    rng = np.random.default_rng(2)
    spread = rng.lognormal(np.log(MEAN_COMMENTS) - SPREAD_LOG**2 / 2, SPREAD_LOG, N_CREATORS).astype(np.int64)
    hashes = np.array([zlib.crc32(f"{number}".encode()) for number in range(N_CREATORS)], dtype=np.int64)
    most = np.sort(spread)[-N_CREATORS // 100 :].sum() / spread.sum()
    print(f"{N_CREATORS:,} creators, {spread.sum():,} comments, {most:.0%} of them a hundredth's")
    large = spread.copy()
    large[0] = LARGE_CREATOR
    for name, counts in (("as they spread", spread), (f"one with {LARGE_CREATOR:,}", large)):
        n_buckets = max(1, -(-int(counts.sum()) // ROWS_A_BUCKET))
        rows = np.bincount(hashes % n_buckets, weights=counts, minlength=n_buckets)
        fullest = f"{rows.max():,.0f} ({rows.max() / rows.mean():.1f}x)"
        print(f"  {name}: {n_buckets} buckets, mean {rows.mean():,.0f} rows, fullest {fullest}")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=N_COMMENTS)
    options = parser.parse_args()
    show_comments(options.comments)
    show_creators()


if __name__ == "__main__":
    main()
