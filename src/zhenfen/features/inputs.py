"""What families measure: the tables, the moment they are read at, and what several families read of them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from zhenfen.features.growth.spans import mark_days
from zhenfen.features.posts.facts import read_posts
from zhenfen.tables import Tables


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all creators of a set show together, for measuring a part of them as among all.

    Attributes:
        n_creators: How many there are.
        moves: See `growth.explanations.count_moves`.
        drops: See `growth.drops.compare_losses`.
        clusters: cluster_id, n_creators: clusters of comments under two creators and more.
        authors: author_id, n_creators: commenters under two creators and more.
    """

    n_creators: int
    moves: pl.DataFrame
    drops: pl.DataFrame
    clusters: pl.DataFrame = field(default_factory=pl.DataFrame)
    authors: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True)
class Inputs:
    """The tables and the moment they are read at; expensive intermediate results are made once and shared.

    Attributes:
        tables: The canonical tables.
        as_of: Moment they are read at.
        with_details: Whether families return the frames behind the values.
        around: What the whole set shows, where the tables hold a part of it; None: they hold all of it.
    """

    tables: Tables
    as_of: datetime
    with_details: bool = True
    around: Surroundings | None = None

    @cached_property
    def comment_texts(self) -> pl.DataFrame:
        """comment_id and normalised (see text.normalise; null without a text), rows as in the table."""
        from zhenfen.text.normalise import normalise_comments

        return normalise_comments(self.tables["comments"])

    @cached_property
    def comment_clusters(self) -> pl.DataFrame:
        """comment_id and cluster_id (null: in no cluster), over all creators together; rows as in the table."""
        from zhenfen.text.near_duplicates import cluster_normalised

        return cluster_normalised(self.comment_texts)

    @cached_property
    def post_facts(self) -> pl.DataFrame:
        """The creators' own posts with what their texts say, see `posts.facts.read_posts`."""
        return read_posts(own_posts(self.tables))

    @cached_property
    def marked_days(self) -> pl.DataFrame:
        """The days of the creators' followers, see `growth.spans.mark_runs`."""
        own = self.tables["creators"].select("creator_id")
        return mark_days(self.tables["follower_counts"].join(own, on="creator_id", how="semi"))

    def with_clusters(self, grouped: pl.DataFrame) -> Inputs:
        """The same with its comments normalised and grouped already, as they are among more of them.

        Args:
            grouped: comment_id, normalised and cluster_id, rows as in the table.
        """
        texts, clusters = (grouped.select("comment_id", name) for name in ("normalised", "cluster_id"))
        return self._with(comment_texts=texts, comment_clusters=clusters)

    def with_days(self, marked: pl.DataFrame) -> Inputs:
        """The same with its followers' days marked already: what `marked_days` was for the same tables."""
        # Written and read again, they no longer say so; what groups by a sorted column adds up in another order.
        return self._with(marked_days=marked.with_columns(pl.col("creator_id", "stretch").set_sorted()))

    def among(self, around: Surroundings) -> Inputs:
        """The same as a part of a set that shows `around`."""
        return self._with(around=around, comment_texts=self.comment_texts, comment_clusters=self.comment_clusters)

    def _with(self, **known: object) -> Inputs:
        """A copy, what was made of its tables included, in which these attributes are exchanged."""
        same = copy(self)
        # Where a cached property keeps its value; the frozen class forbids the plain way.
        same.__dict__.update(known)
        return same


def own_posts(tables: Tables) -> pl.DataFrame:
    """Posts of the creators in the set, reposts left out; without a text what is read from words is null."""
    posts = tables["posts"].filter(pl.col("is_repost").ne_missing(other=True))
    return posts.join(tables["creators"].select("creator_id"), on="creator_id", how="semi")


def rename_creator(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """One creator's rows under another name, for a copy that stands in; posts too, since no two creators share one."""
    own = pl.lit(name).alias("creator_id")
    posts = [pl.format("{}-{}", own, "post_id").alias("post_id")] if "post_id" in rows.columns else []
    return rows.with_columns(own, *posts)
