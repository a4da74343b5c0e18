"""`zhenfen score profiles` and the audit commands with the model of the shelf."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli_runner import Runner

from zhenfen.estimators.profile_model import PROFILE, ProfileModel
from zhenfen.model_store import load_models
from zhenfen.scoring import score_profiles
from zhenfen.simulate import simulate
from zhenfen.tables import TABLES, make_frame, write_tables

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@cache
def model() -> ProfileModel:
    return load_models().need(PROFILE)


def make_audience(n: int, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return make_frame(
        TABLES["audience"],
        pl.DataFrame(
            {
                "creator_id": "c",
                "profile_id": [f"p{i}" for i in range(n)],
                "platform": "weibo",
                "frame": "newest",
                "display_name": rng.choice(["用户1234567", "小红薯6A3F", "阿明爱吃面", "m19870312"], n),
                "n_followers": rng.integers(0, 500, n),
                "n_following": rng.integers(0, 2000, n),
                "n_posts": rng.integers(0, 300, n),
            }
        ),
    )


def test_python_and_the_command_line_give_the_same_scores(zhenfen: Runner, tmp_path: Path) -> None:
    audience = make_audience(500)
    audience.write_parquet(tmp_path / "in.parquet")
    ran = zhenfen(
        "score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet", "--as-of", "2026-11-01"
    )
    assert ran.code == 0, ran.err
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored.columns == ["profile_id", "p_fake", "model", "out_of_domain"]
    assert scored["p_fake"].to_list() == score_profiles(audience, model(), NOW)["p_fake"].to_list()


def test_any_subset_of_columns_is_scored(zhenfen: Runner, tmp_path: Path) -> None:
    audience = make_audience(50)
    for kept in (["profile_id"], ["profile_id", "n_followers"], ["profile_id", "display_name", "platform"]):
        audience.select(kept).write_parquet(tmp_path / "in.parquet")
        ran = zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
        assert ran.code == 0, ran.err
        assert pl.read_parquet(tmp_path / "out.parquet")["p_fake"].is_between(0, 1).all()


def test_rows_with_extra_columns_in_any_order_keep_their_scores() -> None:
    audience = make_audience(300)
    straight = score_profiles(audience, model(), NOW)
    shuffled = score_profiles(audience.sample(fraction=1, shuffle=True, seed=4), model(), NOW)
    assert straight.sort("profile_id").equals(shuffled.sort("profile_id"))


def test_unknown_platforms_are_out_of_domain() -> None:
    audience = make_audience(20).with_columns(platform=pl.lit("douyin"))
    assert score_profiles(audience, model(), NOW)["out_of_domain"].all()


@pytest.mark.parametrize(
    ("n_known", "n_outside", "platform", "is_outside"),
    [
        (0, 0, "weibo", False),
        (8, 0, "weibo", False),
        (8, 2, "weibo", False),
        (8, 3, "weibo", True),
        (1, 1, "x", True),
        (8, 0, "douyin", True),
        (8, 0, None, True),
    ],
)
def test_a_profile_mostly_outside_of_the_known_ranges_is_out_of_domain(
    n_known: int, n_outside: int, platform: str | None, is_outside: bool
) -> None:
    domain = model().manifest.domain
    for beyond in ((lambda low, high: low - 1), (lambda low, high: high + 1)):
        values = [
            None if at >= n_known else beyond(*span) if at < n_outside else span[at % 2]
            for at, span in enumerate(domain.values())
        ]
        # Beside a profile of which other things are known.
        other = [span[0] for span in domain.values()]
        rows = pl.DataFrame([values, other], schema=dict.fromkeys(domain, pl.Float64), orient="row")
        platforms = pl.Series([platform, "weibo"], dtype=pl.String)
        assert model().is_out_of_domain(rows, platforms).tolist() == [is_outside, False]
        assert model().is_out_of_domain(rows[:1], platforms[:1]).tolist() == [is_outside]


def test_contributions_and_base_sum_to_the_log_odds() -> None:
    from zhenfen.features.audience.profile import measure_profiles

    audience = make_audience(200)
    features, platforms = measure_profiles(audience, NOW), audience["platform"]
    parts = model().mixture.contributions(features, platforms)
    assert np.allclose(parts.sum(axis=1), model().mixture.decision_function(features, platforms))


def test_explain_lists_the_largest_contributions_first(zhenfen: Runner, tmp_path: Path) -> None:
    make_audience(50).write_parquet(tmp_path / "in.parquet")
    assert zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "o.parquet", "--explain").code == 0
    for reasons in pl.read_parquet(tmp_path / "o.parquet")["reasons"]:
        sizes = [abs(reason["contribution"]) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert {reason["feature"] for reason in reasons} <= set(model().manifest.features)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame({"n_followers": [1]}), "profile_id"),
        (pl.DataFrame({"profile_id": ["a", None]}), "row 2"),
        (pl.DataFrame({"profile_id": ["a"], "n_followers": ["many"]}), "n_followers"),
    ],
)
def test_a_wrong_table_is_named_and_nothing_is_written(zhenfen: Runner, tmp_path: Path, frame, said: str) -> None:
    frame.write_parquet(tmp_path / "in.parquet")
    ran = zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert ran.code == 2
    assert said in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("n_followers", -5, "a number from 0"),
        ("platform", "myspace", "one of"),
        ("profile_id", "", "an id that is not empty"),
        ("created_at", datetime(1900, 1, 1, tzinfo=UTC), "a time between 1990"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(
    zhenfen: Runner, tmp_path: Path, column: str, value: object, said: str
) -> None:
    audience = make_audience(9)
    values = audience[column].to_list()
    values[6] = value
    frame = audience.with_columns(pl.Series(column, values, audience.schema[column]))
    frame.write_parquet(tmp_path / "in.parquet")
    ran = zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert ran.code == 2
    for part in ("in.parquet", "7", column, str(value)[:10], said):
        assert part in ran.err.replace("\n", "")
    assert not (tmp_path / "out.parquet").exists()


def test_a_torn_file_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1 torn")
    ran = zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert ran.code == 2
    assert "in.parquet" in ran.err


def test_an_empty_table_gives_an_empty_table(zhenfen: Runner, tmp_path: Path) -> None:
    make_audience(5).clear().write_parquet(tmp_path / "in.parquet")
    assert zhenfen("score", "profiles", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet").code == 0
    assert pl.read_parquet(tmp_path / "out.parquet").is_empty()


def test_the_audit_loop_by_command(zhenfen: Runner, tmp_path: Path) -> None:
    made = simulate(["drip_buyer"], seed=3)
    write_tables(made.tables, tmp_path / "tables")
    creator = made.tables["creators"]["creator_id"][0]
    sheet = tmp_path / "labels.xlsx"
    drawn = zhenfen("audit", "sample", tmp_path / "tables", "--creator", creator, "--n", "60", "--out", sheet)
    assert drawn.code == 0, drawn.err
    unfilled = zhenfen("audit", "apply", sheet)
    assert unfilled.code == 2
    assert "at least 30" in unfilled.err
    again = zhenfen("audit", "sample", tmp_path / "tables", "--creator", creator, "--n", "60", "--out", sheet)
    assert again.code == 2
    assert "not overwritten" in again.err
