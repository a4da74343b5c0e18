"""From measurements to levels: each family against its peers, the audience by its share, the creator by all together.

The one place where this is done: for a report, for a batch, and for the question what would have changed a level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from zhenfen.estimators.creator_evidence import SET_PREFIX, family_of, feature_of
from zhenfen.estimators.creator_model import BASE, CreatorModel
from zhenfen.features.base import Family, Measured, load_families
from zhenfen.features.growth.family import Growth
from zhenfen.features.growth.window import UNEXPLAINED_DAYS
from zhenfen.verdict.admission import SHARED, Admitted, admit, describe_set, place_in_set
from zhenfen.verdict.audience import decide_audience
from zhenfen.verdict.creator import CREATORS_SCHEMA, decide_creators, make_inputs
from zhenfen.verdict.levels import decide, weigh
from zhenfen.verdict.panel import match_peers
from zhenfen.verdict.standards import Standards

CONTRIBUTIONS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "family": pl.String(),
    "feature": pl.String(),
    "value": pl.Float64(),
    "contribution": pl.Float64(),
}
"""contribution: what a measurement adds to the log-odds of P(manipulated), its place within the set included; value:
the one that may be judged."""
_NO_PREDICTIONS = {name: CREATORS_SCHEMA[name] for name in ("creator_id", "p_manipulated")}


@dataclass(frozen=True)
class Judged:
    """What was decided.

    Attributes:
        evidence: `evidence.EVIDENCE_SCHEMA`.
        findings: `evidence.FINDINGS_SCHEMA`.
        creators: `creator.CREATORS_SCHEMA`.
        contributions: CONTRIBUTIONS_SCHEMA, largest first; no rows without a creator model, or where nobody asked.
    """

    evidence: pl.DataFrame
    findings: pl.DataFrame
    creators: pl.DataFrame
    contributions: pl.DataFrame


@dataclass(frozen=True)
class JudgedFamilies:
    """What was decided of each family, before the audience's share and all families together.

    Attributes:
        values: Family → its measurements of these creators.
        admitted: What of them may be judged.
        compared: All measurements beside their peers (`panel.match_peers`), with `judged`.
        evidence: `evidence.EVIDENCE_SCHEMA`.
        findings: `evidence.FINDINGS_SCHEMA`.
    """

    values: Mapping[str, pl.DataFrame]
    admitted: Admitted
    compared: pl.DataFrame
    evidence: pl.DataFrame
    findings: pl.DataFrame


def judge(
    measured: Mapping[str, Measured],
    creators: pl.DataFrame,
    prevalence: pl.DataFrame,
    standards: Standards,
    *,
    in_set: pl.DataFrame,
    with_contributions: bool = True,
) -> Judged:
    """Judge creators by what was measured of them.

    Args:
        measured: Values and reasons by family, of these creators and perhaps of others.
        creators: Their rows of the table `creators`.
        prevalence: `verdict.audience.SHARES_SCHEMA`, of these creators.
        standards: Panel, rules and creator model.
        in_set: What all creators read together show: `summarise`.
        with_contributions: Whether to list what each measurement adds to P(manipulated).
    """
    families = judge_families(measured, creators, standards, in_set=in_set)
    findings = decide_audience(families.findings, prevalence, standards.audience_levels.rules)
    predicted, contributions = pl.DataFrame(schema=_NO_PREDICTIONS), pl.DataFrame(schema=CONTRIBUTIONS_SCHEMA)
    if standards.creator is not None:
        columns = standards.creator.manifest.features
        inputs = read_inputs(families.admitted, families.compared, in_set, prevalence, columns)
        predicted = standards.creator.predict(inputs)
        contributions = list_contributions(standards.creator, inputs) if with_contributions else contributions
    lines = standards.creator.lines if standards.creator else None
    overall = decide_creators(
        findings, predicted, standards.creator_levels.rules, lines, find_unexplained(findings, families.values)
    )
    return Judged(families.evidence, findings, overall, contributions)


def judge_families(
    measured: Mapping[str, Measured],
    creators: pl.DataFrame,
    standards: Standards,
    *,
    in_set: pl.DataFrame,
) -> JudgedFamilies:
    """Judge each family of creators by itself; of the audience by its peers, not by its share.

    Args:
        measured: Values and reasons by family, of these creators and perhaps of others.
        creators: Their rows of the table `creators`.
        standards: Panel and rules.
        in_set: What all creators read together show: `summarise`; only families that compare creators are judged by it.
    """
    mine = pl.col("creator_id").is_in(creators["creator_id"].implode())
    values = {name: one.values.filter(mine) for name, one in measured.items()}
    own = pl.concat([one.reasons.filter(mine).with_columns(family=pl.lit(name)) for name, one in measured.items()])
    rules = standards.levels.rules
    admitted = admit(values, creators, rules.least, in_set, rules.lower_z)
    reasons = pl.concat([own, admitted.reasons]).unique(["creator_id", "family"], keep="first", maintain_order=True)
    compared = pl.concat(
        match_peers(one, creators, standards.panel, admitted.values[name]) for name, one in values.items()
    )
    evidence = weigh(compared, describe_features(), rules)
    findings = decide(evidence, reasons, creators["creator_id"], sorted(values), rules)
    return JudgedFamilies(values, admitted, compared, evidence, findings)


def find_unexplained(findings: pl.DataFrame, values: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Ids of creators with days in a span that nothing explains, whose growth has no peers that could judge it.

    Set against a creator's own days, such a span is a finding without peers; with peers, their growth judges it.
    """
    unjudged = findings.filter(pl.col("family") == Growth.name, pl.col("level") == "not_assessed")["creator_id"]
    open_ones = values[Growth.name].filter(pl.col(UNEXPLAINED_DAYS) > 0)["creator_id"]
    return unjudged.filter(unjudged.is_in(open_ones.implode()))


