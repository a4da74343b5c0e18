"""Creators of a folder of tables, bucket by bucket, each measured as among all of them.

1. The rows are partitioned into buckets by creator. 2. Each bucket is read and checked, its comments normalised, its
daily moves listed. 3. Clusters of comments are made over all buckets. 4. Each bucket counts whom its clusters and
commenters are seen under. 5. What all creators show together is put together. 6. Each bucket is measured beside it. 7.
How common each measurement is among all is put together. 8. Each bucket is judged beside that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from zhenfen.batch import buckets
from zhenfen.batch.engine import Task, Traffic
from zhenfen.batch.manifest import hash_texts
from zhenfen.batch.parts import count_rows
from zhenfen.batch.run import BatchRun, Output, models, write_whole
from zhenfen.connectors.found_by import refuse_searched
from zhenfen.errors import InputError, MissingTableError, Problem
from zhenfen.features.base import Measured, load_families
from zhenfen.features.comments.family import comments_by_others
from zhenfen.features.growth.drops import compare_losses, measure_losses
from zhenfen.features.growth.explanations import count_readings, list_moves, list_readings, sum_moves
from zhenfen.features.growth.falls import add_falls, count_falls, find_episodes, list_losses
from zhenfen.features.growth.family import mark_days
from zhenfen.features.inputs import Inputs, Surroundings
from zhenfen.features.network.family import N_CREATORS_NEEDED, count_creators
from zhenfen.scoring import known_at
from zhenfen.scoring.creators import NO_MOMENT, measure_inputs
from zhenfen.scoring.many import judge_measured
from zhenfen.tables import read_tables
from zhenfen.tables.parquet import ParquetSink
from zhenfen.text.normalise import normalise_comments
from zhenfen.verdict.admission import describe_columns, lower_ends
from zhenfen.verdict.judge import features_in_set

SPLIT, SURVEY, CLUSTER, MEASURE = "split", "survey", "cluster", "measure"
AROUND, READINGS, MOVES, FALLS, LOSSES = "around", "readings", "moves", "falls", "losses"
VALUES, REASONS, PLACED = "values", "reasons", "placed"
"""Of a bucket's creators: what was measured, what could not be, and of what must be known how common it is."""
SPREAD = {"clusters": "cluster_id", "authors": "author_id"}
_DAYS = ("platform", "day")


