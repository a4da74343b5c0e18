"""What the text models and the rule packs add to a report: frames that stand beside a family's own details."""

from __future__ import annotations

import polars as pl

from zhenfen.config import load_platforms
from zhenfen.estimators.post_model import PREDICTED, score_posts
from zhenfen.features.base import Schema
from zhenfen.features.comments.family import comments_by_others, pick_examples
from zhenfen.features.inputs import Inputs, own_posts
from zhenfen.features.posts.brands import BRANDS_SCHEMA, measure_brands
from zhenfen.model_store import Models
from zhenfen.text.brands import load_brands
from zhenfen.verdict.comments import KIND_SHARES_SCHEMA, SCORED_KINDS, estimate_kinds
from zhenfen.verdict.rule_packs import RULES_SCHEMA, check_rules, load_packs

KIND_EXAMPLES_SCHEMA: Schema = {"creator_id": pl.String(), "kind": pl.String(), "examples": pl.List(pl.String())}
_DESCRIBED = ("pack", "rule", "dated", "article", "read_on")
CHECKED_SCHEMA: Schema = {
    "creator_id": pl.String(),
    **RULES_SCHEMA,
    **{name: pl.String() for name in _DESCRIBED if name not in RULES_SCHEMA},
}
"""What the rule packs see, with the pack's date, the rule's article and the day that was read."""
SCORED_POSTS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "post_id": pl.String(),
    "p_sponsored": pl.Float64(),
    "is_disclosed": pl.Boolean(),
    "has_purchase_means": pl.Boolean(),
    **{name: dtype for name, dtype in PREDICTED.items() if name != "p_sponsored"},
    "model": pl.String(),
    "reasons": pl.List(
        pl.Struct({"start": pl.Int64(), "end": pl.Int64(), "piece": pl.String(), "contribution": pl.Float64()})
    ),
}
READ_COMMENTS = {"kinds": KIND_SHARES_SCHEMA, "kind_examples": KIND_EXAMPLES_SCHEMA}
READ_POSTS = {"rules": CHECKED_SCHEMA, "scored": SCORED_POSTS_SCHEMA, "brands": BRANDS_SCHEMA}
"""Name of a frame → its schema."""
SELLING_KINDS = ("third_party", "own")
"""What the post model calls posts that promote a product; a campaign asks for votes, not for money."""
N_REASONS = 8
"""Spans shown of a post: a reader takes in a handful."""


def read_comments(inputs: Inputs, models: Models, wanted: pl.Series) -> dict[str, pl.DataFrame]:
    """What the comments of the creators `wanted` sound like: the frames behind a report, none without a model.

    Returns:
        READ_COMMENTS: kinds, in which a creator with too few comments has no row, and kind_examples, up to three
        different texts above the kind's threshold.
    """
    model = models.comment
    if model is None:
        return {}
    comments = comments_by_others(inputs).filter(pl.col("creator_id").is_in(wanted.implode()))
    platforms = inputs.tables["creators"].select("creator_id", "platform")
    scored = comments.hstack(model.predict(comments["normalised"])).join(platforms, on="creator_id", how="left")
    shares = estimate_kinds(scored, model.manifest.kinds, model.manifest.stamp, models.comment_shares.rules)
    flagged = pl.concat(
        scored.filter(pl.col(f"p_{kind}") >= model.thresholds[kind]).with_columns(kind=pl.lit(kind))
        for kind in SCORED_KINDS
    )
    return {"kinds": shares, "kind_examples": pick_examples(flagged, ["creator_id", "kind"])}


def read_posts(inputs: Inputs, models: Models, wanted: pl.Series) -> dict[str, pl.DataFrame]:
    """What the posts of the creators `wanted` sound like, and what the rule packs of their platforms see in them.

    Returns:
        READ_POSTS: rules, and with a post model only scored, see `score_posts`; brands, see `measure_brands`.
    """
    posts = own_posts(inputs.tables).filter(pl.col("creator_id").is_in(wanted.implode())).drop_nulls("text")
    # Each post by the packs of its creator's platform.
    creators = inputs.tables["creators"]
    stated = posts.drop("platform", strict=False)
    platforms = stated.join(creators.select("creator_id", "platform"), on="creator_id", how="left")
    packs = {name: platform.rule_packs for name, platform in load_platforms().items()}
    seen = [
        check_rules(part, packs.get(str(platform), ()))
        for (platform,), part in platforms.partition_by("platform", as_dict=True).items()
    ]
    described = [
        (name, rule_name, pack.dated, rule.article, rule.read_on.isoformat())
        for name, pack in load_packs().items()
        for rule_name, rule in pack.rules.items()
    ]
    rules = pl.DataFrame(described, schema=dict.fromkeys(_DESCRIBED, pl.String), orient="row")
    found = pl.concat([pl.DataFrame(schema=RULES_SCHEMA), *seen]).join(rules, on=["pack", "rule"])
    read = {"rules": posts.select("creator_id", "post_id").join(found, on="post_id")}
    if models.post is not None:
        scored = score_posts(platforms, models.post, n_reasons=N_REASONS)
        read["scored"] = platforms.select("creator_id").hstack(scored)
    read["brands"] = _read_brands(inputs, wanted, read.get("scored"))
    return read


def _read_brands(inputs: Inputs, wanted: pl.Series, scored: pl.DataFrame | None) -> pl.DataFrame:
    """The brands of posts, and which of these sound as if they sell, disclose, or lead to a shop."""
    everyone = inputs.post_facts.drop_nulls("text")
    posts = everyone.filter(pl.col("creator_id").is_in(wanted.implode()))
    if scored is None:
        posts = posts.with_columns(kind=pl.lit(None, dtype=pl.String))
    else:
        posts = posts.join(scored.select("post_id", "kind"), on="post_id", how="left", maintain_order="left")
    is_promoting = pl.any_horizontal(pl.col("kind").is_in(SELLING_KINDS), "is_disclosed", "has_purchase_means")
    return measure_brands(posts.with_columns(is_promoting=is_promoting), everyone, load_brands())
