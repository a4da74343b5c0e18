"""Scoring Parquet files row by row: profiles, comments, posts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.profile_model import ProfileModel
from zhenfen.features.posts.facts import PLATFORM_FLAGS
from zhenfen.progress import Progress, silent
from zhenfen.scoring import N_REASONS, group_comments, score_grouped, score_posts, score_profiles
from zhenfen.tables import EPOCH, PLATFORMS, TABLES, latest_time, time_columns
from zhenfen.tables.parquet import BATCH_ROWS, ParquetRows, ParquetSink
from zhenfen.text.normalise import normalise_comments

if TYPE_CHECKING:
    from zhenfen.estimators.comment_model import CommentModel
    from zhenfen.estimators.post_model import PostModel
    from zhenfen.text.brands import BrandBook

STEP, NORMALISE, CLUSTER = "score", "normalise", "cluster"

POSTS_AT_ONCE = 5_000
"""Posts between two words of progress: the encoder reads some of them for about a minute."""


def score_profiles_file(
    path: Path,
    out: Path,
    model: ProfileModel,
    *,
    platform: str | None = None,
    as_of: datetime | None = None,
    explain: bool = False,
    on_progress: Progress = silent,
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
        InvalidTableError: A column has another type than the contract's, a profile has no id, or a value breaks its
            column's rule.
        ConfigError: `platform` is none of ours, or `out` cannot be written.
    """
    _check_platform(platform)
    rows = ParquetRows(path, TABLES["audience"], ["profile_id"])
    moment = as_of or _latest(rows)
    n_done = 0
    with ParquetSink(out, path) as sink:
        for batch in rows.sound_batches():
            audience = _with_platform(batch, platform)
            sink.write(score_profiles(audience, model, moment, n_reasons=N_REASONS if explain else 0))
            n_done += batch.height
            on_progress(STEP, n_done, rows.n_rows)
    return n_done


def score_comments_file(
    path: Path, out: Path, model: CommentModel, *, explain: bool = False, on_progress: Progress = silent
) -> int:
    """Score every comment of a Parquet file; returns how many.

    Clusters are of all comments together: ids and normalised texts stay in memory (a million comments take about a
    gigabyte at the peak, benchmarks/score_comments.py), raw texts and scores one batch at a time.

    Args:
        path: `comment_id` and `text`; other columns are not read.
        out: Parquet file, see `scoring.score_comments`.
        model: Comment model.
        explain: Whether to list contributions.
        on_progress: Told of every batch of every step.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column is missing or of another type, an id is null, or a text is not UTF-8.
        ConfigError: `out` cannot be written.
    """
    rows = _comment_rows(path)
    with ParquetSink(out, path) as sink:
        texts: list[pl.DataFrame] = []
        n_done = 0
        for batch in rows.sound_batches():
            texts.append(normalise_comments(batch.select("comment_id", "text")))
            n_done += batch.height
            on_progress(NORMALISE, n_done, rows.n_rows)
        on_progress(CLUSTER, 0, 1)
        grouped = group_comments(pl.concat(texts))
        on_progress(STEP, 0, grouped.height)
        _write_scores(grouped, sink, model, explain=explain, on_progress=on_progress)
    return grouped.height


def score_posts_file(
    path: Path,
    out: Path,
    model: PostModel,
    *,
    platform: str | None = None,
    explain: bool = False,
    is_quick: bool = False,
    brands: BrandBook | None = None,
    on_progress: Progress = silent,
) -> int:
    """Score every post of a Parquet file; returns how many.

    Args:
        path: `post_id` and `text`, and where they are there `platform`, `is_labelled_ad` and `has_purchase_link`; other
            columns are not read.
        out: Parquet file, see `scoring.score_posts`.
        model: Post model.
        platform: Platform of posts that name none.
        explain: Whether to list the spans that spoke for it.
        is_quick: Letters alone: the encoder is not asked.
        brands: Dictionary of the brands to name; None for no names.
        on_progress: Told of every batch.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column is missing or of another type, an id is null, or a text is not UTF-8.
        ConfigError: `out` cannot be written.
    """
    _check_platform(platform)
    needed = ["post_id", "text"]
    rows = ParquetRows(path, TABLES["posts"], needed, read=[*needed, "platform", *PLATFORM_FLAGS])
    n_done = 0
    with ParquetSink(out, path) as sink:
        for batch in rows.sound_batches():
            named = _with_platform(batch, platform)
            for part in named.iter_slices(POSTS_AT_ONCE) if named.height else (named,):
                n_reasons = N_REASONS if explain else 0
                sink.write(score_posts(part, model, n_reasons=n_reasons, is_quick=is_quick, brands=brands))
                n_done += part.height
                on_progress(STEP, n_done, rows.n_rows)
    return n_done


def _check_platform(platform: str | None) -> None:
    if platform is not None and platform not in PLATFORMS:
        raise ConfigError(f"platform {platform!r}: expected one of {', '.join(PLATFORMS)}")


def _with_platform(rows: pl.DataFrame, platform: str | None) -> pl.DataFrame:
    """`rows` with the platform where they name none."""
    return rows.with_columns(pl.col("platform").fill_null(pl.lit(platform, dtype=pl.String)))


def latest_in_profiles(path: Path) -> datetime:
    """The latest time of a file of profiles, that ages are counted at; EPOCH without times.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column has another type than the contract's.
    """
    return _latest(ParquetRows(path, TABLES["audience"], ["profile_id"]))


def normalise_comments_file(path: Path, out: Path) -> int:
    """Write comment_id and normalised of every comment of a file, in order; returns how many.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: A column is missing or of another type, an id is null, or a text is not UTF-8.
        ConfigError: `out` cannot be written.
    """
    n_done = 0
    with ParquetSink(out, path) as sink:
        for batch in _comment_rows(path).sound_batches():
            sink.write(normalise_comments(batch.select("comment_id", "text")))
            n_done += batch.height
    return n_done


def score_grouped_file(path: Path, out: Path, model: CommentModel, *, explain: bool = False) -> int:
    """Score comments that are normalised and grouped already (see `scoring.group_comments`); returns how many.

    Raises:
        ConfigError: `out` cannot be written.
    """
    grouped = pl.read_parquet(path, glob=False)
    with ParquetSink(out, path) as sink:
        _write_scores(grouped, sink, model, explain=explain, on_progress=silent)
    return grouped.height


def _comment_rows(path: Path) -> ParquetRows:
    names = ["comment_id", "text"]
    return ParquetRows(path, TABLES["comments"], names, read=names)


def _write_scores(
    grouped: pl.DataFrame, sink: ParquetSink, model: CommentModel, *, explain: bool, on_progress: Progress
) -> None:
    n_done = 0
    # An empty table is written too: it has columns.
    for part in list(grouped.iter_slices(BATCH_ROWS)) or [grouped]:
        sink.write(score_grouped(part, model, n_reasons=N_REASONS if explain else 0))
        n_done += part.height
        on_progress(STEP, n_done, grouped.height)


def _latest(rows: ParquetRows) -> datetime:
    times = tuple(name for name in time_columns("audience") if name in rows.names)
    latest = pl.scan_parquet(rows.path, glob=False).select(pl.col(times).max()).collect() if times else pl.DataFrame()
    return latest_time(latest, times) or EPOCH
