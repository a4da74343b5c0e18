"""What each creator lost when its platform took followers away, with an interval, beside what the others lost."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.features.growth.days import LEAST_STEPS, WINDOW_DAYS
from zhenfen.features.growth.falls import count_falls, find_episodes, list_losses
from zhenfen.features.growth.shrink import LEAST_SCATTER, shrink

Floats = npt.NDArray[np.float64]

LOSSES_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "platform": pl.String(),
    "starts_on": pl.Date(),
    "ends_on": pl.Date(),
    "lost": pl.Float64(),
    "gain_scatter": pl.Float64(),
    "loss_scatter": pl.Float64(),
}
DROPS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "starts_on": pl.Date(),
    "ends_on": pl.Date(),
    "lost_share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "p_lost": pl.Float64(),
    "is_listed": pl.Boolean(),
    "peers_lost_share": pl.Float64(),
    "n_peers": pl.Int64(),
    "n_peers_listed": pl.Int64(),
    "p_value": pl.Float64(),
    "beyond_z": pl.Float64(),
}
MOST_WRONG = 0.1
"""Part of the creators listed for a purge that may not have lost in it, as expected by the posterior."""
TAIL = 0.025
TAIL_Z = 1.96
_EPISODE = ("platform", "starts_on", "ends_on")


def find_drops(marked: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """`compare_losses` of the creators of `marked`, the result of `spans.mark_runs`, by the table `creators`."""
    read = list_losses(marked, creators)
    return compare_losses(measure_losses(read, find_episodes(count_falls(read))))


def measure_losses(read: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """What each creator lost in each episode of its platform: of every creator by itself.

    Usual losses and their scatter are those of the creator's own windows of as many steps in the 90 days before; the
    scatter is at least counting noise, and wider towards gains, as a rise may hide a loss.
    Creators whose readings leave out a day of the episode are left out.

    Args:
        read: Result of `falls.list_losses`.
        episodes: Result of `falls.find_episodes`.

    Returns:
        LOSSES_SCHEMA, shares of the followers, by creator and start; lost is beyond what was expected and usual.
    """
    if episodes.is_empty():
        return pl.DataFrame(schema=LOSSES_SCHEMA)
    key = ("creator_id", *_EPISODE)
    # The steps in each episode and the 90 days before it, and how many days of the episode each covers.
    near = episodes.with_columns(first=pl.col("starts_on") - pl.duration(days=WINDOW_DAYS + 1))
    begun = pl.col("day") - pl.duration(days=pl.col("n_days") - 1)
    joined = read.join_where(
        near.rename({"platform": "on"}),
        pl.col("platform") == pl.col("on"),
        pl.col("day") >= pl.col("first"),
        begun <= pl.col("ends_on"),
    )
    seen = pl.min_horizontal("day", "ends_on") - pl.max_horizontal("starts_on", begun)
    steps = joined.with_columns(n_seen=seen.dt.total_days() + 1).sort("creator_id", "starts_on", "day")
    is_within = pl.col("day") >= pl.col("starts_on")
    within = (
        steps.filter(is_within)
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("lost", "n_seen").sum(),
            n_steps=pl.len().cast(pl.Int64),
            alone=(pl.col("scatter").pow(2) * pl.col("n_days")).sum().sqrt(),
            noise=(pl.col("noise").pow(2) * pl.col("n_days")).sum().sqrt(),
        )
        .filter(pl.col("n_seen") == (pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1)
    )
    before = steps.filter(~is_within).join(within.select(*key, "n_steps"), on=key, maintain_order="left")
    both = within.join(_usual_before(before, key), on=key, how="left", maintain_order="left")
    is_known = (pl.col("n_windows") >= LEAST_STEPS).fill_null(value=False)
    sides = {
        name: pl.max_horizontal(pl.when(is_known).then(name).otherwise("alone"), "noise", pl.lit(LEAST_SCATTER))
        for name in ("gain_scatter", "loss_scatter")
    }
    return (
        both.with_columns(lost=pl.col("lost") - pl.when(is_known).then("usual").otherwise(0.0), **sides)
        .select(pl.col(name).cast(dtype) for name, dtype in LOSSES_SCHEMA.items())
        .sort("creator_id", "starts_on")
    )


def _usual_before(before: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Per creator and episode, of the n_windows windows of n_steps steps before: median and deviation to either side.

    One window in forty lies 1.96 deviations to a side of a normal distribution; organic rises reach farther.
    """
    pieces = [
        part.with_columns(window=pl.col("lost").rolling_sum(cast("int", n_steps)).over(key))
        for (n_steps,), part in before.partition_by("n_steps", as_dict=True, maintain_order=True).items()
    ]
    windows = pl.concat(pieces) if pieces else before.with_columns(window="lost")
    window = pl.col("window")
    return windows.group_by(key, maintain_order=True).agg(
        usual=window.median(),
        gain_scatter=(window.median() - window.quantile(TAIL, "linear")) / TAIL_Z,
        loss_scatter=(window.quantile(1 - TAIL, "linear") - window.median()) / TAIL_Z,
        n_windows=window.count(),
    )


