"""What a reference panel covers: families by platform and size, and creators who lie outside."""

from __future__ import annotations

import polars as pl

from zhenfen.features.base import load_families
from zhenfen.verdict.panel import DATED, PLATFORM, SIZE, TRAVELS, Panel, travelling_features

COVERAGE_SCHEMA: dict[str, pl.DataType] = {
    "family": pl.String(),
    "platform": pl.String(),
    "followers_from": pl.Int64(),
    "followers_to": pl.Int64(),
    "n_peers": pl.Int64(),
    "n_features": pl.Int64(),
    "scope": pl.String(),
    "source": pl.String(),
    "window": pl.String(),
    "observed_on": pl.Date(),
}
"""The peers of a family, platform and source: their sizes (null: unknown), the most of them behind a measurement, how
many measurements they serve, and how far: platform (creators of it), travels (of any), dated (shown, no level)."""
UNCOVERED_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "family": pl.String(),
    "platform": pl.String(),
    "followers_from": pl.Int64(),
    "followers_to": pl.Int64(),
    "has_others": pl.Boolean(),
}
"""A row a creator, family without peers of his platform and size, and platform that has peers (null: none has):
their smallest and largest sizes, and whether the family is compared by what travels (`panel.TRAVELS`)."""
_ABOUT = ["family", "platform", "scope", "source", "window", "observed_on"]


def find_coverage(panel: Panel) -> pl.DataFrame:
    """COVERAGE_SCHEMA, one row a family, platform, source and scope, sorted."""
    families = {spec.name: name for name, family in load_families().items() for spec in family.specs}
    whole = panel.frame.filter(pl.col("n_followers").is_null(), pl.col("feature").is_in(list(families)))
    is_old = pl.col("observed_on") < panel.fresh_since
    scope = (
        pl.when(pl.col("feature").is_in(list(travelling_features())))
        .then(pl.lit(TRAVELS))
        .otherwise(pl.when(is_old).then(pl.lit(DATED)).otherwise(pl.lit(PLATFORM)))
    )
    named = whole.with_columns(family=pl.col("feature").replace_strict(families, return_dtype=pl.String), scope=scope)
    covered = named.group_by(_ABOUT).agg(
        pl.col("followers_from").min(),
        pl.col("followers_to").max(),
        pl.col("n_peers").max(),
        n_features=pl.col("feature").n_unique(),
    )
    ordered = covered.sort("family", "platform", "followers_from", "followers_to", "source", "scope")
    return ordered.select(pl.col(name).cast(dtype) for name, dtype in COVERAGE_SCHEMA.items())


def find_uncovered(evidence: pl.DataFrame, creators: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    """UNCOVERED_SCHEMA: who has been measured in a family without peers of his platform and size.

    Where the panel knows the creator's platform at other sizes, that is the one platform named.

    Args:
        evidence: `evidence.EVIDENCE_SCHEMA`, of these creators.
        creators: creator_id and platform.
        panel: What they were set beside.
    """
    scope = pl.col("reference_scope")
    asked = evidence.filter(pl.col("concern") != "none", pl.col("value").is_not_null())
    seen = asked.group_by("creator_id", "family").agg(
        is_covered=scope.is_in([SIZE, PLATFORM]).any(), has_others=(scope == TRAVELS).any()
    )
    outside = seen.filter(~pl.col("is_covered")).join(
        creators.select("creator_id", own="platform"), on="creator_id", how="left"
    )
    # Of each family the platforms with peers of their own that give a level: smallest and largest size.
    sizes = (
        find_coverage(panel)
        .filter(pl.col("scope") == PLATFORM)
        .group_by("family", "platform")
        .agg(pl.col("followers_from").min(), pl.col("followers_to").max())
    )
    paired = outside.join(sizes, on="family", how="left")
    is_own = pl.col("platform") == pl.col("own")
    has_own = is_own.any().over("creator_id", "family").fill_null(value=False)
    kept = paired.filter(~has_own | is_own).sort("creator_id", "family", "platform")
    return kept.select(pl.col(name).cast(dtype) for name, dtype in UNCOVERED_SCHEMA.items())
