"""Each live room: what it counted, what follows from that, and what in it is beyond chance or beyond arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

import numpy as np
import polars as pl

from zhenfen.features.live.chance import bound_evenness, bound_packets
from zhenfen.features.live.minutes import KEYS, exact_arrivals, liked_steps, pair_minutes

MOST_BY_CHANCE = 0.001
"""For everything tested of a creator together (Bonferroni): one creator in a thousand by chance, since an accusation
that is wrong costs more than one that is missed."""
N_PAIRS_NEEDED = 10
"""Twenty minutes: of less hardly any evenness is beyond chance."""
LEAST_PER_MINUTE = 3.0
"""Remarks or arrivals a minute in the mean: of fewer most minutes have none or one, and all are alike."""
CAPPED_FROM, CAPPED_SHARE = 60, 0.2
"""A collector that keeps so many remarks a minute and no more makes minutes even by itself: where a fifth of them hold
the largest number exactly, and that is one a second, nothing is said."""
LEAST_LIKES = 60
"""As engagement/packets.py: below, equal numbers of likes are common."""
N_PACKETS_NEEDED = 5
ROUNDED = 1.1
"""Counts such as 1.2万 are lower bounds, by up to a twelfth: so much more is no contradiction."""
N_BEFORE, N_AFTER = 10, 30
"""Minutes before and after a sudden arrival. A giveaway holds viewers for ten minutes or so; then they leave."""
STEP_TIMES, LEAST_STEP = 5.0, 50
"""An arrival is sudden that brings five times the usual minute and half of those present, and fifty at least."""
MOST_STAYING = 0.3
"""Sudden arrivals hold if viewers leave at three tenths of the rate of before: seven in ten of those present stay."""
EVEN = ("p_comments", "p_arrivals")
TESTS = (*EVEN, "p_likes", "p_step")
ROOMS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "post_id": pl.String(),
    "published_at": pl.Datetime("us", "UTC"),
    "minutes": pl.Float64(),
    **dict.fromkeys(("n_views", "n_peak_viewers", "n_remarks", "n_likes", "n_new_followers", "n_orders"), pl.Int64()),
    "mean_viewers": pl.Float64(),
    "sales_cny": pl.Float64(),
    "returned_share": pl.Float64(),
    "stay_minutes": pl.Float64(),
    "remarks_per_viewer_hour": pl.Float64(),
    "n_minutes": pl.Int64(),
    "packet_likes": pl.Int64(),
    "n_packets": pl.Int64(),
    "step_minute": pl.Int64(),
    "n_step": pl.Int64(),
    "staying_ratio": pl.Float64(),
    **dict.fromkeys(TESTS, pl.Float64()),
    "contradictions": pl.List(pl.String()),
    "marks": pl.List(pl.String()),
}
"""One row a room. p values are of all that was tested of the creator together, null where not tested; packet_likes came
in n_packets minutes; n_step came at step_minute, after which viewers left at staying_ratio times the rate of before;
contradictions: names of counts that cannot both be right; marks: those of TESTS that are beyond chance."""
TOGETHER_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "p_comments": pl.Float64(),
    "p_arrivals": pl.Float64(),
    "marks": pl.List(pl.String()),
}
"""One row a creator: p of how even the minutes of all rooms are together, corrected and marked as those of rooms."""


def describe_rooms(rooms: pl.DataFrame) -> pl.DataFrame:
    """The rooms with what follows from their counts alone.

    Args:
        rooms: Rows of `posts` that are live rooms.
    """
    minutes = pl.col("duration_seconds") / 60
    hours = pl.col("mean_viewers") * minutes / 60
    beyond = {
        "peak_above_views": ("n_peak_viewers", "n_views"),
        "mean_above_peak": ("mean_viewers", "n_peak_viewers"),
        "new_followers_above_views": ("n_new_followers", "n_views"),
    }
    named = [
        pl.when(pl.col(part) > ROUNDED * pl.col(whole)).then(pl.lit(name)) for name, (part, whole) in beyond.items()
    ]
    # Remarks are called comments on one platform and danmaku on another; where both are given one holds the other.
    described = rooms.with_columns(
        minutes=minutes,
        n_remarks=pl.max_horizontal("n_comments", "n_danmaku"),
        stay_minutes=pl.when(pl.col("n_views") > 0).then(60 * hours / pl.col("n_views")),
        contradictions=pl.concat_list(named).list.drop_nulls(),
    )
    spoken = pl.when(hours > 0).then(pl.col("n_remarks") / hours)
    return described.with_columns(remarks_per_viewer_hour=spoken)


def pair_rooms(minutes: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """p_comments and p_arrivals → the pairs of neighbouring minutes that `chance.bound_evenness` reads.

    Args:
        minutes: Result of `minutes.read_minutes`.
    """
    most = pl.col("n_comments").max()
    is_capped = (most >= CAPPED_FROM) & ((pl.col("n_comments") == most).mean() >= CAPPED_SHARE)
    capped = minutes.drop_nulls("n_comments").group_by(KEYS).agg(is_capped=is_capped).filter("is_capped")
    speaking = minutes.join(capped, on=KEYS, how="anti", maintain_order="left")
    pairs = {
        "p_comments": pair_minutes(speaking, "n_comments"),
        "p_arrivals": pair_minutes(exact_arrivals(minutes), "n_entered"),
    }
    is_busy = (pl.col("one") + pl.col("other")).mean().over(KEYS) >= 2 * LEAST_PER_MINUTE
    is_long = pl.len().over(KEYS) >= N_PAIRS_NEEDED
    return {name: one.filter(is_busy & is_long) for name, one in pairs.items()}


def set_against_chance(minutes: pl.DataFrame, pairs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """KEYS, n_minutes and for each room TESTS (of the room alone) with what they are about.

    Args:
        minutes: Result of `minutes.read_minutes`.
        pairs: Result of `pair_rooms`.
    """
    tested = minutes.group_by(KEYS).agg(n_minutes=pl.len().cast(pl.Int64))
    for name, one in pairs.items():
        even = bound_evenness(one, KEYS).select(*KEYS, pl.col("p_value").alias(name))
        tested = tested.join(even, on=KEYS, how="left")
    packets = bound_packets(liked_steps(minutes), KEYS, LEAST_LIKES)
    # Few equal ones are no packets, but the room was looked at all the same.
    probable = pl.when(pl.col("n_packets") >= N_PACKETS_NEEDED).then("p_value").otherwise(1.0)
    looked_at = packets.select(*KEYS, "n_packets", packet_likes="size", p_likes=probable)
    return tested.join(looked_at, on=KEYS, how="left").join(find_steps(minutes), on=KEYS, how="left").sort(KEYS)


def bound_together(pairs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """creator_id, p_comments and p_arrivals: the evenness of all rooms of a creator together, p of this alone.

    Args:
        pairs: Result of `pair_rooms`.
    """
    frames = (
        bound_evenness(one, ["creator_id"]).select("creator_id", pl.col("p_value").alias(name))
        for name, one in pairs.items()
    )
    whole = reduce(lambda one, other: one.join(other, on="creator_id", how="full", coalesce=True), frames)
    return whole.select("creator_id", *EVEN).sort("creator_id")


def find_steps(minutes: pl.DataFrame) -> pl.DataFrame:
    """Of each room its largest sudden arrival and how viewers left after it: KEYS, step_minute, n_step, staying_ratio,
    p_step.

    Those who come by a raid, a giveaway or a push of the platform are no more faithful than those who were there;
    whoever is paid to be there stays. p: so few leave (binomial, by viewer-minutes) if they leave at the rate of
    before.
    """
    from scipy.stats import binom

    known = minutes.drop_nulls(["n_viewers", "n_entered"]).sort(*KEYS, "minute")
    moved = known.with_columns(
        n_there=pl.col("n_viewers").shift().over(KEYS),
        n_left=(pl.col("n_entered") - pl.col("n_viewers").diff().over(KEYS)).clip(0),
        usual=pl.col("n_entered").median().over(KEYS),
    ).drop_nulls("n_there")
    came = pl.col("n_entered")
    is_step = (came >= STEP_TIMES * pl.col("usual")) & (came >= pl.col("n_there") / 2) & (came >= LEAST_STEP)
    steps = (
        moved.filter(is_step)
        .sort(*KEYS, "n_entered", "minute", descending=[False, False, True, False])
        .unique(KEYS, keep="first", maintain_order=True)
        .select(*KEYS, step_minute="minute", n_step="n_entered")
    )
    since = pl.col("minute") - pl.col("step_minute")
    sides = {"before": since.is_between(-N_BEFORE, -1), "after": since >= 1}
    counted = (
        moved.join(steps, on=KEYS)
        .group_by(*KEYS, "step_minute", "n_step")
        .agg(
            part
            for side, is_side in sides.items()
            for part in (
                is_side.sum().alias(f"minutes_{side}"),
                pl.col("n_left").filter(is_side).sum().alias(f"left_{side}"),
                pl.col("n_there").filter(is_side).sum().alias(f"time_{side}"),
            )
        )
    )
    enough = counted.filter(
        pl.col("minutes_before") >= N_BEFORE - 1, pl.col("minutes_after") >= N_AFTER, pl.col("left_before") > 0
    )
    left, time = (
        enough.select("left_before", "left_after").to_numpy(),
        enough.select("time_before", "time_after").to_numpy(),
    )
    share = time[:, 1] / np.maximum(time.sum(axis=1), 1)
    tails = np.asarray(binom.cdf(left[:, 1], left.sum(axis=1), share), dtype=np.float64)
    rate = {side: pl.col(f"left_{side}") / pl.col(f"time_{side}") for side in sides}
    judged = enough.with_columns(
        p_step=pl.Series(tails, dtype=pl.Float64), staying_ratio=rate["after"] / rate["before"]
    )
    # A crowd that leaves more slowly, but leaves, is an ordinary one held by something worth staying for.
    probable = pl.when(pl.col("staying_ratio") <= MOST_STAYING).then("p_step").otherwise(1.0)
    return judged.select(*KEYS, "step_minute", "n_step", "staying_ratio", p_step=probable)


def mark(tested: pl.DataFrame, tests: Collection[str]) -> pl.DataFrame:
    """The rows with marks: which of `tests` are beyond chance, p values being corrected for all that was tested."""
    beyond = (pl.when(pl.col(name) <= MOST_BY_CHANCE).then(pl.lit(name)) for name in tests)
    return tested.with_columns(marks=pl.concat_list(*beyond).list.drop_nulls())