def compare_losses(measured: pl.DataFrame) -> pl.DataFrame:
    """The losses of each episode, shrunk to each other, and each beside the others'.

    Those that did not lose are told apart by the posterior; as many are listed as leave at most a tenth wrong by
    expectation (Newton et al. 2004). The p-value is the creator's place among the others: the chance of losing as
    large a share if the purge took from all alike, (1 + others that lost as much) / (1 + others).

    Args:
        measured: Result of `measure_losses` of all creators.

    Returns:
        DROPS_SCHEMA, by creator and start. lost_share is shrunk, low and high hold it nine times in ten;
        peers_lost_share is the median of the others; beyond_z says by how many deviations the creator lost more than is
        typical.
    """
    # Sorted by value: sums are the same bits whatever the creators are called.
    ordered = measured.sort(*_EPISODE, "lost", "gain_scatter", "loss_scatter", "creator_id")
    # The median without the row itself: in the sorted group the row leaves one place free.
    ranked = pl.col("lost_share").sort()
    place = pl.col("lost_share").rank("ordinal").cast(pl.Int64) - 1
    last = pl.len().cast(pl.Int64) - 1
    middle = ((last - 1).clip(0) // 2 + 0 * place, last // 2 + 0 * place)
    below, above = (ranked.gather((at + (at >= place).cast(pl.Int64)).clip(0, last)) for at in middle)
    compared = [pl.DataFrame(schema=DROPS_SCHEMA)]
    for episode in ordered.partition_by(_EPISODE, maintain_order=True):
        shrunk = shrink(*(episode[name].to_numpy() for name in ("lost", "gain_scatter", "loss_scatter")))
        n_others = episode.height - 1
        known = episode.with_columns(
            lost_share=pl.Series(shrunk.loss),
            low=pl.Series(shrunk.low),
            high=pl.Series(shrunk.high),
            p_lost=pl.Series(shrunk.p_lost),
            beyond_z=pl.Series(shrunk.beyond_z),
            is_listed=pl.Series(is_listed(shrunk.p_lost)),
        )
        as_much = pl.len() - pl.col("lost_share").rank("min").cast(pl.Int64)
        beside = known.with_columns(
            peers_lost_share=(below + above) / 2,
            n_peers=pl.lit(n_others),
            n_peers_listed=pl.col("is_listed").sum().cast(pl.Int64) - pl.col("is_listed").cast(pl.Int64),
            p_value=(1 + as_much) / (1 + n_others),
        )
        compared.append(beside.select(pl.col(name).cast(dtype) for name, dtype in DROPS_SCHEMA.items()))
    return pl.concat(compared).sort("creator_id", "starts_on")


def is_listed(p_lost: Floats) -> npt.NDArray[np.bool_]:
    """Whether each is among the most that can be listed so that MOST_WRONG of them did not lose, by expectation."""
    order = np.argsort(-p_lost, kind="stable")
    wrong = np.cumsum(1 - p_lost[order]) / np.arange(1, len(order) + 1)
    listed = np.zeros(len(order), dtype=bool)
    listed[order] = (wrong <= MOST_WRONG) & (p_lost[order] > 0)
    return listed
