"""From measurements beside their peers to a level a family, by the rule in configs/verdict/levels.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from zhenfen.config import Strict
from zhenfen.verdict.evidence import EVIDENCE_SCHEMA, FINDINGS_SCHEMA
from zhenfen.verdict.panel import COMPARED

NO_REFERENCE = "no_reference"
"""Reason of a family that was measured but has no peers to be set against."""
DESCRIBED = "described_only"
"""Reason of a family that stands beside peers but of which no side asks for a look."""
_LIMITS = ("p1", "p5", "p95", "p99")
_SHOWN_FROM = {
    "low": "p5",
    "high": "p95",
    "median": "p50",
    "reference": "source",
    "reference_scope": "scope",
    "reference_window": "window",
    "reference_on": "observed_on",
}
"""Column of the evidence → that of the references."""
_URGENCY = {"high": 2, "elevated": 1}


class Points(Strict):
    """What a measurement outside the peers' range adds to its family's score."""

    outside_p5_p95: float
    outside_p1_p99: float


class LevelRules(Strict):
    """The rule that turns scores into levels, with its date and source.

    Attributes:
        version: Of this rule.
        dated: Day it was set.
        source: Why so.
        points: By distance from the peers.
        elevated_from: Sum of the points.
        share_beyond: By how much a share must lie outside the peers' range to count: where nineteen of twenty peers
            have none, a single comment would lie outside.
        lower_z: Normal quantile of the lower end by which a share is judged.
        least: Family → feature that counts its sample → least count, below which it gives no level.
    """

    version: int
    dated: str
    source: str
    points: Points
    elevated_from: float
    share_beyond: float
    lower_z: float
    least: Mapping[str, Mapping[str, int]]


def weigh(matched: pl.DataFrame, specs: pl.DataFrame, rules: LevelRules) -> pl.DataFrame:
    """Evidence (EVIDENCE_SCHEMA): each measurement with one range and what it adds to the score, sorted.

    Peers of long ago add nothing (`panel.COMPARED`). Where several sources cover a creator, the one that finds the
    measurement least unusual stands (then the youngest): what is usual in any of them is no finding. Peers of one trade
    are no yardstick for another, and nobody knows beforehand which trade a creator belongs to.

    Args:
        matched: What `panel.match_peers` returns, with `judged`: the value that may be judged, see `admission`; null
            where none may.
        specs: feature, family, unit, concern of every feature.
        rules: Points by distance from the peers.
    """
    value, concern = pl.col("judged"), pl.col("concern")
    margin = pl.when(pl.col("unit") == "share").then(rules.share_beyond).otherwise(0.0)
    above = _beyond(value > pl.col("p95") + margin, value > pl.col("p99") + margin, rules.points)
    below = _beyond(value < pl.col("p5") - margin, value < pl.col("p1") - margin, rules.points)
    points = (
        pl.when(concern == "high")
        .then(above)
        .when(concern == "low")
        .then(below)
        .when(concern == "both")
        .then(pl.max_horizontal(above, below))
        .otherwise(0.0)
        .fill_null(0.0)
    )
    # A row a measurement is chosen among its numbers alone, and put in order: all columns are many to move.
    compared = matched.select("creator_id", "feature", "scope", "judged", "observed_on", "source", *_LIMITS)
    weighed = (
        compared.with_row_index("row")
        .join(specs, on="feature")
        .select(
            "row",
            "creator_id",
            *specs.columns,
            "observed_on",
            "source",
            contribution=pl.when(pl.col("scope").is_in(COMPARED)).then(points).otherwise(0.0),
        )
        .sort("contribution", "observed_on", "source", descending=[False, True, False], nulls_last=True)
        .unique(["creator_id", "feature"], keep="first", maintain_order=True)
        .select("row", "creator_id", *specs.columns, "contribution")
        .sort("creator_id", "family", "feature")
    )
    chosen = matched[weighed["row"]].with_columns(
        *weighed.drop("row", "creator_id", "feature").get_columns(), pl.col("source").fill_null("")
    )
    return chosen.select(
        pl.col(_SHOWN_FROM.get(name, name)).cast(dtype).alias(name) for name, dtype in EVIDENCE_SCHEMA.items()
    )


def decide(
    evidence: pl.DataFrame, reasons: pl.DataFrame, creator_ids: pl.Series, families: Sequence[str], rules: LevelRules
) -> pl.DataFrame:
    """Findings (FINDINGS_SCHEMA): one row for every creator and family.

    A family without any measurement that has peers is not assessed, with the family's own reason, NO_REFERENCE, or
    DESCRIBED where none of those that have peers may speak against a creator.
    """
    beside = evidence.filter(pl.col("reference_scope").is_in(COMPARED), pl.col("judged").is_not_null())
    compared = beside.filter(pl.col("concern") != "none")
    described = beside.select("creator_id", "family", is_beside=True).unique()
    scores = compared.group_by("creator_id", "family").agg(score=pl.col("contribution").sum())
    pairs = pl.DataFrame({"creator_id": creator_ids}).join(pl.DataFrame({"family": list(families)}), how="cross")
    rows = pairs.join(scores, on=["creator_id", "family"], how="left").join(
        reasons, on=["creator_id", "family"], how="left"
    )
    rows = rows.join(described, on=["creator_id", "family"], how="left")
    without_words = pl.when("is_beside").then(pl.lit(DESCRIBED)).otherwise(pl.lit(NO_REFERENCE))
    unassessed = pl.col("score").is_null()
    rows = rows.with_columns(
        level=pl.when(unassessed)
        .then(pl.lit("not_assessed"))
        .when(pl.col("score") >= rules.elevated_from)
        .then(pl.lit("elevated"))
        .otherwise(pl.lit("low")),
        basis=pl.lit("descriptive"),
        reason=pl.when(unassessed).then(pl.col("reason").fill_null(without_words)),
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS_SCHEMA.items()).sort("creator_id", "family")


def rank(findings: pl.DataFrame, overall: pl.DataFrame) -> pl.DataFrame:
    """Creators by concern: the level over all families, then most families elevated, the sum of scores, and the id.

    Nobody of whom no family is elevated stands above somebody of whom one is, whatever the level over all families: a
    reader could not see why.

    Args:
        findings: FINDINGS_SCHEMA.
        overall: `creator.CREATORS_SCHEMA`, a row for each creator of `findings`.

    Returns:
        creator_id, n_assessed, n_elevated, concern, and the columns of `overall`.
    """
    level = pl.col("level")
    counted = findings.group_by("creator_id").agg(
        n_assessed=(level != "not_assessed").sum().cast(pl.Int64),
        n_elevated=level.is_in(["elevated", "high"]).sum().cast(pl.Int64),
        concern=pl.col("score").sum(),
    )
    urgency = level.replace_strict(_URGENCY, default=0, return_dtype=pl.Int8)
    has_grounds = pl.col("n_elevated") > 0
    return counted.join(overall, on="creator_id").sort(
        has_grounds, urgency, "n_elevated", "concern", "creator_id", descending=[True, True, True, True, False]
    )


def _beyond(unusual: pl.Expr, rare: pl.Expr, points: Points) -> pl.Expr:
    return pl.when(rare).then(points.outside_p1_p99).when(unusual).then(points.outside_p5_p95).otherwise(0.0)
