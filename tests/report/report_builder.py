"""Findings and tables made up for the report's tests: no family, panel or model is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from zhenfen.tables import Tables
from zhenfen.verdict.evidence import EVIDENCE_SCHEMA, FINDINGS_SCHEMA, Findings

AS_OF = datetime(2026, 3, 31, 12, tzinfo=UTC)
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
SCHEMAS: dict[tuple[str, str], dict[str, Any]] = {
    ("growth", "daily"): {"day": pl.Date, "n_followers": pl.Int64, "n_gained": pl.Int64},
    ("growth", "spans"): {
        "starts_at": TIME,
        "ends_at": TIME,
        "n_gained": pl.Int64,
        "n_expected": pl.Float64,
        "shape": pl.String,
        "explanation": pl.String,
        "explained_by": pl.String,
        "is_unexplained": pl.Boolean,
    },
    ("engagement", "posts"): {
        "post_id": pl.String,
        "published_at": TIME,
        "n_interactions": pl.Int64,
        "n_views": pl.Int64,
        "n_likes": pl.Int64,
    },
    ("comments", "clusters"): {
        "cluster_id": pl.String,
        "n_comments": pl.Int64,
        "n_authors": pl.Int64,
        "n_posts": pl.Int64,
        "first_at": TIME,
        "last_at": TIME,
        "examples": pl.List(pl.String),
    },
    ("sponsorship", "posts"): {
        "post_id": pl.String,
        "published_at": TIME,
        "excerpt": pl.String,
        "is_disclosed": pl.Boolean,
        "has_purchase_means": pl.Boolean,
        "matched": pl.List(pl.String),
    },
    ("audience", "frames"): {"frame": pl.String, "n_profiles": pl.Int64},
    ("network", "shared_clusters"): {
        "cluster_id": pl.String,
        "n_comments": pl.Int64,
        "n_authors": pl.Int64,
        "n_creators": pl.Int64,
        "creator_ids": pl.List(pl.String),
        "examples": pl.List(pl.String),
    },
    ("network", "shared_commenters"): {"other_creator_id": pl.String, "n_shared": pl.Int64, "jaccard": pl.Float64},
}


@dataclass
class Builder:
    """Collects rows, then makes Findings and Tables of them."""

    creators: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    details: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def creator(self, creator_id: str, **columns: Any) -> Builder:
        """One row of the creators table."""
        row = {"platform": "xiaohongshu", "display_name": f"Name {creator_id}", "n_followers": 52_300}
        self.creators.append({"creator_id": creator_id, **row, **columns})
        return self

    def assessed(self, creator_id: str, family: str, *evidence: Mapping[str, Any], level: str = "") -> Builder:
        """A family's finding with its evidence; the level follows from the contributions unless given."""
        for item in evidence:
            self.evidence.append(make_evidence(creator_id, family, **item))
        score = sum(item.get("contribution", 0.0) for item in evidence)
        decided = level or ("elevated" if score >= 2 else "low")
        self.findings.append(
            {"creator_id": creator_id, "family": family, "level": decided, "basis": "descriptive", "score": score}
        )
        return self

    def unassessed(self, creator_id: str, family: str, reason: str = "no_reference", **numbers: int) -> Builder:
        """A family that could not be assessed."""
        row = {"creator_id": creator_id, "family": family, "level": "not_assessed", "basis": "descriptive"}
        self.findings.append({**row, "reason": reason, **numbers})
        return self

    def detail(self, creator_id: str, family: str, name: str, rows: Sequence[Mapping[str, Any]]) -> Builder:
        """Rows of a frame behind a family's values."""
        self.details.setdefault((family, name), []).extend({"creator_id": creator_id, **row} for row in rows)
        return self

    def table(self, name: str, *rows: Mapping[str, Any]) -> Builder:
        """Rows of a table."""
        self.tables.setdefault(name, []).extend(dict(row) for row in rows)
        return self

    def build(self) -> tuple[Findings, Tables]:
        """Findings and Tables, creators with most concern first."""
        findings = pl.DataFrame(self.findings, schema=FINDINGS_SCHEMA)
        details: dict[str, dict[str, pl.DataFrame]] = {}
        for (family, name), rows in self.details.items():
            frame = pl.DataFrame(rows, schema={"creator_id": pl.String, **SCHEMAS[family, name]})
            details.setdefault(family, {})[name] = frame
        tables = Tables(
            {
                "creators": pl.DataFrame(self.creators, infer_schema_length=None),
                **{name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in self.tables.items()},
            }
        )
        made = Findings(
            _rank([row["creator_id"] for row in self.creators], findings),
            findings,
            pl.DataFrame(self.evidence, schema=EVIDENCE_SCHEMA),
            details,
            AS_OF,
            {"zhenfen": "0.1.0", "panel": "5f0c9a3e71d2", "input": "77aa12c9e0b4"},
        )
        return made, tables


