"""Timelines from Weibo's web interface: one status a line, or a JSON list, usually one file an account."""

from __future__ import annotations

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.formats.weibo_text import clean_entities, list_others, own_words, verified_kind
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    clean_region,
    find_missing,
    pick,
    raise_all,
    read_creators,
    stack,
    unfold,
)
from zhenfen.connectors.reading.files import LINES_SUFFIXES
from zhenfen.connectors.reading.tidy import FILE, ROW, tidy

_TEXT = pl.String()
_USER_COUNTS = ("followers_count", "friends_count", "statuses_count")
_USER_FIELDS = ("idstr", "id", "screen_name", "description", "verified", "verified_type", *_USER_COUNTS)
_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("idstr", "id", "created_at", "text_raw", "region_name", "ori_uid", "pic_num"), _TEXT),
    **dict.fromkeys(("reposts_count", "comments_count", "attitudes_count"), _TEXT),
    "user": pl.Struct(dict.fromkeys(_USER_FIELDS, _TEXT)),
    "title": pl.Struct({"text": _TEXT}),
    "longText": pl.Struct({"longTextContent": _TEXT}),
    "page_info": pl.Struct({"object_type": _TEXT}),
    "retweeted_status": pl.Struct({"idstr": _TEXT, "id": _TEXT}),
}
_POSTS: Sources = {
    "post_id": ("idstr", "id"),
    "creator_id": ("user.idstr", "user.id"),
    "_name": ("user.screen_name",),
    "published_at": ("created_at",),
    "text": ("longText.longTextContent", "text_raw"),
    "n_likes": ("attitudes_count",),
    "n_comments": ("comments_count",),
    "n_shares": ("reposts_count",),
    "_object": ("page_info.object_type",),
    "_n_pictures": ("pic_num",),
    "_quoted": ("retweeted_status.idstr", "retweeted_status.id"),
    "_banner": ("title.text",),
    "_shared_by": ("ori_uid",),
}
_USERS: Sources = {
    "_post": ("idstr", "id"),
    "creator_id": ("user.idstr", "user.id"),
    "display_name": ("user.screen_name",),
    "bio": ("user.description",),
    "region": ("region_name",),
    "is_verified": ("user.verified",),
    "verified_kind": ("user.verified_type",),
    "n_followers": ("user.followers_count",),
    "n_following": ("user.friends_count",),
    "n_posts": ("user.statuses_count",),
}
_COLUMNS = {"created_at", "text_raw", "user"}
# "他2023-06-23赞过的微博", "她…评论过的微博": why a stranger's post stands in this timeline.
_LIKED = r"(?:赞|评论|转发|收藏|看)过的微博"
# Ids of accounts have 5 to 10 digits so far.
_ACCOUNT = r"(\d{5,12})[^/]*$"


class WeiboStatuses(Connector, name="weibo_statuses"):
    """Reads the account's own posts; those it liked, commented on or shared with a tap are left out and listed."""

    title = "Weibo web timeline: one status a line, or a JSON list"
    certainty = 80

    def detect(self, export: Export) -> bool:
        """Files whose rows have the interface's own field names."""
        return bool(_timeline_files(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every timeline."""
        files, sheets, problems = _timeline_files(export), [], []
        for number, file in enumerate(files):
            options.on_progress(file, number, len(files))
            sheet = export.read(file, "", _SCHEMA)
            sheets.append(unfold(sheet))
            problems += find_missing(sheets[-1], _POSTS, ["post_id", "creator_id"])
        raise_all(problems)
        rows = stack((pick(sheet, _POSTS) for sheet in sheets), _POSTS)
        # Posts of others that a timeline shows: what it liked or shared, and in a file named after one of the accounts
        # in it, that account's timeline, all that is not the account's.
        marked = pl.col("_banner").str.contains(_LIKED).fill_null(value=False) | pl.col("_shared_by").is_not_null()
        authors = rows.select(FILE, "creator_id").unique()
        named = authors.filter(pl.col(FILE).str.extract(_ACCOUNT) == pl.col("creator_id"))
        owned = rows.join(named.rename({"creator_id": "_owner"}), on=FILE, how="left", maintain_order="left")
        is_other = marked | (pl.col("_owner") != pl.col("creator_id")).fill_null(value=False)
        own, others = owned.filter(~is_other).drop("_owner"), list_others(owned.filter(is_other))
        is_repost = pl.col("_quoted").is_not_null()
        text = clean_entities(pl.col("text"))
        has_pictures = pl.col("_n_pictures").cast(pl.Int64, strict=False) > 0
        kind = pl.when(has_pictures).then(pl.lit("image")).otherwise(pl.lit("text"))
        written = own.with_columns(
            text=pl.when(is_repost).then(own_words(text)).otherwise(text),
            is_repost=is_repost.cast(pl.String),
            media_kind=pl.when(pl.col("_object") == "video").then(pl.lit("video")).otherwise(kind),
        )
        posts = tidy("posts", written.drop("_object", "_n_pictures", "_quoted", "_banner", "_shared_by"))
        users = stack((pick(sheet, _USERS) for sheet in sheets), _USERS)
        # One raw row an account: every status repeats its author, the one of the newest post counts.
        newest = users.join(own.select(FILE, ROW), on=[FILE, ROW])
        newest = newest.sort(pl.col("_post").str.len_chars(), "_post", descending=True, nulls_last=True)
        profiles = newest.group_by("creator_id", maintain_order=True).agg(pl.all().drop_nulls().first()).drop("_post")
        kind = verified_kind(pl.col("verified_kind"))
        profiles = profiles.with_columns(clean_region(pl.col("region")), verified_kind=kind).drop_nulls("creator_id")
        creators, _ = read_creators(profiles, posts.frame, "weibo")
        return bundle([("posts", posts), ("creators", creators)], [others])


def _timeline_files(export: Export) -> list[str]:
    suffixes = (".json", *LINES_SUFFIXES)
    texts = [file for file in export.data_files if file.lower().endswith(suffixes)]
    return [file for file in texts if set(export.sheets(file).get("", ())) >= _COLUMNS]