def summarise(measured: Mapping[str, Measured], standards: Standards) -> pl.DataFrame:
    """What all creators read together show, `admission.SET_SCHEMA`: how common a measurement is among them."""
    values = {name: one.values for name, one in measured.items()}
    return describe_set(values, standards.levels.rules.lower_z, features_in_set(standards))


def features_in_set(standards: Standards) -> frozenset[str]:
    """Features of which it matters how common they are among all creators read together."""
    columns = () if standards.creator is None else standards.creator.manifest.features
    return frozenset((*SHARED, *(name.removeprefix(SET_PREFIX) for name in columns if name.startswith(SET_PREFIX))))


def read_inputs(
    admitted: Admitted, compared: pl.DataFrame, in_set: pl.DataFrame, prevalence: pl.DataFrame, columns: Sequence[str]
) -> pl.DataFrame:
    """What the creator model reads: `verdict.creator.make_inputs`, with the places that `columns` name.

    Args:
        admitted: What may be judged.
        compared: What `panel.match_peers` returns, with `judged`.
        in_set: Result of `summarise`.
        prevalence: `verdict.audience.SHARES_SCHEMA`.
        columns: The model's.
    """
    placed = tuple(name.removeprefix(SET_PREFIX) for name in columns if name.startswith(SET_PREFIX))
    places = place_in_set(admitted.values, in_set, placed)
    judged = compared.with_columns(value="judged").drop_nulls("value")
    return make_inputs(admitted.values.values(), judged, places, prevalence)


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


def list_contributions(model: CreatorModel, inputs: pl.DataFrame) -> pl.DataFrame:
    """CONTRIBUTIONS_SCHEMA without zeros.

    Args:
        model: Creator model.
        inputs: Result of `verdict.creator.make_inputs`.
    """
    parts = model.contributions(inputs)
    columns = [name for name in parts.columns if name not in ("creator_id", BASE)]
    long = parts.select("creator_id", *columns).unpivot(
        index="creator_id", variable_name="column", value_name="contribution"
    )
    names = pl.DataFrame(
        {
            "column": columns,
            "feature": [feature_of(name) for name in columns],
            "family": [family_of(name) for name in columns],
        },
        schema={"column": pl.String, "feature": pl.String, "family": pl.String},
    )
    features = [name for name in names["feature"].unique() if name in inputs.columns]
    values = inputs.select("creator_id", pl.col(features).cast(pl.Float64)).unpivot(
        index="creator_id", variable_name="feature", value_name="value"
    )
    return (
        long.filter(pl.col("contribution") != 0)
        .join(names, on="column")
        .join(values, on=["creator_id", "feature"], how="left")
        .select(pl.col(name).cast(dtype) for name, dtype in CONTRIBUTIONS_SCHEMA.items())
        .sort("creator_id", "contribution", "feature", descending=[False, True, False])
    )
