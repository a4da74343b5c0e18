"""What real creators and real people show: the floor under everything that the creator model calls rare.

A simulation is cleaner than life. No measurement enters the creator's score whose values among innocents come from the
simulation alone: here is, for each of them, what real data show that nobody suspects. Nobody checked them either, so a
floor may be too high, never too low for what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from training.datasets import read_creator_posts, read_vtuber_windows, read_weibo_panel, read_weibo_threads
from training.split import fifth_of
from zhenfen.features.base import load_families
from zhenfen.features.inputs import Inputs
from zhenfen.scoring import latest_moment
from zhenfen.tables import Tables
from zhenfen.verdict.admission import describe_set, lower_ends, place_in_set

CREATOR_POSTS = ("douyin_xingtu_goodgame_2025", "xhs_fashion_diandian", "xhs_hotels_radar", "xhs_tiffany_2025")
WEIBO = ("hc2024", "az2021")
JUDGING_FIFTH = 0
"""Creators of this fifth are left out: the board of false alarms judges them beside a model that never saw them."""
N_POSTS_TOGETHER = 10
"""Threads that stand for a creator's posts: comments are judged from three posts up, as one thread is no habit; with
ten the eighth busiest of thousands of accounts can be a regular."""
N_SETS = 4
"""Ways to deal the threads out: each is a set of some forty creators."""
N_AUDIENCES, N_PEOPLE = 60, 300
"""Samples drawn of each set of real people, each as large as the samples that creators come with."""
HUMANS = ("twitter_cresci2015", "twitter_nyu2017")
"""Sets with dates of creation and a label that says which accounts are people's."""


@dataclass(frozen=True)
class Real:
    """One source.

    Attributes:
        source: Where it comes from, as the card names it.
        rows: creator_id and features, shares at the lower end of their interval; one row a creator.
        places: creator_id and the same features' places within the source, where it is a set of creators.
    """

    source: str
    rows: pl.DataFrame
    places: pl.DataFrame


def read_reals(folder: Path, lower_z: float) -> Iterator[Real]:
    """Every source, measured by the code that serves.

    Args:
        folder: The public data.
        lower_z: See `admission.lower_ends`.
    """
    yield _measured("VTuber channels, 90-day pieces", read_vtuber_windows(folder), ("growth",), lower_z)
    for name in CREATOR_POSTS:
        yield _measured(name, read_creator_posts(folder, name), ("engagement",), lower_z)
    for name in WEIBO:
        yield _measured(f"Weibo accounts, {name}", read_weibo_panel(folder, name), ("engagement",), lower_z)
    threads = read_weibo_threads(folder)
    dealt = [_measured("", _deal_threads(threads, draw), ("comments", "network"), lower_z) for draw in range(N_SETS)]
    # Each way to deal them out is a set by itself; the same threads stand in all four, so they are one source.
    yield Real(
        "Weibo threads 2010-2015 in tens",
        pl.concat([one.rows for one in dealt]),
        pl.concat([one.places for one in dealt], how="diagonal"),
    )
    yield _measured("Weibo threads 2010-2015 with their nearest", _nearest_threads(threads), ("comments",), lower_z)
    for name in HUMANS:
        yield _measured(f"{name}, people", _read_people(folder, name), ("audience",), lower_z)


def _measured(source: str, tables: Tables, families: tuple[str, ...], lower_z: float) -> Real:
    inputs = Inputs(tables, latest_moment(tables), with_details=False)
    kept = fifth_of(pl.col("creator_id")) != JUDGING_FIFTH
    values = {family: load_families()[family].measure(inputs).values.filter(kept) for family in families}
    low = lower_ends(values, lower_z)
    names = tuple(name for frame in low.values() for name in frame.columns if name != "creator_id")
    rows = tables["creators"].select("creator_id").filter(kept)
    for frame in low.values():
        rows = rows.join(frame, on="creator_id", how="left", maintain_order="left")
    return Real(source, rows, place_in_set(low, describe_set(values, lower_z, names), names))


def _deal_threads(threads: Tables, draw: int) -> Tables:
    """The threads dealt out to creators of N_POSTS_TOGETHER posts each."""
    posts = threads["creators"]["creator_id"].sort().shuffle(seed=draw)
    owner = pl.DataFrame({"post_id": posts}).with_columns(
        owner=pl.format("deal {} {}", pl.lit(draw), pl.int_range(pl.len()) // N_POSTS_TOGETHER)
    )
    return _as_creators(threads["comments"], owner)


def _nearest_threads(threads: Tables) -> Tables:
    """Each thread with the nine that share most commenters with it: people who meet again, as a creator's fans do."""
    pairs = threads["comments"].select("post_id", "author_id").drop_nulls().unique()
    shared = pairs.join(pairs.rename({"post_id": "other"}), on="author_id").group_by("post_id", "other").len()
    nearest = shared.sort("post_id", pl.col("len"), "other", descending=[False, True, False]).group_by(
        "post_id", maintain_order=True
    )
    owner = nearest.head(N_POSTS_TOGETHER).select(owner=pl.format("near {}", "post_id"), post_id="other")
    return _as_creators(threads["comments"], owner)


def _as_creators(comments: pl.DataFrame, owner: pl.DataFrame) -> Tables:
    """Tables in which `owner` (owner, post_id) holds the threads; a thread begins with its first remark."""
    rows = comments.drop("creator_id").join(owner, on="post_id").rename({"owner": "creator_id"})
    rows = rows.with_columns(
        post_id=pl.format("{} {}", "creator_id", "post_id"), comment_id=pl.format("{} {}", "creator_id", "comment_id")
    )
    posts = rows.group_by("creator_id", "post_id").agg(published_at=pl.col("created_at").min())
    creators = posts.select(pl.col("creator_id").unique()).with_columns(platform=pl.lit("weibo"))
    return Tables({"creators": creators, "posts": posts, "comments": rows})


def _read_people(folder: Path, name: str) -> Tables:
    """Samples of N_PEOPLE people, in the order drawn, as audiences."""
    rows = pl.read_parquet(folder / "profiles" / f"{name}.parquet").filter(label=0)
    people = rows.filter(pl.col("created_at").is_not_null())
    rng = np.random.default_rng(0)
    drawn = np.concatenate([rng.permutation(people.height)[:N_PEOPLE] for _ in range(N_AUDIENCES)])
    n_each = len(drawn) // N_AUDIENCES
    created = people["created_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    audience = pl.DataFrame(
        {
            "creator_id": np.repeat([f"{name} {at}" for at in range(N_AUDIENCES)], n_each),
            "profile_id": [f"{name} {at}" for at in range(len(drawn))],
            "frame": "newest",
            "follow_position": np.tile(np.arange(n_each), N_AUDIENCES),
            "created_at": created.gather(drawn),
            **{
                column: people[column].cast(pl.Int64).gather(drawn)
                for column in ("n_followers", "n_following", "n_posts")
            },
        }
    )
    creators = audience.select(pl.col("creator_id").unique(maintain_order=True)).with_columns(platform=pl.lit("x"))
    seen = creators.with_columns(snapshot_at=created.max())
    return Tables({"creators": seen, "audience": audience.with_columns(platform=pl.lit("x"))})
