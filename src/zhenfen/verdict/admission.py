"""What of the measurements may be judged: enough of a sample, not selected by how the creators were found.

Everything that was measured is shown; what is admitted here gives levels and enters the creator model. Three rules:
a family needs its least sample; a share is judged by the lower end of its interval, so that one of ten says less than
a hundred of a thousand; and what a search selects (who comments where, what stands under several creators) says nothing
of creators who were found by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from zhenfen.features.base import REASONS_SCHEMA, Family, load_families, make_reasons
from zhenfen.features.network.family import SHARED_COMMENTER_SHARE, SHARED_TEMPLATE_SHARE, Network

SELECTED = Network.name
"""The family that compares creators with each other: creators of one search share topic and audience."""
SHARED = (SHARED_COMMENTER_SHARE, SHARED_TEMPLATE_SHARE)
"""Its shares; one that is common in a set says something of the set and of nobody in it."""
COMMON_FROM = 0.05
"""A share is common where half of the creators have one in twenty: of 35 creators dealt out of public Weibo threads
half share 2 % of their commenters by chance, and no more than 1 % of them 5 %."""
FOUND_BY = "network.found_by_{}"
COMMON = "network.common_in_set"
LEAST_IN_SET = 20
"""Quartiles of fewer creators are those of five at either side."""
_WIDTH_SE = 1.166
"""Standard error of a normal sample's interquartile range, by the range, is this by sqrt(n)."""
_IQR_TO_SIGMA = 1.349
_LEAST_WIDTH = 1e-9
"""Values nearer to each other are one: sums of floats differ in their last bits."""
SET_SCHEMA: dict[str, pl.DataType] = {
    "feature": pl.String(),
    "n": pl.Int64(),
    "q25": pl.Float64(),
    "q50": pl.Float64(),
    "q75": pl.Float64(),
}


@dataclass(frozen=True)
class Admitted:
    """Values that may be judged.

    Attributes:
        values: As measured, shares at the lower end of their interval, null what may not be judged; by family.
        reasons: Why whole families of creators may not be judged: REASONS_SCHEMA and family.
    """

    values: Mapping[str, pl.DataFrame]
    reasons: pl.DataFrame


def admit(
    values: Mapping[str, pl.DataFrame],
    creators: pl.DataFrame,
    least: Mapping[str, Mapping[str, int]],
    in_set: pl.DataFrame,
    lower_z: float,
) -> Admitted:
    """What may be judged of each creator.

    Args:
        values: Family → creator_id and its features.
        creators: Table `creators`: creator_id and, where known, found_by.
        least: Family → feature that counts its sample → least count.
        in_set: Result of `describe_set` over all creators read together.
        lower_z: Normal quantile of the lower end of a share.
    """
    admitted = lower_ends(values, lower_z)
    refused = []
    for family, counts in least.items():
        if family not in admitted:
            continue
        for count, n_needed in counts.items():
            n_found = admitted[family].select("creator_id", n_found=pl.col(count))
            thin = n_found.filter(pl.col("n_found") < n_needed)
            refused.append(_refuse(make_reasons(thin, f"too_few.{count}", n_needed, "n_found"), family))
    if SELECTED in admitted:
        # Shares that half of the set have are no creator's own.
        network = admitted[SELECTED]
        common = [pl.lit(None, dtype=pl.Float64).alias(name) for name in _common(in_set) if name in network.columns]
        admitted[SELECTED] = network.with_columns(common)
        refused.extend(_refuse(rows, SELECTED) for rows in _selected(admitted[SELECTED], creators, in_set))
    reasons = pl.concat([pl.DataFrame(schema=_SCHEMA), *refused]).unique(
        ["creator_id", "family"], keep="first", maintain_order=True
    )
    kept = {}
    for family, frame in admitted.items():
        is_refused = pl.col("creator_id").is_in(reasons.filter(family=family)["creator_id"].implode())
        kept[family] = frame.with_columns(pl.when(~is_refused).then(pl.exclude("creator_id")))
    return Admitted(kept, reasons)


_SCHEMA = {**REASONS_SCHEMA, "family": pl.String()}


