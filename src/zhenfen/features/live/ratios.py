"""From rooms to a creator: medians of what visits bring, and the rarest of what was set against chance."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zhenfen.features.live.rooms import TESTS

N_ROOMS_NEEDED = 3
"""One evening is no habit: as a family's level wants three posts elsewhere (configs/verdict/levels.yaml)."""
RAREST = 12.0
"""Rarities end here: a p-value of 10 to the -300 says no more."""
_BY_VIEWS = {
    "peak_by_views_ratio": "n_peak_viewers",
    "comments_by_views_ratio": "n_remarks",
    "likes_by_views_ratio": "n_likes",
    "new_followers_by_views_ratio": "n_new_followers",
    "orders_by_views_ratio": "n_orders",
}


def measure_ratios(rooms: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    """creator_id and the family's ratios: medians over the rooms that state both counts, N_ROOMS_NEEDED of them.

    Args:
        rooms: Result of `rooms.describe_rooms`.
        sizes: creator_id and n_followers, null where 0 or unknown.
    """
    views = pl.when(pl.col("n_views") > 0).then(pl.col("n_views"))
    measured = {
        "views_by_followers_ratio": pl.col("n_views") / pl.col("n_followers"),
        "peak_by_followers_ratio": pl.col("n_peak_viewers") / pl.col("n_followers"),
        "stay_minutes": pl.col("stay_minutes"),
        "comments_per_viewer_hour_ratio": pl.col("remarks_per_viewer_hour"),
        "sales_per_mille_views_cny": 1000 * pl.col("sales_cny") / views,
        **{name: pl.col(count) / views for name, count in _BY_VIEWS.items()},
    }
    sized = rooms.join(sizes.select("creator_id", "n_followers"), on="creator_id", how="left")
    return sized.group_by("creator_id").agg(
        pl.when(value.count() >= N_ROOMS_NEEDED).then(value.median()).alias(f"live_{name}")
        for name, value in measured.items()
    )


def measure_returns(rooms: pl.DataFrame) -> pl.DataFrame:
    """creator_id, live_returned_share and live_n_orders, over the rooms that state orders and the share given back."""
    known = rooms.drop_nulls(["n_orders", "returned_share"]).filter(pl.col("n_orders") > 0)
    # Orders are whole: sums of whole numbers are the same in any order of rows.
    returned = (pl.col("n_orders") * pl.col("returned_share")).round().cast(pl.Int64)
    return known.group_by("creator_id").agg(
        live_returned_share=returned.sum() / pl.col("n_orders").sum(), live_n_orders=pl.col("n_orders").sum()
    )


def correct_for_tests(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The frames with p values times the number of tests that were made of the creator (Bonferroni), at most 1.

    Args:
        frames: Each with creator_id and columns p_…, null where nothing was tested.
    """
    columns = [[name for name in frame.columns if name.startswith("p_")] for frame in frames]
    made = [
        frame.select("creator_id", n=pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int64) for name in names))
        for frame, names in zip(frames, columns, strict=True)
    ]
    n_tests = pl.concat(made).group_by("creator_id").agg(n_tests=pl.col("n").sum())
    corrected = []
    for frame, names in zip(frames, columns, strict=True):
        known = frame.join(n_tests, on="creator_id", how="left", maintain_order="left")
        corrected.append(known.with_columns((pl.col(names) * pl.col("n_tests")).clip(0.0, 1.0)).drop("n_tests"))
    return corrected


def find_rarest(rooms: pl.DataFrame, together: pl.DataFrame, regulars: pl.DataFrame) -> pl.DataFrame:
    """creator_id, live_contradicting_rooms and the rarities: minus the decimal logarithm of the least p, 0 to RAREST.

    Args:
        rooms: Rooms with contradictions and TESTS, corrected.
        together: The first two of TESTS over all rooms of a creator, corrected.
        regulars: Result of `regulars.find_regulars`, corrected.
    """
    each = rooms.group_by("creator_id").agg(
        pl.col(TESTS).min(), live_contradicting_rooms=(pl.col("contradictions").list.len() > 0).sum()
    )
    both = each.join(together, on="creator_id", how="left", suffix="_together")
    even = regulars.select("creator_id", p_regulars="p_value")
    least = {
        "live_even_comments_rarity": pl.min_horizontal("p_comments", "p_comments_together"),
        "live_even_arrivals_rarity": pl.min_horizontal("p_arrivals", "p_arrivals_together"),
        "live_like_packets_rarity": pl.col("p_likes"),
        "live_held_step_rarity": pl.col("p_step"),
        "live_even_regulars_rarity": pl.col("p_regulars"),
    }
    rarities = {name: (-p_value.log10()).clip(0.0, RAREST) for name, p_value in least.items()}
    return both.join(even, on="creator_id", how="left").select("creator_id", "live_contradicting_rooms", **rarities)
