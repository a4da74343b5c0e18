"""How unusual a span is among organic channels: points of a scorecard, the rate of such spans a year, p and q values.

Each kind of span (rise, drip, drop) has a scorecard in growth.yaml of the shelf: the points of each measurement add up
to a score, and a table says how many spans of at least that score an organic channel shows in a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, model_validator

from zhenfen.config import Strict, read_config
from zhenfen.shelf import GROWTH, find_file

Floats = npt.NDArray[np.float64]

KINDS = ("rise", "drip", "drop")
DECIMALS = 6
P_DECIMALS = 12
"""A vector's exponentials differ in the last bit with its length; scores and p-values do not."""


class Steps(Strict):
    """Points of one measurement: a step function.

    Attributes:
        above: Values at which the points change, rising; the points hold beyond the value.
        points: One more than `above`: log-odds, higher is more unusual.
    """

    above: tuple[float, ...]
    points: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.points) != len(self.above) + 1 or list(self.above) != sorted(self.above):
            raise ValueError("points: one more than `above`, which rises")
        return self


class Scorecard(Strict):
    """How one kind of span is scored.

    Attributes:
        part: Part of all false alarms that this kind may make up.
        measurements: Column of spans.py or drips.py to its points.
        scores: Scores, rising.
        per_year: Organic spans a channel-year of at least each score, falling.
    """

    part: float = Field(gt=0, le=1)
    measurements: dict[str, Steps]
    scores: tuple[float, ...] = Field(min_length=2)
    per_year: tuple[float, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _falls(self) -> Self:
        rises = list(self.scores) == sorted(set(self.scores))
        if not rises or list(self.per_year) != sorted(set(self.per_year), reverse=True) or self.per_year[-1] <= 0:
            raise ValueError("scores must rise and per_year fall, to above 0")
        if len(self.scores) != len(self.per_year):
            raise ValueError("scores and per_year: as many of one as of the other")
        return self


class GrowthRules(Strict):
    """models/growth/<version>/growth.yaml, which `make growth` writes.

    Attributes:
        dated: Day the figures were taken, ISO.
        source: What they were taken from.
        level: Highest p-value of a span that is marked as unexplained when nothing explains it.
        shown: Highest p-value of a span that is listed at all.
        cards: Scorecards by kind of span: rise, drip, drop.
    """

    dated: str
    source: str
    level: float = Field(gt=0, lt=1)
    shown: float = Field(gt=0, le=1)
    cards: dict[str, Scorecard]


@cache
def load_growth_rules() -> GrowthRules:
    """The rules on the shelf.

    Raises:
        ConfigError: The file is missing, was changed or is not as expected.
    """
    return read_config(find_file(GROWTH), GrowthRules)


def add_scores(candidates: pl.DataFrame, scorecard: Scorecard) -> Floats:
    """Score of each candidate, shape (n,): the points of its measurements together."""
    points = [points_of(candidates[name], steps) for name, steps in scorecard.measurements.items()]
    # Points have three decimals: without the rounding a score would depend on how many rows are added up at once.
    scores: Floats = np.round(np.sum(points, axis=0), DECIMALS)
    return scores


def points_of(values: pl.Series, steps: Steps) -> Floats:
    """Points of each value, shape (n,)."""
    place = np.searchsorted(np.asarray(steps.above, dtype=np.float64), values.to_numpy(), side="left")
    points: Floats = np.asarray(steps.points, dtype=np.float64)[place]
    return points


def rate_of(scores: Floats, scorecard: Scorecard) -> Floats:
    """Organic spans a channel-year of at least each score, shape (n,); beyond the table it falls on exponentially."""
    known, logs = np.asarray(scorecard.scores), np.log(np.asarray(scorecard.per_year))
    slope = min((logs[-1] - logs[-2]) / (known[-1] - known[-2]), 0.0)
    beyond = np.clip(scores - known[-1], 0.0, None)
    rates: Floats = np.exp(np.interp(scores, known, logs) + slope * beyond)
    return rates


def p_values(candidates: pl.DataFrame, scorecard: Scorecard) -> Floats:
    """Chance that an organic channel shows a span at least this unusual within a year of readings, shape (n,).

    The same span is as unusual in a short series as in a long one, and marking at p <= level gives as many false spans
    a channel-year in both. The kinds share out the false alarms: one that may make up a fifth counts its rate five
    times.
    """
    chances: Floats = -np.expm1(-rate_of(add_scores(candidates, scorecard), scorecard) / scorecard.part)
    return np.round(chances, P_DECIMALS)


def judge(candidates: Mapping[str, pl.DataFrame], rules: GrowthRules) -> pl.DataFrame:
    """The candidates of all kinds with their p-values, those listed at all; of overlapping rises the less likely.

    Args:
        candidates: By kind (KINDS), results of `find_jumps` and `find_drips` that share their first columns.
        rules: The scorecards.

    Returns:
        The columns shared, with kind and p_value; sorted by creator and start. A gap says nothing: its p-value is 1.
    """
    is_gap = pl.col("shape") == "gap"
    judged = []
    for kind, rows in candidates.items():
        chances = pl.Series(p_values(rows, rules.cards[kind]), dtype=pl.Float64)
        p_value = pl.when(is_gap).then(1.0).otherwise(chances)
        judged.append(rows.with_columns(kind=pl.lit(kind), p_value=p_value))
    spans = pl.concat(judged, how="diagonal").sort("creator_id", "starts_on", "run")
    spans = spans.filter((pl.col("p_value") <= rules.shown) | is_gap)
    # Without the drips that a rise within them explains better, and the rises that a drip explains better.
    drips = spans.filter(kind="drip").select("creator_id", "starts_on", "ends_on", "p_value", drip="run")
    rises = spans.filter(~is_gap, kind="rise")
    both = rises.select("creator_id", "run", "p_value", rises_on="starts_on", falls_on="ends_on").join(
        drips, on="creator_id", suffix="_drip"
    )
    over = both.filter(pl.col("rises_on") <= pl.col("ends_on"), pl.col("falls_on") >= pl.col("starts_on"))
    is_rise = pl.col("p_value") <= pl.col("p_value_drip")
    dropped = over.select(run=pl.when(is_rise).then("drip").otherwise("run"))
    return spans.join(dropped, on="run", how="anti", maintain_order="left")


def add_q_values(spans: pl.DataFrame, years: pl.DataFrame, shown: float) -> pl.DataFrame:
    """The spans with q_value: part of those at least as unusual, in the batch, that organic creators would show.

    Benjamini-Hochberg's estimate: spans that so many channel-years of organic creators show, by spans found; times the
    part of the creators that looks organic (Storey 2002): those without a span to list, against how many there would
    be if all were organic. A q-value is never below its p-value, which is all that a creator looked at alone is judged
    by: p-values are already for every day of a year. Spans that something explains are no candidates and keep theirs.

    Args:
        spans: creator_id, p_value and explanation; one row a span.
        years: Result of `watched_years` for every creator of the batch.
        shown: Highest p-value of a span that is listed.
    """
    ranked = spans.with_row_index("row").with_columns(p=pl.when(pl.col("explanation") == "none").then("p_value"))
    n_quiet = years.height - ranked.filter(pl.col("p").is_not_null())["creator_id"].n_unique()
    expected_quiet = float(np.sum((1 - shown) ** years["years"].to_numpy()))
    organic = min((1 + n_quiet) / max(expected_quiet, 1.0), 1.0) * float(years["years"].to_numpy().sum())
    n_false = -(1 - pl.col("p").clip(0, 1 - 1e-9)).log() * organic
    return (
        ranked.with_columns(batch=(n_false / pl.col("p").rank("max")).clip(0, 1))
        .sort("p", descending=True, nulls_last=True)
        .with_columns(q_value=pl.max_horizontal(pl.col("batch").cum_min(), "p").fill_null(pl.col("p_value")))
        .sort("row")
        .drop("row", "p", "batch")
    )


def watched_years(steps: pl.DataFrame) -> pl.DataFrame:
    """creator_id and years, the time seen without gaps, of each creator of `days.add_expectation`."""
    seen = pl.col("n_days").filter(pl.col("per_day").is_not_null())
    return steps.group_by("creator_id", maintain_order=True).agg(years=seen.sum() / 365)
