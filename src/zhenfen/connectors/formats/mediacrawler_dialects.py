"""What MediaCrawler calls things on each platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from zhenfen.connectors.reading.fields import Sources

Value = TypeVar("Value")

_AUTHOR = ("user_id", "creator_hash")
_SEEN = ("last_modify_ts", "add_ts")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Headings of one platform's files.

    Attributes:
        platform: Canonical name.
        contents: Columns of `posts`.
        comments: Columns of `comments`.
        creators: Columns of `creators`.
        database_tables: Table names in the SQLite file, by kind.
        marks: Headings by kind that tell this platform's files from those of the platforms after it in DIALECTS.
        media_kind: Media kind of a post from its `_type`.
    """

    platform: str
    contents: Sources
    comments: Sources
    creators: Sources
    database_tables: Mapping[str, str]
    marks: Mapping[str, tuple[str, ...]]
    media_kind: Callable[[pl.Expr], pl.Expr]

    def fields(self, kind: str) -> Sources:
        """The headings of a kind of file."""
        return {"contents": self.contents, "comments": self.comments, "creators": self.creators}[kind]


def _contents(post_id: str, likes: str, **more: tuple[str, ...]) -> Sources:
    return {
        "post_id": (post_id,),
        "creator_id": _AUTHOR,
        "_name": ("nickname",),
        "_seen": _SEEN,
        "_title": ("title",),
        "_body": ("desc", "content"),
        "published_at": ("create_time", "create_date_time"),
        "n_likes": (likes,),
        "_type": (),
        "_keyword": ("source_keyword",),
        **more,
    }


def _comments(post_id: str, likes: str) -> Sources:
    return {
        "comment_id": ("comment_id",),
        "post_id": (post_id,),
        "author_id": _AUTHOR,
        "author_name": ("nickname",),
        "_seen": _SEEN,
        "created_at": ("create_time", "create_date_time"),
        "text": ("content",),
        "n_likes": (likes,),
        "parent_comment_id": ("parent_comment_id",),
        "region": ("ip_location",),
    }


def _creators(**more: tuple[str, ...]) -> Sources:
    return {
        "creator_id": _AUTHOR,
        "display_name": ("nickname",),
        "bio": ("desc",),
        "region": ("ip_location",),
        "snapshot_at": _SEEN,
        "_seen": _SEEN,
        "n_followers": ("fans",),
        "n_following": ("follows",),
        "n_likes_received": ("interaction",),
        "_official": (),
        **more,
    }


def _always(kind: str | None) -> Callable[[pl.Expr], pl.Expr]:
    return lambda _type: pl.lit(kind, dtype=pl.String)


def _xhs_kind(kind: pl.Expr) -> pl.Expr:
    return kind.replace_strict({"normal": "image", "video": "video"}, default=None, return_dtype=pl.String)


def _dy_kind(kind: pl.Expr) -> pl.Expr:
    # 68 is a picture post on Douyin; 0 and the fifties and sixties else are videos of one sort or another.
    return pl.when(kind == "68").then(pl.lit("image")).when(kind.is_not_null()).then(pl.lit("video"))


def _by_kind(contents: Value, comments: Value, creators: Value) -> Mapping[str, Value]:
    return {"contents": contents, "comments": comments, "creators": creators}


DIALECTS: dict[str, Dialect] = {
    "xhs": Dialect(
        "xiaohongshu",
        _contents(
            "note_id",
            "liked_count",
            published_at=("time",),
            n_comments=("comment_count",),
            n_shares=("share_count",),
            n_saves=("collected_count",),
            _type=("type",),
        ),
        _comments("note_id", "like_count"),
        _creators(),
        _by_kind("xhs_note", "xhs_note_comment", "xhs_creator"),
        _by_kind(("note_id", "collected_count"), ("note_id", "like_count"), ("fans", "interaction", "tag_list")),
        _xhs_kind,
    ),
    "dy": Dialect(
        "douyin",
        _contents(
            "aweme_id",
            "liked_count",
            n_comments=("comment_count",),
            n_shares=("share_count",),
            n_saves=("collected_count",),
            _type=("aweme_type",),
        ),
        _comments("aweme_id", "like_count"),
        _creators(n_posts=("videos_count",)),
        _by_kind("douyin_aweme", "douyin_aweme_comment", "dy_creator"),
        _by_kind(("aweme_id",), ("aweme_id",), ("videos_count",)),
        _dy_kind,
    ),
    "bili": Dialect(
        "bilibili",
        _contents(
            "video_id",
            "liked_count",
            n_views=("video_play_count",),
            n_comments=("video_comment",),
            n_shares=("video_share_count",),
            n_saves=("video_favorite_count",),
            n_coins=("video_coin_count",),
            n_danmaku=("video_danmaku",),
        ),
        _comments("video_id", "like_count"),
        _creators(
            bio=("sign",),
            n_followers=("total_fans",),
            n_likes_received=("total_liked",),
            n_following=(),
            region=(),
            _official=("is_official",),
        ),
        _by_kind("bilibili_video", "bilibili_video_comment", "bilibili_up_info"),
        _by_kind(("video_danmaku",), ("video_id", "like_count"), ("total_fans",)),
        _always("video"),
    ),
    "ks": Dialect(
        "kuaishou",
        _contents("video_id", "liked_count", n_views=("viewd_count",)),
        _comments("video_id", "like_count"),
        # The tool writes the number of public videos where others have the likes received.
        _creators(n_posts=("interaction",), n_likes_received=()),
        _by_kind("kuaishou_video", "kuaishou_video_comment", "kuaishou_creator"),
        _by_kind(("viewd_count",), ("video_id",), ("fans", "interaction")),
        _always("video"),
    ),
    "wb": Dialect(
        "weibo",
        _contents("note_id", "liked_count", n_comments=("comments_count",), n_shares=("shared_count",)),
        _comments("note_id", "comment_like_count"),
        _creators(n_likes_received=()),
        _by_kind("weibo_note", "weibo_note_comment", "weibo_creator"),
        _by_kind(("shared_count",), ("comment_like_count",), ("fans",)),
        _always(None),
    ),
}
