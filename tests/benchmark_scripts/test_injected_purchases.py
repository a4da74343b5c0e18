"""Purchases on real series: who buys, what counts as found, and the baseline's cut."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from benchmarks.injected_purchases import (
    DOSES,
    JUDGED_SCHEMA,
    buy_with,
    count_hits,
    cut_at,
    draw_campaigns,
    judge_windows,
    leave_alone,
    split_rows,
)
from training.split import FIFTHS, fifth_of

from zhenfen.model_store import load_models
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS
from zhenfen.tables import Tables


def judged(**columns: list[object]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    empty = {name: [None] * n for name in JUDGED_SCHEMA}
    return pl.DataFrame({**empty, **columns}, schema=JUDGED_SCHEMA)


def test_the_kinds_take_turns_and_doses_stay_in_range() -> None:
    ids = [f"channel{number}@1" for number in range(12)]
    campaigns = draw_campaigns(ids, 1.0, draw=0)
    kinds = [campaigns[one].manipulation for one in ids]
    assert sorted(kinds) == sorted(2 * FOLLOWER_MANIPULATIONS)
    assert all(DOSES[0] <= one.dose <= DOSES[-1] and one.camouflage == 1.0 for one in campaigns.values())
    assert campaigns == draw_campaigns(ids, 1.0, draw=0)
    assert campaigns != draw_campaigns(ids, 1.0, draw=1)


@pytest.mark.parametrize(("n_false", "n_above"), [(0, 0), (1, 1), (2, 2), (4, 4)])
def test_the_baseline_is_cut_where_it_calls_as_many(n_false: int, n_above: int) -> None:
    scores = pl.Series([3.0, None, 1.0, 2.0])
    cut = cut_at(scores, n_false)
    assert (scores.fill_null(-np.inf) > cut).sum() == min(n_above, 3)


def test_what_is_unknown_is_not_found() -> None:
    rows = judged(
        p_manipulated=[0.9, 0.5, 0.49, None],
        level=["high", "elevated", "not_assessed", "not_assessed"],
        z_score=[2.0, 3.0, None, 5.0],
        has_bought_span=[True, False, True, False],
    )
    assert count_hits(rows, line=0.5, z_cut=2.0) == {
        "at the overall line": 2,
        "elevated or high": 2,
        "span on a bought day": 2,
        "z-score": 2,
    }


def test_every_bare_purchase_stands_in_one_band_and_one_kind() -> None:
    kinds = list(FOLLOWER_MANIPULATIONS)
    doses = [0.1, 0.15, 0.2, 0.3, 0.4, 0.49]
    bought = judged(manipulation=[*kinds, kinds[0]], dose=[*doses, 0.3], camouflage=[0.0] * 6 + [1.0])
    heights = {name: rows.height for name, rows in split_rows(bought)}
    assert heights["all, no cover"] == 6
    assert sum(n for name, n in heights.items() if "dose" in name) == 6
    assert sum(n for name, n in heights.items() if name.strip() in FOLLOWER_MANIPULATIONS) == 6
    assert heights["all, 1 times as much real growth"] == 1


def roster(n_channels: int = 6, n_days: int = 120) -> Tables:
    """Channels that grow by about a hundred a day."""
    rng = np.random.default_rng(5)
    days = pl.datetime_range(pl.datetime(2021, 1, 1), pl.datetime(2021, 12, 31), "1d", time_zone="UTC", eager=True)
    counts = pl.concat(
        pl.DataFrame(
            {
                "creator_id": [f"channel{number}@0"] * n_days,
                "observed_at": days[:n_days],
                "n_followers": 10_000 + np.cumsum(rng.poisson(100, n_days)),
            }
        )
        for number in range(n_channels)
    )
    last = counts.group_by("creator_id").agg(pl.col("n_followers").last())
    return Tables({"creators": last.with_columns(platform=pl.lit("bilibili")), "follower_counts": counts})


def test_a_fifth_buys_at_a_time_and_everybody_is_judged_once() -> None:
    models, tables = [load_models()] * FIFTHS, roster()
    ids = sorted(tables["creators"]["creator_id"])
    buyers: list[list[str]] = []

    def buy(given: Tables, mine: list[str]):
        buyers.append(mine)
        made = buy_with(0.0, 0)(given, mine)
        assert made.truth.filter("is_manipulated")["creator_id"].is_in(mine).all()
        return made

    bought, untouched = judge_windows([tables], models, buy), judge_windows([tables], models, leave_alone)
    assert sorted(bought["creator_id"]) == sorted(untouched["creator_id"]) == ids
    assert sorted(one for mine in buyers for one in mine) == ids
    fifths = dict(tables["creators"].select("creator_id", fifth=fifth_of(pl.col("creator_id"))).iter_rows())
    assert all(len({fifths[one] for one in mine}) == 1 for mine in buyers)
    assert bought["dose"].null_count() == 0
    assert untouched["manipulation"].null_count() == len(ids)
    assert untouched["has_bought_span"].sum() == 0
    assert bought["z_score"].max() > untouched["z_score"].max()
