"""What the text models and the rule packs add to a report: frames that stand beside a family's own details."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from zhenfen.config import load_platforms
from zhenfen.estimators.post_model import score_posts
from zhenfen.features.comments.family import comments_by_others, pick_examples
from zhenfen.features.inputs import Inputs, own_posts
from zhenfen.model_store import Models
from zhenfen.verdict.comments import SCORED_KINDS, estimate_kinds
from zhenfen.verdict.rule_packs import RULES_SCHEMA, check_rules, load_packs

N_REASONS = 8
"""Spans shown of a post: a reader takes in a handful."""


def read_comments(inputs: Inputs, models: Models, wanted: pl.Series) -> dict[str, pl.DataFrame]:
    """What the comments of the creators `wanted` sound like: the frames behind a report, none without a model.

    Returns:
        kinds: `verdict.comments.KIND_SHARES_SCHEMA`; a creator with too few comments has no row.
        kind_examples: creator_id, kind, examples: up to three different texts above the kind's threshold.
    """
    model = models.comment
    if model is None:
        return {}
    comments = comments_by_others(inputs).filter(pl.col("creator_id").is_in(wanted.implode()))
    platforms = inputs.tables["creators"].select("creator_id", "platform")
    scored = comments.hstack(model.predict(comments["normalised"])).join(platforms, on="creator_id", how="left")
    shares = estimate_kinds(scored, model.manifest.kinds, model.manifest.label, models.comment_shares.rules)
    flagged = pl.concat(
        scored.filter(pl.col(f"p_{kind}") >= model.thresholds[kind]).with_columns(kind=pl.lit(kind))
        for kind in SCORED_KINDS
    )
    return {"kinds": shares, "kind_examples": pick_examples(flagged, ["creator_id", "kind"])}


def read_posts(inputs: Inputs, models: Models, wanted: pl.Series) -> dict[str, pl.DataFrame]:
    """What the posts of the creators `wanted` sound like, and what the rule packs of their platforms see in them.

    Returns:
        rules: creator_id, RULES_SCHEMA, dated (of the pack) and article (of the rule).
        scored, with a post model only: creator_id and the columns of `score_posts` with its reasons.
    """
    posts = own_posts(inputs.tables).filter(pl.col("creator_id").is_in(wanted.implode())).drop_nulls("text")
    read = {"rules": _check_rules(posts, inputs.tables["creators"])}
    if models.post is not None:
        read["scored"] = posts.select("creator_id").hstack(score_posts(posts, models.post, n_reasons=N_REASONS))
    return read


def _check_rules(posts: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """Each post by the packs of its creator's platform."""
    platforms = posts.join(creators.select("creator_id", "platform"), on="creator_id", how="left")
    packs = {name: platform.rule_packs for name, platform in load_platforms().items()}
    seen = [
        check_rules(part, packs.get(str(platform), ()))
        for (platform,), part in platforms.partition_by("platform", as_dict=True).items()
    ]
    rules = pl.DataFrame(list(_described_rules()), schema=dict.fromkeys(_DESCRIBED, pl.String), orient="row")
    found = pl.concat([pl.DataFrame(schema=RULES_SCHEMA), *seen])
    return posts.select("creator_id", "post_id").join(found.join(rules, on=["pack", "rule"]), on="post_id")


_DESCRIBED = ("pack", "rule", "dated", "article")


def _described_rules() -> Iterator[tuple[str, str, str, str]]:
    for name, pack in load_packs().items():
        yield from ((name, rule_name, pack.dated, rule.article) for rule_name, rule in pack.rules.items())
