"""All families together: the inputs of the creator model, and from its probability to a creator's level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import pairwise
from statistics import NormalDist

import polars as pl
from pydantic import Field

from zhenfen.config import Strict
from zhenfen.estimators.creator_evidence import AUDIENCE_SHARE, PEER_PREFIX, SET_PREFIX
from zhenfen.estimators.creator_model import Lines
from zhenfen.features.audience.family import Audience
from zhenfen.verdict.panel import COMPARED
from zhenfen.verdict.panel_curves import QUANTILES

TOO_LITTLE = "creator.too_few_families"
NO_MODEL = "creator.no_model"
UNCLEAR = "creator.unclear"
MIXED = "creator.mixed"
NOTHING_OUT = "creator.nothing_out_of_line"
UNEXPLAINED = "creator.unexplained"
JUDGED = (UNCLEAR, MIXED, NOTHING_OUT, UNEXPLAINED)
"""Reasons of creators on whom there is enough to judge, and neither low nor above can be said."""
CREATORS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "level": pl.String(),
    "p_manipulated": pl.Float64(),
    "families_assessed": pl.List(pl.String()),
    "reason": pl.String(),
}
ESTIMATED = {AUDIENCE_SHARE: "share"}
"""Inputs of the model that an estimate gives and no family measures → their unit."""
_KNOTS = {name: NormalDist().inv_cdf(share) for name, share in QUANTILES.items()}
_FARTHEST = 4.0
"""Normal scores are cut at ± 4: beyond the last quantile of a panel of hundreds nothing is known of the distance."""


class CreatorRules(Strict):
    """When a creator gets a level; the lines above low are the model's own (`estimators.creator_model.Lines`).

    Attributes:
        version: Of these rules.
        dated: Day they were set.
        source: Why so.
        low_below: P(manipulated) below which a creator may be low; from there to the first line nothing is said.
        counted: Families whose assessment counts towards a level.
        fewest_families: How many of them must have been assessed.
        one_of: Families of which one at least must be among them.
    """

    version: int
    dated: str
    source: str
    low_below: float = Field(gt=0, lt=1)
    counted: tuple[str, ...]
    fewest_families: int = Field(ge=1)
    one_of: tuple[str, ...]


def make_inputs(
    values: Iterable[pl.DataFrame], matched: pl.DataFrame, places: pl.DataFrame, prevalence: pl.DataFrame
) -> pl.DataFrame:
    """One row a creator: every feature that may be judged, its place among peers and within the set, its audience.

    Args:
        values: Frames of the families (`admission.Admitted.values`), with the same creators.
        matched: What `panel.match_peers` returns for all of them together.
        places: Result of `admission.place_in_set`.
        prevalence: `verdict.audience.SHARES_SCHEMA`; AUDIENCE_SHARE is the lower end of the interval, null without one.
    """
    wide = reduce(lambda one, other: one.join(other, on="creator_id", how="left", maintain_order="left"), values)
    audience = prevalence.filter(pl.col("reason").is_null()).select("creator_id", pl.col("low").alias(AUDIENCE_SHARE))
    named = places.rename({name: SET_PREFIX + name for name in places.columns if name != "creator_id"})
    for one in (audience, named):
        wide = wide.join(one, on="creator_id", how="left", maintain_order="left")
    among_peers = place_among_peers(matched)
    if among_peers.is_empty():
        return wide
    named = among_peers.with_columns(feature=pl.lit(PEER_PREFIX) + pl.col("feature"))
    peers = named.pivot("feature", index="creator_id", values="place")
    return wide.join(peers, on="creator_id", how="left", maintain_order="left")


def place_among_peers(matched: pl.DataFrame) -> pl.DataFrame:
    """Where each value lies among its peers: creator_id, feature, place in standard deviations, within ± 4.

    Straight lines between the peers' quantiles in normal scores (the median is 0, p95 1.64), and on beyond the first
    and the last by the distance of the quantiles before. Where several sources cover a creator, the place nearest to 0
    counts: what is usual in any of them is no finding.
    """
    compared = matched.filter(pl.col("scope").is_in(COMPARED))
    value, names = pl.col("value"), list(_KNOTS)
    place = _on_line(value, names[0], names[1])
    for low, high in pairwise(names):
        place = pl.when(value >= pl.col(low)).then(_on_line(value, low, high)).otherwise(place)
    placed = compared.select("creator_id", "feature", "source", place=place.clip(-_FARTHEST, _FARTHEST))
    return (
        placed.drop_nulls("place")
        .sort("creator_id", "feature", pl.col("place").abs(), "source")
        .unique(["creator_id", "feature"], keep="first", maintain_order=True)
        .drop("source")
    )


def _on_line(value: pl.Expr, low: str, high: str) -> pl.Expr:
    """The line through two quantiles; peers who all have one value leave no line, only a side."""
    start, rise, width = _KNOTS[low], _KNOTS[high] - _KNOTS[low], pl.col(high) - pl.col(low)
    beyond = pl.when(value > pl.col(high)).then(_KNOTS[high]).when(value < pl.col(low)).then(start)
    return pl.when(width > 0).then(start + rise * (value - pl.col(low)) / width).otherwise(beyond.otherwise(start))


def decide_creators(
    findings: pl.DataFrame,
    predicted: pl.DataFrame,
    rules: CreatorRules,
    lines: Lines | None,
    unexplained: pl.Series,
) -> pl.DataFrame:
    """CREATORS_SCHEMA, one row a creator of `findings`.

    Any level needs `fewest_families` of the families counted, one of them in `one_of`. Above low needs a probability
    above the model's line *and* a family out of line, or an audience whose whole interval lies above its line, which
    stands by itself. Low needs a probability below `low_below`, nothing out of line and nothing unexplained.

    Args:
        findings: `evidence.FINDINGS_SCHEMA`.
        predicted: creator_id and p_manipulated, as `CreatorModel.predict` gives them; no rows without a model.
        rules: Who gets a level.
        lines: The model's; None without one.
        unexplained: Ids of creators of whom something is unexplained by itself that no peers could judge.
    """
    level, family = pl.col("level"), pl.col("family")
    is_counted = (level != "not_assessed") & family.is_in(rules.counted)
    is_out = level.is_in(["elevated", "high"]) & family.is_in(rules.counted)
    seen = findings.group_by("creator_id", maintain_order=True).agg(
        families_assessed=family.filter(level != "not_assessed").sort(),
        n_counted=is_counted.sum(),
        has_one=(is_counted & family.is_in(rules.one_of)).any(),
        is_out=is_out.any(),
        is_clear=level.filter(level != "not_assessed").eq("low").all(),
        audience=level.filter(family == Audience.name, pl.col("basis") == "model").first(),
    )
    joined = seen.join(
        predicted.select("creator_id", "p_manipulated"), on="creator_id", how="left", maintain_order="left"
    )
    enough = (pl.col("n_counted") >= rules.fewest_families) & pl.col("has_one")
    p, audience = pl.col("p_manipulated"), pl.col("audience").fill_null("not_assessed")
    above = {} if lines is None else {"high": p >= lines.high_from, "elevated": p >= lines.elevated_from}
    cases = (
        (p.is_null(), "not_assessed", NO_MODEL),
        (~enough, "not_assessed", TOO_LITTLE),
        *(((audience == name) | (is_above & pl.col("is_out")), name, None) for name, is_above in above.items()),
        (above.get("elevated", pl.lit(value=False)), "not_assessed", NOTHING_OUT),
        (p >= rules.low_below, "not_assessed", UNCLEAR),
        (~pl.col("is_clear"), "not_assessed", MIXED),
        (pl.col("creator_id").is_in(unexplained.implode()), "not_assessed", UNEXPLAINED),
        (pl.lit(value=True), "low", None),
    )
    decided = joined.with_columns(level=_first(cases, 1), reason=_first(cases, 2))
    return decided.select(pl.col(name).cast(dtype) for name, dtype in CREATORS_SCHEMA.items())


def _first(cases: Sequence[tuple[pl.Expr, str, str | None]], place: int) -> pl.Expr:
    """What the first case that holds says."""
    said = pl.lit(cases[-1][place], dtype=pl.String)
    for case in reversed(cases[:-1]):
        said = pl.when(case[0]).then(pl.lit(case[place], dtype=pl.String)).otherwise(said)
    return said
