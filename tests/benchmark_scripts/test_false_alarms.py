"""Creators held out are judged beside a panel of the others: five in a hundred of like ones lie out on either side."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from benchmarks.false_alarms import judged_rows, split
from training.panel import Part

from zhenfen.model_store import load_models
from zhenfen.verdict.panel import PanelSource

N_CREATORS = 1_000


def test_like_creators_are_seldom_out_of_line_and_others_always() -> None:
    rng = np.random.default_rng(3)
    ids = [f"creator{number}" for number in range(N_CREATORS)]
    names = ("engagement_comments_by_likes_ratio", "engagement_shares_by_likes_ratio")
    values = pl.DataFrame({"creator_id": ids, **{name: rng.lognormal(-3, 0.5, N_CREATORS) for name in names}})
    creators = pl.DataFrame(
        {"creator_id": ids, "platform": "weibo", "n_followers": np.exp(rng.uniform(7, 14, N_CREATORS)).astype(int)}
    )
    kept, held = split(Part(values, creators, PanelSource("made", "made", date(2026, 1, 1))))
    ((name, family, n, share),) = judged_rows("like", held, [kept], load_models())
    assert (name, family) == ("like", "engagement")
    # The smallest and the largest of all may lie outside of the sizes kept.
    assert held.values.height - 10 < n <= held.values.height
    assert float(share.split()[0]) < 0.1
    odd = Part(held.values.with_columns(pl.col(name) * 1_000 for name in names), creators, held.source)
    ((*_, share),) = judged_rows("odd", odd, [kept], load_models())
    assert float(share.split()[0]) == 1.0
