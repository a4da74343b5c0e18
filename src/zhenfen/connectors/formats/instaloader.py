"""Instaloader: one JSON file a post, its comments beside it, and one a profile.

Read from the tool's sources (instaloader/structures.py, instaloader/instaloader.py) and its guide; not tried on a real
file. The tool packs them as `.json.xz` unless `--no-compress-json` is given; those are to be unpacked first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export, Sheet
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    drop_unknown_counts,
    pick,
    read_creators,
    stack,
    unfold,
)
from zhenfen.connectors.reading.tidy import FILE, ROW, tidy, unusable_files

_TEXT = pl.String()
_COUNT = pl.Struct({"count": _TEXT})
_PERSON: dict[str, pl.DataType] = {
    **dict.fromkeys(("id", "username", "full_name", "biography", "is_verified"), _TEXT),
    **dict.fromkeys(("edge_followed_by", "edge_follow"), _COUNT),
}
_CAPTION = pl.Struct({"edges": pl.List(pl.Struct({"node": pl.Struct({"text": _TEXT})}))})
_NODE: dict[str, pl.DataType] = {
    **_PERSON,
    **dict.fromkeys(("shortcode", "code", "caption", "date", "taken_at_timestamp", "__typename"), _TEXT),
    **dict.fromkeys(("is_video", "video_view_count", "title"), _TEXT),
    **dict.fromkeys(("edge_media_preview_like", "edge_liked_by"), _COUNT),
    **dict.fromkeys(("edge_media_to_comment", "edge_media_to_parent_comment"), _COUNT),
    "edge_media_to_caption": _CAPTION,
    "owner": pl.Struct(_PERSON),
}
_SCHEMA: dict[str, pl.DataType] = {
    "node": pl.Struct(_NODE),
    "instaloader": pl.Struct({"node_type": _TEXT}),
}
_ANSWER: dict[str, pl.DataType] = {
    **dict.fromkeys(("id", "created_at", "text", "likes_count"), _TEXT),
    "owner": pl.Struct({"id": _TEXT, "username": _TEXT}),
}
_THREAD: dict[str, pl.DataType] = {**_ANSWER, "answers": pl.List(pl.Struct(_ANSWER))}
_KIND = "instaloader.node_type"
_CAPTION_EDGES = "node.edge_media_to_caption.edges"
_POSTS: Sources = {
    "post_id": ("node.shortcode", "node.code"),
    "creator_id": ("node.owner.id",),
    "_name": ("node.owner.username",),
    "published_at": ("node.taken_at_timestamp", "node.date"),
    "text": ("_caption", "node.caption"),
    "media_kind": ("node.is_video",),
    "n_likes": ("node.edge_media_preview_like.count", "node.edge_liked_by.count"),
    "n_comments": ("node.edge_media_to_parent_comment.count", "node.edge_media_to_comment.count"),
    "n_views": ("node.video_view_count",),
}
_COMMENTS: Sources = {
    "comment_id": ("id",),
    "author_id": ("owner.id",),
    "author_name": ("owner.username",),
    "created_at": ("created_at",),
    "text": ("text",),
    "n_likes": ("likes_count",),
    "parent_comment_id": ("_thread",),
}
_COMMENTS_END, _END = "_comments.json", ".json"


class Instaloader(Connector, name="instaloader"):
    """Reads posts, profiles and comments; stories and what else the tool keeps are listed."""

    title = "Instaloader: JSON of posts, profiles and comments"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """A JSON file with the tool's two keys."""
        return any(_is_node(export, file) for file in export.data_files)

    def read(self, export: Export, options: Options) -> Imported:
        """Read every file; whose post a file of comments is about stands in the name of the file beside it."""
        files = [file for file in export.data_files if _is_node(export, file)]
        sheets: list[Sheet] = []
        for number, file in enumerate(files):
            options.on_progress(file, number, len(files))
            sheet = unfold(export.read(file, "", _SCHEMA))
            first = pl.col(_CAPTION_EDGES).list.first().struct.field("node").struct.field("text")
            sheets.append(replace(sheet, frame=sheet.frame.with_columns(_caption=first)))
        kinds = {sheet.label: sheet.frame[_KIND].first() for sheet in sheets}
        written = drop_unknown_counts(
            stack((pick(one, _POSTS) for one in sheets if kinds[one.label] == "Post"), _POSTS)
        )
        # Whether it is a video may be left out: then the kind is unknown.
        is_video = pl.col("media_kind").str.to_lowercase()
        kind = is_video.replace_strict({"true": "video", "false": "image"}, default=None, return_dtype=pl.String)
        posts = tidy(
            "posts",
            written.with_columns(media_kind=kind),
        )
        people = [pick(one, _person("node.")) for one in sheets if kinds[one.label] == "Profile"]
        people += [pick(one, _person("node.owner.")) for one in sheets if kinds[one.label] == "Post"]
        # Every post repeats its owner; a profile's own file comes first.
        said = drop_unknown_counts(stack(people, _person(""))).drop_nulls("creator_id")
        profiles = said.group_by("creator_id", maintain_order=True).agg(pl.all().drop_nulls().first())
        creators, _ = read_creators(profiles, posts.frame, "instagram")
        owners = posts.frame.select("post_id", "creator_id")
        places = written.select(pl.col(FILE).alias("_beside"), "post_id").drop_nulls().unique("_beside")
        comments = stack(_read_threads(export), {**_COMMENTS, "_beside": ()}).join(places, on="_beside", how="left")
        answers = tidy(
            "comments",
            drop_unknown_counts(comments.join(owners, on="post_id", how="left")),
            expected={"creator_id": "unusable.post"},
        )
        others = [label for label, kind in kinds.items() if kind not in ("Post", "Profile")]
        return bundle(
            [("posts", posts), ("creators", creators), ("comments", answers)], [unusable_files(others, "unusable.file")]
        )


def _is_node(export: Export, file: str) -> bool:
    return file.lower().endswith(_END) and {"node", "instaloader"} <= set(export.sheets(file))


def _person(place: str) -> Sources:
    """What an object at `place` says of somebody."""
    return {
        "creator_id": (f"{place}id",),
        "display_name": (f"{place}username",),
        "bio": (f"{place}biography",),
        "is_verified": (f"{place}is_verified",),
        "n_followers": (f"{place}edge_followed_by.count",),
        "n_following": (f"{place}edge_follow.count",),
    }


def _read_threads(export: Export) -> Iterable[pl.DataFrame]:
    """Comments and the answers to them, a frame each, with `_beside`, the file of their post."""
    for file in export.data_files:
        if not file.lower().endswith(_COMMENTS_END) or not set(export.sheets(file).get("", ())) >= {"id", "answers"}:
            continue
        sheet = export.read(file, "", _THREAD)
        beside = pl.lit(file[: -len(_COMMENTS_END)] + _END)
        thread = sheet.frame.select(FILE, ROW, pl.col("id").alias("_thread"), "answers")
        answers = thread.explode("answers").drop_nulls("answers").unnest("answers")
        for frame in (sheet.frame.drop("answers"), answers):
            one = unfold(replace(sheet, frame=frame))
            yield pick(one, _COMMENTS).with_columns(_beside=beside)
