"""Receipts of paid promotion for posts that stand out."""

from __future__ import annotations

import polars as pl

from zhenfen.features.what_ifs import Changes, Details, DocumentedChange, WhatIf
from zhenfen.tables import Tables


class PromotedPosts(WhatIf):
    """Receipts for all posts whose views or likes stand out without a record of promotion."""

    kind = "posts_promoted"

    def find(self, details: Details) -> list[Changes]:
        """One group of one piece: the posts together."""
        n_posts = len(_outstanding(details))
        return [(DocumentedChange(self.kind, n=n_posts),) if n_posts else ()]

    def record(self, tables: Tables, creator_id: str, changes: Changes, details: Details) -> Tables:
        """Paid views stand beside the posts."""
        return promote_posts(tables, _outstanding(details))


def _outstanding(details: Details) -> pl.Series:
    return details["posts"].filter("stands_out")["post_id"]


def promote_posts(tables: Tables, post_ids: pl.Series) -> Tables:
    """The tables with paid views on record for these posts; how many there were makes no difference."""
    named = pl.col("post_id").is_in(post_ids.implode())
    paid = pl.when(named).then(pl.max_horizontal("n_paid_views", pl.lit(1))).otherwise("n_paid_views")
    return tables.replace(posts=tables["posts"].with_columns(n_paid_views=paid))
