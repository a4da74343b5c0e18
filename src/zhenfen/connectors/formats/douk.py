"""DouK-Downloader, once TikTokDownloader (JoeanAmier): CSV, XLSX or SQLite of posts, accounts and comments.

Read from the tool's sources (src/storage/manager.py, src/extract/extractor.py); not tried on a real file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.found_by import SEARCH
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    clean_parent,
    clean_region,
    drop_unknown_counts,
    find_missing,
    pick,
    raise_all,
    read_creators,
    stack,
    wanted_fields,
)
from zhenfen.connectors.reading.tidy import FILE, Tidied, tidy
from zhenfen.errors import Problem

# SEC_UID and not UID: of accounts of TikTok the tool writes only this one.
_POSTS: Sources = {
    "post_id": ("作品ID",),
    "creator_id": ("SEC_UID",),
    "_name": ("账号昵称",),
    "_seen": ("采集时间",),
    "_link": ("作品链接",),
    "published_at": ("发布时间",),
    "text": ("作品描述",),
    "media_kind": ("作品类型",),
    "n_likes": ("点赞数量",),
    "n_comments": ("评论数量",),
    "n_saves": ("收藏数量",),
    "n_shares": ("分享数量",),
    "n_views": ("播放数量",),
}
_USERS: Sources = {
    "creator_id": ("SEC_UID",),
    # The tool's own slip of the pen in one of its tables.
    "display_name": ("账号昵称", "昵称昵称"),
    "_link": ("账号链接",),
    "bio": ("账号签名",),
    "region": ("IP归属地",),
    "snapshot_at": ("采集时间",),
    "_seen": ("采集时间",),
    "n_posts": ("作品数量",),
    "n_followers": ("粉丝数量",),
    "n_following": ("关注数量",),
    "n_likes_received": ("获赞数量",),
}
_COMMENTS: Sources = {
    "comment_id": ("评论ID",),
    "author_id": ("SEC_UID",),
    "author_name": ("账号昵称",),
    "_seen": ("采集时间",),
    "created_at": ("评论时间",),
    "text": ("评论内容",),
    "n_likes": ("点赞数量",),
    "parent_comment_id": ("回复ID",),
    "region": ("IP归属地",),
}
_FIELDS = {"posts": _POSTS, "users": _USERS, "comments": _COMMENTS}
_REQUIRED = {"posts": ("post_id", "creator_id"), "users": ("creator_id",), "comments": ("comment_id",)}
_MARKS = {
    "posts": {"SEC_UID", "作品ID", "作品描述", "点赞数量"},
    "users": {"SEC_UID", "粉丝数量", "获赞数量"},
    "comments": {"SEC_UID", "评论ID", "评论内容", "回复ID"},
}
# 作品123456789_评论数据: whose comments a file or a table holds stands in its name only.
_COMMENTED = re.compile(r"作品(\d+)_评论数据")
_SEARCH_DATABASE, _SEARCH_NAME = "SearchData.db", "搜索数据"
_KINDS = {"视频": "video", "图集": "image", "实况": "image"}
_PLATFORMS = ("douyin", "tiktok")


class DouK(Connector, name="douk"):
    """Reads posts, accounts and comments; comments belong to the posts that are in the export too."""

    title = "DouK-Downloader (TikTokDownloader): CSV, XLSX or SQLite"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """The tool's headings of posts or accounts; comments alone are read as any sheet of comments is."""
        return any(kind != "comments" for _, _, kind in _find_sheets(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every sheet; each account belongs to the platform that its links lead to."""
        raw = _read_sheets(export, options)
        searched = pl.concat(raw[kind].filter("_searched").select("creator_id", FILE) for kind in ("posts", "users"))
        found = searched.select("creator_id", found_by=pl.lit(SEARCH), file=FILE).drop_nulls().unique()
        written = raw["posts"].with_columns(
            media_kind=pl.col("media_kind").replace_strict(_KINDS, default=None, return_dtype=pl.String),
            # Where a post has no words the tool writes its id.
            text=pl.when(pl.col("text") != pl.col("post_id")).then(pl.col("text")),
            observed_at=pl.col(SEEN),
        )
        posts = tidy("posts", written)
        parts: list[tuple[str, Tidied | pl.DataFrame]] = [("posts", posts)]
        for platform in _PLATFORMS:
            users = raw["users"].filter(_platform() == platform).with_columns(clean_region(pl.col("region")))
            creators, counts = read_creators(users, posts.frame.filter(_platform() == platform), platform)
            parts += [("creators", creators), ("follower_counts", counts)]
        owners = posts.frame.select("post_id", "creator_id")
        answers = raw["comments"].with_columns(
            clean_parent("parent_comment_id", "comment_id"),
            region=pl.when(pl.col("region") != "未知").then(pl.col("region")),
        )
        answers = answers.join(owners, on="post_id", how="left")
        parts.append(("comments", tidy("comments", answers, expected={"creator_id": "unusable.post"})))
        return replace(bundle(parts), found=found.sort("creator_id", "file"))


def _platform() -> pl.Expr:
    return (
        pl.when(pl.col("_link").str.contains("tiktok.com", literal=True))
        .then(pl.lit("tiktok"))
        .otherwise(pl.lit("douyin"))
    )


def _find_sheets(export: Export) -> Iterator[tuple[str, str, str]]:
    """File, sheet, and what it holds."""
    for file in export.data_files:
        for name, columns in export.sheets(file).items():
            kind = next((kind for kind, marks in _MARKS.items() if set(columns) >= marks), None)
            if kind:
                yield file, name, kind


def _read_sheets(export: Export, options: Options) -> dict[str, pl.DataFrame]:
    """Raw rows by kind, with `_searched`, and those of comments with `post_id`."""
    frames: dict[str, list[pl.DataFrame]] = {kind: [] for kind in _FIELDS}
    problems: list[Problem] = []
    found = list(_find_sheets(export))
    for number, (file, name, kind) in enumerate(found):
        options.on_progress(file, number, len(found))
        sheet = export.read(file, name, wanted_fields(_FIELDS[kind]))
        problems += find_missing(sheet, _FIELDS[kind], _REQUIRED[kind])
        path = PurePosixPath(file)
        is_search = path.name == _SEARCH_DATABASE or path.name.startswith(_SEARCH_NAME)
        rows = drop_unknown_counts(pick(sheet, _FIELDS[kind])).with_columns(_searched=pl.lit(is_search))
        if kind == "comments":
            commented = _COMMENTED.search(name or path.stem)
            rows = rows.with_columns(post_id=pl.lit(commented[1] if commented else None, pl.String))
        frames[kind].append(rows)
    raise_all(problems)
    empty = {"_searched": pl.Boolean(), "post_id": pl.String()}
    return {
        kind: stack([*rows, pl.DataFrame(schema=empty if kind != "users" else {"_searched": pl.Boolean()})], sources)
        for (kind, sources), rows in zip(_FIELDS.items(), frames.values(), strict=True)
    }