def lower_ends(values: Mapping[str, pl.DataFrame], lower_z: float) -> dict[str, pl.DataFrame]:
    """The values with every share that rests on a counted sample at the lower end of its interval (Wilson 1927)."""
    specs = {name: Family.registry[name].specs for name in load_families()}
    lowered = {}
    for family, frame in values.items():
        ends = []
        for spec in specs.get(family, ()):
            if spec.sample is not None and spec.name in frame.columns:
                share, n = pl.col(spec.name), pl.col(spec.sample)
                middle = share + lower_z * lower_z / (2 * n)
                reach = lower_z * (share * (1 - share) / n + lower_z * lower_z / (4 * n * n)).sqrt()
                ends.append(((middle - reach) / (1 + lower_z * lower_z / n)).clip(0).alias(spec.name))
        lowered[family] = frame.with_columns(ends)
    return lowered


def describe_set(values: Mapping[str, pl.DataFrame], lower_z: float, features: Collection[str]) -> pl.DataFrame:
    """Quartiles of `features` over the creators read together: SET_SCHEMA.

    Args:
        values: Family → creator_id and its features, of all creators of the set.
        lower_z: As in `admit`.
        features: Which.
    """
    columns = {
        name: frame[name].cast(pl.Float64)
        for frame in lower_ends(values, lower_z).values()
        for name in frame.columns
        if name in features
    }
    return describe_columns(columns)


def describe_columns(columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """SET_SCHEMA of these features, values as `lower_ends` gives them."""
    rows = [
        {
            "feature": name,
            "n": known.len(),
            **{quartile: known.quantile(share, "linear") for quartile, share in _QUARTILES.items()},
        }
        for name, values in sorted(columns.items())
        if (known := values.drop_nulls()).len()
    ]
    return pl.DataFrame(rows, schema=SET_SCHEMA)


_QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}


def place_in_set(values: Mapping[str, pl.DataFrame], in_set: pl.DataFrame, features: tuple[str, ...]) -> pl.DataFrame:
    """creator_id and the place of each of `features` within the set, in robust standard deviations from its median.

    The deviation is that of the quartiles, taken one standard error larger, since few creators know it badly; null
    where fewer than LEAST_IN_SET are known or the middle half has one value, which is no scale.

    Args:
        values: `Admitted.values`.
        in_set: Result of `describe_set`.
        features: Which.
    """
    width = (pl.col("q75") - pl.col("q25")) / _IQR_TO_SIGMA * (1 + _WIDTH_SE / pl.col("n").sqrt())
    known = in_set.filter(pl.col("n") >= LEAST_IN_SET, pl.col("feature").is_in(features)).with_columns(width=width)
    scales = {row["feature"]: row for row in known.filter(pl.col("width") > _LEAST_WIDTH).iter_rows(named=True)}
    placed: pl.DataFrame | None = None
    for frame in values.values():
        mine = [name for name in frame.columns if name in scales]
        one = frame.select("creator_id", *((pl.col(n) - scales[n]["q50"]) / scales[n]["width"] for n in mine))
        placed = one if placed is None else placed.join(one, on="creator_id", how="left", maintain_order="left")
    return pl.DataFrame(schema={"creator_id": pl.String}) if placed is None else placed


def _selected(network: pl.DataFrame, creators: pl.DataFrame, in_set: pl.DataFrame) -> list[pl.DataFrame]:
    """Reasons of creators whose ties to others may not be judged."""
    measured = network.filter(pl.any_horizontal(pl.exclude("creator_id").is_not_null())).select("creator_id")
    found_by = pl.col("found_by") if "found_by" in creators.columns else pl.lit(None, dtype=pl.String)
    known = measured.join(creators.select("creator_id", found_by=found_by), on="creator_id", how="left")
    rows = [
        make_reasons(known.filter(pl.col("found_by").fill_null("unknown") == way), FOUND_BY.format(way), 0)
        for way in ("search", "unknown")
    ]
    if set(SHARED) <= set(_common(in_set)):
        rows.append(make_reasons(measured, COMMON, 0))
    return rows


def _common(in_set: pl.DataFrame) -> list[str]:
    return in_set.filter(pl.col("feature").is_in(SHARED), pl.col("q50") >= COMMON_FROM)["feature"].to_list()


def _refuse(reasons: pl.DataFrame, family: str) -> pl.DataFrame:
    return reasons.with_columns(family=pl.lit(family))