def make_evidence(creator_id: str, family: str, feature: str, value: float | None, **columns: Any) -> dict[str, Any]:
    """A row of evidence, with peers from 0.01 to 0.10 unless told otherwise."""
    peers = {"low": 0.01, "high": 0.10, "median": 0.04, "reference": "panel-2025", "reference_scope": "size"}
    peers |= {"reference_window": "means of 60 days", "reference_on": date(2025, 11, 6)}
    row = {"creator_id": creator_id, "family": family, "feature": feature, "value": value, "unit": "share"}
    return {**row, **peers, "concern": "high", "contribution": 0.0, "n_peers": 812, **columns}


def without_peers(feature: str, value: float, **columns: Any) -> dict[str, Any]:
    """Evidence that has nothing to be compared with."""
    none = {"low": None, "high": None, "median": None, "reference": "", "reference_scope": "none", "n_peers": None}
    return {"feature": feature, "value": value, **none, **columns}


def make_daily(
    n_days: int = 90, missing: Sequence[int] = (), jump: Mapping[int, int] | None = None
) -> list[dict[str, Any]]:
    """Daily counts that rise by 40 a day, with days left out and jumps."""
    rows, count = [], 52_000
    for offset in range(n_days):
        gained = 40 + (jump or {}).get(offset, 0)
        count += gained
        if offset not in missing:
            day = (FIRST_DAY + timedelta(days=offset)).date()
            rows.append({"day": day, "n_followers": count, "n_gained": None if offset - 1 in missing else gained})
    return rows


def make_span(first: int, last: int, gained: int, *, is_unexplained: bool, **columns: Any) -> dict[str, Any]:
    """A marked span from day `first` to day `last`."""
    return {
        "starts_at": FIRST_DAY + timedelta(days=first),
        "ends_at": FIRST_DAY + timedelta(days=last),
        "n_gained": gained,
        "n_expected": 40.0 * (last - first + 1),
        "shape": "burst",
        "explanation": "none" if is_unexplained else "event",
        "is_unexplained": is_unexplained,
        **columns,
    }


def make_cluster(cluster_id: str, n_comments: int, *examples: str, **columns: Any) -> dict[str, Any]:
    """A cluster of nearly equal comments over ninety minutes."""
    first = FIRST_DAY + timedelta(days=30, hours=4)
    times = {"first_at": first, "last_at": first + timedelta(minutes=90)}
    counts = {"cluster_id": cluster_id, "n_comments": n_comments, "n_authors": n_comments // 2, "n_posts": 3}
    return {**counts, **times, "examples": list(examples), **columns}


def _rank(creator_ids: Sequence[str], findings: pl.DataFrame) -> pl.DataFrame:
    counts = findings.group_by("creator_id").agg(
        n_assessed=(pl.col("level") != "not_assessed").sum().cast(pl.Int64),
        n_elevated=pl.col("level").is_in(["elevated", "high"]).sum().cast(pl.Int64),
        concern=pl.col("score").sum(),
    )
    ranked = pl.DataFrame({"creator_id": creator_ids}, schema={"creator_id": pl.String}).join(
        counts, on="creator_id", how="left"
    )
    return ranked.with_columns(pl.col("concern").fill_null(0.0)).sort(
        "n_elevated", "concern", "creator_id", descending=[True, True, False], nulls_last=True
    )
