"""From measurements to levels: each family against its peers, the audience by its share, the creator by all together.

The one place where this is done: for a report, for a batch, and for the question what would have changed a level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from zhenfen.estimators.creator_model import CreatorModel
from zhenfen.estimators.surprise import PEER_PREFIX, family_of
from zhenfen.features.base import Family, Measured, load_families
from zhenfen.model_store import Models
from zhenfen.verdict.audience import decide_audience
from zhenfen.verdict.creator import CREATORS_SCHEMA, decide_creators, make_inputs
from zhenfen.verdict.levels import decide, weigh
from zhenfen.verdict.panel import match_peers

CONTRIBUTIONS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "family": pl.String(),
    "feature": pl.String(),
    "value": pl.Float64(),
    "contribution": pl.Float64(),
}
"""contribution: what a measurement adds to the log-odds of P(manipulated), its place among peers included."""
_NO_PREDICTIONS = {name: CREATORS_SCHEMA[name] for name in ("creator_id", "p_manipulated")}


@dataclass(frozen=True)
class Judged:
    """What was decided.

    Attributes:
        evidence: `evidence.EVIDENCE_SCHEMA`.
        findings: `evidence.FINDINGS_SCHEMA`.
        creators: `creator.CREATORS_SCHEMA`.
        contributions: CONTRIBUTIONS_SCHEMA, largest first; no rows without a creator model, or where nobody asked.
        matched: Family → its measurements beside their peers (`panel.match_peers`).
    """

    evidence: pl.DataFrame
    findings: pl.DataFrame
    creators: pl.DataFrame
    contributions: pl.DataFrame
    matched: Mapping[str, pl.DataFrame]


def judge(
    measured: Mapping[str, Measured],
    creators: pl.DataFrame,
    shares: pl.DataFrame,
    models: Models,
    matched: Mapping[str, pl.DataFrame] | None = None,
    *,
    with_contributions: bool = True,
) -> Judged:
    """Judge creators by what was measured of them.

    Args:
        measured: Values and reasons by family, of these creators and perhaps of others.
        creators: Their rows of the table `creators`.
        shares: `verdict.audience.SHARES_SCHEMA`, of these creators.
        models: Panel, rules and models.
        matched: Of families that were set beside their peers already, `Judged.matched`.
        with_contributions: Whether to list what each measurement adds to P(manipulated).
    """
    mine = pl.col("creator_id").is_in(creators["creator_id"].implode())
    values = {name: one.values.filter(mine) for name, one in measured.items()}
    reasons = pl.concat([one.reasons.filter(mine).with_columns(family=pl.lit(name)) for name, one in measured.items()])
    known = matched or {}
    beside = {
        name: known[name] if name in known else match_peers(one, creators, models.panel) for name, one in values.items()
    }
    compared = pl.concat(beside.values())
    rules = models.levels.rules
    evidence = weigh(compared, describe_features(), rules).sort("creator_id", "family", "feature")
    findings = decide(evidence, reasons, creators["creator_id"], sorted(values), rules)
    findings = decide_audience(findings, shares, models.audience_levels.rules)
    predicted, contributions = _predict(models.creator, values, compared, with_contributions=with_contributions)
    lines = models.creator.lines if models.creator else None
    overall = decide_creators(findings, predicted, models.creator_levels.rules, lines)
    return Judged(evidence, findings, overall, contributions, beside)


@cache
def describe_features() -> pl.DataFrame:
    """feature, family, unit and concern of every feature there is."""
    load_families()
    return pl.DataFrame(
        [
            {"feature": spec.name, "family": name, "unit": spec.unit, "concern": spec.concern}
            for name, family in sorted(Family.registry.items())
            for spec in family.specs
        ]
    )


def _predict(
    model: CreatorModel | None, values: Mapping[str, pl.DataFrame], matched: pl.DataFrame, *, with_contributions: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """P(manipulated) of each creator, and what each measurement adds to it."""
    none = pl.DataFrame(schema=CONTRIBUTIONS_SCHEMA)
    if model is None:
        return pl.DataFrame(schema=_NO_PREDICTIONS), none
    inputs = make_inputs(values.values(), matched)
    return model.predict(inputs), list_contributions(model, inputs) if with_contributions else none


def list_contributions(model: CreatorModel, inputs: pl.DataFrame) -> pl.DataFrame:
    """CONTRIBUTIONS_SCHEMA without zeros: a value and its place among peers are one measurement.

    Args:
        model: Creator model.
        inputs: Result of `verdict.creator.make_inputs`.
    """
    parts = model.contributions(inputs)
    names = sorted({name.removeprefix(PEER_PREFIX) for name in model.manifest.features})
    both = {name: [one for one in (name, PEER_PREFIX + name) if one in parts.columns] for name in names}
    summed = parts.select("creator_id", *(pl.sum_horizontal(columns).alias(name) for name, columns in both.items()))
    long = summed.unpivot(index="creator_id", variable_name="feature", value_name="contribution")
    have = [name for name in names if name in inputs.columns]
    measured = inputs.select("creator_id", pl.col(have).cast(pl.Float64))
    known = measured.unpivot(index="creator_id", variable_name="feature", value_name="value")
    families = {name: family_of(name) for name in names}
    return (
        long.filter(pl.col("contribution") != 0)
        .join(known, on=["creator_id", "feature"], how="left")
        .with_columns(family=pl.col("feature").replace_strict(families, return_dtype=pl.String))
        .select(pl.col(name).cast(dtype) for name, dtype in CONTRIBUTIONS_SCHEMA.items())
        .sort("creator_id", "contribution", "feature", descending=[False, True, False])
    )
