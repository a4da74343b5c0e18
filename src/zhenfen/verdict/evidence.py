"""What a verdict is made of: frozen records, from one measurement up to all findings of a shortlist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import polars as pl

Level = Literal["low", "elevated", "high", "not_assessed"]
Basis = Literal["descriptive", "model"]

EVIDENCE_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "family": pl.String(),
    "feature": pl.String(),
    "value": pl.Float64(),
    "judged": pl.Float64(),
    "unit": pl.String(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "median": pl.Float64(),
    "concern": pl.String(),
    "contribution": pl.Float64(),
    "reference": pl.String(),
    "reference_scope": pl.String(),
    "reference_window": pl.String(),
    "reference_on": pl.Date(),
    "n_peers": pl.Int64(),
}
FINDINGS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "family": pl.String(),
    "level": pl.String(),
    "basis": pl.String(),
    "score": pl.Float64(),
    "reason": pl.String(),
    "n_needed": pl.Int64(),
    "n_found": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measurement beside its reference.

    Attributes:
        family: Feature family.
        feature: Name of the measurement, see its FeatureSpec.
        value: What was measured; None when it could not be.
        judged: What the rule went by: the lower end of a share's interval; None where it may not be judged.
        unit: Unit of value, low, high and median.
        low: 5 % quantile of the peers; None without a reference.
        high: 95 % quantile of the peers.
        median: Median of the peers.
        concern: Side of the range that asks for a look: high, low, both, none.
        contribution: What it adds to the family's score; 0 inside the range. Contributions sum to the score.
        reference: Id of the panel source the range comes from; empty without one.
        reference_scope: How near the peers are, one of `panel.SCOPES`.
        reference_window: What each peer's value covers, in words; None without a reference.
        reference_on: Day of the peers' youngest observation.
        n_peers: How many peers the range rests on.
    """

    family: str
    feature: str
    value: float | None
    judged: float | None
    unit: str
    low: float | None
    high: float | None
    median: float | None
    concern: str
    contribution: float
    reference: str
    reference_scope: str
    reference_window: str | None
    reference_on: date | None
    n_peers: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one family says of one creator.

    Attributes:
        family: Feature family.
        level: low, elevated, high or not_assessed.
        basis: descriptive (peers' range only, never above elevated) or model.
        score: Sum of the contributions; None when not assessed.
        reason: Message key, why it was not assessed; None otherwise.
        n_needed: How much data the family needs, where the reason names a number.
        n_found: How much there was.
        evidence: Largest contribution first, then by feature name.
    """

    family: str
    level: Level
    basis: Basis
    score: float | None
    reason: str | None
    n_needed: int | None
    n_found: int | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Findings:
    """All findings of a set of creators, as frames so that a hundred thousand fit.

    Attributes:
        creators: creator_id, n_elevated (families), concern (sum of scores), n_assessed, and over all families level,
            p_manipulated, families_assessed and reason (`creator.CREATORS_SCHEMA`); most concern first.
        findings: One row a creator and family, FINDINGS_SCHEMA.
        evidence: One row a creator and feature, EVIDENCE_SCHEMA.
        details: Family → name → frame behind the values (spans, clusters, …), as each family documents them.
        as_of: The moment the tables were read at; later rows were left out.
        versions: What made the findings: package version, hashes of panel, rules and input.
    """

    creators: pl.DataFrame
    findings: pl.DataFrame
    evidence: pl.DataFrame
    details: Mapping[str, Mapping[str, pl.DataFrame]]
    as_of: datetime
    versions: Mapping[str, str] = field(default_factory=dict)

    def of(self, creator_id: str) -> tuple[Finding, ...]:
        """The findings of one creator as records, in family order."""
        mine = pl.col("creator_id") == creator_id
        evidence = self.evidence.filter(mine).sort(-pl.col("contribution"), "feature").drop("creator_id")
        records = [Evidence(**row) for row in evidence.iter_rows(named=True)]
        rows = self.findings.filter(mine).sort("family").drop("creator_id").iter_rows(named=True)
        return tuple(
            Finding(**row, evidence=tuple(item for item in records if item.family == row["family"])) for row in rows
        )
