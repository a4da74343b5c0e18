"""The platform's label on posts that lead to a shop."""

from __future__ import annotations

import polars as pl

from zhenfen.features.what_ifs import Changes, Details, DocumentedChange, WhatIf
from zhenfen.tables import Tables


class LabelledPosts(WhatIf):
    """Labels on all posts that lead to a shop and show no disclosure."""

    kind = "posts_labelled"

    def find(self, details: Details) -> list[Changes]:
        """One group of one piece: the posts together."""
        n_posts = len(_undisclosed(details))
        return [(DocumentedChange(self.kind, n=n_posts),) if n_posts else ()]

    def record(self, tables: Tables, creator_id: str, changes: Changes, details: Details) -> Tables:
        """The platform labels the posts as adverts."""
        return label_posts(tables, _undisclosed(details))


def _undisclosed(details: Details) -> pl.Series:
    return details["posts"].filter(pl.col("has_purchase_means") & ~pl.col("is_disclosed"))["post_id"]


def label_posts(tables: Tables, post_ids: pl.Series) -> Tables:
    """The tables with the platform's label on these posts."""
    named = pl.col("post_id").is_in(post_ids.implode())
    label = pl.when(named).then(statement=True).otherwise("is_labelled_ad").alias("is_labelled_ad")
    return tables.replace(posts=tables["posts"].with_columns(label))
