"""yt-dlp: one `*.info.json` a video (`--write-info-json`), with its comments where they were asked for.

Read from the fields that its README and yt_dlp/extractor/common.py list; not tried on a real file.
"""

from __future__ import annotations

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    count_followers,
    find_missing,
    join_title,
    pick,
    raise_all,
    read_creators,
    stack,
    wanted_fields,
)
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, tidy, unusable_files
from zhenfen.errors import Problem

_SUFFIX = ".info.json"
_WHO = {"creator_id": ("channel_id", "uploader_id"), "_type": ("_type",), "_extractor": ("extractor_key", "extractor")}
_POSTS: Sources = {
    **_WHO,
    "post_id": ("id",),
    "_name": ("channel", "uploader"),
    "_seen": ("epoch",),
    "_title": ("title",),
    "_body": ("description",),
    "published_at": ("timestamp", "upload_date"),
    "_live": ("live_status",),
    "n_views": ("view_count",),
    "n_likes": ("like_count",),
    "n_comments": ("comment_count",),
    "n_shares": ("repost_count",),
}
_USERS: Sources = {
    **_WHO,
    "display_name": ("channel", "uploader"),
    "snapshot_at": ("epoch",),
    "_seen": ("epoch",),
    "n_followers": ("channel_follower_count",),
    "is_verified": ("channel_is_verified",),
}
_COMMENTS: Sources = {
    "comment_id": ("id",),
    "author_id": ("author_id",),
    "author_name": ("author",),
    "created_at": ("timestamp",),
    "text": ("text",),
    "n_likes": ("like_count",),
    "parent_comment_id": ("parent",),
}
_SCHEMA: dict[str, pl.DataType] = {
    **wanted_fields(_POSTS, _USERS),
    "comments": pl.List(pl.Struct(wanted_fields(_COMMENTS))),
}
# How the names begin by which the tool calls what reads a site.
_PLATFORMS = {
    "youtube": "youtube",
    "bilibili": "bilibili",
    "douyin": "douyin",
    "tiktok": "tiktok",
    "instagram": "instagram",
    "weibo": "weibo",
    "xiaohongshu": "xiaohongshu",
    "twitter": "x",
    "vk": "vk",
}


class YtDlp(Connector, name="yt_dlp"):
    """Reads videos of every site that is a known platform, and their comments; other sites are listed."""

    title = "yt-dlp: *.info.json"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """Files of the tool's own suffix with a video's first fields."""
        return bool(_find_files(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every file: one video, or a channel's own page, which says who it is."""
        files = _find_files(export)
        posts, users, comments, problems = [], [], [], list[Problem]()
        for number, file in enumerate(files):
            options.on_progress(file, number, len(files))
            sheet = export.read(file, "", _SCHEMA)
            problems += find_missing(sheet, _POSTS, ["post_id"])
            posts.append(pick(sheet, _POSTS))
            users.append(pick(sheet, _USERS))
            comments.append(_list_comments(sheet.frame))
        raise_all(problems)
        raw = {"posts": _place(stack(posts, _POSTS)), "users": _place(stack(users, _USERS))}
        strange = raw["posts"].filter(pl.col("platform").is_null())[FILE].unique(maintain_order=True).to_list()
        if len(strange) == len(files):
            expected = f"a video of one of the sites {', '.join(_PLATFORMS)}"
            raise_all([Problem(expected, file, column="extractor_key") for file in strange])
        known = raw["posts"].drop_nulls("platform")
        # What was read of a channel's page is a list of its videos, no video.
        videos = known.filter(pl.col("_type").fill_null("video") == "video").with_columns(
            text=join_title(pl.col("_title"), pl.col("_body")),
            # 20240102: the day alone, where a site tells no time.
            published_at=pl.col("published_at").str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3"),
            media_kind=pl.when(pl.col("_live").is_in(["is_live", "was_live"]))
            .then(pl.lit("live"))
            .otherwise(pl.lit("video")),
            observed_at=pl.col(SEEN),
            _of=pl.col("platform"),
        )
        # Where comments were fetched the tool puts their number in place of the video's own: that one is unknown then.
        fetched = stack(comments, {**_COMMENTS, "post_id": ()})
        had_comments = pl.col("post_id").is_in(fetched["post_id"].unique().implode())
        videos = videos.with_columns(n_comments=pl.when(~had_comments).then(pl.col("n_comments")))
        tidied = tidy("posts", videos.drop("_title", "_body", "_live", "_type", "_extractor", "platform"))
        parts: list[tuple[str, Tidied | pl.DataFrame]] = [("posts", tidied)]
        for platform in dict.fromkeys(known["platform"]):
            channels = raw["users"].filter(pl.col("platform") == platform)
            parts += _read_channels(channels, tidied.frame.filter(pl.col("_of") == platform), platform)
        answers = fetched.join(tidied.frame.select("post_id", "creator_id"), on="post_id")
        answers = answers.with_columns(
            parent_comment_id=pl.when(pl.col("parent_comment_id") != "root").then(pl.col("parent_comment_id"))
        )
        parts.append(("comments", tidy("comments", answers)))
        return bundle(parts, [unusable_files(strange, "unusable.unsupported")])


def _find_files(export: Export) -> list[str]:
    mine = (file for file in export.data_files if file.lower().endswith(_SUFFIX))
    return [file for file in mine if "id" in export.sheets(file)]


def _read_channels(users: pl.DataFrame, posts: pl.DataFrame, platform: str) -> list[tuple[str, Tidied | pl.DataFrame]]:
    """Creators and their follower counts: every video repeats what its site says of the channel."""
    rows = users.drop("_type", "_extractor", "platform").drop_nulls("creator_id")
    newest = rows.sort("_seen", descending=True, nulls_last=True, maintain_order=True)
    latest = newest.group_by("creator_id", maintain_order=True).agg(pl.all().drop_nulls().first())
    creators, _ = read_creators(latest, posts, platform)
    counts = count_followers(rows.unique(["creator_id", "snapshot_at"], keep="first", maintain_order=True))
    return [("creators", creators), ("follower_counts", counts)]


def _list_comments(document: pl.DataFrame) -> pl.DataFrame:
    """A row a comment, with `post_id`; `_row` counts the comments of a file."""
    rows = document.select(pl.col("id").alias("post_id"), FILE, "comments").explode("comments").drop_nulls("comments")
    said = [pl.col("comments").struct.field(heading).alias(name) for name, (heading, *_) in _COMMENTS.items()]
    return rows.select("post_id", FILE, *said, pl.int_range(1, pl.len() + 1).alias(ROW))


def _place(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `platform`; null for a site that is none of ours."""
    site = pl.col("_extractor").str.to_lowercase()
    return rows.with_columns(
        platform=pl.coalesce(
            pl.when(site.str.starts_with(begin)).then(pl.lit(platform)) for begin, platform in _PLATFORMS.items()
        )
    )
