"""Rows as other programs hand them over, scored by the model of a shelf folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.features.posts.facts import PLATFORM_FLAGS
from zhenfen.scoring.rows import score_grouped, score_posts, score_profiles
from zhenfen.tables import EPOCH, TABLES, Column, latest_time, time_columns
from zhenfen.tables.foreign import take_columns
from zhenfen.text.normalise import normalise_comments

if TYPE_CHECKING:
    from zhenfen.estimators.comment_model import CommentModel

Scorer = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Rows and the moment that ages are counted at (ISO; None: the latest time among the rows) → scores, in that order."""


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
