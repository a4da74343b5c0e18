"""The reference panel: quantiles against numpy, and who is compared with whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.verdict.panel import PanelSource, build_panel, match_peers, read_panel, write_panel

EDGES = {"douyin": [0, 10_000, 100_000], "bilibili": [0, 10_000, 100_000]}


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


def source(name: str = "s", day: int = 1, *, travels: bool = False) -> PanelSource:
    return PanelSource(name, "last 10 posts", date(2026, 1, day), travels)


def match_one(panel, platform: str, n_followers: int | None, value: float = 1.0, feature: str = "engagement_rate"):
    values = pl.DataFrame({"creator_id": ["me"], feature: [value]})
    schema = {"creator_id": pl.String, "platform": pl.String, "n_followers": pl.Int64}
    creators = pl.DataFrame({"creator_id": ["me"], "platform": [platform], "n_followers": [n_followers]}, schema=schema)
    return match_peers(values, creators, panel).row(0, named=True)


def test_another_file_is_not_replaced_by_a_panel(tmp_path: Path) -> None:
    panel = build_panel(*make_peers(40), source(), EDGES)
    (tmp_path / "thesis.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="not a reference panel"):
        write_panel(panel, tmp_path / "thesis.csv")
    assert (tmp_path / "thesis.csv").read_text() == "a,b\n1,2\n"
    with pytest.raises(ConfigError, match="cannot be written"):
        write_panel(panel, tmp_path / "thesis.csv" / "panel.csv")
    for _ in range(2):
        write_panel(panel, tmp_path / "panel.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.csv", "thesis.csv"]


def test_quantiles_agree_with_numpy(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    panel = make_panel(tmp_path, build_panel(values, creators, source(), EDGES)).frame
    whole = panel.filter(~pl.col("is_size_class")).row(0, named=True)
    drawn = values["engagement_rate"].to_numpy()
    assert whole["n_peers"] == 200
    for name, share in {"p5": 0.05, "p50": 0.5, "p99": 0.99}.items():
        assert whole[name] == pytest.approx(np.quantile(drawn, share))


def test_size_classes_with_few_peers_get_no_row_and_are_cut_to_what_was_seen(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    panel = build_panel(values, creators, source(), EDGES).filter("is_size_class")
    # About 18 of the 200 lie below 10,000: too few. The class above is cut to the largest peer.
    assert panel.select("followers_from", "followers_below").rows() == [(10_000, 100_000)]


@pytest.mark.parametrize(
    ("platform", "size", "scope"),
    [
        ("douyin", 50_000, "size"),
        ("douyin", 5_000, "platform"),
        ("douyin", None, "platform"),
        ("douyin", 900, "none"),
        ("douyin", 2_000_000, "none"),
        ("weibo", 50_000, "none"),
    ],
)
def test_scope_of_the_comparison(tmp_path: Path, platform: str, size: int | None, scope: str) -> None:
    panel = make_panel(tmp_path, build_panel(*make_peers(200), source(), EDGES))
    assert match_one(panel, platform, size)["scope"] == scope


def test_another_platform_serves_only_where_the_panel_says_so_and_only_for_want_of_the_own(tmp_path: Path) -> None:
    own = build_panel(*make_peers(200), source("own"), EDGES)
    other = build_panel(*make_peers(200, "bilibili"), source("other", 2, travels=True), EDGES)
    panel = make_panel(tmp_path, own, other)
    assert match_one(panel, "weibo", 50_000)["source"] == "other"
    assert match_one(panel, "weibo", 50_000)["scope"] == "other_platform"
    assert match_one(panel, "douyin", 50_000)["source"] == "own"


def test_sources_that_cover_a_creator_equally_well_stand_side_by_side(tmp_path: Path) -> None:
    parts = [build_panel(*make_peers(200, seed=seed), source(name), EDGES) for seed, name in ((1, "one"), (2, "two"))]
    values = pl.DataFrame({"creator_id": ["me"], "engagement_rate": [1.0]})
    creators = pl.DataFrame({"creator_id": ["me"], "platform": ["douyin"], "n_followers": [50_000]})
    matched = match_peers(values, creators, make_panel(tmp_path, *parts))
    assert matched.sort("source").select("source", "scope").rows() == [("one", "size"), ("two", "size")]


def test_unmeasured_values_are_not_matched(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, build_panel(*make_peers(200), source(), EDGES))
    values = pl.DataFrame({"creator_id": ["a", "b"], "engagement_rate": [None, float("nan")]})
    creators = pl.DataFrame({"creator_id": ["a", "b"], "platform": "douyin", "n_followers": 50_000})
    assert match_peers(values, creators, panel).is_empty()


def test_every_creator_counts_once_however_the_rows_lie(tmp_path: Path) -> None:
    values, creators = make_peers(200)
    forward = build_panel(values, creators, source(), EDGES)
    backward = build_panel(values.reverse(), creators.reverse(), source(), EDGES)
    assert forward.equals(backward)


@pytest.mark.parametrize("damage", ["absent", "no column", "falling"])
def test_a_broken_panel_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "panel.csv"
    frame = build_panel(*make_peers(200), source(), EDGES)
    if damage == "no column":
        frame.drop("p50").write_csv(path)
    if damage == "falling":
        frame.with_columns(p50=pl.lit(1e9)).write_csv(path)
    with pytest.raises(ConfigError, match=r"panel\.csv"):
        read_panel(path)
