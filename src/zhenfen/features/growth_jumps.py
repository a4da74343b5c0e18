"""The largest rise of a week or less that neither a declared event nor the posts beside it account for.

Spans are tested for causes one by one, yes or no; this is the same question asked smoothly: a rise beside a post that
took off counts less the more the post did, and what is left is comparable between creators.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.features.growth_days import WINDOW_DAYS
from zhenfen.features.growth_explanations import EVENT_LAG_DAYS, EVENT_LEAD_DAYS
from zhenfen.features.growth_spans import LEAST_FOLLOWERS
from zhenfen.features.post_counts import add_interactions
from zhenfen.tables import Tables

LENGTHS = (1, 2, 3, 5, 7)
"""Steps that a purchase is delivered in: what takes longer is a drip."""
POST_DAYS_BEFORE, POST_DAYS_AFTER = 2, 1
HALVED_BY_BOOST = 1.2
"""Natural log of a post's interactions by the creator's median at which half of a rise is taken to be the post's: a
post 3.3 times the median (taken over with the recipe it was measured in; not varied by itself)."""
BOOST_STEEPNESS = 2.0
N_POSTS_NEEDED = 5
LEAST_TAIL_SHARE = 0.002
"""Added to what nine of ten days stay below, so that a still channel's first follower is no jump."""


def measure_jumps(marked: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """creator_id, growth_undriven_jump_90d (share of the followers) and growth_undriven_jump_tail_90d (multiple).

    The rise of the best one to seven steps beyond what was expected, days within the reach of a declared event left
    out, times the part that the best post beside it leaves: 1 / (1 + exp(2 (boost - 1.2))) with boost the natural log
    of the post's interactions by the median of the creator's. The second is the same by what nine of ten of the
    creator's daily deviations stay below.

    Args:
        marked: Result of `growth_spans.mark_runs`.
        tables: creators, posts and events.
    """
    recent = marked.filter(pl.col("days_back") < WINDOW_DAYS)
    base = pl.max_horizontal("n_before", pl.lit(LEAST_FOLLOWERS))
    days = recent.select(
        "creator_id",
        "stretch",
        "day",
        excess=pl.when(~pl.col("is_gap")).then(pl.col("excess") / base),
        tail=pl.col("tail") / base,
    )
    days = _leave_out_events(days, tables["events"])
    days = days.join(_boost_by_day(tables), on=["creator_id", "day"], how="left", maintain_order="left")
    # Rolled by rows: a creator's days follow each other, and what little a gap mixes is cut by its stretch. Each by
    # itself: a running sum carries its rounding on, and who stands before would change the last bits.
    rise = pl.col("excess").fill_null(0.0)
    left = [
        pl.when(pl.col("stretch") == pl.col("stretch").shift(n - 1)).then(
            rise.rolling_sum(n, min_samples=n).over("creator_id").clip(0) * _left_by_posts(n)
        )
        for n in LENGTHS
    ]
    jump = days.with_columns(left=pl.max_horizontal(left)).group_by("creator_id", maintain_order=True)
    return jump.agg(
        growth_undriven_jump_90d=pl.col("left").max().clip(0).fill_null(0.0),
        growth_undriven_jump_tail_90d=(pl.col("left") / (pl.col("tail") + LEAST_TAIL_SHARE)).max().fill_null(0.0),
    )


def _leave_out_events(days: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """`days` without the rise of days in the reach of an event; a live room is a day like others to the followers."""
    known = events.filter(pl.col("kind") != "live").drop_nulls("starts_at")
    starts = pl.col("starts_at").dt.date()
    reach = known.select(
        "creator_id",
        day=pl.date_ranges(starts.dt.offset_by(f"-{EVENT_LEAD_DAYS}d"), starts.dt.offset_by(f"{EVENT_LAG_DAYS}d")),
    )
    covered = reach.explode("day").unique().with_columns(is_covered=pl.lit(value=True))
    joined = days.join(covered, on=["creator_id", "day"], how="left", maintain_order="left")
    return joined.with_columns(excess=pl.when(pl.col("is_covered").is_null()).then("excess")).drop("is_covered")


def _boost_by_day(tables: Tables) -> pl.DataFrame:
    """creator_id, day and boost of the day's best post; creators with too few posts have none."""
    posts = add_interactions(tables["posts"], tables["creators"]).drop_nulls(["published_at", "n_interactions"])
    log = pl.col("n_interactions").log1p()
    posts = posts.select("creator_id", day=pl.col("published_at").dt.date(), log=log)
    known = posts.filter(pl.len().over("creator_id") >= N_POSTS_NEEDED)
    return (
        known.with_columns(boost=pl.col("log") - pl.col("log").median().over("creator_id"))
        .group_by("creator_id", "day")
        .agg(pl.col("boost").max())
    )


def _left_by_posts(n_steps: int) -> pl.Expr:
    """Part of a rise over the last `n_steps` rows that the best post from two days before to a day after leaves."""
    width = n_steps + POST_DAYS_BEFORE + POST_DAYS_AFTER
    # The rows before a creator's first and after the last are other creators' days.
    boost = pl.col("boost").rolling_max(width, min_samples=1).shift(-POST_DAYS_AFTER).over("creator_id")
    return 1 / (1 + (BOOST_STEEPNESS * (boost.fill_null(-np.inf) - HALVED_BY_BOOST)).exp())
