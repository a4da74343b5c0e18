"""The Weibo accounts of two years as tables: which posts count, and that the years stay apart."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from training.datasets import SETTLED_DAYS, read_weibo_panel

SIZES = {"small": 999, "usual": 1_000, "star": 10_000_001}
ZEROS = {"n_likes": 0, "n_comments": 0, "n_reposts": 0, "is_repost": False, "text": "…"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    users = [
        {"creator_id": f"{name}{collection}", "source": collection, "n_followers": size}
        for collection in ("hc2024", "az2021")
        for name, size in SIZES.items()
    ]
    posts = [
        {"creator_id": "usualhc2024", "published_at": "2024-11-29 22:00:00", **ZEROS},
        {"creator_id": "usualhc2024", "published_at": "2024-11-26 22:00:00", **ZEROS, "n_reposts": 7},
        {"creator_id": "usualhc2024", "published_at": "2024-11-26 22:00:01", **ZEROS},
        {"creator_id": "smallhc2024", "published_at": "2024-11-20 01:00:00", **ZEROS},
        {"creator_id": "starhc2024", "published_at": "2024-11-20 01:00:00", **ZEROS},
        {"creator_id": "usualaz2021", "published_at": "2021-05-09", **ZEROS},
        {"creator_id": "usualaz2021", "published_at": "2021-05-06", **ZEROS, "n_likes": 5},
    ]
    for name in ("creators", "engagement"):
        (tmp_path / name).mkdir()
    pl.DataFrame(users).write_parquet(tmp_path / "creators" / "weibo_panel_users.parquet")
    pl.DataFrame(posts).write_parquet(tmp_path / "engagement" / "weibo_panel_posts.parquet")
    return tmp_path


def test_only_posts_count_that_had_settled_when_their_own_collection_ended(folder: Path) -> None:
    assert SETTLED_DAYS == 3
    newer, older = (read_weibo_panel(folder, one)["posts"] for one in ("hc2024", "az2021"))
    assert newer.select("creator_id", "n_shares").rows() == [("usualhc2024", 7)]
    assert newer["published_at"].dt.to_string("%Y-%m-%dT%H:%M").to_list() == ["2024-11-26T14:00"]
    assert older.select("creator_id", "n_likes").rows() == [("usualaz2021", 5)]


def test_the_years_are_never_pooled_and_sizes_are_bounded(folder: Path) -> None:
    for collection in ("hc2024", "az2021"):
        creators = read_weibo_panel(folder, collection)["creators"]
        assert creators.select("creator_id", "n_followers").rows() == [(f"usual{collection}", 1_000)]


@pytest.mark.data
def test_a_source_of_the_panel_is_of_one_year(data_dir: Path) -> None:
    from training.panel import WEIBO

    sources = {about.source: about for about in WEIBO.values()}
    assert len(sources) == len(WEIBO)
    ids = [set(read_weibo_panel(data_dir, collection)["creators"]["creator_id"]) for collection in WEIBO]
    assert [len(one) for one in ids] == [695, 24]
    assert ids[0].isdisjoint(ids[1])
    for collection, about in WEIBO.items():
        read = read_weibo_panel(data_dir, collection)["posts"]["observed_at"].max()
        assert read.astimezone(ZoneInfo("Asia/Shanghai")).date() == about.observed_on
