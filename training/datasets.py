"""The public data, source by source, as canonical tables. Nothing of it is copied into the project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl

from training.shelf import TrainingFile, hash_file
from zhenfen.features.engagement.sponsored import N_POSTS_NEEDED
from zhenfen.shelf import TrainingSource
from zhenfen.tables import Tables

WINDOW_DAYS = 90
"""Length of one reading of a growth series, that of the growth features."""
WEIBO_FOLLOWERS = (1_000, 10_000_000)
"""Smallest and largest Weibo accounts taken: the middle post of half of the smaller ones receives at most one
interaction, and the larger ones are six."""
SETTLED_DAYS = 3
"""Weibo posts read once, by the creator's median of a week and older (2024, about 170 creators): .56 in the second half
of the first day, .74 on the second, .87 on the third and fourth, .97 on the fifth, 1.00 later. The creators' own
medians over all posts of three days and more are those of five days and more (median quotient 1.000, geometric mean
.96; with two days .996 and .94), and leave 389 creators instead of 323."""


def data_dir() -> Path:
    """The folder of public data: ZHENFEN_DATA, default ../shared/data beside the project.

    Raises:
        FileNotFoundError: It is not there.
    """
    path = Path(os.environ.get("ZHENFEN_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: public data expected here; set ZHENFEN_DATA")
    return path


@dataclass(frozen=True)
class LabelledSet:
    """One public set with labels.

    Attributes:
        name: Short name, as the tables and model.yaml print it.
        platform: Of all its rows; None where the rows say.
        path: File below the data folder.
        terms: Licence or terms, and who labelled it, as model.yaml and the card print them.
        read: Raw rows → the columns that the loader of its model works on.
    """

    name: str
    platform: str | None
    path: str
    terms: str
    read: Callable[[pl.DataFrame], pl.DataFrame]

    def load(self, folder: Path) -> pl.DataFrame:
        """What `read` makes of the file, with source and platform."""
        rows = self.read(self.read_raw(folder)).with_columns(source=pl.lit(self.name))
        return rows if self.platform is None else rows.with_columns(platform=pl.lit(self.platform))

    def read_raw(self, folder: Path) -> pl.DataFrame:
        """The file as it is."""
        return pl.read_parquet(folder / self.path)

    def sha256(self, folder: Path) -> str:
        """Of the file."""
        return hash_file(folder / self.path)


def describe_sets(sets: Iterable[LabelledSet], rows: pl.DataFrame, folder: Path) -> list[TrainingSource]:
    """What model.yaml says of the sets whose loaded rows (column source) are among `rows`."""
    n_rows = dict(rows.group_by("source").len().iter_rows())
    return [
        TrainingFile(
            source=one.name,
            rows=n_rows[one.name],
            sha256=one.sha256(folder),
            terms=one.terms,
            path=folder / one.path,
        )
        for one in sets
    ]


def read_vendor_means(folder: Path, source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features that a vendor's means allow, and the creators they belong to.

    Returns:
        values (creator_id and features of the engagement family) and creators (creator_id, platform, n_followers).
    """
    rows = pl.read_parquet(folder / "creators" / "panel.parquet").filter(source=source)
    rows = rows.unique("creator_id", keep="first", maintain_order=True).filter(pl.col("n_followers") > 0)
    # The vendors write 0 for creators without a post in the window: unknown, not nothing.
    means = [pl.col(f"mean_{count}") for count in ("likes", "comments", "saves", "shares")]
    rows = rows.filter(pl.sum_horizontal(means) > 0).with_columns(
        mean_interactions=pl.sum_horizontal(means, ignore_nulls=False)
    )
    by_followers = {
        f"engagement_mean_{count}_by_followers_ratio": pl.col(f"mean_{count}") / pl.col("n_followers")
        for count in ("interactions", "likes", "comments", "saves")
    }
    by_likes = {
        f"engagement_{count}_by_likes_ratio": pl.when(pl.col("mean_likes") > 0).then(
            pl.col(f"mean_{count}") / pl.col("mean_likes")
        )
        for count in ("comments", "saves", "shares")
    }
    # The means of all posts and of the commercial ones are given; the others are what is left, where there are enough
    # of either. Where all posts are commercial the two agree, so interactions are likes, comments and saves here.
    n, n_paid, paid = pl.col("new_posts"), pl.col("n_commercial_posts"), pl.col("mean_inter_commercial")
    total = n * (pl.col("mean_likes") + pl.col("mean_comments") + pl.col("mean_saves"))
    own = (total - n_paid * paid) / (n - n_paid)
    enough = (n_paid >= N_POSTS_NEEDED) & (n - n_paid >= N_POSTS_NEEDED) & (own > 0)
    sponsored = {"engagement_mean_sponsored_by_organic_ratio": pl.when(enough).then(paid / own)}
    values = rows.select("creator_id", **by_followers, **by_likes, **sponsored)
    return values, rows.select("creator_id", "platform", pl.col("n_followers").cast(pl.Int64))


