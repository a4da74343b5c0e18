"""Real creators whom nobody suspects: what the board of false alarms stands on.

Nobody checked them either, so a few may well have bought something: what is called among them is an upper bound of what
is called wrongly. Exports are read as a user reads them; the others come as canonical tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from training.datasets import read_creator_posts, read_vtuber_windows, read_weibo_panel, to_weibo_posts

from zhenfen.connectors.importing import import_export
from zhenfen.errors import InputError
from zhenfen.tables import Tables

EXPORT, GROWTH, POSTS, PANEL = "exports", "follower series", "creators with posts", "Weibo panel creators"
PIECED = "pieced together"
HOW = "board of false alarms"
EXPORT_PLATFORMS = {"weibo": "weibo", "xhs": "xiaohongshu", "douyin": "douyin", "bili": "bilibili"}
"""Word of an export's folder → what its user would answer to the question for the platform."""
SERIES_DAYS = 120
LEAST_DAYS = 28
"""Days with a reading without which no growth is read (features/growth/days.py)."""
POST_SOURCES = (
    "douyin_xingtu_goodgame_2025",
    "douyin_goodgame_2025",
    "xhs_fashion_diandian",
    "xhs_huitun_shoes_2024",
    "xhs_hotels_radar",
    "xhs_tiffany_2025",
    "xhs_pgy_goodgame_2025",
)
PIECED_SOURCES = ("douyin_xingtu_goodgame_2025", "xhs_fashion_diandian")
PIECED_WEIBO = "hc2024"
PIECED_SEED = 5
WEIBO_YEARS = {"az2021": "2021", "hc2024": "2024"}
"""Source of a panel user → year; the two were drawn and read in different ways and are never pooled."""


@dataclass(frozen=True)
class Unsuspected:
    """One set of the board.

    Attributes:
        kind: EXPORT, GROWTH, POSTS, PANEL or PIECED.
        name: Of the set.
        rosters: Creators that are looked at together; a creator stands in one roster alone.
        refused: Why an export could not be read; empty where it was.
    """

    kind: str
    name: str
    rosters: tuple[Tables, ...]
    refused: str = ""

    @property
    def may_be_peers(self) -> bool:
        """Whether the reference panel may know these creators: they are judged by one that does not."""
        return self.kind != EXPORT


def read_exports(folder: Path) -> Iterator[Unsuspected]:
    """Every export of `folder`/exports, those refused with the reason."""
    for path in sorted((folder / "exports").iterdir()):
        named = [platform for word, platform in EXPORT_PLATFORMS.items() if word in path.name.split("_")]
        try:
            tables = import_export(path, obtained_how=HOW, platform=named[0] if named else None)
        except InputError as error:
            yield Unsuspected(EXPORT, path.name, (), str(error))
        else:
            yield Unsuspected(EXPORT, path.name, (tables,))


def read_series(folder: Path) -> Unsuspected:
    """VTuber channels in windows of 120 days; the channels of one window are looked at together."""
    tables = read_vtuber_windows(folder, SERIES_DAYS)
    n_days = pl.col("observed_at").dt.date().n_unique()
    kept = tables["follower_counts"].group_by("creator_id").agg(n_days=n_days).filter(pl.col("n_days") > LEAST_DAYS)
    window = pl.col("creator_id").str.split("@").list.last()
    rosters = [
        _only(tables, ids) for _, ids in sorted(kept.group_by(window.alias("window")).agg("creator_id").iter_rows())
    ]
    return Unsuspected(GROWTH, f"VTuber channels, windows of {SERIES_DAYS} days", tuple(rosters))


def _only(tables: Tables, ids: list[str]) -> Tables:
    return Tables(
        {name: tables[name].filter(pl.col("creator_id").is_in(ids)) for name in ("creators", "follower_counts")}
    )


def read_post_sources(folder: Path) -> Iterator[Unsuspected]:
    """Douyin and Xiaohongshu creators with the counts of their posts, each source apart."""
    for source in POST_SOURCES:
        tables = read_creator_posts(folder, source)
        # Two posts of one source do not say whose they are.
        known = {name: tables[name].drop_nulls("creator_id") for name in ("creators", "posts")}
        yield Unsuspected(POSTS, source, (Tables(known),))


def read_weibo_years(folder: Path) -> Iterator[Unsuspected]:
    """Weibo accounts met by topic searches, with their posts, each year apart."""
    users = pl.read_parquet(folder / "creators" / "weibo_panel_users.parquet")
    rows = pl.read_parquet(folder / "engagement" / "weibo_panel_posts.parquet").unique(maintain_order=True)
    counted = to_weibo_posts(rows)
    for source, year in WEIBO_YEARS.items():
        creators = users.filter(source=source).select(
            "creator_id", "n_followers", "n_following", "n_posts", platform=pl.lit("weibo"), is_verified="verified"
        )
        tables = Tables({"creators": creators, "posts": counted.join(creators, on="creator_id", how="semi")})
        yield Unsuspected(PANEL, f"topic searches of {year}", (tables,))


def read_pieced(folder: Path) -> Iterator[Unsuspected]:
    """Creators with posts of whom nobody has a series, each given the series of a VTuber channel drawn for it.

    No public set has both, and a level needs two families: without these the board would show how often nothing is
    said, and not what would be. A rise of the one person does not coincide with a post of the other, so what a post
    explains in life stays unexplained here: an upper bound once more.
    """
    windows = read_vtuber_windows(folder, SERIES_DAYS)["follower_counts"]
    known = windows.group_by("creator_id").agg(
        n_days=pl.col("observed_at").dt.date().n_unique(), last=pl.col("observed_at").max()
    )
    whole = known.filter(pl.col("n_days") > SERIES_DAYS / 2).sort("creator_id")
    sources = {name: read_creator_posts(folder, name) for name in PIECED_SOURCES}
    for name, tables in {
        **sources,
        f"Weibo {WEIBO_YEARS[PIECED_WEIBO]}": read_weibo_panel(folder, PIECED_WEIBO),
    }.items():
        creators = tables["creators"].sort("creator_id")
        drawn = whole.sample(creators.height, with_replacement=True, seed=PIECED_SEED)
        pairs = pl.DataFrame(
            {"owner": creators["creator_id"], "creator_id": drawn["creator_id"], "last": drawn["last"]}
        )
        # The series ends on the day of the set's youngest post.
        later = pl.lit(tables["posts"]["published_at"].max()) - pl.col("last")
        series = windows.join(pairs, on="creator_id").select(
            pl.col("owner").alias("creator_id"), pl.col("observed_at") + later, "n_followers"
        )
        yield Unsuspected(PIECED, f"{name} with series of VTubers", (tables.replace(follower_counts=series),))
