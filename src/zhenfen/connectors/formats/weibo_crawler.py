"""weibo-crawler (dataabc): a CSV or JSON file an account, a `users.csv`, and the SQLite file `weibodata.db`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.formats.weibo_text import clean_entities, list_others, own_words, verified_kind
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    clean_parent,
    find_missing,
    pick,
    raise_all,
    read_creators,
    stack,
    wanted_fields,
)
from zhenfen.connectors.reading.files import DATABASE_SUFFIXES
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, tidy
from zhenfen.errors import Problem

_USERS: Sources = {
    "creator_id": ("用户id", "id"),
    "display_name": ("昵称", "screen_name", "nick_name"),
    "bio": ("简介", "description", "bio"),
    "region": ("IP属地", "ip_location", "所在地", "location"),
    "is_verified": ("是否认证", "verified"),
    "verified_kind": ("认证类型", "verified_type"),
    "created_at": ("注册时间", "registration_time", "reg_date"),
    "n_followers": ("粉丝数", "followers_count", "follower_count"),
    "n_following": ("关注数", "follow_count"),
    "n_posts": ("微博数", "statuses_count"),
    "snapshot_at": ("_at",),
}
_POSTS: Sources = {
    "post_id": ("id",),
    "creator_id": ("user_id",),
    "_name": ("screen_name",),
    "published_at": ("完整日期", "full_created_at", "日期", "created_at"),
    "text": ("正文", "text"),
    "n_likes": ("点赞数", "attitudes_count"),
    "n_comments": ("评论数", "comments_count"),
    "n_shares": ("转发数", "reposts_count"),
    "_original": ("是否原创",),
    "_quoted": ("retweet_id", "_retweet"),
    "_video": ("视频url", "video_url"),
    "_pictures": ("原始图片url", "pics"),
    "_article": ("头条文章url", "article_url"),
}
_COMMENTS: Sources = {
    "comment_id": ("id",),
    "post_id": ("weibo_id",),
    "author_id": ("user_id",),
    "author_name": ("user_screen_name",),
    "created_at": ("created_at",),
    "text": ("text",),
    "n_likes": ("like_count",),
    "parent_comment_id": ("root_id",),
}
_POST_COLUMNS = {"id", "bid", "正文"}
_TABLES = {"user", "weibo", "comments"}
# Ids of accounts have 5 to 10 digits so far.
_BARE_TIME = r"^\s*\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\s*$"
_ACCOUNT = re.compile(r"^\d{5,12}$")


class WeiboCrawler(Connector, name="weibo_crawler"):
    """Reads every account of the folder; posts of others, which reposts bring along, are left out and listed."""

    title = "weibo-crawler: CSV, JSON or SQLite"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """The tool's headings in a CSV file, its two keys in a JSON file, or its table names."""
        return any(True for _ in _find_sheets(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read users, posts and comments."""
        users, posts, comments = _read_sheets(export, options)
        # Posts of the accounts themselves; the database keeps what they reposted in the same table.
        known, quoted = users["creator_id"].drop_nulls(), posts["_quoted"].drop_nulls()
        is_foreign = pl.col("post_id").is_in(quoted.implode()) & ~pl.col("creator_id").is_in(known.implode())
        is_foreign = is_foreign.fill_null(value=False)
        others = list_others(posts.filter(is_foreign))
        posts = posts.filter(~is_foreign)
        original = pl.col("_original").str.to_lowercase().replace_strict({"true": True, "false": False}, default=None)
        # A CSV file without the column comes from a run that kept originals only.
        is_repost = pl.coalesce(~original, pl.col("_quoted").is_not_null())
        kinds = {"_article": "article", "_video": "video", "_pictures": "image"}
        kind = pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(kind)) for name, kind in kinds.items())
        text = clean_entities(pl.col("text"))
        posts = posts.with_columns(
            text=pl.when(is_repost).then(own_words(text)).otherwise(text),
            media_kind=pl.coalesce(kind, pl.lit("text")),
            is_repost=is_repost.cast(pl.String),
        ).drop("_original", "_quoted", *kinds)
        tidied = tidy("posts", posts, expected={"creator_id": "unusable.creator"})
        users = users.with_columns(verified_kind=verified_kind(pl.col("verified_kind")))
        creators, follower_counts = read_creators(users, tidied.frame, "weibo")
        comments = comments.with_columns(
            clean_entities(pl.col("text")), clean_parent("parent_comment_id", "comment_id")
        )
        comments = comments.join(tidied.frame.select("post_id", "creator_id"), on="post_id", how="left")
        answers = tidy("comments", comments, expected={"creator_id": "unusable.post"})
        tables: list[tuple[str, Tidied | pl.DataFrame]] = [
            ("posts", tidied),
            ("creators", creators),
            ("follower_counts", follower_counts),
            ("comments", answers),
        ]
        return bundle(tables, [others])


def _find_sheets(export: Export) -> Iterator[tuple[str, str, str]]:
    """File, sheet, and what it holds: users, posts or comments."""
    for file in export.data_files:
        suffix, sheets = PurePosixPath(file).suffix.lower(), export.sheets(file)
        columns = set(sheets.get("", ()))
        if suffix == ".csv" and columns >= _POST_COLUMNS:
            yield file, "", "posts"
        elif suffix == ".csv" and PurePosixPath(file).name == "users.csv" and "用户id" in columns:
            yield file, "", "users"
        elif suffix == ".json" and {"user", "weibo"} <= set(sheets):
            yield from ((file, "user", "users"), (file, "weibo", "posts"))
        elif suffix in DATABASE_SUFFIXES and set(sheets) >= _TABLES:
            yield from ((file, "user", "users"), (file, "weibo", "posts"), (file, "comments", "comments"))


def _stamp(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a CSV file without the lines that are nothing but a time, which becomes `_at` of the row behind it.

    Versions of 2020 write such a line before what one run of theirs wrote.
    """
    first, *others = (name for name in frame.columns if name not in (FILE, ROW))
    is_bare = pl.col(first).str.contains(_BARE_TIME) & pl.all_horizontal(pl.col(others).is_null())
    is_bare = is_bare.fill_null(value=False)
    stamped = frame.with_columns(_at=pl.when(is_bare).then(pl.col(first)).forward_fill())
    return stamped.filter(~is_bare)


def _read_sheets(export: Export, options: Options) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    fields = {
        "users": (_USERS, ["creator_id"]),
        "posts": (_POSTS, ["post_id"]),
        "comments": (_COMMENTS, ["comment_id"]),
    }
    frames: dict[str, list[pl.DataFrame]] = {kind: [] for kind in fields}
    problems: list[Problem] = []
    found = list(_find_sheets(export))
    for number, (file, name, kind) in enumerate(found):
        options.on_progress(file, number, len(found))
        sources, required = fields[kind]
        sheet = export.read(file, name, wanted_fields(sources) | {"retweet": pl.Struct({"id": pl.String()})})
        problems += find_missing(sheet, sources, required)
        frame = sheet.frame
        if "正文" in sheet.columns:
            # A sheet of posts names its account in every row; CSV files leave that to the file's name.
            path = PurePosixPath(file)
            account = path.stem if _ACCOUNT.match(path.stem) else None
            screen_name = None if _ACCOUNT.match(path.parent.name) else path.parent.name or None
            frame = frame.with_columns(user_id=pl.lit(account, pl.String), screen_name=pl.lit(screen_name, pl.String))
        if PurePosixPath(file).suffix.lower() == ".csv":
            frame = _stamp(frame)
        if "retweet" in frame.columns:
            frame = frame.with_columns(_retweet=pl.col("retweet").struct.field("id")).drop("retweet")
        frames[kind].append(pick(replace(sheet, frame=frame), sources))
    raise_all(problems)
    users, posts, comments = (stack(frames[kind], fields[kind][0]) for kind in fields)
    return users, posts, comments
