"""Texts and posts as Weibo's own interfaces give them."""

from __future__ import annotations

import polars as pl

from zhenfen.connectors.reading.tidy import unusable_rows

# One pass, so that "&amp;lt;" becomes "&lt;" and no more.
_ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&apos;": "'", "&amp;": "&"}


def clean_entities(text: pl.Expr) -> pl.Expr:
    """Text with its HTML entities spelled out, and without the zero-width spaces that Weibo ends every post with."""
    return text.str.replace_many(_ENTITIES).str.replace(r"[\s\u{200b}]+$", "")


def own_words(text: pl.Expr) -> pl.Expr:
    """What the account itself says in a repost: all before the first "//@", where the chain of quotes begins."""
    return text.str.replace(r"(?s)\s*//\s*@.*$", "")


def verified_kind(verified_type: pl.Expr) -> pl.Expr:
    """Weibo's verified_type in words: person (0), organisation (1 to 7); null for none (-1) and for other numbers."""
    kinds = {"0": "person"} | {str(number): "organisation" for number in range(1, 8)}
    return verified_type.replace_strict(kinds, default=None, return_dtype=pl.String)


def list_others(posts: pl.DataFrame) -> pl.DataFrame:
    """Entries of the table `unusable` for posts that are not the account's own."""
    author = pl.col("creator_id")
    return unusable_rows("posts", posts, "creator_id", author, expected="unusable.other_author", action="row_left_out")
