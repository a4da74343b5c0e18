"""Scoring Parquet files that need not fit into memory: one batch of rows at a time, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import ConfigError, InvalidTableError, Problem, UnreadableFileError
from zhenfen.estimators.profile_model import ProfileModel
from zhenfen.scoring import Progress, score_profiles
from zhenfen.tables import PLATFORMS, TABLES, make_frame

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BATCH_ROWS = 200_000
"""About 150 MB of working memory; larger batches are no faster."""
N_REASONS = 5
STEP = "score"
_TIMES = ("created_at", "last_post_at", "followed_at")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def score_profiles_file(
    path: Path,
    out: Path,
    model: ProfileModel,
    *,
    platform: str | None = None,
    as_of: datetime | None = None,
    explain: bool = False,
    on_progress: Progress | None = None,
) -> int:
    """Score every profile of a Parquet file; returns how many.

    Args:
        path: Columns of the table `audience`; only `profile_id` is needed, others may be absent.
        out: Parquet file: profile_id, p_fake, model, out_of_domain, with `explain` the largest contributions.
        model: Audience model.
        platform: Platform of rows that name none.
        as_of: Moment that ages are counted at; default the latest time in the file.
        explain: Whether to list contributions.
        on_progress: Told of every batch.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column has another type than the contract's, or a profile has no id.
        ConfigError: `platform` is none of ours, or `out` cannot be written.
    """
    if platform is not None and platform not in PLATFORMS:
        raise ConfigError(f"platform {platform!r}: expected one of {', '.join(PLATFORMS)}")
    source = _open(path)
    moment = as_of or _latest(path, source)
    n_done, n_rows = 0, source.metadata.num_rows
    with _Sink(out) as sink:
        for batch in _batches(source, path):
            audience = batch.with_columns(pl.col("platform").fill_null(pl.lit(platform, dtype=pl.String)))
            sink.write(score_profiles(audience, model, moment, n_reasons=N_REASONS if explain else 0))
            n_done += batch.height
            if on_progress:
                on_progress(STEP, n_done, n_rows)
    return n_done


class _Sink:
    """A Parquet file that takes its name when the block ends well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.part")
        self.writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Sink:
        if self.path.is_dir():
            raise ConfigError(f"{self.path}: expected a file to write, found a folder")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        table = frame.to_arrow()
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.partial, table.schema)
        self.writer.write_table(table)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.writer is not None:
            self.writer.close()
        if kind is None and self.writer is not None:
            self.partial.replace(self.path)
        self.partial.unlink(missing_ok=True)


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UnreadableFileError(Problem("a whole Parquet file", str(path), value=str(error))) from error


def _latest(path: Path, source: pq.ParquetFile) -> datetime:
    times = [name for name in _TIMES if name in source.schema_arrow.names]
    latest = pl.scan_parquet(path).select(pl.max_horizontal(pl.col(times).max())).collect().item() if times else None
    return latest if isinstance(latest, datetime) else EPOCH


def _batches(source: pq.ParquetFile, path: Path) -> Iterator[pl.DataFrame]:
    """The rows as the contract has them; an empty file gives one empty batch, so that its columns are checked."""
    names = [name for name in TABLES["audience"].schema if name in source.schema_arrow.names]
    _check_columns(source, path)
    start = 0
    for batch in source.iter_batches(BATCH_ROWS, columns=names):
        frame = pl.DataFrame(pl.from_arrow(batch))
        _check_ids(frame, path, start)
        start += frame.height
        yield make_frame(TABLES["audience"], frame)
    if start == 0:
        yield make_frame(TABLES["audience"])


def _check_columns(source: pq.ParquetFile, path: Path) -> None:
    have = pl.DataFrame(pl.from_arrow(source.schema_arrow.empty_table())).schema
    problems = [] if "profile_id" in have else [Problem("the column to be there", str(path), column="profile_id")]
    for name, dtype in TABLES["audience"].schema.items():
        if name in have and not _fits(have[name], dtype):
            problems.append(Problem(f"type {dtype}", str(path), column=name, value=str(have[name])))
    if problems:
        raise InvalidTableError(problems)


def _fits(have: pl.DataType, want: pl.DataType) -> bool:
    if want.is_integer():
        return have.is_integer() or have == pl.Null
    if isinstance(want, pl.Datetime):
        return (isinstance(have, pl.Datetime) and have.time_zone == "UTC") or have == pl.Null
    return have in (want, pl.Null) or (want.is_numeric() and have.is_numeric())


def _check_ids(frame: pl.DataFrame, path: Path, start: int) -> None:
    empty = frame["profile_id"].is_null().arg_true()
    if len(empty):
        raise InvalidTableError(Problem("an id", str(path), row=start + int(empty[0]) + 1, column="profile_id"))
