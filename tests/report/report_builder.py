"""Findings and tables made up for the report's tests: no family, panel or model is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from zhenfen.features.what_ifs import DocumentedChange
from zhenfen.scoring.details import describe_details
from zhenfen.tables import Tables
from zhenfen.verdict.creator import CREATORS_SCHEMA
from zhenfen.verdict.evidence import EVIDENCE_SCHEMA, FINDINGS_SCHEMA, Findings
from zhenfen.verdict.levels import rank

AS_OF = datetime(2026, 3, 31, 12, tzinfo=UTC)
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMAS = describe_details()


@dataclass
class Builder:
    """Collects rows, then makes Findings and Tables of them."""

    creators: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    details: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    overalls: dict[str, dict[str, Any]] = field(default_factory=dict)
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

    def overall(self, creator_id: str, level: str, p_manipulated: float | None, **columns: Any) -> Builder:
        """The level over all families; without this there is no creator model."""
        self.overalls[creator_id] = {"level": level, "p_manipulated": p_manipulated, **columns}
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
            frame = pl.DataFrame(rows, schema=SCHEMAS[family][name])
            details.setdefault(family, {})[name] = frame
        tables = Tables(
            {
                "creators": pl.DataFrame(self.creators, infer_schema_length=None),
                **{name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in self.tables.items()},
            }
        )
        made = Findings(
            self._rank(findings),
            findings,
            pl.DataFrame(self.evidence, schema=EVIDENCE_SCHEMA),
            details,
            AS_OF,
            {"zhenfen": "0.1.0", "panel": "5f0c9a3e71d2", "input": "77aa12c9e0b4"},
        )
        return made, tables

    def _rank(self, findings: pl.DataFrame) -> pl.DataFrame:
        no_model = {"level": "not_assessed", "reason": "creator.no_model"}
        rows = [{**row, **self.overalls.get(row["creator_id"], no_model)} for row in self.creators]
        overall = pl.DataFrame(rows, schema=CREATORS_SCHEMA)
        ranked = rank(pl.concat([findings, self._unfound(findings)]), overall)
        return ranked.with_columns(pl.col("concern").fill_null(0.0))

    def _unfound(self, findings: pl.DataFrame) -> pl.DataFrame:
        """A row for creators of whom nothing was said, so that they have a place."""
        known = set(findings["creator_id"])
        rows = [{"creator_id": row["creator_id"]} for row in self.creators if row["creator_id"] not in known]
        return pl.DataFrame(rows, schema=FINDINGS_SCHEMA).with_columns(level=pl.lit("not_assessed"))


def make_evidence(creator_id: str, family: str, feature: str, value: float | None, **columns: Any) -> dict[str, Any]:
    """A row of evidence, with peers from 0.01 to 0.10 unless told otherwise."""
    peers = {"low": 0.01, "high": 0.10, "median": 0.04, "reference": "panel-2025", "reference_scope": "size"}
    peers |= {"reference_window": "means of 60 days", "reference_on": date(2025, 11, 6)}
    row = {"creator_id": creator_id, "family": family, "feature": feature, "value": value, "unit": "share"}
    return {**row, "judged": value, **peers, "concern": "high", "contribution": 0.0, "n_peers": 812, **columns}


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
            known = {"n_followers": count, "n_gained": None if offset - 1 in missing else gained}
            rows.append({"day": day, **known, "n_expected": 42.0, "low": 10.0, "high": 90.0})
    return rows


def make_span(first: int, last: int, gained: int, *, is_unexplained: bool, **columns: Any) -> dict[str, Any]:
    """A marked span from day `first` to day `last`."""
    return {
        "starts_at": FIRST_DAY + timedelta(days=first),
        "ends_at": FIRST_DAY + timedelta(days=last),
        "n_gained": gained,
        "n_expected": 40.0 * (last - first + 1),
        "shape": "burst",
        "is_round": False,
        "explanation": "none" if is_unexplained else "event",
        "p_value": 0.00002 if is_unexplained else 0.3,
        "q_value": 0.0001 if is_unexplained else 0.4,
        "is_unexplained": is_unexplained,
        **columns,
    }


def make_drop(
    first: int, last: int, lost_share: float, peers_lost_share: float | None, p_value: float
) -> dict[str, Any]:
    """A creator's part in a drop of the whole platform from day `first` to day `last`."""
    return {
        "starts_on": (FIRST_DAY + timedelta(days=first)).date(),
        "ends_on": (FIRST_DAY + timedelta(days=last)).date(),
        "lost_share": lost_share,
        "low": lost_share - 0.002,
        "high": lost_share + 0.002,
        "p_lost": 1.0,
        "is_listed": True,
        "peers_lost_share": peers_lost_share,
        "n_peers": 11,
        "n_peers_listed": 10,
        "p_value": p_value,
        "beyond_z": 0.0,
    }


def make_cause(first: int, cause: str, verdict: str, **columns: Any) -> dict[str, Any]:
    """A cause tested of the span that starts on day `first`."""
    none = dict.fromkeys(("value", "needed", "evidence", "note"))
    return {"starts_at": FIRST_DAY + timedelta(days=first), "cause": cause, "verdict": verdict, **none, **columns}


def make_then(
    subject: str, level: str, level_then: str, *changes: DocumentedChange, p_then: float | None = None
) -> dict[str, Any]:
    """A level and what would lower it."""
    levels = {"subject": subject, "level": level, "level_then": level_then, "p_then": p_then}
    return {**levels, "changes": [asdict(change) for change in changes]}


def make_cluster(cluster_id: str, n_comments: int, *examples: str, **columns: Any) -> dict[str, Any]:
    """A cluster of nearly equal comments over ninety minutes."""
    first = FIRST_DAY + timedelta(days=30, hours=4)
    times = {"first_at": first, "last_at": first + timedelta(minutes=90)}
    counts = {"cluster_id": cluster_id, "n_comments": n_comments, "n_authors": n_comments // 2, "n_posts": 3}
    return {**counts, **times, "examples": list(examples), **columns}
