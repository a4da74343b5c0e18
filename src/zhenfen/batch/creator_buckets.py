"""What is done at one file and at one bucket of creators, in the order of `creators.prepare_creators`.

A file's rows are partitioned: a creator's come into one bucket, whatever file they stood in. Of a bucket the rows are
read, what its creators share is counted, they are measured, and judged.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from zhenfen.batch.engine import GROUPED, TEXTS
from zhenfen.batch.input_files import InputFile, readable
from zhenfen.batch.stages import AROUND, models, write_whole
from zhenfen.connectors.found_by import count_searched, fill_found_by
from zhenfen.errors import MissingTableError, Problem
from zhenfen.features.base import Measured, load_families
from zhenfen.features.comments.family import comments_by_others
from zhenfen.features.growth.explanations import count_readings, list_moves, list_readings
from zhenfen.features.growth.falls import count_falls, list_losses
from zhenfen.features.growth.spans import mark_days
from zhenfen.features.inputs import Inputs, Surroundings
from zhenfen.features.network.family import count_creators
from zhenfen.files import write_file
from zhenfen.scoring import known_at
from zhenfen.scoring.creators import leave_out_later, measure_inputs
from zhenfen.scoring.many import judge_measured
from zhenfen.stores import name_place
from zhenfen.tables import OBSERVED, TABLES, Tables, TableSpec, latest_time, read_checked, read_tables
from zhenfen.tables.parquet import ParquetRows, ParquetSink
from zhenfen.text.normalise import normalise_comments
from zhenfen.verdict.admission import lower_ends
from zhenfen.verdict.judge import features_in_set

KEY = "creator_id"
BUCKETS, NO_BUCKET = "buckets", ""
LEFT_OUT = ("provenance", "unusable")
"""Tables of no creator; a time in `provenance` is an observation all the same."""
READINGS, MOVES, FALLS, LOSSES = "readings", "moves", "falls", "losses"
"""Folders of the work folder, a file a bucket: what the days of its followers' counts add to those of all."""
DAYS = "days"
"""… and the days themselves: to mark them again takes three times what writing and reading takes."""
STANDING = "standing"
"""A bucket's creators as they stood at the moment, which takes all readings of their followers to say."""
SPREAD = {"clusters": "cluster_id", "authors": "author_id"}
"""Folder → of what it counts the creators of a bucket."""
SPREADING = ("creators", "comments")
JUDGING = ("creators", "audience", "audit_labels", "earlier_audits")
"""Tables of a bucket that its spread is counted from, and that its creators are judged by; posts too where there is an
audience."""
VALUES, REASONS, PLACED = "values", "reasons", "placed"
"""Of a bucket's creators: what was measured, what could not be, and of what must be known how common it is."""


@dataclass(frozen=True, slots=True)
class PartitionedFile:
    """What was found in a file while its rows were partitioned.

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


def table_of(file: InputFile) -> TableSpec:
    """The table that a file belongs to: `posts.parquet`, or any file below `posts/`.

    Raises:
        MissingTableError: It is of none.
    """
    names = PurePosixPath(file.name).parts
    name = names[0] if len(names) > 1 else PurePosixPath(file.name).stem
    if name not in TABLES:
        expected = "a table's name: " + ", ".join(TABLES)
        raise MissingTableError(Problem(expected, name_place(file.location), value=name))
    return TABLES[name]


def partition_file(
    work: Path, *, file: InputFile, place: int, n_buckets: int, found_by: str | None = None
) -> PartitionedFile:
    """Partition the rows of a file into the buckets, buckets/NNNN/TABLE/PLACE.parquet in the work folder.

    Args:
        work: Work folder.
        file: The file.
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
        return PartitionedFile(None if when is None else datetime.fromisoformat(when), tuple(names), *counts)
    spec = table_of(file)
    latest: datetime | None = None
    n_creators = n_searched = 0
    with readable(file, work) as path, ExitStack() as stack:
        sinks: dict[str, ParquetSink] = {}
        for batch in ParquetRows(path, spec, spec.must_have).batches():
            seen = latest_time(batch, OBSERVED.get(spec.name, ()))
            latest = max((one for one in (latest, seen) if one is not None), default=None)
            if spec.name == "creators":
                n_creators += batch.height
                n_searched += count_searched(batch)
                batch = fill_found_by(batch, found_by)  # noqa: PLW2901 (the same rows)
            if spec.name in LEFT_OUT:
                continue
            for bucket, rows in partition_rows(batch, n_buckets).items():
                if bucket not in sinks:
                    target = bucket_folder(work, bucket) / spec.name / f"{place:05d}.parquet"
                    sinks[bucket] = stack.enter_context(ParquetSink(target, path))
                sinks[bucket].write(rows)
    found = PartitionedFile(latest, tuple(sorted(sinks)) if spec.name == "creators" else (), n_creators, n_searched)
    when = None if latest is None else latest.isoformat()
    write_file(done, json.dumps([when, found.creators, n_creators, n_searched]))
    return found


def partition_rows(rows: pl.DataFrame, n_buckets: int) -> dict[str, pl.DataFrame]:
    """Rows by the name of their creator's bucket."""
    ids = rows[KEY].drop_nulls().unique()
    numbers = pl.Series("_bucket", [bucket_of(one, n_buckets) for one in ids], pl.Int64)
    placed = rows.join(pl.DataFrame([ids, numbers]), on=KEY, how="left", maintain_order="left")
    # A row without a creator makes its bucket unusable, not all of them.
    placed = placed.with_columns(pl.col("_bucket").fill_null(0))
    found = placed.partition_by("_bucket", as_dict=True, include_key=False)
    return {name_bucket(int(bucket)): part for (bucket,), part in found.items()}


