"""The tables contract: which columns each table has, with type, unit and range (DESIGN §3).

Times are UTC, ids are strings, counts are integers or null. Null means unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Kind = Literal["id", "text", "count", "real", "flag", "time", "choice"]

DTYPES: dict[Kind, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "count": pl.Int64(),
    "real": pl.Float64(),
    "flag": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
    "choice": pl.String(),
}

PLATFORMS = (
    "weibo",
    "xiaohongshu",
    "douyin",
    "bilibili",
    "kuaishou",
    "wechat",
    "taobao",
    "instagram",
    "youtube",
    "x",
    "tiktok",
    "vk",
)
MEDIA_KINDS = ("text", "image", "video", "live", "article")
EVENT_KINDS = ("giveaway", "advert", "collab", "live", "news", "promotion")
"""advert: the creator's account or a product was advertised elsewhere; promotion: the platform was paid to show posts
(投流, Dou+, 薯条, 粉丝头条)."""
FRAMES = ("newest", "commenters", "likers", "authorised_export", "random", "unknown")
ACTIONS = ("row_left_out", "value_left_out", "duplicate_merged", "column_ignored")
"""What became of what an import could not use."""
FOUND_BY = ("search", "list", "roster", "own", "unknown")
"""How creators came into a set: by a search, on a list somebody made, as all of an agency's, or as the user's own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract.

    Attributes:
        name: Column name.
        kind: What it holds; decides the dtype.
        unit: Unit of a number, empty otherwise.
        high: Largest value allowed for a number, of which the smallest is then 0; without it any number is.
        choices: Values allowed for a choice.
    """

    name: str
    kind: Kind
    unit: str = ""
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def dtype(self) -> pl.DataType:
        """Polars type of the column."""
        return DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its columns, its key, and what a row can't do without.

    Attributes:
        name: Table name, the file's stem on disk.
        columns: All columns in their order.
        key: Columns that together name a row once.
        required: Columns that must be there and never null; the key is always among them.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: tuple[str, ...] = field(default=())

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to Polars type, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def must_have(self) -> tuple[str, ...]:
        """Key and required columns without repeats."""
        return tuple(dict.fromkeys((*self.key, *self.required)))


def _ids(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "id") for name in names)


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text") for name in names)


def _counts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "count", "count", high=1e13) for name in names)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "flag") for name in names)


def _shares(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "real", "share", high=1) for name in names)


def _averages(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "real", "count", high=1e13) for name in names)


def _amounts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "real", "CNY", high=1e12) for name in names)


def _times(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "time", "UTC") for name in names)


_PLATFORM = Column("platform", "choice", choices=PLATFORMS)
_FRAME = Column("frame", "choice", choices=FRAMES)
_BEHAVIOUR = (
    Column("posts_per_day", "real", "per day", high=1e6),
    *_shares("active_day_share", "night_share", "duplicate_share", "repost_share", "link_share", "mention_share"),
    *_shares("hashtag_share", "emoji_share"),
    Column("mean_shares_per_post", "real", "count", high=1e13),
    Column("mean_comments_per_post", "real", "count", high=1e13),
    *_shares("busiest_hour_share"),
    *_flags("is_regular"),
)
"""What the posts of a profile show, where somebody read them; counted as features/audience/behaviour.py does."""
_AVERAGED = ("likes", "comments", "saves", "shares", "views", "interactions")
_STANDING = _counts("n_followers", "n_following", "n_posts", "n_likes_received")
_RECEIVED = _counts("n_views", "n_likes", "n_comments", "n_shares", "n_saves", "n_coins", "n_danmaku")

TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "creators",
            (
                *_ids("creator_id"),
                _PLATFORM,
                *_texts("display_name", "bio", "category", "region"),
                *_flags("is_verified"),
                *_texts("verified_kind"),
                *_times("created_at", "snapshot_at"),
                *_STANDING,
                Column("fee_cny", "real", "CNY", high=1e9),
                Column("found_by", "choice", choices=FOUND_BY),
            ),
            key=("creator_id",),
            required=("platform",),
        ),
        TableSpec(
            "follower_counts",
            (*_ids("creator_id"), *_times("observed_at"), *_STANDING),
            key=("creator_id", "observed_at"),
        ),
        TableSpec(
            "posts",
            (
                *_ids("post_id", "creator_id"),
                *_times("published_at", "observed_at"),
                # Of posts that stand without their creators, who say it otherwise.
                _PLATFORM,
                *_texts("text"),
                Column("media_kind", "choice", choices=MEDIA_KINDS),
                *_RECEIVED,
                *_counts("n_peak_viewers"),
                # Of n_views, those that somebody paid the platform for.
                *_counts("n_paid_views"),
                *_flags("is_labelled_ad", "has_purchase_link", "is_repost"),
                # Of a live room, which is a post of media_kind live that began at published_at; n_views counts visits.
                Column("duration_seconds", "count", "seconds", high=1e7),
                *_averages("mean_viewers"),
                *_counts("n_new_followers", "n_orders"),
                *_amounts("sales_cny"),
                *_shares("returned_share"),
            ),
            key=("post_id",),
            required=("creator_id",),
        ),
        # What a vendor or a platform's own desk states of a creator over a window; nobody counted it again.
        TableSpec(
            "creator_stats",
            (
                # window: days ("30d"), last posts ("10p") or "unknown"; source: the vendor, or "unknown".
                *_ids("creator_id", "window", "source"),
                *_times("observed_at"),
                *_counts("n_posts"),
                *_averages(*(f"mean_{name}" for name in _AVERAGED), *(f"median_{name}" for name in _AVERAGED)),
                # Of mean_views: those that came by themselves, and those that somebody paid the platform for (星图).
                *_averages("mean_natural_views", "mean_paid_views"),
                # 互动率: by views or by followers, as the vendor has it; bought posts can have more than views.
                Column("interaction_rate", "real", "quotient", high=100.0),
                *_shares("hit_share", "water_follower_share", "active_follower_share"),
                # Of the followers, as 蒲公英 states them: who reads, interacts, orders.
                *_shares("reading_follower_share", "interacting_follower_share", "ordering_follower_share"),
                *_counts("n_water_followers", "n_active_followers"),
                # "上海 17.4%; 北京 15.2%", most first.
                *_texts("follower_regions", "follower_genders", "follower_ages"),
                *_amounts("price_image_cny", "price_video_cny"),
                *_amounts("price_1_20s_cny", "price_21_60s_cny", "price_60s_plus_cny", "price_live_cny"),
                *_amounts("cpe_image_cny", "cpe_video_cny", "cpe_cny", "cpm_cny", "sales_cny"),
                *_counts("n_sales"),
            ),
            key=("creator_id", "window", "source"),
        ),
        # Readings of posts that were read more than once; `posts` holds the latest.
        TableSpec(
            "post_counts",
            # n_viewers: who is in a live room at this moment; all other counts are totals up to it.
            (*_ids("post_id", "creator_id"), *_times("observed_at"), *_RECEIVED, *_counts("n_viewers")),
            key=("post_id", "observed_at"),
            required=("creator_id",),
        ),
        TableSpec(
            "comments",
            (
                *_ids("comment_id", "post_id", "creator_id", "author_id"),
                *_texts("author_name"),
                *_times("created_at"),
                *_texts("text"),
                *_counts("n_likes"),
                *_ids("parent_comment_id"),
                *_texts("region"),
            ),
            key=("comment_id",),
            required=("creator_id",),
        ),
        TableSpec(
            "audience",
            (
                *_ids("creator_id", "profile_id"),
                _PLATFORM,
                _FRAME,
                *_counts("follow_position"),
                *_times("followed_at"),
                *_texts("display_name", "bio"),
                *_times("created_at", "last_post_at"),
                *_STANDING,
                # What the profile gave: likes to posts of others; and lists of others that it stands on (X).
                *_counts("n_likes_given", "n_listed", "level"),
                *_flags("is_verified", "has_avatar", "is_private"),
                *_texts("gender", "region"),
                *_BEHAVIOUR,
            ),
            # Who follows may comment as well: a profile of two frames is a row of each.
            key=("creator_id", "profile_id", "frame"),
        ),
        TableSpec(
            "events",
            (
                *_ids("creator_id"),
                *_times("starts_at"),
                Column("kind", "choice", choices=EVENT_KINDS),
                *_texts("note"),
            ),
            key=("creator_id", "starts_at", "kind"),
        ),
        TableSpec(
            "audit_labels",
            (
                *_ids("creator_id", "profile_id"),
                *_flags("is_fake"),
                *_texts("labelled_by"),
                *_times("labelled_at"),
                # How the profile came into the labelled sample: without it the labels cannot be weighted.
                *_counts("stratum"),
                Column("inclusion", "real", "probability", high=1.0),
                # Of an audit in batches, from 1: its interval depends on how often somebody looked. Null: one draw.
                *_counts("batch"),
            ),
            key=("creator_id", "profile_id", "labelled_by"),
            required=("is_fake",),
        ),
        # How far the scores were off in earlier audits that the audit of creator_id may learn from.
        TableSpec(
            "earlier_audits",
            (
                *_ids("creator_id", "audit_id"),
                _PLATFORM,
                *_texts("model"),
                Column("offset", "real", "log-odds"),
                Column("offset_error", "real", "log-odds", high=1e3),
                *_counts("n_labels"),
                *_times("labelled_at"),
            ),
            key=("creator_id", "audit_id"),
            required=("platform", "model", "offset", "offset_error", "n_labels"),
        ),
        TableSpec(
            "provenance",
            (
                *_texts("source", "obtained_how"),
                *_times("obtained_at"),
                # id_key: whether ids of persons are the platforms' own ("kept"), else which key hashed them.
                *_texts("file", "sha256", "read_as", "id_key"),
            ),
            key=("file", "sha256"),
            required=("source", "obtained_how"),
        ),
        # Not a table of facts: what the import could not use, so that a report can list it.
        TableSpec(
            "unusable",
            (
                *_texts("table", "file"),
                *_counts("row"),
                *_texts("column", "value", "expected"),
                Column("action", "choice", choices=ACTIONS),
            ),
            key=("table", "file", "row", "column"),
            required=("action",),
        ),
    )
}
