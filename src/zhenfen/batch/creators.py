"""Creators of a folder of tables: an output, with the scores, for every bucket, each measured as among all creators.

1. The rows are partitioned into buckets by creator. 2. Each bucket is read and checked, its comments normalised, its
daily moves listed. 3. Clusters of comments are made over all buckets. 4. Each bucket counts whom its clusters and
commenters are seen under. 5. What all creators show together is put together. 6. Each bucket is measured beside it. 7.
How common each measurement is among all is put together. 8. Each bucket is judged beside that.
`creator_buckets.py` says what is done at one file and at one bucket.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from zhenfen.batch.creator_buckets import (
    FALLS,
    LOSSES,
    MOVES,
    PLACED,
    READINGS,
    REASONS,
    SPREAD,
    VALUES,
    PartitionedFile,
    bucket_in,
    count_spread,
    measure_bucket,
    partition_file,
    read_bucket,
    score_bucket,
    table_of,
)
from zhenfen.batch.engine import GROUPED, Task, Traffic
from zhenfen.batch.input_files import count_rows
from zhenfen.batch.manifest import hash_texts
from zhenfen.batch.stages import AROUND, BatchRun, Output, write_whole
from zhenfen.connectors.found_by import refuse_searched
from zhenfen.errors import InputError, MissingTableError, Problem
from zhenfen.features.growth.drops import compare_losses, measure_losses
from zhenfen.features.growth.explanations import sum_moves
from zhenfen.features.growth.falls import add_falls, find_episodes
from zhenfen.features.network.family import N_CREATORS_NEEDED
from zhenfen.scoring.creators import NO_MOMENT
from zhenfen.verdict.admission import describe_columns

ROWS_A_BUCKET = 2_000_000
"""At most, of all tables together: of a hundred thousand creators, sixteen buckets of a million took no more processor
time than nine of 1.8."""
SPLIT, SURVEY, CLUSTER, MEASURE = "split", "survey", "cluster", "measure"
_DAYS = ("platform", "day")


def prepare_creators(run: BatchRun) -> list[Output]:
    """What there is to make of creators, an output a bucket, once all are measured.

    Raises:
        InputError: A file cannot be used: its creators would be judged by half of what is known of them.
        ConfigError: Nothing can be written.
    """
    if "creators" not in {table_of(file).name for file in run.files}:
        raise MissingTableError(Problem("at least one creator", "creators"))
    # A power of two: two, four or eight workers have as many each, and none waits for a last one.
    n_buckets = 1 << max(0, -(-sum(map(count_rows, run.files)) // ROWS_A_BUCKET) - 1).bit_length()
    as_of, names = _partition(run, n_buckets)
    results = {name: f"creator_bucket={name}/scores.parquet" for name in names}
    run.manifest.keep_only(set(results.values()))
    hash_of = partial(hash_texts, run.input_key, as_of.isoformat(), str(n_buckets))
    if all(run.manifest.is_done(result, hash_of(*names)) for result in results.values()):
        return []
    # A bucket that cannot be read is set aside: the others are then all there is.
    tasks = [Task(name, partial(read_bucket, name=name, as_of=as_of)) for name in names]
    counts, errors = run.collect(SURVEY, tasks, Traffic(collected=(READINGS, MOVES, FALLS, LOSSES)))
    usable = [name for name in names if name not in errors]
    key = hash_of(*usable)
    for name, error in errors.items():
        run.set_aside(results[name], key, error)
    if not usable:
        return []
    _survey(run, usable, as_of, sum(counts.values()))
    measure = partial(measure_bucket, as_of=as_of)
    _do_all(run, MEASURE, usable, measure, Traffic(collected=(PLACED,), broadcast=(AROUND,)))
    # How common each measurement is among all; a column at a time: all of them of millions of creators would not fit.
    placed = [run.work / PLACED / name for name in usable]
    columns = {name: pl.read_parquet(placed, columns=[name])[name] for name in pl.read_parquet_schema(placed[0])}
    write_whole(describe_columns(columns), run.work / AROUND / "in_set.parquet")
    score = partial(score_bucket, as_of=as_of)
    return [Output(results[name], key, partial(score, name=name), task=name) for name in usable]


def _partition(run: BatchRun, n_buckets: int) -> tuple[datetime, list[str]]:
    """Partition all rows; returns the moment to read the data at, and the buckets that have creators."""
    split = partial(partition_file, n_buckets=n_buckets, found_by=run.order.found_by)
    tasks = [Task(file.name, partial(split, file=file, place=place)) for place, file in enumerate(run.files)]
    found, errors = run.collect(SPLIT, tasks, Traffic(owner=bucket_in))
    if errors:
        raise InputError([Problem(f"a file that can be used: {error}", name) for name, error in errors.items()])
    seen: list[PartitionedFile] = list(found.values())
    searched = sorted(name for name, one in found.items() if one.n_searched)
    n_searched, n_creators = sum(one.n_searched for one in seen), sum(one.n_creators for one in seen)
    refuse_searched(searched, run.order.found_by, n_searched, n_creators)
    latest = run.order.as_of or max((one.latest for one in seen if one.latest is not None), default=None)
    if latest is None:
        raise MissingTableError(Problem(NO_MOMENT, "tables", key="problem.as_of"))
    names = sorted({name for one in seen for name in one.creators})
    if not names:
        raise MissingTableError(Problem("at least one creator", "creators"))
    return latest, names


def _survey(run: BatchRun, names: list[str], as_of: datetime, n_creators: int) -> None:
    """What the creators of all buckets show together, for each bucket to be measured beside."""
    if not all((run.work / GROUPED / name).exists() for name in names):
        # What was counted is of other clusters: a bucket that could not be used when the run was stopped can be now.
        for folder in (*SPREAD, VALUES, REASONS, PLACED):
            shutil.rmtree(run.work / folder, ignore_errors=True)
    run.on_progress(CLUSTER, 0, 1)
    run.engine.group(names, run.work)
    _do_all(run, SURVEY, names, partial(count_spread, as_of=as_of), Traffic(collected=tuple(SPREAD)))
    # From here on what all buckets show together.
    work, around = run.work, run.work / AROUND
    write_whole(sum_days(work, names), around / "moves.parquet")
    # See `growth.drops.find_drops`: the days from counts of all buckets, then the losses of one bucket at a time.
    episodes = find_episodes(add_falls(pl.concat([pl.read_parquet(work / FALLS / name) for name in names])))
    losses = [measure_losses(pl.read_parquet(work / LOSSES / name), episodes) for name in names]
    write_whole(compare_losses(pl.concat(losses)), around / "drops.parquet")
    for folder, key in SPREAD.items():
        counts = pl.scan_parquet([work / folder / name for name in names])
        summed = counts.group_by(key).agg(pl.col("n_creators").sum())
        shared = summed.filter(pl.col("n_creators") >= N_CREATORS_NEEDED).sort(key).collect(engine="streaming")
        write_whole(shared, around / f"{folder}.parquet")
    write_whole(pl.DataFrame({"n_creators": [n_creators]}), around / "n_creators.parquet")


def sum_days(work: Path, names: list[str]) -> pl.DataFrame:
    """The moves of each day of a platform over all buckets, see `growth.explanations.count_moves`."""
    readings, moved = (pl.concat([pl.read_parquet(work / one / name) for name in names]) for one in (READINGS, MOVES))
    return sum_moves(readings.group_by(_DAYS).agg(pl.col("n").sum()), moved).sort(_DAYS)


def _do_all(run: BatchRun, step: str, names: list[str], call: Callable[..., object], traffic: Traffic) -> None:
    """Do a step at every bucket: none of them may fail any more."""
    _, errors = run.collect(step, [Task(name, partial(call, name=name)) for name in names], traffic)
    if errors:
        raise InputError([Problem(f"a bucket that can be used: {error}", name) for name, error in errors.items()])
