"""Tables of many creators partitioned into buckets: a creator's rows come into one, whatever file they stood in."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from zhenfen.batch.parts import Partition
from zhenfen.batch.run import readable
from zhenfen.connectors.found_by import count_searched, fill_found_by
from zhenfen.errors import MissingTableError, Problem
from zhenfen.files import write_file
from zhenfen.tables import OBSERVED, TABLES, TableSpec, latest_time
from zhenfen.tables.parquet import ParquetRows, ParquetSink

KEY = "creator_id"
ROWS_A_BUCKET = 2_000_000
"""Rows of all tables together; chosen, not measured: benchmarks/batch.py prints what a bucket takes."""
BUCKETS, NO_BUCKET = "buckets", ""
LEFT_OUT = ("provenance", "unusable")
"""Tables of no creator; a time in `provenance` is an observation all the same."""


def table_of(part: Partition) -> TableSpec:
    """The table that a file belongs to: `posts.parquet`, or any file below `posts/`.

    Raises:
        MissingTableError: It is of none.
    """
    pieces = PurePosixPath(part.name).parts
    name = pieces[0] if len(pieces) > 1 else PurePosixPath(part.name).stem
    if name not in TABLES:
        expected = "a table's name: " + ", ".join(TABLES)
        raise MissingTableError(Problem(expected, part.location, value=name))
    return TABLES[name]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What was found in a file while its rows were sorted.

    Attributes:
        latest: The latest observation among them.
        creators: Buckets that rows of the table `creators` went into.
        n_creators: Rows of the table `creators`.
        n_searched: How many of them say that a search found their creator.
    """

    latest: datetime | None
    creators: tuple[str, ...]
    n_creators: int = 0
    n_searched: int = 0


def split(work: Path, *, part: Partition, place: int, n_buckets: int, found_by: str | None = None) -> Sorted:
    """Partition the rows of a file into the buckets, buckets/NNNN/TABLE/PLACE.parquet in the work folder.

    Args:
        work: Work folder.
        part: The file.
        place: Its place among the files, that tells its rows from those of others.
        n_buckets: How many buckets there are.
        found_by: How creators were found of whom their rows do not say it.

    Raises:
        InputError: It is no file of its table.
        ConfigError: Nothing can be written.
    """
    done = work / "split" / f"{place:05d}.json"
    if done.exists():
        when, names, *counts = json.loads(done.read_text(encoding="utf-8"))
        return Sorted(None if when is None else datetime.fromisoformat(when), tuple(names), *counts)
    spec = table_of(part)
    latest: datetime | None = None
    n_creators = n_searched = 0
    with readable(part, work) as path, ExitStack() as stack:
        sinks: dict[str, ParquetSink] = {}
        for batch in ParquetRows(path, spec, spec.must_have).batches():
            seen = latest_time(batch, OBSERVED.get(spec.name, ()))
            latest = max((one for one in (latest, seen) if one is not None), default=None)
            if spec.name == "creators":
                n_creators += batch.height
                n_searched += count_searched(batch)
                batch = fill_found_by(batch, found_by)  # noqa: PLW2901 (the same rows)
            for bucket, rows in _partition_rows(spec, batch, n_buckets):
                if bucket not in sinks:
                    target = bucket_folder(work, bucket) / spec.name / f"{place:05d}.parquet"
                    sinks[bucket] = stack.enter_context(ParquetSink(target, path))
                sinks[bucket].write(rows)
    found = Sorted(latest, tuple(sorted(sinks)) if spec.name == "creators" else (), n_creators, n_searched)
    when = None if latest is None else latest.isoformat()
    write_file(done, json.dumps([when, found.creators, n_creators, n_searched]))
    return found


def bucket_folder(work: Path, bucket: str) -> Path:
    """The folder with the tables of a bucket."""
    return work / BUCKETS / bucket


def name_bucket(bucket: int) -> str:
    """What a bucket's files and tasks are called."""
    return f"{bucket:04d}"


def bucket_in(path: str) -> str:
    """The bucket that a file of the work folder, made by `split`, belongs to."""
    folder, name, *_ = path.split("/")
    return name if folder == BUCKETS else NO_BUCKET


def bucket_of(creator_id: str, n_buckets: int) -> int:
    """CRC-32 of the id in UTF-8: the same on every machine and in Spark's own `crc32`."""
    return zlib.crc32(creator_id.encode()) % n_buckets


def _partition_rows(spec: TableSpec, rows: pl.DataFrame, n_buckets: int) -> Iterator[tuple[str, pl.DataFrame]]:
    if spec.name in LEFT_OUT or rows.is_empty():
        return
    ids = rows[KEY].drop_nulls().unique()
    numbers = pl.Series("_bucket", [bucket_of(one, n_buckets) for one in ids], pl.Int64)
    known = pl.DataFrame([ids, numbers])
    placed = rows.join(known, on=KEY, how="left", maintain_order="left")
    # A row without a creator makes its bucket unusable, not all of them.
    placed = placed.with_columns(pl.col("_bucket").fill_null(0))
    for (bucket,), part in placed.partition_by("_bucket", as_dict=True, include_key=False).items():
        yield name_bucket(int(bucket)), part
