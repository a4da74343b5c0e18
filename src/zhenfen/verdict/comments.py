"""What the comments read under a creator's posts sound like: the share of each kind, with an interval.

Description, never a level: adverts under a post are mostly strangers', and real people write filler.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from zhenfen.estimators.manifest import KindManifest
from zhenfen.estimators.share import TOO_WIDE, ScoredAudience, estimate_share
from zhenfen.features.comments.family import Comments
from zhenfen.verdict.shares import FIGURES_SCHEMA, ShareRules, to_figures, to_validations

FAMILY = Comments.name
SCORED_KINDS = ("advert", "filler")
"""Kinds that the model scores."""
GENUINE = "genuine"
"""What is neither."""

KIND_SHARES_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "kind": pl.String(),
    **FIGURES_SCHEMA,
    "n_comments": pl.Int64(),
    "n_flagged": pl.Int64(),
    "n_different": pl.Int64(),
    "model": pl.String(),
}


class CommentRules(ShareRules):
    """How many comments a share needs, and how wide its interval may be."""

    n_comments_needed: int


def estimate_kinds(
    comments: pl.DataFrame, kinds: Mapping[str, KindManifest], stamp: str, rules: CommentRules
) -> pl.DataFrame:
    """The share of each kind among each creator's different comments (KIND_SHARES_SCHEMA), in the order of a report.

    A cluster of like comments counts once, by its mean score: a model that errs on one of sixty copies errs on all of
    them, and its errors were counted with copies taken together. n_flagged counts every comment. All kinds together
    hold at the rules' confidence level (Bonferroni), and so does the rest that is genuine.

    Args:
        comments: creator_id, comment_id, platform, cluster_id (null: alone), p_advert, p_filler; rows without a score
            are left out.
        kinds: Kind → threshold and validations.
        stamp: Name, version and hash of the model.
        rules: Comments needed, confidence level, widest interval.
    """
    read = comments.drop_nulls([f"p_{kind}" for kind in SCORED_KINDS]).sort("creator_id", "comment_id")
    rows = []
    for mine in read.partition_by("creator_id", maintain_order=True):
        if mine.height < rules.n_comments_needed:
            continue
        scored = [_estimate_kind(mine, kind, kinds[kind], rules) for kind in SCORED_KINDS]
        is_flagged = pl.any_horizontal(pl.col(f"p_{kind}") >= kinds[kind].threshold for kind in SCORED_KINDS)
        n_left = mine.height - int(mine.select(is_flagged.sum()).item())
        rest = {**scored[0], **_take_rest(scored, rules), "kind": GENUINE, "n_flagged": n_left}
        rows += [{**row, "model": stamp} for row in (*scored, rest)]
    return pl.DataFrame(rows, schema=KIND_SHARES_SCHEMA)


def _estimate_kind(comments: pl.DataFrame, kind: str, manifest: KindManifest, rules: CommentRules) -> dict[str, object]:
    proba = f"p_{kind}"
    by_text = comments.group_by(pl.coalesce("cluster_id", "comment_id"), maintain_order=True)
    different = by_text.agg(pl.col(proba).mean())
    probas, platform = different[proba].to_numpy(), comments["platform"][0]
    scored = ScoredAudience(
        probas=probas,
        is_flagged=probas >= manifest.threshold,
        training_share=manifest.training_share,
        in_domain=to_validations(one for one in manifest.validations if one.platform == platform),
        across=to_validations(manifest.validations_across),
    )
    confidence_level = 1 - (1 - rules.confidence_level) / len(SCORED_KINDS)
    found = estimate_share(scored, rules.widest_interval, confidence_level)
    return {
        "creator_id": comments["creator_id"][0],
        "kind": kind,
        **to_figures(found, FAMILY),
        "n_comments": comments.height,
        "n_flagged": int((comments[proba] >= manifest.threshold).sum()),
        "n_different": different.height,
    }


def _take_rest(scored: list[dict[str, object]], rules: CommentRules) -> dict[str, object]:
    """What the scored kinds leave over; it has an answer where each of them has one."""
    ends = pl.DataFrame(scored).select(pl.col("share", "low", "high").cast(pl.Float64), "reason")
    unknown = ends.filter(pl.col("share").is_null())
    if unknown.height:
        return {"share": None, "low": None, "high": None, "reason": unknown["reason"][0]}
    reasons = ends["reason"].drop_nulls()
    sums = ends.select(pl.col("share", "low", "high").sum()).row(0, named=True)
    low, high = max(0.0, 1 - sums["high"]), max(0.0, 1 - sums["low"])
    share = min(max(1 - sums["share"], low), high)
    reason = reasons[0] if len(reasons) else f"{FAMILY}.{TOO_WIDE}" if high - low > rules.widest_interval else None
    return {"share": share, "low": low, "high": high, "reason": reason, "cross_check": None, "is_contradicted": False}
