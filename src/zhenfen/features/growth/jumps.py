"""The largest rise of a week or less that neither a declared event nor the posts beside it account for.

Spans are tested for causes one by one, yes or no; this is the same question asked smoothly: a rise beside a post that
took off counts less the more the post did, and what is left is comparable between creators.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.features.growth.days import WINDOW_DAYS
from zhenfen.features.growth.explanations import EVENT_LAG_DAYS, EVENT_LEAD_DAYS
from zhenfen.features.growth.spans import LEAST_FOLLOWERS
from zhenfen.features.posts.counts import add_interactions
from zhenfen.tables import Tables

Floats = npt.NDArray[np.float64]

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
        marked: Result of `spans.mark_runs`.
        tables: creators, posts and events.
    """
    base = pl.max_horizontal("n_before", pl.lit(LEAST_FOLLOWERS))
    days = marked.select(
        "creator_id",
        "stretch",
        "day",
        "days_back",
        excess=pl.when(~pl.col("is_gap")).then(pl.col("excess") / base),
        tail=pl.col("tail") / base,
    ).filter(pl.col("days_back") < WINDOW_DAYS)
    # Days in the reach of an event are left out; a live room is a day like others to the followers.
    events = tables["events"].filter(pl.col("kind") != "live").drop_nulls("starts_at")
    starts = pl.col("starts_at").dt.date()
    reach = pl.date_ranges(starts.dt.offset_by(f"-{EVENT_LEAD_DAYS}d"), starts.dt.offset_by(f"{EVENT_LAG_DAYS}d"))
    covered = events.select("creator_id", day=reach).explode("day").unique()
    covered = covered.with_columns(is_covered=pl.lit(value=True))
    days = days.join(covered, on=["creator_id", "day"], how="left", maintain_order="left")
    days = days.with_columns(excess=pl.when(pl.col("is_covered").is_null()).then("excess"))
    days = days.join(_left_by_day(tables), on=["creator_id", "day"], how="left", maintain_order="left")
    # Numbers in place of ids: rows are compared once a distance.
    rows = days.with_columns(creator=pl.col("creator_id").rle_id(), rise=pl.col("excess").fill_null(0.0))
    left = []
    for n_steps, part in _left_by_posts(rows).items():
        # Added up anew for each row: a running sum carries its rounding on, and who stands before would change the
        # last bits.
        total = pl.col("rise")
        for back in range(1, n_steps):
            total = total + pl.col("rise").shift(back)
        is_whole = pl.col("stretch") == pl.col("stretch").shift(n_steps - 1)
        left.append(pl.when(is_whole).then(total.clip(0)) * pl.Series(part))
    jump = rows.with_columns(left=pl.max_horizontal(left)).group_by("creator_id", maintain_order=True)
    return jump.agg(
        growth_undriven_jump_90d=pl.col("left").max().clip(0).fill_null(0.0),
        growth_undriven_jump_tail_90d=(pl.col("left") / (pl.col("tail") + LEAST_TAIL_SHARE)).max().fill_null(0.0),
    )


def _left_by_day(tables: Tables) -> pl.DataFrame:
    """creator_id, day and left_by_post, the part of a rise that the day's best post leaves; none with too few posts."""
    posts = add_interactions(tables["posts"], tables["creators"]).drop_nulls(["published_at", "n_interactions"])
    log = pl.col("n_interactions").log1p()
    posts = posts.select("creator_id", day=pl.col("published_at").dt.date(), log=log)
    known = posts.filter(pl.len().over("creator_id") >= N_POSTS_NEEDED)
    best = (
        known.with_columns(boost=pl.col("log") - pl.col("log").median().over("creator_id"))
        .group_by("creator_id", "day")
        .agg(pl.col("boost").max())
    )
    left = 1 / (1 + (BOOST_STEEPNESS * (pl.col("boost") - HALVED_BY_BOOST)).exp())
    return best.select("creator_id", "day", left_by_post=left)


def _left_by_posts(rows: pl.DataFrame) -> dict[int, Floats]:
    """Number of steps to the part of a rise over so many rows that the posts beside it leave, shape (n,), in (0, 1].

    The best post from two rows before to a row after counts, of the creator's own rows. A creator's last row has none
    after it, and no post counts for rises that end there.
    """
    creator, left = pl.col("creator"), pl.col("left_by_post")
    parts: dict[int, Floats] = {}
    least = np.ones(rows.height)
    has_after = rows.select((creator == creator.shift(-POST_DAYS_AFTER)).fill_null(value=False)).to_series().to_numpy()
    for back in range(-POST_DAYS_AFTER, max(LENGTHS) + POST_DAYS_BEFORE):
        beside = pl.when(creator == creator.shift(back)).then(left.shift(back)).fill_null(1.0)
        least = np.minimum(least, rows.select(beside).to_series().to_numpy())
        parts[back - POST_DAYS_BEFORE + 1] = np.where(has_after, least, 1.0)
    return {n: parts[n] for n in LENGTHS}
