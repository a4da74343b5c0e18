"""What a post shares with others: a brand with the creator's own posts, a template with other creators."""

from __future__ import annotations

import polars as pl

from zhenfen.text.lexicons import load_lexicon
from zhenfen.text.near_duplicates import cluster_normalised
from zhenfen.text.normalise import cut_quoted, normalise_texts

N_POSTS_FOR_BRAND = 3
"""Of two posts each brand stands in a half at least: nothing is repeated yet."""


def measure_context(posts: pl.DataFrame) -> pl.DataFrame:
    """post_brand_repeat_share and post_template_creators_count of each post; rows in the order given.

    Args:
        posts: text, and creator_id where it is known; both columns are null throughout where it is absent.
    """
    if "creator_id" not in posts.columns:
        posts = posts.with_columns(creator_id=pl.lit(None, dtype=pl.String))
    rows = posts.select("creator_id", "text").with_row_index("row")
    # The brand that most of the creator's posts name, of those that this post names.
    brand = load_lexicon("posts")["brand"].regex
    n_posts = pl.col("text").count().over("creator_id")
    known = rows.filter(pl.col("creator_id").is_not_null()).with_columns(n_posts=n_posts)
    named = known.with_columns(brand=pl.col("text").str.to_lowercase().str.extract_all(brand).list.unique())
    long = named.explode("brand", empty_as_null=True, keep_nulls=True).drop_nulls("brand")
    counted = long.with_columns(share=pl.len().over("creator_id", "brand") / pl.col("n_posts"))
    largest = counted.group_by("row").agg(share=pl.col("share").max())
    is_enough = pl.col("text").is_not_null() & (pl.col("n_posts") >= N_POSTS_FOR_BRAND)
    repeated = (
        rows.join(known.select("row", "n_posts"), on="row", how="left", maintain_order="left")
        .join(largest, on="row", how="left", maintain_order="left")
        .select(post_brand_repeat_share=pl.when(is_enough).then(pl.col("share").fill_null(0.0)))
    )
    # Other creators with the same template.
    own = rows.select(cut_quoted(pl.col("text"))).to_series()
    # Numbers as ids, so that neither the order nor the spelling of ids decides anything.
    ids = rows["row"].cast(pl.String).str.zfill(12)
    clusters = cluster_normalised(pl.DataFrame({"comment_id": ids, "normalised": normalise_texts(own)}))
    n_creators = pl.col("creator_id").drop_nulls().n_unique().over("cluster_id") - 1
    is_known = pl.col("creator_id").is_not_null() & pl.col("text").is_not_null()
    others = (
        rows.with_columns(clusters["cluster_id"])
        .with_columns(n_creators=pl.when(pl.col("cluster_id").is_not_null()).then(n_creators).otherwise(0))
        .select(post_template_creators_count=pl.when(is_known).then("n_creators").cast(pl.Float64))
    )
    return pl.concat((repeated, others), how="horizontal")
