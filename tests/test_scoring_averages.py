"""A sheet of fifty small creators with averages and no posts: engagement is judged wherever the panel has peers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.connectors.importing import import_export
from zhenfen.model_store import load_models
from zhenfen.scoring import known_at, score
from zhenfen.verdict.evidence import Findings

DAY = datetime(2026, 6, 1, tzinfo=UTC)
N = 50
SEED = 7


def findings_of(folder: Path, platform: str, low: int, high: int, *, by: float = 1.0) -> Findings:
    """Findings of a sheet with averages that are usual for followers (2 %, give or take a factor of two)."""
    draw = np.random.default_rng(SEED)
    followers = draw.integers(low, high, N)
    likes = np.maximum(1, by * followers * draw.lognormal(np.log(0.02), 0.7, N)).astype(int)
    sheet = pl.DataFrame(
        {
            "达人昵称": [f"达人{number}" for number in range(N)],
            "粉丝数": followers,
            "近30天平均点赞": likes,
            "近30天平均评论": np.maximum(1, likes * 0.05).astype(int),
            "近30天平均分享": np.maximum(1, likes * 0.05).astype(int),
            "水粉占比": ["20% "] * N,
            "数据日期": ["2026-06-01"] * N,
        }
    )
    sheet.write_csv(folder / "千瓜.csv")
    tables = import_export(folder / "千瓜.csv", obtained_how="made", platform=platform, found_by="list")
    assert tables["creator_stats"].height == N
    return score(tables, load_models(), as_of=DAY)


def test_fifty_are_assessed_where_peers_exist(tmp_path: Path) -> None:
    found = findings_of(tmp_path, "douyin", 10_500, 50_000)
    levels = found.findings.filter(family="engagement")["level"]
    assert levels.is_in(["low", "elevated"]).sum() == N
    assert levels.eq("elevated").mean() < 0.2
    assert found.findings.filter(pl.col("family") != "engagement")["level"].unique().to_list() == ["not_assessed"]
    # A vendor's word about one family gives nobody an overall level.
    assert found.creators["level"].unique().to_list() == ["not_assessed"]
    assert found.details["engagement"]["averages"]["is_used"].all()


def test_likes_that_are_far_too_few_are_out_of_line(tmp_path: Path) -> None:
    levels = findings_of(tmp_path, "xiaohongshu", 60_000, 400_000, by=1e-6).findings.filter(family="engagement")[
        "level"
    ]
    assert levels.eq("elevated").mean() > 0.5


def test_without_peers_it_says_so(tmp_path: Path) -> None:
    found = findings_of(tmp_path, "kuaishou", 10_500, 50_000).findings.filter(family="engagement")
    assert found["reason"].unique().to_list() == ["no_reference"]


def test_averages_that_were_read_later_were_not_known(tmp_path: Path) -> None:
    findings_of(tmp_path, "douyin", 10_500, 50_000)
    tables = import_export(tmp_path / "千瓜.csv", obtained_how="made", platform="douyin")
    assert known_at(tables, datetime(2026, 5, 1, tzinfo=UTC))["creator_stats"].is_empty()
