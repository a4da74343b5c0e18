"""The reference panel: quantiles against numpy, and who is compared with whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.verdict.panel import (
    COMPARED,
    LARGE_FROM,
    UNSIZED,
    PanelSource,
    build_panel,
    match_peers,
    read_panel,
    write_panel,
)
from zhenfen.verdict.panel_curves import find_quantiles


def make_peers(n: int, platform: str = "douyin", smallest: int = 1_000, largest: int = 99_999, seed: int = 1):
    rng = np.random.default_rng(seed)
    ids = [f"{platform}{i}" for i in range(n)]
    values = pl.DataFrame({"creator_id": ids, "engagement_rate": rng.lognormal(size=n)})
    sizes = np.linspace(smallest, largest, n).astype(int)
    creators = pl.DataFrame({"creator_id": ids, "platform": platform, "n_followers": sizes})
    return values, creators


def make_panel(tmp_path: Path, *parts: pl.DataFrame):
    write_panel(pl.concat(parts), tmp_path / "panel.csv")
    return read_panel(tmp_path / "panel.csv")


TRAVELLER = "comments_template_share"


def source(name: str = "s", year: int = 2026) -> PanelSource:
    return PanelSource(name, "last 10 posts", date(year, 1, 1))


def as_copied_text(peers: tuple[pl.DataFrame, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    return peers[0].rename({"engagement_rate": TRAVELLER}), peers[1]


def match_one(panel, platform: str, n_followers: int | None, value: float = 1.0, feature: str = "engagement_rate"):
    values = pl.DataFrame({"creator_id": ["me"], feature: [value]})
    schema = {"creator_id": pl.String, "platform": pl.String, "n_followers": pl.Int64}
    creators = pl.DataFrame({"creator_id": ["me"], "platform": [platform], "n_followers": [n_followers]}, schema=schema)
    return match_peers(values, creators, panel).row(0, named=True)


def test_another_file_is_not_replaced_by_a_panel(tmp_path: Path) -> None:
    panel = build_panel(*make_peers(40), source())
    (tmp_path / "thesis.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="not a reference panel"):
        write_panel(panel, tmp_path / "thesis.csv")
    assert (tmp_path / "thesis.csv").read_text() == "a,b\n1,2\n"
    with pytest.raises(ConfigError, match="cannot be written"):
        write_panel(panel, tmp_path / "thesis.csv" / "panel.csv")
    for _ in range(2):
        write_panel(panel, tmp_path / "panel.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.csv", "thesis.csv"]


def test_quantiles_of_all_sizes_agree_with_numpy(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    panel = make_panel(tmp_path, build_panel(values, creators, source())).frame
    whole = panel.filter(pl.col("n_followers").is_null()).row(0, named=True)
    drawn = values["engagement_rate"].to_numpy()
    assert (whole["n_peers"], whole["followers_from"], whole["followers_to"]) == (200, 1_000, 99_999)
    for name, share in {"p5": 0.05, "p50": 0.5, "p99": 0.99}.items():
        assert whole[name] == pytest.approx(np.quantile(drawn, share, method="weibull"), rel=1e-5)


@pytest.mark.parametrize(
    ("platform", "size", "scope"),
    [
        ("douyin", 50_000, "size"),
        ("douyin", 1_500, "size"),
        ("douyin", None, "platform"),
        ("douyin", 900, "none"),
        ("douyin", 2_000_000, "none"),
        ("weibo", 50_000, "none"),
    ],
)
def test_scope_of_the_comparison(tmp_path: Path, platform: str, size: int | None, scope: str) -> None:
    panel = make_panel(tmp_path, build_panel(*make_peers(200), source()))
    assert match_one(panel, platform, size)["scope"] == scope


def test_large_peers_are_no_yardstick_for_a_creator_of_unknown_size(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    large = creators.with_columns(pl.col("n_followers") + LARGE_FROM)
    panel = make_panel(tmp_path, build_panel(values, large, source()))
    assert match_one(panel, "douyin", None)["scope"] == UNSIZED
    assert UNSIZED not in COMPARED
    assert match_one(panel, "douyin", LARGE_FROM + 50_000)["scope"] == "size"


def test_few_peers_have_no_curve_and_fewer_no_quantiles(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_peers(59), source()))
    assert panel.frame["n_followers"].to_list() == [None]
    assert match_one(panel, "douyin", 50_000)["scope"] == "platform"
    assert build_panel(*make_peers(29), source()).is_empty()


def make_trend(n: int, seed: int):
    """Values that fall with the square root of the size: their p50 at size s is 100 / sqrt(s)."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(np.log(1_000), np.log(1_000_000), n)).astype(int)
    ids = [f"c{i}" for i in range(n)]
    values = pl.DataFrame({"creator_id": ids, "rate": 100 / np.sqrt(sizes) * rng.lognormal(sigma=0.5, size=n)})
    return values, pl.DataFrame({"creator_id": ids, "platform": "douyin", "n_followers": sizes})


