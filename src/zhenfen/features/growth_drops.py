"""Days on which many creators of a platform lost followers at once, and what each lost beside the others."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth_days import OFF_Z
from zhenfen.features.growth_explanations import LEAST_MOVED_SHARE, LEAST_OTHERS
from zhenfen.features.growth_spans import LEAST_FOLLOWERS

DROPS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "day": pl.Date(),
    "lost_share": pl.Float64(),
    "peers_lost_share": pl.Float64(),
    "n_peers": pl.Int64(),
    "p_value": pl.Float64(),
}


def find_drops(marked: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """`compare_losses` of the creators of `marked`, the result of `growth_spans.mark_runs`, by the table `creators`."""
    return compare_losses(list_losses(marked), creators)


def list_losses(marked: pl.DataFrame) -> pl.DataFrame:
    """creator_id, day, z and lost_share (beyond what was expected; below 0 for a gain) of every day that was read.

    Args:
        marked: Result of `growth_spans.mark_runs`.
    """
    lost = -pl.col("excess") / pl.max_horizontal("n_before", pl.lit(LEAST_FOLLOWERS))
    return marked.filter(pl.col("z").is_not_null() & ~pl.col("is_gap")).select(
        "creator_id", "day", "z", lost_share=lost
    )


def compare_losses(read: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """What each creator lost on the days that a quarter of the others of its platform lost followers out of line.

    Losses are counted beyond what was expected. The p-value is the creator's place among the others: the chance of
    losing as large a share if the purge took from all alike, (1 + others that lost as much) / (1 + others).

    Args:
        read: Result of `list_losses`.
        creators: Table `creators`.

    Returns:
        DROPS_SCHEMA; peers_lost_share is the median of the others; sorted by creator and day.
    """
    losers = read.filter(pl.col("z") <= -OFF_Z)
    known = creators.select("creator_id", "platform")
    busy = losers.join(known, on="creator_id").group_by("platform", "day").agg(down=pl.len().cast(pl.Int64))
    busy = busy.filter(pl.col("down") > 1)
    near = read.filter(pl.col("day").is_in(busy["day"].implode())).join(known, on="creator_id")
    days = near.join(busy, on=("platform", "day"))
    group = ("platform", "day")
    fell = (pl.col("z") <= -OFF_Z).cast(pl.Int64)
    others = days.with_columns(n_peers=pl.len().over(group).cast(pl.Int64) - 1).with_columns(
        moved=(pl.col("down") - fell) / pl.col("n_peers"),
        as_much=pl.len().over(group) - pl.col("lost_share").rank("min").over(group),
        peers_lost_share=_median_of_others().over(group),
    )
    purges = others.filter(pl.col("n_peers") >= LEAST_OTHERS, pl.col("moved") >= LEAST_MOVED_SHARE)
    p_value = (1 + pl.col("as_much")) / (1 + pl.col("n_peers"))
    return (
        purges.with_columns(p_value=p_value)
        .select(pl.col(name).cast(dtype) for name, dtype in DROPS_SCHEMA.items())
        .sort("creator_id", "day")
    )


def _median_of_others() -> pl.Expr:
    """Median of the group without the row itself, from the sorted group: the row leaves one place free."""
    ranked = pl.col("lost_share").sort()
    place = pl.col("lost_share").rank("ordinal").cast(pl.Int64) - 1
    n_others = pl.len().cast(pl.Int64) - 1

    def other(at: pl.Expr) -> pl.Expr:
        return ranked.gather((at + (at >= place).cast(pl.Int64)).clip(0, n_others))

    return (other((n_others - 1).clip(0) // 2 + 0 * place) + other(n_others // 2 + 0 * place)) / 2
