"""Purchases injected onto real series and real posts: what the simulation cannot vouch for.

The creators are presumed to have bought nothing; nobody checked them. Every creator stands twice: as it is, and with a
purchase. The rows judge the creator model and train nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from training.creators import Cast, draw_campaign, measure_rows
from training.datasets import read_creator_posts, read_vtuber_windows
from zhenfen.model_store import Models
from zhenfen.simulate import Simulated, inject
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS
from zhenfen.tables import Tables

BUYS_LIKES = ("purchased_likes", "purchased_views")
"""What can be bought for posts of which only counts are known."""
FEWEST_READINGS = 28
"""Days that a series needs for any growth reading; see growth_days.N_STEPS_NEEDED."""


def make_injected(cast: Cast, folder: Path, models: Models, seed: int) -> Iterator[pl.DataFrame]:
    """Rows as `creators.measure_rows` makes them, one frame a source; `twin` names the real creator.

    Args:
        cast: Doses and covers of the purchases.
        folder: The public data.
        models: What is judged with; of it the panel and the rules are read.
        seed: Of every draw.
    """
    windows = read_vtuber_windows(folder)
    days = pl.col("observed_at").dt.date().n_unique()
    long = windows["follower_counts"].group_by("creator_id").agg(n=days).filter(pl.col("n") > FEWEST_READINGS)
    names = ("creators", "follower_counts")
    vtubers = Tables({name: windows[name].join(long, on="creator_id", how="semi") for name in names})
    sources: dict[str, tuple[Tables, tuple[str, ...]]] = {
        "bilibili_vtubers": (vtubers, FOLLOWER_MANIPULATIONS),
        "douyin_skincare": (read_creator_posts(folder, "douyin_xingtu_goodgame_2025"), BUYS_LIKES),
    }
    for name, (tables, manipulations) in sources.items():
        rng = np.random.default_rng(seed)
        campaigns = {
            one: draw_campaign(manipulations[place % len(manipulations)], cast, rng)
            for place, one in enumerate(tables["creators"]["creator_id"].sort())
        }
        untouched, bought = inject(tables, {}, seed=0), inject(tables, campaigns, seed)
        for made in (untouched, Simulated(bought.tables, bought.truth.filter("is_manipulated"))):
            rows = measure_rows(made, models).with_columns(source=pl.lit(name), twin="creator_id")
            # A window of a channel belongs to the channel.
            yield rows.with_columns(pl.col("twin").str.split("@").list.first())
