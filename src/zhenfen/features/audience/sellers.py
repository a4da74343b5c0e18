"""Brands and resellers in an audience, by the words with which a profile speaks of its own trade."""

from __future__ import annotations

import polars as pl

from zhenfen.text.lexicons import WordList, load_lexicon

SELLER_KINDS = ("brand", "daigou", "weishang")
"""Shops and companies, buyers abroad (代购), sellers through chats (微商); the first that is found counts."""
NAME_ONLY = frozenset({"brand"})
"""Kinds read in names alone: a description may name an employer."""


def find_sellers(profiles: pl.DataFrame) -> pl.DataFrame:
    """What a profile's name, or else its description, says it sells.

    Args:
        profiles: display_name and bio, null where unknown.

    Returns:
        Two columns, rows in the order given: `seller_kind`, one of SELLER_KINDS, and `matched`, the words that say so
        as they stand there; null where nothing says so.
    """
    lists = load_lexicon("sellers")
    name, bio = (_without_negated(pl.col(column), lists["negated"]) for column in ("display_name", "bio"))
    found = {
        kind: pl.coalesce(
            name.str.extract(f"({lists[kind].regex})"),
            pl.lit(None, pl.String) if kind in NAME_ONLY else bio.str.extract(f"({lists[kind].regex})"),
        )
        for kind in SELLER_KINDS
    }
    return profiles.select(
        seller_kind=pl.coalesce(pl.when(one.is_not_null()).then(pl.lit(kind)) for kind, one in found.items()),
        matched=pl.coalesce(found.values()),
    )


def _without_negated(text: pl.Expr, negated: WordList) -> pl.Expr:
    plain = text.str.normalize("NFKC").str.to_lowercase()
    for pattern in negated.patterns:
        plain = plain.str.replace_all(pattern, " ")
    return plain
