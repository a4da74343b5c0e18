"""The frames behind a report, by family and name, with their schemas: a family's own, and what is added beside them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from zhenfen.features.audience.family import Audience
from zhenfen.features.base import Schema, load_families
from zhenfen.features.comments.family import Comments
from zhenfen.features.posts.family import Sponsorship
from zhenfen.scoring.audience_readings import READ_AUDIENCE
from zhenfen.scoring.readings import READ_COMMENTS, READ_POSTS
from zhenfen.verdict.audience import SHARES_SCHEMA
from zhenfen.verdict.changes import COUNTERFACTUALS_SCHEMA, OVERALL
from zhenfen.verdict.coverage import UNCOVERED_SCHEMA
from zhenfen.verdict.judge import CONTRIBUTIONS_SCHEMA

LINES_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "elevated_from": pl.Float64(),
    "high_from": pl.Float64(),
    "low_below": pl.Float64(),
}
"""The probabilities between which a creator's levels lie."""
ADDED: Mapping[str, Mapping[str, Schema]] = {
    Audience.name: {"shares": SHARES_SCHEMA, **READ_AUDIENCE},
    Comments.name: READ_COMMENTS,
    Sponsorship.name: READ_POSTS,
    OVERALL: {
        "contributions": CONTRIBUTIONS_SCHEMA,
        "lines": LINES_SCHEMA,
        "uncovered": UNCOVERED_SCHEMA,
        "counterfactuals": COUNTERFACTUALS_SCHEMA,
    },
}
"""What scoring adds to the families' frames, or keeps under OVERALL."""


def describe_details() -> dict[str, dict[str, Schema]]:
    """Every frame that `Findings.details` may hold: family, or OVERALL → name → schema."""
    own = {name: dict(family.details) for name, family in load_families().items()}
    return {name: {**own.get(name, {}), **ADDED.get(name, {})} for name in (*own, OVERALL)}