def bucket_folder(work: Path, bucket: str) -> Path:
    """The folder with the tables of a bucket."""
    return work / BUCKETS / bucket


def name_bucket(bucket: int) -> str:
    """What a bucket's files and tasks are called."""
    return f"{bucket:04d}"


def bucket_in(path: str) -> str:
    """The bucket that a file of the work folder, made by `partition_file`, belongs to."""
    folder, name, *_ = path.split("/")
    return name if folder == BUCKETS else NO_BUCKET


def bucket_of(creator_id: str, n_buckets: int) -> int:
    """CRC-32 of the id in UTF-8: the same on every machine and in Spark's own `crc32`."""
    return zlib.crc32(creator_id.encode()) % n_buckets


def read_bucket(work: Path, *, name: str, as_of: datetime) -> int:
    """Check a bucket and write what is known of it at the moment; returns how many creators it has.

    Raises:
        InputError: Its rows break the contract.
        ConfigError: Nothing can be written.
    """
    tables = known_at(read_tables(bucket_folder(work, name)), as_of)
    creators = tables["creators"]
    write_whole(creators, work / STANDING / name)
    if not (work / LOSSES / name).exists():
        marked = mark_days(tables["follower_counts"].join(creators, on="creator_id", how="semi"))
        write_whole(normalise_comments(tables["comments"]), work / TEXTS / name)
        readings = list_readings(marked, creators)
        write_whole(count_readings(readings), work / READINGS / name)
        write_whole(list_moves(readings), work / MOVES / name)
        write_whole(marked, work / DAYS / name)
        losses = list_losses(marked, creators)
        write_whole(count_falls(losses), work / FALLS / name)
        write_whole(losses, work / LOSSES / name)
    return creators.height


def count_spread(work: Path, *, name: str, as_of: datetime) -> None:
    """Count under how many creators of a bucket its clusters and its commenters are seen.

    Raises:
        ConfigError: Nothing can be written.
    """
    if (work / "authors" / name).exists():
        return
    comments = comments_by_others(_inputs(name, as_of, work, SPREADING))
    for folder, key in SPREAD.items():
        write_whole(count_creators(comments, key), work / folder / name)


def measure_bucket(work: Path, *, name: str, as_of: datetime) -> None:
    """Measure the creators of a bucket beside what all creators show together.

    Raises:
        ConfigError: Nothing can be written.
    """
    if (work / PLACED / name).exists():
        return
    inputs = _inputs(name, as_of, work).with_days(pl.read_parquet(work / DAYS / name))
    # Of that which all creators show together, what concerns the creators and the commenters of this bucket.
    mine, around = comments_by_others(inputs).select(*SPREAD.values()), work / AROUND
    shared = {
        folder: pl.scan_parquet(around / f"{folder}.parquet")
        .join(mine.lazy().select(pl.col(key).unique()), on=key, how="semi")
        .collect()
        for folder, key in SPREAD.items()
    }
    surroundings = Surroundings(
        int(pl.read_parquet(around / "n_creators.parquet").item()),
        pl.read_parquet(around / "moves.parquet"),
        pl.read_parquet(around / "drops.parquet"),
        shared["clusters"],
        shared["authors"],
    )
    measured = measure_inputs(inputs.among(surroundings))
    values = {family: one.values for family, one in measured.items()}
    reasons = pl.concat([one.reasons.with_columns(family=pl.lit(family)) for family, one in measured.items()])
    write_whole(reasons, work / REASONS / name)
    wide = inputs.tables["creators"].select("creator_id")
    for frame in values.values():
        wide = wide.join(frame, on="creator_id", how="left", maintain_order="left")
    write_whole(wide, work / VALUES / name)
    wanted = features_in_set(models())
    low = lower_ends(values, models().levels.rules.lower_z)
    placed = [frame[one].cast(pl.Float64) for frame in low.values() for one in frame.columns if one in wanted]
    write_whole(pl.DataFrame(placed), work / PLACED / name)


def score_bucket(out: Path, work: Path, *, name: str, as_of: datetime) -> int:
    """Judge the creators of a bucket by what was measured, beside all creators; returns how many.

    Raises:
        ConfigError: `out` cannot be written.
    """
    tables = _tables(name, as_of, work, JUDGING)
    if tables.has("audience"):
        tables = tables.replace(posts=_tables(name, as_of, work, ["posts"])["posts"])
    in_set = pl.read_parquet(work / AROUND / "in_set.parquet")
    wide, reasons = pl.read_parquet(work / VALUES / name), pl.read_parquet(work / REASONS / name)
    measured = {
        family: Measured(
            wide.select("creator_id", *(spec.name for spec in one.specs)), reasons.filter(family=family).drop("family")
        )
        for family, one in load_families().items()
    }
    scored = judge_measured(tables, as_of, measured, in_set, models())
    with ParquetSink(out, work) as sink:
        sink.write(scored)
    return scored.height


def _tables(name: str, as_of: datetime, work: Path, tables: Collection[str] = TABLES) -> Tables:
    """Of a bucket that `read_bucket` has checked."""
    others = read_checked(bucket_folder(work, name), [one for one in tables if one != "creators"])
    return leave_out_later(others, as_of).replace(creators=pl.read_parquet(work / STANDING / name))


def _inputs(name: str, as_of: datetime, work: Path, tables: Collection[str] = TABLES) -> Inputs:
    """A bucket's tables, with its comments' clusters as they are among all."""
    inputs = Inputs(_tables(name, as_of, work, tables), as_of, with_details=False)
    return inputs.with_clusters(pl.read_parquet(work / GROUPED / name))
