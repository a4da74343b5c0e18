"""Tables of many creators sorted into buckets: all rows of a creator come into one, whatever file they stood in."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from zhenfen.errors import MissingTableError, Problem
from zhenfen.scoring import OBSERVED
from zhenfen.serving.batching.parts import Part
from zhenfen.serving.batching.run import readable
from zhenfen.serving.parquet import ParquetRows, ParquetSink
from zhenfen.tables import TABLES, TableSpec

KEY = "creator_id"
ROWS_A_BUCKET = 2_000_000
"""Rows of all tables together; chosen, not measured: benchmarks/batch.py prints what a bucket takes."""
LEFT_OUT = ("provenance", "unusable")
"""Tables of no creator; a time in `provenance` is an observation all the same."""


def table_of(part: Part) -> TableSpec:
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


def count_rows(part: Part, work: Path) -> int:
    """Rows of a file.

    Raises:
        InputError: It is no file of its table.
    """
    with readable(part, work) as path:
        return _open(part, path).n_rows


def split(part: Part, place: int, n_buckets: int, work: Path) -> datetime | None:
    """Sort the rows of a file into the buckets, work/buckets/NNNN/TABLE/PLACE.parquet.

    Args:
        part: The file.
        place: Its place among the files, that tells its rows from those of others.
        n_buckets: How many buckets there are.
        work: Folder of what is made on the way.

    Returns:
        The latest observation among its rows.

    Raises:
        InputError: It is no file of its table.
        ConfigError: Nothing can be written.
    """
    done = work / "split" / f"{place:05d}.json"
    if done.exists():
        return _read_moment(done)
    spec = table_of(part)
    latest: datetime | None = None
    with readable(part, work) as path, ExitStack() as stack:
        sinks: dict[int, ParquetSink] = {}
        for batch in _open(part, path).batches():
            latest = max((one for one in (latest, _latest_in(spec, batch)) if one is not None), default=None)
            for bucket, rows in _by_bucket(spec, batch, n_buckets):
                if bucket not in sinks:
                    target = bucket_folder(work, bucket) / spec.name / f"{place:05d}.parquet"
                    sinks[bucket] = stack.enter_context(ParquetSink(target, path))
                sinks[bucket].write(rows)
    done.parent.mkdir(exist_ok=True)
    partial = done.with_suffix(".part")
    partial.write_text(json.dumps(latest.isoformat() if latest else None), encoding="utf-8")
    partial.replace(done)
    return latest


def bucket_folder(work: Path, bucket: int) -> Path:
    """The folder with the tables of a bucket."""
    return work / "buckets" / f"{bucket:04d}"


def bucket_of(creator_id: str, n_buckets: int) -> int:
    """CRC-32 of the id in UTF-8: the same on every machine and in Spark's own `crc32`."""
    return zlib.crc32(creator_id.encode()) % n_buckets


def _by_bucket(spec: TableSpec, rows: pl.DataFrame, n_buckets: int) -> Iterator[tuple[int, pl.DataFrame]]:
    if spec.name in LEFT_OUT or rows.is_empty():
        return
    ids = rows[KEY].drop_nulls().unique()
    known = pl.DataFrame({KEY: ids, "_bucket": [bucket_of(one, n_buckets) for one in ids]}, schema_overrides=_BUCKET)
    placed = rows.join(known, on=KEY, how="left", maintain_order="left")
    # A row without a creator makes its bucket unusable, not all of them.
    placed = placed.with_columns(pl.col("_bucket").fill_null(0))
    for (bucket,), part in placed.partition_by("_bucket", as_dict=True, include_key=False).items():
        yield int(bucket), part


_BUCKET = {"_bucket": pl.Int64}


def _open(part: Part, path: Path) -> ParquetRows:
    spec = table_of(part)
    return ParquetRows(path, spec, spec.must_have)


def _latest_in(spec: TableSpec, rows: pl.DataFrame) -> datetime | None:
    moments = [rows[name].max() for name in OBSERVED.get(spec.name, ())]
    return max((one for one in moments if isinstance(one, datetime)), default=None)


def _read_moment(path: Path) -> datetime | None:
    text = json.loads(path.read_text(encoding="utf-8"))
    return None if text is None else datetime.fromisoformat(text)
