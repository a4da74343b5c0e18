"""XHS-Downloader (JoeanAmier): its SQLite file of notes, or a sheet that somebody made of it.

Read from the tool's sources (source/module/recorder.py, source/application/explore.py); not tried on a real file.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.formats.weibo_text import clean_entities
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.fields import (
    Sources,
    bundle,
    drop_unknown_counts,
    find_missing,
    join_title,
    pick,
    raise_all,
    read_creators,
    stack,
    wanted_fields,
)
from zhenfen.connectors.reading.tidy import tidy
from zhenfen.errors import Problem

_NOTES: Sources = {
    "post_id": ("作品ID",),
    "creator_id": ("作者ID",),
    "_name": ("作者昵称",),
    "_seen": ("采集时间",),
    "_title": ("作品标题",),
    "_body": ("作品描述",),
    "published_at": ("发布时间",),
    "n_likes": ("点赞数量",),
    "n_comments": ("评论数量",),
    "n_shares": ("分享数量",),
    "n_saves": ("收藏数量",),
    "media_kind": ("作品类型",),
}
_MARKS = {"采集时间", "作品ID", "作者ID", "作品描述", "点赞数量"}
_KINDS = {"视频": "video", "图文": "image", "图集": "image"}


class XhsDownloader(Connector, name="xhs_downloader"):
    """Reads notes and who wrote them; the tool keeps neither comments nor follower counts."""

    title = "XHS-Downloader: SQLite, or a sheet of its notes"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """The headings of the tool's one table, in a database or a sheet."""
        return any(True for _ in _find_notes(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every table of notes."""
        found, frames, problems = list(_find_notes(export)), [], list[Problem]()
        for number, (file, name) in enumerate(found):
            options.on_progress(file, number, len(found))
            sheet = export.read(file, name, wanted_fields(_NOTES))
            problems += find_missing(sheet, _NOTES, ["post_id", "creator_id"])
            frames.append(pick(sheet, _NOTES))
        raise_all(problems)
        raw = drop_unknown_counts(stack(frames, _NOTES)).with_columns(
            text=join_title(pl.col("_title"), clean_entities(pl.col("_body"))),
            # Written as 2024-01-02_10:21:42, for the time stands in names of files too.
            published_at=pl.col("published_at").str.replace("_", " "),
            media_kind=pl.col("media_kind").replace_strict(_KINDS, default=None, return_dtype=pl.String),
            observed_at=pl.col(SEEN),
        )
        posts = tidy("posts", raw.drop("_title", "_body"))
        nobody = stack([], {"creator_id": ()})
        creators, _ = read_creators(nobody, posts.frame, "xiaohongshu")
        return bundle([("posts", posts), ("creators", creators)])


def _find_notes(export: Export) -> Iterator[tuple[str, str]]:
    for file in export.data_files:
        for name, columns in export.sheets(file).items():
            if set(columns) >= _MARKS:
                yield file, name