def test_the_curve_follows_the_size_without_steps(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_trend(4_000, 1), source()))
    sizes = np.geomspace(5_000, 200_000, 60).astype(int)
    values = pl.DataFrame({"creator_id": [str(size) for size in sizes], "rate": 1.0})
    creators = pl.DataFrame({"creator_id": values["creator_id"], "platform": "douyin", "n_followers": sizes})
    medians = match_peers(values, creators, panel)["p50"].to_numpy()
    assert medians == pytest.approx(100 / np.sqrt(sizes), rel=0.15)
    # Sizes 6 % apart: no step is larger than the slope and the error of estimate explain.
    assert np.abs(np.diff(np.log(medians))).max() < 0.06


def test_held_out_peers_fall_below_as_often_as_they_should(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_trend(3_000, 2), source()))
    matched = match_peers(*make_trend(3_000, 3), panel).filter(scope="size")
    for name, share in {"p5": 0.05, "p50": 0.5, "p95": 0.95}.items():
        below = (matched["value"] < matched[name]).mean()
        assert below == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 3_000) + 0.01)


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_rise_at_every_size(seed: int) -> None:
    frame = build_panel(*make_trend(80, seed), source())
    numbers = frame.select("p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99").to_numpy()
    assert (np.diff(numbers, axis=1) >= 0).all()


def test_a_value_that_many_peers_share_is_neither_below_nor_above_itself(tmp_path: Path) -> None:
    values, creators = make_trend(300, 7)
    panel = make_panel(tmp_path, build_panel(values.with_columns(rate=pl.lit(1 / 3)), creators, source()))
    matched = match_peers(values.with_columns(rate=pl.lit(1 / 3)), creators, panel)
    assert (matched["p1"] == 1 / 3).all()
    assert (matched["p99"] == 1 / 3).all()


def test_five_in_a_hundred_of_other_peers_fall_below_the_p5_of_few() -> None:
    """Weibull's places: without them it would be 5.5 of a hundred, and 1.5 above p99."""
    rng, below, above = np.random.default_rng(5), [], []
    shares = np.array([0.05, 0.99])
    for _ in range(4_000):
        low, high = find_quantiles(rng.random(100), np.ones(100), shares)
        below.append(low)
        above.append(1 - high)
    assert np.mean(below) == pytest.approx(0.05, abs=0.0015)
    assert np.mean(above) == pytest.approx(0.01, abs=0.0007)


def test_without_weights_quantiles_are_weibulls() -> None:
    values, shares = np.random.default_rng(6).random(80), np.array([0.05, 0.5, 0.95])
    expected = np.quantile(values, shares, method="weibull")
    assert find_quantiles(values, np.ones(80), shares) == pytest.approx(expected)


def test_the_smallest_are_not_set_beside_what_larger_ones_receive(tmp_path: Path) -> None:
    """Values that fall a thousandfold over the sizes: at the first knot half of the peers lie on either side."""
    rng = np.random.default_rng(8)
    sizes = np.exp(rng.uniform(np.log(1_000), np.log(10_000_000), 400)).astype(int)
    ids = [f"c{at}" for at in range(400)]
    values = pl.DataFrame({"creator_id": ids, "rate": 1_000 / sizes * rng.lognormal(sigma=0.5, size=400)})
    creators = pl.DataFrame({"creator_id": ids, "platform": "weibo", "n_followers": sizes})
    panel = make_panel(tmp_path, build_panel(values, creators, source()))
    assert match_one(panel, "weibo", 2_000, feature="rate")["p50"] == pytest.approx(0.5, rel=0.25)


