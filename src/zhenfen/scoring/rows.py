"""Scores of single rows: profiles, comments, posts; the order of the rows is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from zhenfen.estimators.profile_model import ProfileModel
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.features.posts.facts import read_posts
from zhenfen.text.near_duplicates import cluster_normalised
from zhenfen.text.normalise import normalise_comments

if TYPE_CHECKING:
    from zhenfen.estimators.comment_model import CommentModel
    from zhenfen.estimators.post_model import PostModel

N_REASONS = 5
"""Contributions listed of a row where somebody asks for reasons: at every door the same."""


def score_profiles(audience: pl.DataFrame, model: ProfileModel, as_of: datetime, *, n_reasons: int = 0) -> pl.DataFrame:
    """P(inauthentic) of every profile, in the order given.

    Args:
        audience: Rows of the table `audience`; only profile_id and platform must be known.
        model: Audience model of the shelf.
        as_of: Moment that ages are counted at.
        n_reasons: How many of the largest contributions to list.

    Returns:
        profile_id, p_fake, model, out_of_domain, and with reasons `reasons` (list of feature, contribution).
    """
    features = measure_profiles(audience, as_of)
    platforms = audience["platform"]
    scored = audience.select(
        "profile_id",
        p_fake=pl.Series(model.predict_proba(features, platforms)),
        model=pl.lit(model.manifest.label),
        out_of_domain=pl.Series(model.is_out_of_domain(features, platforms)),
    )
    return scored.with_columns(reasons=model.explain(features, n_reasons)) if n_reasons else scored


def score_comments(comments: pl.DataFrame, model: CommentModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """What each comment sounds like, and the cluster of like comments it stands in, in the order given.

    Args:
        comments: comment_id and text; a null text gets no score.
        model: Comment model of the shelf.
        n_reasons: How many of the largest contributions to list.

    Returns:
        comment_id, p_advert and p_filler in [0, 1], cluster_id and cluster_size among these very comments (see
        `group_comments`), model, and with reasons `reasons` (list of piece, contribution).
    """
    texts = normalise_comments(comments)
    return score_grouped(group_comments(texts), model, n_reasons=n_reasons)


def group_comments(texts: pl.DataFrame) -> pl.DataFrame:
    """`texts` with cluster_id and cluster_size: null and 1 outside of all clusters, both null without a text.

    An id that comes again is the same comment: it makes no cluster with itself.

    Args:
        texts: comment_id and normalised.
    """
    ids = texts["comment_id"]
    once = texts if ids.n_unique() == len(ids) else texts.unique("comment_id", keep="first", maintain_order=True)
    clusters = cluster_normalised(once)
    sized = clusters.with_columns(cluster_size=pl.when(pl.col("cluster_id").is_not_null()).then(_size()).otherwise(1))
    if once.height == texts.height:
        grouped = texts.with_columns(sized["cluster_id"], sized["cluster_size"])
    else:
        grouped = texts.join(sized, on="comment_id", how="left", maintain_order="left")
    return grouped.with_columns(cluster_size=pl.when(pl.col("normalised").is_not_null()).then("cluster_size"))


def score_grouped(grouped: pl.DataFrame, model: CommentModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """`score_comments` of what `group_comments` returns, or of some of its rows."""
    probas = model.predict(grouped["normalised"])
    scored = grouped.select("comment_id", probas["p_advert"], probas["p_filler"], "cluster_id", "cluster_size")
    scored = scored.with_columns(model=pl.lit(model.manifest.label))
    return scored.with_columns(reasons=model.explain(grouped["normalised"], n_reasons)) if n_reasons else scored


def score_posts(posts: pl.DataFrame, model: PostModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """Whether each post sounds sponsored, is disclosed, and has means to buy: three facts, in the order given.

    Args:
        posts: Rows of the table `posts`; only post_id and text are needed.
        model: Post model of the shelf.
        n_reasons: How many of the largest contributions to list.

    Returns:
        post_id, p_sponsored in [0, 1], is_disclosed and has_purchase_means (seen in the text or the platform's columns;
        null for a post with neither, and is_disclosed for one without text or label), kind, model, and with reasons
        `reasons` (list of start, end, piece, contribution; places in characters of the text).
    """
    facts = read_posts(posts).select(_seen("is_disclosed"), _seen("has_purchase_means"))
    probas = model.predict(posts)
    scored = posts.select(
        "post_id",
        probas["p_sponsored"],
        facts["is_disclosed"],
        facts["has_purchase_means"],
        probas["kind"],
        model=pl.lit(model.manifest.label),
    )
    return scored.with_columns(reasons=model.explain(posts, n_reasons)) if n_reasons else scored


def _seen(fact: str) -> pl.Expr:
    """A text that was read settles what the platform leaves open: nothing stands there."""
    is_open = pl.col(fact).is_null() & pl.col("text").is_not_null()
    return pl.when(is_open).then(statement=False).otherwise(fact).alias(fact)


def _size() -> pl.Expr:
    return pl.len().over("cluster_id").cast(pl.Int64)