def score_buckets(run: BatchRun) -> None:
    """Score all creators of the tables, a file of scores a bucket.

    Raises:
        InputError: A file cannot be used: its creators would be judged by half of what is known of them.
        ConfigError: Nothing can be written.
    """
    if "creators" not in {buckets.table_of(part).name for part in run.parts}:
        raise MissingTableError(Problem("at least one creator", "creators"))
    n_buckets = max(1, -(-sum(map(count_rows, run.parts)) // buckets.ROWS_A_BUCKET))
    as_of, names = _split(run, n_buckets)
    run.manifest.keep_only({_result(name) for name in names})
    key = partial(hash_texts, run.input_key, as_of.isoformat(), str(n_buckets))
    if all(run.manifest.is_done(_result(name), key(*names)) for name in names):
        return
    # A bucket that cannot be read is set aside: the others are then all there is.
    tasks = [Task(name, partial(_read_bucket, name=name, as_of=as_of)) for name in names]
    counts, errors = run.prepare(SURVEY, tasks, Traffic(collected=(READINGS, MOVES, FALLS, LOSSES)))
    usable = [name for name in names if name not in errors]
    for name, error in errors.items():
        run.set_aside(_result(name), key(*usable), error)
    if not usable:
        return
    _survey(run, usable, as_of, sum(counts.values()))
    _do_all(run, MEASURE, usable, partial(_measure, as_of=as_of), Traffic(collected=(PLACED,), broadcast=(AROUND,)))
    # How common each measurement is among all; a column at a time: all of them of millions of creators would not fit.
    files = [run.work / PLACED / name for name in usable]
    columns = {name: pl.read_parquet(files, columns=[name])[name] for name in pl.read_parquet_schema(files[0])}
    write_whole(describe_columns(columns), run.work / AROUND / "in_set.parquet")
    make = partial(_score, as_of=as_of)
    run.make([Output(_result(one), key(*usable), partial(make, name=one), one) for one in usable], broadcast=(AROUND,))


def _result(name: str) -> str:
    return f"creator_bucket={name}/scores.parquet"


def _split(run: BatchRun, n_buckets: int) -> tuple[datetime, list[str]]:
    """Sort all rows into buckets; returns the moment to read the data at, and the buckets that have creators."""
    tasks = [
        Task(
            part.name,
            partial(buckets.split, part=part, place=place, n_buckets=n_buckets, found_by=run.order.found_by),
        )
        for place, part in enumerate(run.parts)
    ]
    found, errors = run.prepare(SPLIT, tasks, Traffic(owner=buckets.bucket_in))
    if errors:
        raise InputError([Problem(f"a file that can be used: {error}", name) for name, error in errors.items()])
    seen: list[buckets.Sorted] = list(found.values())
    files = sorted(name for name, one in found.items() if one.n_searched)
    n_searched, n_creators = sum(one.n_searched for one in seen), sum(one.n_creators for one in seen)
    refuse_searched(files, run.order.found_by, n_searched, n_creators)
    latest = run.order.as_of or max((one.latest for one in seen if one.latest is not None), default=None)
    if latest is None:
        raise MissingTableError(Problem(NO_MOMENT, "tables", key="problem.as_of"))
    names = sorted({name for one in seen for name in one.creators})
    if not names:
        raise MissingTableError(Problem("at least one creator", "creators"))
    return latest, names


def _survey(run: BatchRun, names: list[str], as_of: datetime, n_creators: int) -> None:
    """Everything that the scores of one bucket need of the others."""
    if not all((run.work / "grouped" / name).exists() for name in names):
        # What was counted is of other clusters: a bucket that could not be used when the run was stopped can be now.
        for folder in (*SPREAD, VALUES, REASONS, PLACED):
            shutil.rmtree(run.work / folder, ignore_errors=True)
    run.on_progress(CLUSTER, 0, 1)
    run.engine.group(names, run.work)
    _do_all(run, SURVEY, names, partial(_count_spread, as_of=as_of), Traffic(collected=tuple(SPREAD)))
    # From here on what all buckets show together.
    work, around = run.work, run.work / AROUND
    write_whole(_sum_moves(work, names), around / "moves.parquet")
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


def _do_all(run: BatchRun, step: str, names: list[str], call: Callable[..., object], traffic: Traffic) -> None:
    """Do a step at every bucket: none of them may fail any more."""
    _, errors = run.prepare(step, [Task(name, partial(call, name=name)) for name in names], traffic)
    if errors:
        raise InputError([Problem(f"a bucket that can be used: {error}", name) for name, error in errors.items()])


def _read_bucket(work: Path, *, name: str, as_of: datetime) -> int:
    """Check a bucket and write what is known of it at the moment; returns how many creators it has."""
    tables = known_at(read_tables(buckets.bucket_folder(work, name)), as_of)
    creators = tables["creators"]
    if not (work / LOSSES / name).exists():
        marked = mark_days(tables["follower_counts"].join(creators, on="creator_id", how="semi"))
        write_whole(normalise_comments(tables["comments"]), work / "texts" / name)
        readings = list_readings(marked, creators)
        write_whole(count_readings(readings), work / READINGS / name)
        write_whole(list_moves(readings), work / MOVES / name)
        losses = list_losses(marked, creators)
        write_whole(count_falls(losses), work / FALLS / name)
        write_whole(losses, work / LOSSES / name)
    return creators.height


def _count_spread(work: Path, *, name: str, as_of: datetime) -> None:
    if (work / "authors" / name).exists():
        return
    comments = comments_by_others(_inputs(name, as_of, work))
    for folder, key in SPREAD.items():
        write_whole(count_creators(comments, key), work / folder / name)


def _inputs(name: str, as_of: datetime, work: Path) -> Inputs:
    """A bucket's tables, with its comments' clusters as they are among all."""
    tables = known_at(read_tables(buckets.bucket_folder(work, name)), as_of)
    return Inputs(tables, as_of, with_details=False).with_clusters(pl.read_parquet(work / "grouped" / name))


def _sum_moves(work: Path, names: list[str]) -> pl.DataFrame:
    """See `growth.explanations.count_moves`."""
    readings, moved = (pl.concat([pl.read_parquet(work / one / name) for name in names]) for one in (READINGS, MOVES))
    return sum_moves(readings.group_by(_DAYS).agg(pl.col("n").sum()), moved).sort(_DAYS)


def _measure(work: Path, *, name: str, as_of: datetime) -> None:
    if (work / PLACED / name).exists():
        return
    inputs = _inputs(name, as_of, work)
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


def _score(out: Path, work: Path, *, name: str, as_of: datetime) -> int:
    """Score the creators of a bucket."""
    tables = known_at(read_tables(buckets.bucket_folder(work, name)), as_of)
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