def test_between_knots_the_line_runs_straight_in_log_followers(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_trend(500, 4), source()))
    knots = panel.frame.drop_nulls("n_followers").sort("n_followers").rows(named=True)
    middle = round(float(np.sqrt(knots[3]["n_followers"] * knots[4]["n_followers"])))
    found = match_one(panel, "douyin", middle, feature="rate")["p50"]
    assert found == pytest.approx((knots[3]["p50"] + knots[4]["p50"]) / 2, rel=1e-3)


def test_one_giant_does_not_make_the_curve_of_his_size(tmp_path: Path) -> None:
    values, creators = make_trend(300, 5)
    giant = pl.DataFrame({"creator_id": ["giant"], "rate": [1e6]})
    size = pl.DataFrame({"creator_id": ["giant"], "platform": ["douyin"], "n_followers": [500_000_000]})
    panel = make_panel(tmp_path, build_panel(values.vstack(giant), creators.vstack(size), source()))
    found = match_one(panel, "douyin", 400_000_000, feature="rate")
    assert found["scope"] == "size"
    assert found["n_peers"] >= 30
    assert found["p95"] < 10


def test_peers_of_one_size_weigh_alike(tmp_path: Path) -> None:
    values, creators = make_peers(100, smallest=5_000, largest=5_000)
    panel = make_panel(tmp_path, build_panel(values, creators, source()))
    found = match_one(panel, "douyin", 5_000)
    assert (found["scope"], found["n_peers"]) == ("size", 100)
    assert found["p50"] == pytest.approx(np.median(values["engagement_rate"]), rel=1e-5)


def test_many_creators_are_matched_as_each_alone(tmp_path: Path) -> None:
    own, other = make_trend(400, 6), make_peers(200, "bilibili")
    panel = make_panel(
        tmp_path,
        build_panel(own[0].rename({"rate": TRAVELLER}), own[1], source("own")),
        build_panel(*as_copied_text(other), source("far")),
    )
    sizes = [1_500, None, 70_000, 900_000, 5]
    batch = pl.DataFrame({"creator_id": [f"me{i}" for i in range(5)], TRAVELLER: 1.0})
    who = pl.DataFrame({"creator_id": batch["creator_id"], "platform": "douyin", "n_followers": sizes})
    together = match_peers(batch, who, panel)
    for at, size in enumerate(sizes):
        alone = match_one(panel, "douyin", size, feature=TRAVELLER)
        row = together.filter(creator_id=f"me{at}").row(0, named=True)
        assert {**row, "creator_id": "me"} == alone


def test_copied_text_travels_and_habits_do_not(tmp_path: Path) -> None:
    peers = make_peers(200, "weibo")
    habit = "network_shared_commenter_share"
    habits = build_panel(peers[0].rename({"engagement_rate": habit}), peers[1], source("habits"))
    panel = make_panel(tmp_path, habits, build_panel(*as_copied_text(peers), source("copies")))
    copied = match_one(panel, "xiaohongshu", 50_000, feature=TRAVELLER)
    assert (copied["scope"], copied["source"]) == ("travels", "copies")
    alone = match_one(panel, "xiaohongshu", 50_000, feature=habit)
    assert (alone["scope"], alone["source"], alone["p95"]) == ("none", None, None)
    assert match_one(panel, "weibo", 50_000, feature=habit)["scope"] == "size"


def test_another_platform_serves_only_for_want_of_the_own(tmp_path: Path) -> None:
    own = build_panel(*as_copied_text(make_peers(200)), source("own"))
    other = build_panel(*as_copied_text(make_peers(200, "bilibili")), source("other"))
    panel = make_panel(tmp_path, own, other)
    assert match_one(panel, "weibo", 50_000, feature=TRAVELLER)["source"] in ("own", "other")
    assert match_one(panel, "douyin", 50_000, feature=TRAVELLER)["source"] == "own"


@pytest.mark.parametrize(
    ("year", "feature", "scope"),
    [(2015, "engagement_rate", "dated"), (2022, "engagement_rate", "size"), (2015, TRAVELLER, "size")],
)
def test_habits_of_long_ago_are_shown_as_such(tmp_path: Path, year: int, feature: str, scope: str) -> None:
    """Long ago is five years before the youngest day of the panel, whoever's it is."""
    peers = make_peers(200, "weibo")
    old = build_panel(peers[0].rename({"engagement_rate": feature}), peers[1], source("old", year))
    young = build_panel(*make_peers(200, "douyin"), source("young", 2025))
    found = match_one(make_panel(tmp_path, old, young), "weibo", 50_000, feature=feature)
    assert (found["scope"], found["source"], found["p50"] is None) == (scope, "old", False)


