"""Spans of what creators lost together: one for everyone who lost in an episode, explained by the platform."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.falls import FELL_SHARE
from zhenfen.features.growth.scores import GrowthRules, p_values
from zhenfen.features.growth.spans import LEAST_FOLLOWERS

BEYOND_Z = 3.0
"""A creator lost clearly more than the others from three deviations on. Whatever the losses' distribution is, no more
than 1 in 10 lies as far above (Cantelli): that is the span's p-value."""
KIND = "drop"


def share_spans(spans: pl.DataFrame, drops: pl.DataFrame, marked: pl.DataFrame, rules: GrowthRules) -> pl.DataFrame:
    """The spans with one for every creator listed in an episode, in place of its own drops that peak within.

    Args:
        spans: Result of `scores.judge`.
        drops: Result of `drops.find_drops`.
        marked: Result of `spans.mark_runs`.
        rules: The scorecard of drops says how unusual the loss is.

    Returns:
        `spans` with others_lost (share of the other creators listed in the episode), others_needed (share that makes
        one) and is_beyond (whether the creator lost clearly more than they did), null for spans of a creator's own; by
        creator and start.
    """
    listed = drops.filter("is_listed").select(
        "creator_id",
        "beyond_z",
        first="starts_on",
        last="ends_on",
        others_lost=pl.col("n_peers_listed") / pl.col("n_peers"),
        others_needed=pl.lit(FELL_SHARE),
    )
    shared = _describe(listed, marked, spans["run"].max(), rules)
    peaks = spans.filter(kind=KIND).filter(pl.col("shape") != "gap").select("run", "creator_id", "peak_on")
    within = peaks.join(listed, on="creator_id").filter(pl.col("peak_on").is_between("first", "last"))
    own = spans.join(within, on="run", how="anti", maintain_order="left")
    return pl.concat([own, shared], how="diagonal_relaxed").sort("creator_id", "starts_on", "run")


def _describe(listed: pl.DataFrame, marked: pl.DataFrame, last_run: object, rules: GrowthRules) -> pl.DataFrame:
    """A span for each row of `listed`, of the steps that lie in it; numbered on from `last_run`."""
    first_day = pl.col("day") - pl.duration(days=pl.col("n_days") - 1)
    near = marked.filter(pl.col("excess").is_not_null(), ~pl.col("is_gap")).join(listed, on="creator_id")
    steps = near.filter(pl.col("day") >= pl.col("first"), first_day <= pl.col("last"))
    starts = pl.int_range(1, pl.len() + 1) + (last_run if isinstance(last_run, int) else 0)
    found = (
        steps.sort("creator_id", "first", "day")
        .group_by("creator_id", "first", "last", maintain_order=True)
        .agg(
            pl.col("n_base", "n_before", "others_lost", "others_needed", "beyond_z").first(),
            pl.col("day").get(pl.col("excess").arg_min()).alias("peak_on"),
            pl.col("gained").sum().alias("n_gained"),
            pl.col("expected").sum().alias("n_expected"),
            pl.col("excess").sum(),
        )
        .with_columns(
            run=starts.cast(marked.schema["run"]),
            direction=pl.lit(-1, pl.Int8),
            shape=pl.lit("drop"),
            kind=pl.lit(KIND),
            is_round=pl.lit(value=False),
            is_beyond=pl.col("beyond_z") >= BEYOND_Z,
            lost_share=(-pl.col("n_gained") / pl.col("n_before").clip(LEAST_FOLLOWERS)).clip(1e-9).log(),
        )
        .rename({"first": "starts_on", "last": "ends_on"})
    )
    alone = pl.Series(p_values(found, rules.cards[KIND]), dtype=pl.Float64)
    beyond = pl.when("is_beyond").then(1 / (1 + pl.col("beyond_z").pow(2)))
    return found.with_columns(p_value=pl.min_horizontal(alone, beyond)).drop("n_before", "beyond_z")
