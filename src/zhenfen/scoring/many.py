"""Many creators at once: one row each, without the frames behind the values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from zhenfen.errors import MissingTableError, Problem
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.features.base import Measured
from zhenfen.features.inputs import Inputs
from zhenfen.model_store import Models
from zhenfen.progress import Progress, silent
from zhenfen.scoring.creators import known_at, latest_moment, measure_inputs
from zhenfen.scoring.estimates import estimate_audiences
from zhenfen.tables import Tables
from zhenfen.verdict.judge import judge, summarise

LEAST_LISTED = 0.005
"""A contribution that would print as 0.00 raises nothing; what was not measured is no finding."""
N_FINDINGS = 5
"""Measurements listed of a creator: a reader takes in a handful."""
CREATORS_AT_ONCE = 10_000
"""Creators judged together: a measurement beside each of its peers' sources is a row, about 200 MB for ten thousand."""
JUDGE = "judge"

_FINDING = pl.Struct(
    {"family": pl.String(), "feature": pl.String(), "value": pl.Float64(), "contribution": pl.Float64()}
)
SCORED_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "level": pl.String(),
    "p_manipulated": pl.Float64(),
    "families_assessed": pl.List(pl.String()),
    "top_findings": pl.List(_FINDING),
    "model": pl.String(),
}
"""top_findings: what raises the log-odds of P(manipulated) most, largest first; at most N_FINDINGS."""


def score_creators(
    tables: Tables, models: Models, *, as_of: datetime | None = None, on_progress: Progress = silent
) -> pl.DataFrame:
    """Level and P(manipulated) of every creator (SCORED_SCHEMA), by id: the same as `score` gives.

    All creators are measured together, since each is part of the others' surroundings, and judged in parts.

    Args:
        tables: The canonical tables; `creators` must have rows.
        models: Must hold a creator model.
        as_of: Moment to read the data at; default the latest observation there is.
        on_progress: Told of every family and of every part judged.

    Raises:
        MissingTableError: There is no creator.
        ConfigError: The shelf holds no creator model.
    """
    models.need(CREATOR)
    if not tables.has("creators"):
        raise MissingTableError(Problem("at least one creator", "creators"))
    moment = as_of or latest_moment(tables)
    return score_known(Inputs(known_at(tables, moment), moment, with_details=False), models, on_progress=on_progress)


def score_known(inputs: Inputs, models: Models, *, on_progress: Progress = silent) -> pl.DataFrame:
    """`score_creators` of tables that hold nothing later than `inputs.as_of`."""
    measured = measure_inputs(inputs, on_progress)
    in_set = summarise(measured, models)
    return judge_measured(inputs.tables, inputs.as_of, measured, in_set, models, on_progress=on_progress)


def judge_measured(
    tables: Tables,
    as_of: datetime,
    measured: Mapping[str, Measured],
    in_set: pl.DataFrame,
    models: Models,
    *,
    on_progress: Progress = silent,
) -> pl.DataFrame:
    """SCORED_SCHEMA of the creators of `tables` by what was measured of them.

    Args:
        tables: creators, and the audience samples and audit labels that shares are estimated from.
        as_of: Moment they are read at.
        measured: What every family measured of them.
        in_set: Result of `verdict.judge.summarise` over all creators read together, these and others.
        models: Must hold a creator model.
        on_progress: Told of every part judged.
    """
    stamp = models.need(CREATOR).manifest.stamp
    creators = tables["creators"]
    parts = []
    for start in range(0, creators.height, CREATORS_AT_ONCE):
        on_progress(JUDGE, start, creators.height)
        part = creators.slice(start, CREATORS_AT_ONCE)
        mine = pl.col("creator_id").is_in(part["creator_id"].implode())
        shares = estimate_audiences(tables.replace(audience=tables["audience"].filter(mine)), models, as_of)
        judged = judge(measured, part, shares, models, in_set=in_set)
        # With the measurements that raise the probability most.
        raising = judged.contributions.filter(pl.col("contribution") >= LEAST_LISTED, pl.col("value").is_not_null())
        findings = pl.struct("family", "feature", "value", "contribution").head(N_FINDINGS)
        tops = raising.group_by("creator_id", maintain_order=True).agg(top_findings=findings)
        rows = judged.creators.join(tops, on="creator_id", how="left", maintain_order="left")
        listed = rows.with_columns(pl.col("top_findings").fill_null([]), model=pl.lit(stamp))
        parts.append(listed.select(pl.col(name).cast(dtype) for name, dtype in SCORED_SCHEMA.items()))
    return pl.concat(parts).sort("creator_id")
