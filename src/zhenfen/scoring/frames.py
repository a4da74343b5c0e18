"""Rows as other programs hand them over, typed as the contract has them, and scored by a shelf folder.

Elsewhere a count that may be unknown is a float, and a time has no zone or is a text: such columns are taken for what
they say. What cannot be taken is named, all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import ConfigError, InvalidTableError, Problem
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.features.posts.facts import PLATFORM_FLAGS
from zhenfen.scoring.rows import score_grouped, score_posts, score_profiles
from zhenfen.tables import EPOCH, TABLES, Column, latest_time, time_columns
from zhenfen.text.normalise import normalise_comments

if TYPE_CHECKING:
    from zhenfen.estimators.comment_model import CommentModel

Scorer = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Rows and the moment that ages are counted at (ISO; None: the latest time among the rows) → scores, in that order."""
ROWS_NAMED = 5
_EXPECTED = {
    "count": "a whole number",
    "time": "a time such as 2026-01-31T12:00:00, in UTC where it names no zone",
    "flag": "true or false",
    "real": "a number",
}


def input_columns(manifest: Manifest) -> tuple[Column, ...]:
    """What a model reads of a row; the first is the row's id, which must be there, as must a text.

    Raises:
        ConfigError: The manifest is of no model that scores rows.
    """
    features = tuple(Column(name, "real") for name in manifest.features)
    tables = {
        "audience": ("audience", ("profile_id", *TABLES["audience"].schema)),
        "comment": ("comments", ("comment_id", "text")),
        "post": ("posts", ("post_id", "text", *PLATFORM_FLAGS)),
    }
    if manifest.name == "creator":
        return (Column("creator_id", "id"), *features)
    if manifest.name not in tables:
        raise ConfigError(f"{manifest.label}: expected a model of {', '.join([*tables, 'creator'])}")
    table, names = tables[manifest.name]
    known = {column.name: column for column in TABLES[table].columns}
    return tuple(known[name] for name in dict.fromkeys(names))


def is_needed(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a row is nothing without it: its id, and the text of a comment or post."""
    return column == columns[0] or column.name == "text"


def open_scorer(folder: Path) -> Scorer:
    """What scores rows by the model of a shelf folder: an audience profile, a comment, a post, or a creator's features.

    A comment's cluster depends on the comments around it and is left out.

    Raises:
        ConfigError: A file was changed, or the model is of another kind.
    """
    manifest = read_manifest(folder)
    columns = input_columns(manifest)
    score = _make_scorer(manifest.name, folder)
    return lambda rows, as_of: score(take_columns(rows, columns), as_of)


def take_columns(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """`columns` of `frame` in the contract's types; absent ones are null, others are left out.

    Raises:
        InvalidTableError: A column that a row is nothing without is absent, or a value is not of its type; all of it.
    """
    problems = [
        Problem("the column to be there", "input", column=column.name)
        for column in columns
        if is_needed(column, columns) and column.name not in frame.columns
    ]
    taken = {column.name: _convert(frame, column) for column in columns}
    for column in columns:
        problems += _misfits(frame, taken[column.name], column)
    problems += _missing_ids(taken[columns[0].name])
    if problems:
        raise InvalidTableError(problems)
    return pl.DataFrame(list(taken.values()))


def _make_scorer(name: str, folder: Path) -> Scorer:
    if name == "audience":
        from zhenfen.estimators.profile_model import load_profile_model

        model = load_profile_model(folder)
        return lambda rows, as_of: score_profiles(rows, model, _moment(rows, as_of))
    if name == "comment":
        from zhenfen.estimators.comment_model import load_comment_model

        return partial(_score_comments, load_comment_model(folder))
    if name == "post":
        from zhenfen.estimators.post_model import load_post_model

        posts = load_post_model(folder)
        return lambda rows, _: score_posts(rows, posts)
    from zhenfen.estimators.creator_model import load_creator_model

    creators = load_creator_model(folder)
    return lambda rows, _: creators.predict(rows).with_columns(model=pl.lit(creators.manifest.label))


def _score_comments(model: CommentModel, rows: pl.DataFrame, _: str | None) -> pl.DataFrame:
    alone = normalise_comments(rows).with_columns(cluster_id=pl.lit(None), cluster_size=pl.lit(None))
    return score_grouped(alone, model).drop("cluster_id", "cluster_size")


def _moment(rows: pl.DataFrame, as_of: str | None) -> datetime:
    if as_of:
        try:
            moment = datetime.fromisoformat(as_of)
        except ValueError:
            raise ConfigError(f"as_of {as_of!r}: expected a moment such as 2026-01-31T00:00:00+00:00") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return latest_time(rows, time_columns("audience")) or EPOCH


def _convert(frame: pl.DataFrame, column: Column) -> pl.Series:
    """The values that can be taken; the others are null."""
    nothing = pl.Series(column.name, [None] * frame.height, dtype=column.dtype)
    if column.name not in frame.columns:
        return nothing
    values = frame[column.name]
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        values = values.cast(pl.String)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    if not _is_alike(values.dtype, column):
        return nothing
    if column.kind == "time":
        return _to_time(values)
    if column.kind == "count" and values.dtype.is_float():
        values = frame.select(pl.when(values == values.round()).then(values)).to_series()
    return values.cast(column.dtype, strict=False).alias(column.name)


def _is_alike(dtype: pl.DataType, column: Column) -> bool:
    if column.kind in ("count", "real"):
        return dtype.is_numeric()
    if column.kind == "time":
        return isinstance(dtype, pl.Datetime | pl.Date | pl.String)
    return dtype == column.dtype


def _to_time(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    moments = values.cast(pl.Datetime("us", getattr(values.dtype, "time_zone", None)))
    zone = getattr(moments.dtype, "time_zone", None)
    return moments.dt.convert_time_zone("UTC") if zone else moments.dt.replace_time_zone("UTC")


def _misfits(frame: pl.DataFrame, taken: pl.Series, column: Column) -> Iterator[Problem]:
    if column.name not in frame.columns:
        return
    given = frame[column.name]
    is_known = ~given.is_null() & ~given.is_nan() if given.dtype.is_float() else ~given.is_null()
    rows = (is_known & taken.is_null()).arg_true()
    expected = _EXPECTED.get(column.kind, "a text")
    for row in rows.head(ROWS_NAMED):
        yield Problem(expected, "input", row=int(row) + 1, column=column.name, value=str(given[int(row)]))
    if len(rows) > ROWS_NAMED:
        yield Problem(f"{expected} (and {len(rows) - ROWS_NAMED} more rows)", "input", column=column.name)


def _missing_ids(ids: pl.Series) -> Iterator[Problem]:
    for row in ids.is_null().arg_true().head(ROWS_NAMED):
        yield Problem("an id", "input", row=int(row) + 1, column=ids.name)
