"""All families together: the inputs of the creator model, and from its probability to a creator's level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import pairwise
from statistics import NormalDist

import polars as pl
from pydantic import Field

from zhenfen.config import Strict
from zhenfen.estimators.creator_model import Lines
from zhenfen.estimators.surprise import PEER_PREFIX
from zhenfen.verdict.panel import COMPARED
from zhenfen.verdict.panel_curves import QUANTILES

TOO_LITTLE = "creator.too_few_families"
NO_MODEL = "creator.no_model"
UNCLEAR = "creator.unclear"
MIXED = "creator.mixed"
CREATORS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "level": pl.String(),
    "p_manipulated": pl.Float64(),
    "families_assessed": pl.List(pl.String()),
    "reason": pl.String(),
}
_KNOTS = {name: NormalDist().inv_cdf(share) for name, share in QUANTILES.items()}
_FARTHEST = 4.0
"""Normal scores are cut at ± 4: beyond the last quantile of a panel of hundreds nothing is known of the distance."""


class CreatorRules(Strict):
    """Who may be called low; the lines above are the model's own (`estimators.creator_model.Lines`).

    Attributes:
        version: Of these rules.
        dated: Day they were set.
        source: Why so.
        low_below: P(manipulated) below which a creator may be low; from there to the first line nothing is said.
        low_needs: Families without which nobody is called low: what was not looked at cannot clear a creator.
    """

    version: int
    dated: str
    source: str
    low_below: float = Field(gt=0, lt=1)
    low_needs: tuple[str, ...]


def make_inputs(values: Iterable[pl.DataFrame], matched: pl.DataFrame) -> pl.DataFrame:
    """One row a creator: every feature as measured, and its place among peers where there are any.

    Args:
        values: Frames of the families (`Measured.values`), with the same creators.
        matched: What `panel.match_peers` returns for all of them together.
    """
    wide = reduce(lambda one, other: one.join(other, on="creator_id", how="left", maintain_order="left"), values)
    places = place_among_peers(matched)
    if places.is_empty():
        return wide
    named = places.with_columns(feature=pl.lit(PEER_PREFIX) + pl.col("feature"))
    peers = named.pivot("feature", index="creator_id", values="place")
    return wide.join(peers, on="creator_id", how="left", maintain_order="left")


def place_among_peers(matched: pl.DataFrame) -> pl.DataFrame:
    """Where each value lies among its peers: creator_id, feature, place in standard deviations, within ± 4.

    Straight lines between the peers' quantiles in normal scores (the median is 0, p95 1.64), and on beyond the first
    and the last by the distance of the quantiles before. Where several sources cover a creator, the place nearest to 0
    counts: what is usual in any of them is no finding.
    """
    compared = matched.filter(pl.col("scope").is_in(COMPARED))
    placed = compared.select("creator_id", "feature", "source", place=_place().clip(-_FARTHEST, _FARTHEST))
    return (
        placed.drop_nulls("place")
        .sort("creator_id", "feature", pl.col("place").abs(), "source")
        .unique(["creator_id", "feature"], keep="first", maintain_order=True)
        .drop("source")
    )


def _place() -> pl.Expr:
    value, names = pl.col("value"), list(_KNOTS)
    place = _on_line(value, names[0], names[1])
    for low, high in pairwise(names):
        place = pl.when(value >= pl.col(low)).then(_on_line(value, low, high)).otherwise(place)
    return place


def _on_line(value: pl.Expr, low: str, high: str) -> pl.Expr:
    """The line through two quantiles; peers who all have one value leave no line, only a side."""
    start, rise, width = _KNOTS[low], _KNOTS[high] - _KNOTS[low], pl.col(high) - pl.col(low)
    beyond = pl.when(value > pl.col(high)).then(_KNOTS[high]).when(value < pl.col(low)).then(start)
    return pl.when(width > 0).then(start + rise * (value - pl.col(low)) / width).otherwise(beyond.otherwise(start))


def decide_creators(
    findings: pl.DataFrame, predicted: pl.DataFrame, rules: CreatorRules, lines: Lines | None
) -> pl.DataFrame:
    """CREATORS_SCHEMA, one row a creator of `findings`.

    A creator is called low only when the families of `low_needs` were assessed, nothing that was assessed lies above
    low, and the probability lies below `low_below`; a high probability stands whatever is missing.

    Args:
        findings: `evidence.FINDINGS_SCHEMA`.
        predicted: creator_id and p_manipulated, as `CreatorModel.predict` gives them; no rows without a model.
        rules: Who may be low.
        lines: The model's; None without one.
    """
    assessed = pl.col("level") != "not_assessed"
    seen = findings.group_by("creator_id", maintain_order=True).agg(
        families_assessed=pl.col("family").filter(assessed).sort(),
        is_clear=pl.col("level").filter(assessed).eq("low").all(),
    )
    joined = seen.join(
        predicted.select("creator_id", "p_manipulated"), on="creator_id", how="left", maintain_order="left"
    )
    has_all = pl.all_horizontal(pl.col("families_assessed").list.contains(family) for family in rules.low_needs)
    cases = (
        (pl.col("p_manipulated").is_null(), "not_assessed", NO_MODEL),
        *_above(lines),
        (~has_all, "not_assessed", TOO_LITTLE),
        (pl.col("p_manipulated") >= rules.low_below, "not_assessed", UNCLEAR),
        (~pl.col("is_clear"), "not_assessed", MIXED),
        (pl.lit(True), "low", None),
    )
    decided = joined.with_columns(level=_first(cases, 1), reason=_first(cases, 2))
    return decided.select(pl.col(name).cast(dtype) for name, dtype in CREATORS_SCHEMA.items())


def _above(lines: Lines | None) -> tuple[tuple[pl.Expr, str, None], ...]:
    if lines is None:
        return ()
    p = pl.col("p_manipulated")
    return ((p >= lines.high_from, "high", None), (p >= lines.elevated_from, "elevated", None))


def _first(cases: Sequence[tuple[pl.Expr, str, str | None]], place: int) -> pl.Expr:
    """What the first case that holds says."""
    said = pl.lit(cases[-1][place], dtype=pl.String)
    for case in reversed(cases[:-1]):
        said = pl.when(case[0]).then(pl.lit(case[place], dtype=pl.String)).otherwise(said)
    return said
