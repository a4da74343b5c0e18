"""The shipped reference panel: quantiles from the public data, by source, never pooled.

Run: make panel
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from training.artefact_run import TERMS, Made, write_artefact
from training.datasets import (
    read_creator_posts,
    read_vendor_means,
    read_vtuber_windows,
    read_weibo_panel,
    read_weibo_threads,
)
from training.popular import read_popular_videos
from zhenfen.scoring import latest_moment, measure
from zhenfen.shelf import PANEL
from zhenfen.tables import Tables
from zhenfen.verdict.panel import PanelSource, build_panel, write_panel

XINHONG = PanelSource("新红 fashion creators 50k-500k", "means of 90 days, 2024-03 to 2024-06", date(2024, 6, 11))
HUITUN = PanelSource("灰豚 creators above 100k", "means of 60 days, 2025-09 to 2025-11", date(2025, 11, 6))
XINGTU = PanelSource("星图 skincare creators", "last 10 videos, 2025", date(2025, 11, 26))
VTUBERS = PanelSource("VTuber channels (72)", "90-day pieces, 2019-2022", date(2022, 6, 1))
WEIBO = {
    "hc2024": PanelSource(
        "Weibo accounts met in topic searches, 2024",
        "five or more own posts in eight days of 2024-11; no random sample, counts end at 1,000,000",
        date(2024, 11, 29),
    ),
    "az2021": PanelSource(
        "Weibo accounts met in topic searches, 2021",
        "own posts, 2019 to 2021-05; no random sample, counts end at 1,000,000",
        date(2021, 5, 9),
    ),
}
"""Two collections of two years, never pooled. The older has 24 accounts of 1,000 followers, too few for a quantile."""
PACE = ("engagement_posts_per_day", "engagement_known_components_share")
"""Who has five posts in eight days posts often; and all counts are shown there."""
FASHION = PanelSource(
    "小红书 fashion creators' notes", "sampled notes, likes and saves, 2023-05 to 2024-06", date(2024, 6, 13)
)
LIKED = (
    "engagement_median_likes_by_followers_ratio",
    "engagement_mean_likes_by_followers_ratio",
    "engagement_mean_saves_by_followers_ratio",
    "engagement_saves_by_likes_ratio",
    "engagement_likes_log_spread",
    "engagement_even_likes_share",
    "engagement_hit_share",
)
"""What can be measured on notes that mostly lack their comments, and of which nobody knows how many were left out."""
THREADS = PanelSource("Weibo threads (436)", "remarks under one post each, 2010-2015", date(2015, 12, 24))
TRENDING = PanelSource("Bilibili trending videos", "videos of 63 days, 2023-08 to 2023-10", date(2023, 10, 27))
PURGES = "growth_purge_excess_90d"
"""No purge took from these channels: what a few of them lost on one day is no yardstick for one."""
LASTING = ("engagement_half_life_days", "engagement_views_likes_correlation")
"""What videos show that were chosen for being watched: not how much they receive."""
SETS = PanelSource("Weibo threads in sets of about 110", "remarks under one post each, 2010-2015", date(2015, 12, 24))
SHARED = ("network_shared_template_share", "network_shared_commenter_share")
N_SETS, SPLIT_SEED = 4, 7
ABOUT = """\
What is usual among creators of a platform and size: quantiles of public data, with source, window and day in every
row. `zhenfen panel show` says what it covers and what not (docs/reference/coverage.md)."""
REMARKS = (
    "comments_template_share",
    "comments_largest_cluster_share",
    "comments_contact_share",
    "comments_same_minute_ratio",
    "comments_late_burst_share",
    "comments_filler_share",
    "comments_emoji_only_share",
    "comments_short_share",
    "comments_median_chars",
)
"""Who writes how often is left out: a thread is not a creator's many posts, under which the same people return."""


@dataclass(frozen=True)
class Part:
    """Peers of one source: creator_id and features, and who they are."""

    values: pl.DataFrame
    creators: pl.DataFrame
    source: PanelSource

    def rows(self) -> pl.DataFrame:
        """The quantiles of these peers."""
        return build_panel(self.values, self.creators, self.source)


def read_parts(folder: Path) -> Iterator[Part]:
    """The peers of every source, measured by the code that serves wherever the source has more than means."""
    for name, source in (("xinhong_5w50w", XINHONG), ("huitun_10w_plus_life", HUITUN)):
        yield Part(*read_vendor_means(folder, name), source)
    xingtu = read_creator_posts(folder, "douyin_xingtu_goodgame_2025")
    yield from _measured(xingtu, XINGTU, ("engagement", "sponsorship"))
    for collection, source in WEIBO.items():
        weibo = next(_measured(read_weibo_panel(folder, collection), source, ("engagement",)))
        yield replace(weibo, values=weibo.values.drop(PACE))
    fashion = next(_measured(read_creator_posts(folder, "xhs_fashion_diandian"), FASHION, ("engagement",)))
    yield replace(fashion, values=fashion.values.select("creator_id", *LIKED))
    trending = next(_measured(read_popular_videos(folder), TRENDING, ("engagement",)))
    yield replace(trending, values=trending.values.select("creator_id", *LASTING))
    growth = next(_measured(read_vtuber_windows(folder), VTUBERS, ("growth",)))
    yield replace(growth, values=growth.values.drop(PURGES))
    threads = next(_measured(read_weibo_threads(folder), THREADS, ("comments",)))
    yield replace(threads, values=threads.values.select("creator_id", *REMARKS))
    yield _read_shared(folder)


def _read_shared(folder: Path) -> Part:
    """What threads share with others of a set as large as a long shortlist: the more there are, the more is shared."""
    tables = read_weibo_threads(folder)
    draw = pl.col("creator_id").hash(SPLIT_SEED) % N_SETS
    parts: list[Part] = []
    for one in range(N_SETS):
        chosen = Tables({name: tables[name].filter(draw == one) for name in ("creators", "comments")})
        parts += _measured(chosen, SETS, ("network",))
    values = pl.concat([part.values.select("creator_id", *SHARED) for part in parts])
    return Part(values, tables["creators"], SETS)


def _measured(tables: Tables, source: PanelSource, families: Sequence[str]) -> Iterator[Part]:
    measured = measure(tables, latest_moment(tables))
    yield from (Part(measured[name].values, tables["creators"], source) for name in families)


def make_quantiles(folder: Path) -> Made:
    """Measure the peers."""
    rows = pl.concat(part.rows() for part in read_parts(folder))
    metrics = {"rows": rows.height, "features": rows["feature"].n_unique(), "sources": rows["source"].n_unique()}
    write = partial(write_panel, rows)
    return Made(PANEL, write, SPLIT_SEED, ABOUT, {"n_sets": N_SETS, "split_seed": SPLIT_SEED}, metrics)


def main() -> None:
    """Measure and track."""
    write_artefact("panel", __doc__, list(TERMS), make_quantiles)


if __name__ == "__main__":
    main()