def test_younger_peers_are_preferred_to_those_of_long_ago(tmp_path: Path) -> None:
    parts = [build_panel(*make_peers(200, seed=seed), source(str(seed), seed)) for seed in (2014, 2024)]
    values = pl.DataFrame({"creator_id": ["me"], "engagement_rate": [1.0]})
    creators = pl.DataFrame({"creator_id": ["me"], "platform": ["douyin"], "n_followers": [50_000]})
    matched = match_peers(values, creators, make_panel(tmp_path, *parts))
    assert matched.select("source", "scope").rows() == [("2024", "size")]


def test_a_panel_of_before_travelling_was_the_measurements_own_is_read(tmp_path: Path) -> None:
    """Panels that users built with an older version name it a column; nothing in it counts any more."""
    older = build_panel(*make_peers(200), source()).with_columns(is_any_platform=pl.lit(value=True))
    older.write_csv(tmp_path / "panel.csv")
    panel = read_panel(tmp_path / "panel.csv")
    assert match_one(panel, "weibo", 50_000)["scope"] == "none"
    assert match_one(panel, "douyin", 50_000)["scope"] == "size"


def test_sources_that_cover_a_creator_equally_well_stand_side_by_side(tmp_path: Path) -> None:
    parts = [build_panel(*make_peers(200, seed=seed), source(name)) for seed, name in ((1, "one"), (2, "two"))]
    values = pl.DataFrame({"creator_id": ["me"], "engagement_rate": [1.0]})
    creators = pl.DataFrame({"creator_id": ["me"], "platform": ["douyin"], "n_followers": [50_000]})
    matched = match_peers(values, creators, make_panel(tmp_path, *parts))
    assert matched.sort("source").select("source", "scope").rows() == [("one", "size"), ("two", "size")]


def test_unmeasured_values_are_not_matched(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_peers(200), source()))
    values = pl.DataFrame({"creator_id": ["a", "b"], "engagement_rate": [None, float("nan")]})
    creators = pl.DataFrame({"creator_id": ["a", "b"], "platform": "douyin", "n_followers": 50_000})
    assert match_peers(values, creators, panel).is_empty()


def test_what_may_be_judged_stands_beside_what_was_measured(tmp_path: Path) -> None:
    parts = (build_panel(*make_peers(200), source("one")), build_panel(*make_peers(200), source("two")))
    values = pl.DataFrame({"creator_id": ["a", "b", "c"], "engagement_rate": [0.5, None, 0.25]})
    admitted = values.with_columns(engagement_rate=pl.Series([0.125, None, None], dtype=pl.Float64))
    creators = pl.DataFrame({"creator_id": ["c", "b", "a"], "platform": "douyin", "n_followers": 50_000})
    panel = make_panel(tmp_path, *parts)
    matched = match_peers(values, creators, panel, admitted)
    assert matched.drop("judged").equals(match_peers(values, creators, panel))
    expected = [("a", 0.5, 0.125), ("a", 0.5, 0.125), ("c", 0.25, None), ("c", 0.25, None)]
    assert matched.sort("creator_id").select("creator_id", "value", "judged").rows() == expected


def test_every_creator_counts_once_however_the_rows_lie(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    forward = build_panel(values, creators, source())
    backward = build_panel(values.reverse(), creators.reverse(), source())
    assert forward.equals(backward)


@pytest.mark.parametrize("damage", ["absent", "no column", "falling", "no row for all sizes"])
def test_a_broken_panel_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "panel.csv"
    frame = build_panel(*make_peers(200), source())
    if damage == "no column":
        frame.drop("p50").write_csv(path)
    if damage == "falling":
        frame.with_columns(p50=pl.lit(1e9)).write_csv(path)
    if damage == "no row for all sizes":
        frame.drop_nulls("n_followers").write_csv(path)
    with pytest.raises(ConfigError, match=r"panel\.csv"):
        read_panel(path)
