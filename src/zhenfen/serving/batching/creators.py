"""Creators of a folder of tables, bucket by bucket, each measured as among all of them.

1. The rows are sorted into buckets by creator. 2. Each bucket is read and checked, its comments normalised, its daily
moves counted. 3. Clusters of comments are made over all buckets. 4. Each bucket counts whom its clusters and commenters
are seen under. 5. What all creators show together is put together. 6. Each bucket is scored beside it.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from zhenfen.errors import InputError, MissingTableError, Problem
from zhenfen.features.base import Inputs, Surroundings
from zhenfen.features.comments import comments_by_others
from zhenfen.features.growth import mark_days
from zhenfen.features.growth_drops import DROPS_SCHEMA, compare_losses, list_losses
from zhenfen.features.growth_explanations import LEAST_MOVED_SHARE, count_moves
from zhenfen.features.network import N_CREATORS_NEEDED, count_creators
from zhenfen.scoring import known_at
from zhenfen.scoring.many import score_known
from zhenfen.serving.batching import buckets
from zhenfen.serving.batching.clusters import write_whole
from zhenfen.serving.batching.engine import Task
from zhenfen.serving.batching.manifest import hash_texts
from zhenfen.serving.batching.run import Piece, Run, models
from zhenfen.serving.parquet import ParquetSink
from zhenfen.tables import read_tables
from zhenfen.text.normalise import normalise_comments

SPLIT, SURVEY, CLUSTER = "split", "survey", "cluster"
SPREAD = {"clusters": "cluster_id", "authors": "author_id"}
_DAYS = ("platform", "day")


def score_buckets(run: Run) -> None:
    """Score all creators of the tables, a file of scores a bucket.

    Raises:
        InputError: A file cannot be used: its creators would be judged by half of what is known of them.
        ConfigError: Nothing can be written.
    """
    n_buckets = _count_buckets(run)
    as_of = _split(run, n_buckets)
    key = hash_texts(run.input_key, as_of.isoformat(), str(n_buckets))
    names = [f"{bucket:04d}.parquet" for bucket in range(n_buckets) if _has_creators(run.work, bucket)]
    if not names:
        raise MissingTableError(Problem("at least one creator", "creators"))
    run.manifest.keep_only({_result(name) for name in names})
    if all(run.manifest.is_done(_result(name), key) for name in names):
        return
    usable = _survey(run, names, as_of, key)
    run.make([Piece(_result(name), key, partial(_score, name=name, as_of=as_of, work=run.work)) for name in usable])


def _result(name: str) -> str:
    return f"creator_bucket={Path(name).stem}/scores.parquet"


def _count_buckets(run: Run) -> int:
    if not any(buckets.table_of(part).name == "creators" for part in run.parts):
        raise MissingTableError(Problem("at least one creator", "creators"))
    n_rows = sum(buckets.count_rows(part, run.work) for part in run.parts)
    return max(1, -(-n_rows // buckets.ROWS_A_BUCKET))


def _split(run: Run, n_buckets: int) -> datetime:
    """Sort all rows into buckets; returns the moment to read the data at."""
    tasks = [
        Task(part.name, partial(buckets.split, part, place, n_buckets, run.work))
        for place, part in enumerate(run.parts)
    ]
    moments, errors = run.prepare(SPLIT, tasks)
    if errors:
        raise InputError([Problem(f"a file that can be used: {error}", name) for name, error in errors.items()])
    latest = run.order.as_of or max((one for one in moments.values() if one is not None), default=None)
    if latest is None:
        raise MissingTableError(Problem("a time of observation somewhere, or the option --as-of", "tables"))
    return latest


def _has_creators(work: Path, bucket: int) -> bool:
    return (buckets.bucket_folder(work, bucket) / "creators").exists()


def _survey(run: Run, names: list[str], as_of: datetime, key: str) -> list[str]:
    """Everything that the scores of one bucket need of the others; returns the buckets that can be used."""
    tasks = [Task(name, partial(_read_bucket, name, as_of, run.work)) for name in names]
    counts, errors = run.prepare(SURVEY, tasks)
    for name, error in errors.items():
        run.set_aside(_result(name), key, error)
    usable = [name for name in names if name not in errors]
    if not all((run.work / "grouped" / name).exists() for name in usable):
        run.tell(CLUSTER, 0, 1)
        run.engine.group(usable, run.work / "texts", run.work / "grouped")
    _, errors = run.prepare(SURVEY, [Task(name, partial(_count_spread, name, as_of, run.work)) for name in usable])
    if errors:
        raise InputError([Problem(f"a bucket that can be used: {error}", name) for name, error in errors.items()])
    _put_together(run.work, usable, sum(counts.values()))
    return usable


def _read_bucket(name: str, as_of: datetime, work: Path) -> int:
    """Check a bucket and write what is known of it at the moment; returns how many creators it has."""
    tables = known_at(read_tables(work / "buckets" / Path(name).stem), as_of)
    if not (work / "losses" / name).exists():
        known = tables["follower_counts"].join(tables["creators"], on="creator_id", how="semi")
        marked = mark_days(known)
        write_whole(normalise_comments(tables["comments"]), work / "texts" / name)
        write_whole(count_moves(marked, tables["creators"]), work / "moves" / name)
        platforms = tables["creators"].select("creator_id", "platform")
        losses = list_losses(marked).join(platforms, on="creator_id", maintain_order="left")
        write_whole(losses, work / "losses" / name)
    return tables["creators"].height


def _count_spread(name: str, as_of: datetime, work: Path) -> None:
    if (work / "authors" / name).exists():
        return
    comments = comments_by_others(_inputs(name, as_of, work, None))
    for folder, key in SPREAD.items():
        write_whole(count_creators(comments, key), work / folder / name)


def _inputs(name: str, as_of: datetime, work: Path, around: Surroundings | None) -> Inputs:
    """A bucket's tables, with its comments' clusters as they are among all."""
    tables = known_at(read_tables(work / "buckets" / Path(name).stem), as_of)
    inputs = Inputs(tables, as_of, with_details=False, around=around)
    return inputs.with_clusters(pl.read_parquet(work / "grouped" / name))


def _put_together(work: Path, names: list[str], n_creators: int) -> None:
    """Write work/around: what all buckets show together."""
    moves = pl.concat([pl.read_parquet(work / "moves" / name) for name in names])
    moves = moves.group_by(_DAYS).agg(pl.col("n", "up", "down").sum()).sort(_DAYS)
    write_whole(moves, work / "around" / "moves.parquet")
    write_whole(_find_drops(work, names, moves), work / "around" / "drops.parquet")
    for folder, key in SPREAD.items():
        counts = pl.scan_parquet([work / folder / name for name in names])
        summed = counts.group_by(key).agg(pl.col("n_creators").sum())
        shared = summed.filter(pl.col("n_creators") >= N_CREATORS_NEEDED).sort(key).collect(engine="streaming")
        write_whole(shared, work / "around" / f"{folder}.parquet")
    write_whole(pl.DataFrame({"n_creators": [n_creators]}), work / "around" / "n_creators.parquet")


def _find_drops(work: Path, names: list[str], moves: pl.DataFrame) -> pl.DataFrame:
    """See `compare_losses`; only days on which a quarter of the others can have moved are looked at."""
    n_others = pl.max_horizontal(pl.col("n") - 1, pl.lit(1))
    days = moves.filter(pl.col("down") > 1, pl.col("down") / n_others >= LEAST_MOVED_SHARE).select(_DAYS)
    if days.is_empty():
        return pl.DataFrame(schema=DROPS_SCHEMA)
    losses = pl.scan_parquet([work / "losses" / name for name in names]).join(days.lazy(), on=_DAYS, how="semi")
    read = losses.collect(engine="streaming").sort("creator_id", "day")
    creators = read.select("creator_id", "platform").unique()
    return compare_losses(read.drop("platform"), creators)


def _around(work: Path, mine: pl.DataFrame) -> Surroundings:
    """What concerns the creators and the commenters of a bucket of that which all show together."""
    folder = work / "around"
    shared = {
        name: pl.scan_parquet(folder / f"{name}.parquet")
        .join(mine.lazy().select(pl.col(key).unique()), on=key, how="semi")
        .collect()
        for name, key in SPREAD.items()
    }
    return Surroundings(
        int(pl.read_parquet(folder / "n_creators.parquet").item()),
        pl.read_parquet(folder / "moves.parquet"),
        pl.read_parquet(folder / "drops.parquet"),
        shared["clusters"],
        shared["authors"],
    )


def _score(out: Path, *, name: str, as_of: datetime, work: Path) -> int:
    """Score the creators of a bucket."""
    inputs = _inputs(name, as_of, work, None)
    mine = comments_by_others(inputs).select(*SPREAD.values())
    scored = score_known(inputs.among(_around(work, mine)), models())
    with ParquetSink(out, work) as sink:
        sink.write(scored)
    return scored.height