def read_creator_posts(folder: Path, source: str) -> Tables:
    """Creators with their last posts, counts as the platform showed them."""
    rows = pl.read_parquet(folder / "engagement" / "creator_posts.parquet").filter(source=source)
    counts = {name: pl.col(name).cast(pl.Int64) for name in ("n_likes", "n_comments", "n_saves", "n_shares", "n_views")}
    posts = rows.unique("post_id", keep="first", maintain_order=True).select(
        "post_id", "creator_id", "published_at", "text", **counts
    )
    creators = rows.group_by("creator_id", "platform").agg(
        pl.col("followers").max().cast(pl.Int64).alias("n_followers")
    )
    return Tables({"creators": creators.unique("creator_id"), "posts": posts})


def read_vtuber_windows(folder: Path, window_days: int = WINDOW_DAYS) -> Tables:
    """Follower series of channels cut into pieces of one calendar, each a creator of its own (channel@piece)."""
    rows = pl.read_parquet(folder / "growth" / "bilibili_vtuber_followers.parquet")
    epoch_days = pl.col("observed_at").dt.epoch("d")
    rows = rows.with_columns(piece=epoch_days // window_days).select(
        creator_id=pl.format("{}@{}", "channel", "piece"),
        observed_at=pl.col("observed_at").dt.replace_time_zone("UTC"),
        n_followers="followers",
    )
    counts = rows.unique(["creator_id", "observed_at"], keep="last", maintain_order=True)
    last = counts.sort("observed_at").group_by("creator_id", maintain_order=True).agg(pl.col("n_followers").last())
    return Tables({"creators": last.with_columns(platform=pl.lit("bilibili")), "follower_counts": counts})


def read_weibo_threads(folder: Path) -> Tables:
    """Remarks under Weibo posts not marked as rumours, each post a creator of its own; bare reposts left out."""
    rows = pl.read_parquet(folder / "engagement" / "weibo_repost_timelines.parquet").filter(kind="n")
    rows = rows.filter(pl.col("text").str.strip_chars() != "").with_row_index("row")
    comments = rows.select(
        comment_id=pl.col("row").cast(pl.String),
        post_id="post",
        creator_id="post",
        author_id="user",
        # Some dates lack the year; they are unknown here.
        created_at=pl.col("date")
        .str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
        .dt.replace_time_zone("Asia/Shanghai")
        .dt.convert_time_zone("UTC"),
        text="text",
    )
    creators = comments.select("creator_id").unique().with_columns(platform=pl.lit("weibo"))
    return Tables({"creators": creators, "comments": comments})


def read_weibo_panel(folder: Path, collection: str) -> Tables:
    """Weibo accounts that topic searches met, with their own settled posts, each read once at the end.

    Args:
        folder: The public data.
        collection: "hc2024" or "az2021": of two years, never to be pooled.
    """
    users = pl.read_parquet(folder / "creators" / "weibo_panel_users.parquet").filter(
        pl.col("source") == collection, pl.col("n_followers").is_between(*WEIBO_FOLLOWERS)
    )
    rows = pl.read_parquet(folder / "engagement" / "weibo_panel_posts.parquet")
    posts = to_weibo_posts(rows).join(users.select("creator_id"), on="creator_id", how="semi", maintain_order="left")
    posts = posts.with_columns(observed_at=pl.col("published_at").max())
    settled = pl.col("observed_at") - pl.col("published_at") >= timedelta(days=SETTLED_DAYS)
    creators = users.select("creator_id", "n_followers", platform=pl.lit("weibo"))
    return Tables({"creators": creators, "posts": posts.filter(settled)})


def to_weibo_posts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of weibo_panel_posts as table `posts`, ids by their place; the older collection has days without a time."""
    published = pl.col("published_at").str.head(10) + pl.col("published_at").str.slice(10).replace("", " 00:00:00")
    return rows.with_row_index("row").select(
        "creator_id",
        "text",
        "is_repost",
        "n_likes",
        "n_comments",
        post_id=pl.col("row").cast(pl.String),
        n_shares="n_reposts",
        published_at=published.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
        .dt.replace_time_zone("Asia/Shanghai")
        .dt.convert_time_zone("UTC"),
    )
