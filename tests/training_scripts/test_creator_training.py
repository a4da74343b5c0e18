"""Training of the creator model: who is cast, what judges, and a small run from simulation to shelf."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from training.creator_fit import (
    CreatorConfig,
    HeldOut,
    find_line,
    is_shocked,
    judge_unknown,
    score_by_roster,
    score_left_out,
)
from training.creator_judge import calibration_error, count_found, detector_table, recall_table
from training.creators import RATIO, Z_SCORE, Cast, draw_campaign, draw_roles, measure_baselines
from training.creators import make_rows as make_simulated_rows

from zhenfen.config import config_dir, read_config
from zhenfen.simulate import KINDS_ORGANIC, MANIPULATIONS
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, FOLLOWER_MANIPULATIONS, POST_MANIPULATIONS
from zhenfen.tables import Tables
from zhenfen.verdict.panel import read_panel

CAST = Cast(
    n_batches=2,
    batch_creators=(200, 200),
    search_share=0.3,
    n_days=(90,),
    manipulated_share=0.4,
    shock_share=0.5,
    purge_share=0.3,
    follower_doses=(0.01, 0.5),
    engagement_doses=(0.1, 5.0),
    audience_doses=(0.05, 0.6),
    camouflages={0.0: 1.0, 5.0: 3.0},
)
FEATURES = ("growth_a", "engagement_b")


def make_config() -> CreatorConfig:
    shipped = read_config(config_dir() / "models" / "creator.yaml", CreatorConfig)
    columns = ("engagement_most", "engagement_more", "growth_most", "growth_more")
    params = replace(shipped.params, n_trees=20, min_leaf_rows=10, signs=dict.fromkeys(columns, 1))
    changed = {
        "features": columns,
        "measurements": dict.fromkeys(FEATURES, 1),
        "params": params,
        "dropout": shipped.dropout.model_copy(update={"blocks": (("growth_most", "growth_more"),)}),
        "n_folds": 3,
    }
    return shipped.model_copy(update=changed)


def make_rows(n: int = 600) -> pl.DataFrame:
    """Two manipulations: one shows in growth_a, the other in engagement_b."""
    rng = np.random.default_rng(3)
    manipulation = rng.choice(["", "x", "y"], n, p=[0.6, 0.2, 0.2])
    return pl.DataFrame(
        {
            "creator_id": [f"c{at}" for at in range(n)],
            "source": "simulated",
            "twin": [f"roster {at % 12}" for at in range(n)],
            "platform": "weibo",
            "manipulation": [one or None for one in manipulation],
            "is_fake": (manipulation != "").astype(int),
            "shock": np.where(rng.random(n) < 0.5, "viral_post", None).tolist(),
            "dose": [
                float(one) if name else None for one, name in zip(rng.uniform(0.1, 0.5, n), manipulation, strict=True)
            ],
            "camouflage": [0.0] * n,
            "growth_a": rng.normal(3.0 * (manipulation == "x")),
            "engagement_b": rng.normal(3.0 * (manipulation == "y")),
            Z_SCORE: rng.normal(size=n),
            RATIO: rng.normal(size=n),
        },
        schema_overrides={"shock": pl.String, "manipulation": pl.String, "dose": pl.Float64},
    )


def test_cast_is_drawn_from_what_there_is() -> None:
    roles = draw_roles(CAST, np.random.default_rng(5))
    bought = [role for role in roles if role.campaign is not None]
    assert {role.kind for role in roles} == set(KINDS_ORGANIC)
    assert {role.campaign.manipulation for role in bought if role.campaign} <= set(MANIPULATIONS)
    assert 0.3 < len(bought) / len(roles) < 0.5
    assert roles == draw_roles(CAST, np.random.default_rng(5))


def test_each_roster_is_drawn_in_a_world_of_its_own() -> None:
    cast = CAST.model_copy(update={"batch_creators": (6, 6), "n_batches": 4, "search_share": 0.5})
    panel = read_panel(config_dir() / "verdict" / "panel.csv")
    rosters, again = (list(make_simulated_rows(cast, panel, seed=2)) for _ in range(2))
    assert all(one.equals(other) for one, other in zip(rosters, again, strict=True))
    rows = pl.concat(rosters, how="diagonal_relaxed")
    assert rows.height == rows["creator_id"].n_unique() == 24
    assert set(rows["found_by"]) == {"search", "roster"}
    assert rows.group_by("twin").agg(pl.col("found_by").n_unique())["found_by"].max() == 1


@pytest.mark.parametrize(("purge_share", "purges"), [(0.0, False), (1.0, True)])
def test_platforms_purge_in_some_rosters_only(purge_share: float, purges: bool) -> None:
    cast = CAST.model_copy(update={"purge_share": purge_share})
    shocks = {role.shock for role in draw_roles(cast, np.random.default_rng(5))}
    assert ("platform_purge" in shocks) is purges


@pytest.mark.parametrize("manipulation", MANIPULATIONS)
def test_doses_lie_in_their_range(manipulation: str) -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_campaign(manipulation, CAST, rng) for _ in range(400)]
    ranges = {
        **dict.fromkeys(FOLLOWER_MANIPULATIONS, CAST.follower_doses),
        **dict.fromkeys(POST_MANIPULATIONS, CAST.engagement_doses),
        **dict.fromkeys(AUDIENCE_MANIPULATIONS, CAST.audience_doses),
    }
    low, high = ranges[manipulation]
    doses = [one.dose for one in drawn]
    assert low <= min(doses) < max(doses) <= high
    covered = [one.camouflage for one in drawn]
    assert set(covered) == set(CAST.camouflages)
    assert np.mean(np.array(covered) > 0) == pytest.approx(0.75, abs=0.08)


def test_rosters_are_of_any_size_and_buy_profiles_only_where_they_can_show() -> None:
    cast = CAST.model_copy(update={"batch_creators": (12, 100)})
    rosters = [draw_roles(cast, np.random.default_rng(seed), with_audience=seed % 2 == 0) for seed in range(200)]
    sizes = [len(roles) for roles in rosters]
    assert 12 <= min(sizes) < 20
    assert 80 < max(sizes) <= 100
    # Even on the log scale: the middle is the geometric mean of the ends.
    assert np.median(sizes) == pytest.approx(np.sqrt(12 * 100), rel=0.25)
    bought = [{one.campaign.manipulation for one in roles if one.campaign} for roles in rosters]
    assert any("audience_batch" in one for one in bought[::2])
    assert not any("audience_batch" in one for one in bought[1::2])


def test_line_lets_five_percent_through() -> None:
    scores = np.arange(100.0)
    assert (scores > find_line(scores)).mean() == pytest.approx(0.05)


def test_line_counts_nothing_to_go_by_as_no_alarm() -> None:
    scores = np.r_[np.arange(50.0), np.full(50, np.nan)]
    assert (np.nan_to_num(scores, nan=-np.inf) > find_line(scores)).mean() <= 0.05


def test_many_equal_scores_never_let_more_through() -> None:
    scores = np.r_[np.zeros(80), np.ones(20)]
    assert (scores > find_line(scores)).mean() <= 0.05


def test_left_out_manipulation_was_not_trained_on() -> None:
    parts = score_left_out(make_rows(), make_config(), {})
    assert set(parts) == {"x", "y"}
    for kind, held in parts.items():
        found = held.rows["manipulation"].drop_nulls().unique().to_list()
        assert found == [kind]
    counts = count_found(parts, "dose", (0.1, 0.5)).filter(detector="this model")
    # Each shows in a family in which nothing else does: without it that family says nothing.
    recall = {row["manipulation"]: row["n_found"] / row["n"] for row in counts.iter_rows(named=True)}
    known = count_found(dict.fromkeys(parts, score_by_roster(make_rows(), make_config(), {})), "dose", (0.1, 0.5))
    recall_known = dict(
        known.filter(detector="this model").select("manipulation", pl.col("n_found") / pl.col("n")).iter_rows()
    )
    assert recall_known["x"] > 0.8
    assert recall_known["y"] > 0.8
    assert max(recall.values()) < 0.5


def test_rosters_do_not_straddle_folds() -> None:
    rows = make_rows()
    held = score_by_roster(rows, make_config(), {})
    assert held.rows.height == rows.height
    assert set(held.scores) == {
        "this model",
        "z-score of a day's growth",
        "followers by interactions",
        "isolation forest",
    }
    assert np.isfinite(held.scores["this model"]).all()


def test_shocked_are_innocent() -> None:
    rows = make_rows()
    assert (rows.filter(pl.Series(is_shocked(rows)))["is_fake"] == 0).all()


def test_tables_name_every_slice() -> None:
    rows = make_rows(300)
    held = HeldOut(rows, {"a": rows["growth_a"].to_numpy(), "b": np.full(rows.height, np.nan)})
    counts = count_found({"x": held}, "dose", (0.1, 0.3, 0.5))
    text = recall_table(counts, "a")
    assert "| bought | 0.1–0.3 | 0.3–0.5 |" in text
    assert detector_table(counts, ["0.1–0.3"]).splitlines()[-1].startswith("| all |")
    assert counts.filter(detector="b")["n_found"].sum() == 0


def test_calibration_error_of_a_perfect_and_of_a_sure_wrong_model() -> None:
    labels = np.array([0.0, 1.0] * 50)
    assert calibration_error(labels, np.full(100, 0.5), np.ones(100)) == pytest.approx(0.0)
    assert calibration_error(labels, 1 - labels, np.ones(100)) == pytest.approx(1.0)


def test_baselines_by_hand() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    counts = [100, 110, 120, 130, 140, 340]
    tables = Tables(
        {
            "creators": pl.DataFrame({"creator_id": ["a", "b"], "platform": ["weibo"] * 2, "n_followers": [340, 50]}),
            "follower_counts": pl.DataFrame(
                {
                    "creator_id": ["a"] * 6,
                    "observed_at": [start + timedelta(days=day) for day in range(6)],
                    "n_followers": counts,
                }
            ),
            "posts": pl.DataFrame(
                {
                    "post_id": ["p", "q"],
                    "creator_id": ["a", "a"],
                    "n_likes": [10, 24],
                    "n_comments": [0, 0],
                    "n_shares": [0, 0],
                }
            ),
        }
    )
    found = measure_baselines(tables).sort("creator_id")
    gains = np.diff(counts)
    assert found[Z_SCORE].to_list() == [pytest.approx((gains.max() - gains.mean()) / gains.std(ddof=1)), None]
    assert found[RATIO].to_list() == [pytest.approx(340 / 17), None]


def test_a_search_sees_neither_the_rosters_nor_the_manipulation_that_judge() -> None:
    rows, seen = make_rows(), []

    def choose(rows: pl.DataFrame, config: CreatorConfig) -> CreatorConfig:
        seen.append((set(rows["twin"]), set(rows["manipulation"].drop_nulls())))
        return config

    whole = score_by_roster(rows, make_config(), {}, choose)
    assert all(len(twins) == 8 for twins, _ in seen)
    assert np.array_equal(whole.scores["this model"], score_by_roster(rows, make_config(), {}).scores["this model"])
    seen.clear()
    score_left_out(rows, make_config(), {}, choose)
    assert [kinds for _, kinds in seen] == [{"y"}] * 3 + [{"x"}] * 3


def test_the_quality_searched_by_is_that_of_unknown_manipulations() -> None:
    rows = make_rows()
    assert 0.5 < judge_unknown(rows, {})(make_config()) < 1
    noise = rows.with_columns(pl.col("is_fake", "manipulation").shuffle(seed=1))
    assert judge_unknown(noise, {})(make_config()) < 0.62
