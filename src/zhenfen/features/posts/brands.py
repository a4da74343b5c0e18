"""Which brands and shops a creator's posts push: how often, over how long, disclosed or not, beside which rivals."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zhenfen.features.base import Schema
from zhenfen.text.brands import BrandBook, find_brands, find_shops, find_unknown_names
from zhenfen.text.segment import is_listed, segment
from zhenfen.text.spelling import spell

BRAND, SHOP, CANDIDATE = "brand", "shop", "candidate"
BRANDS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "kind": pl.String(),
    "name": pl.String(),
    "category": pl.String(),
    "n_posts": pl.Int64(),
    "n_promoting": pl.Int64(),
    "n_known": pl.Int64(),
    "n_disclosed": pl.Int64(),
    "first_at": pl.Datetime("us", "UTC"),
    "last_at": pl.Datetime("us", "UTC"),
    "rivals": pl.List(pl.String()),
}
RIVAL_DAYS = 90
"""Two brands of a category count as rivals where promoting posts of both lie within a quarter: chosen, a contract's own
term of exclusivity decides."""
LEAST_POSTS = 3
"""Promoting posts in which a name must stand to be learnt: two are one repetition."""
LEAST_PROMOTING_SHARE = 0.75
"""Of a learnt name's posts those that promote; what stands as often in other posts is the creator's subject."""
MOST_OTHERS_SHARE = 0.25
"""Other creators who may use a learnt name, or one where that is more: a brand hires several of a shortlist, chosen."""
MOST_OTHERS_SHARE_OF_WORDS = 0.01
"""The same for a word in no form of naming: most of what jieba lacks are words of a trade, such as 泥膜."""
MOST_CANDIDATES = 5
"""Learnt names of a creator: they are to be looked through."""
_WORD = r"^[\p{Han}]{2,8}$"


def measure_brands(posts: pl.DataFrame, everyone: pl.DataFrame, book: BrandBook) -> pl.DataFrame:
    """Brands and shops named in the posts of each creator, and names learnt from them.

    Args:
        posts: creator_id, published_at, text, is_promoting (the post sounds sponsored, is disclosed or leads to a shop)
            and is_disclosed (null: unknown).
        everyone: creator_id and text of all creators' posts, these and others: what a learnt name must be rare in.
        book: The dictionary of brands.

    Returns:
        BRANDS_SCHEMA, most promoted first: kind (brand of the dictionary; shop; candidate: learnt, see `learn_names`),
        category (of brands), n_posts (posts that name it), n_promoting (of these, posts that promote), n_known and
        n_disclosed (of the promoting ones: it is known whether they disclose; they do), first_at and last_at (of the
        promoting ones), rivals (other brands of the category that the creator promoted within RIVAL_DAYS, by name).
    """
    rows = posts.select("creator_id", "published_at", "is_promoting", "is_disclosed").with_row_index("row")
    rows = rows.with_columns(pl.col("row").cast(pl.Int64), pl.col("is_promoting").fill_null(value=False))
    uncategorised = pl.lit(None, dtype=pl.String)
    named = pl.concat(
        [
            find_brands(posts["text"], book).with_columns(kind=pl.lit(BRAND)),
            find_shops(posts["text"], book).with_columns(kind=pl.lit(SHOP), category=uncategorised),
            learn_names(posts, everyone, book).with_columns(kind=pl.lit(CANDIDATE), category=uncategorised),
        ],
        how="diagonal",
    ).join(rows, on="row")
    promoting = pl.col("is_promoting")
    counted = named.group_by("creator_id", "kind", "name", "category").agg(
        n_posts=pl.len(),
        n_promoting=promoting.sum(),
        n_known=(promoting & pl.col("is_disclosed").is_not_null()).sum(),
        n_disclosed=(promoting & pl.col("is_disclosed")).sum(),
        first_at=pl.col("published_at").filter(promoting).min(),
        last_at=pl.col("published_at").filter(promoting).max(),
    )
    rivals = _find_rivals(named.filter(promoting, kind=BRAND))
    table = counted.join(rivals, on=["creator_id", "category", "name"], how="left").with_columns(
        pl.col("rivals").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )
    order = ["creator_id", "n_promoting", "n_posts", "kind", "name", "category"]
    ranked = table.sort(order, descending=[False, True, True, False, False, False], nulls_last=True)
    return ranked.select(pl.col(name).cast(dtype) for name, dtype in BRANDS_SCHEMA.items())


def learn_names(posts: pl.DataFrame, everyone: pl.DataFrame, book: BrandBook) -> pl.DataFrame:
    """Names the dictionary lacks that stand in several promoting posts of one creator and are rare in others'.

    A name is what stands in a form of naming, or a word that jieba finds although its dictionary lacks it. It may be a
    product, a person or a subject: a candidate, not a brand.

    Args:
        posts: creator_id, text, is_promoting.
        everyone: creator_id and text, see `measure_brands`.
        book: The dictionary.

    Returns:
        row (of `posts`) and name, of at most MOST_CANDIDATES names a creator.
    """
    others = pl.col("creator_id").n_unique() - 1
    n_others = everyone.select(others).item()
    most_users = (
        pl.when("is_word").then(int(MOST_OTHERS_SHARE_OF_WORDS * n_others)).otherwise(int(MOST_OTHERS_SHARE * n_others))
    ).clip(1)
    terms = _list_terms(posts, book)
    users = _list_terms(everyone, book).group_by("name").agg(n_users=others)
    counted = terms.group_by("creator_id", "name").agg(
        n_promoting=pl.col("is_promoting").sum(),
        promoting_share=pl.col("is_promoting").mean(),
        is_word=pl.col("is_word").all(),
    )
    learnt = counted.join(users, on="name").filter(
        pl.col("n_promoting") >= LEAST_POSTS,
        pl.col("promoting_share") >= LEAST_PROMOTING_SHARE,
        pl.col("n_users") <= most_users,
    )
    ranked = learnt.sort("creator_id", "n_promoting", "name", descending=[False, True, False])
    kept = ranked.group_by("creator_id", maintain_order=True).head(MOST_CANDIDATES)
    return terms.join(kept, on=["creator_id", "name"], how="semi").select("row", "name")


def _list_terms(posts: pl.DataFrame, book: BrandBook) -> pl.DataFrame:
    """What may be learnt, once a post: row, creator_id, name, is_word (no naming), is_promoting where it is known."""
    texts = posts["text"]
    spelled = pl.DataFrame({"name": spell(texts)}).with_row_index("row")
    words = spelled.select(pl.col("row").cast(pl.Int64), segment(pl.col("name"), book.han)).explode("name")
    words = words.filter(pl.col("name").str.contains(_WORD))
    different = words["name"].unique()
    guessed = different.filter(~is_listed(different, book.han))
    found = words.filter(pl.col("name").is_in(guessed.implode())).with_columns(is_word=pl.lit(value=True))
    terms = [find_unknown_names(texts, book).with_columns(is_word=pl.lit(value=False)), found]
    kept = [name for name in ("creator_id", "is_promoting") if name in posts.columns]
    rows = posts.select(kept).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    return pl.concat(terms).group_by("row", "name").agg(pl.col("is_word").all()).join(rows, on="row")


def _find_rivals(promoted: pl.DataFrame) -> pl.DataFrame:
    """creator_id, category, name and rivals, of the brands that have any."""
    days = promoted.select("creator_id", "category", "name", day=pl.col("published_at").dt.date()).drop_nulls().unique()
    pairs = days.join(days, on=["creator_id", "category"], suffix="_other").filter(
        pl.col("name") != pl.col("name_other")
    )
    near = (pl.col("day") - pl.col("day_other")).abs() <= timedelta(days=RIVAL_DAYS)
    return (
        pairs.filter(near).group_by("creator_id", "category", "name").agg(rivals=pl.col("name_other").unique().sort())
    )
