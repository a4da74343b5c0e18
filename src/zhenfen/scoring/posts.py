"""Posts scored for every door: how each sounds, and on request the brands and shops that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from zhenfen.estimators import post_model
from zhenfen.text.brands import BrandBook, name_brands

if TYPE_CHECKING:
    from zhenfen.estimators.post_model import PostModel


def score_posts(
    posts: pl.DataFrame,
    model: PostModel,
    *,
    n_reasons: int = 0,
    is_quick: bool = False,
    brands: BrandBook | None = None,
) -> pl.DataFrame:
    """`estimators.post_model.score_posts`, with a dictionary also the names that stand in each post.

    Args:
        posts: Rows of the table `posts`; only post_id and text are needed, platform is read where it is there.
        model: Post model of the shelf.
        n_reasons: How many of the largest contributions to list.
        is_quick: Letters alone: the encoder is not asked.
        brands: Dictionary of brands; None for no names.

    Returns:
        Its columns, in the order given; with a dictionary brands and shops (lists of names) and brand_candidates (what
        stands in the form of a name and is neither), see `text.brands.name_brands`. A post's names depend on that post
        alone.
    """
    scored = post_model.score_posts(posts, model, n_reasons=n_reasons, is_quick=is_quick)
    return scored if brands is None else scored.hstack(name_brands(posts, brands))
