"""Follower counts over time: vtbs.moe JSON, one file a channel, and CSV files with a date and a count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.connectors.reading.fields import Sources, bundle, pick, raise_all, stack, wanted_fields
from zhenfen.connectors.reading.headings import find_layout
from zhenfen.connectors.reading.tidy import tidy
from zhenfen.errors import Problem
from zhenfen.tables import TABLES, make_frame

# archiveView counts views of all videos, which no table holds.
_VTBS: Sources = {"observed_at": ("time",), "n_followers": ("follower",)}
_VTBS_COLUMNS = {"time", "follower"}


class FollowerSeries(Connector, name="follower_series"):
    """Reads one channel a file; the file's name is the channel's id."""

    title = "follower series: vtbs JSON, or CSV files with a date and followers, one file a channel"
    certainty = 60

    def detect(self, export: Export) -> bool:
        """Every data file is such a series; among other sheets a series is the spreadsheets' business."""
        return bool(export.data_files) and len(list(_find_series(export))) == len(export.data_files)

    def read(self, export: Export, options: Options) -> Imported:
        """Read every series."""
        found = list(_find_series(export))
        if options.needs_platform and options.platform is None:
            expected = "the platform named on import: a series of dates and counts does not say it"
            nameless = [file for file, platform, _ in found if platform is None]
            raise_all([Problem(expected, file, column="platform", key="problem.platform") for file in nameless])
        frames = []
        for number, (file, platform, sources) in enumerate(found):
            options.on_progress(file, number, len(found))
            rows = pick(export.read(file, "", wanted_fields(sources)), sources)
            channel = PurePosixPath(file).stem
            frames.append(rows.with_columns(creator_id=pl.lit(channel), platform=pl.lit(platform or options.platform)))
        raw = stack(frames, {**_VTBS, "creator_id": (), "platform": ()})
        counts = tidy("follower_counts", raw)
        creators = raw.select("creator_id", "platform").drop_nulls().unique()
        creators = creators.join(counts.frame, on="creator_id", how="semi")
        return bundle([("follower_counts", counts), ("creators", make_frame(TABLES["creators"], creators))])


def _find_series(export: Export) -> Iterator[tuple[str, str | None, Sources]]:
    """File, its platform where the format tells, and where its columns are."""
    for file in export.data_files:
        columns = export.sheets(file).get("", ())
        if file.lower().endswith(".json") and set(columns) >= _VTBS_COLUMNS:
            yield file, "bilibili", _VTBS
        elif file.lower().endswith(".csv"):
            layout = find_layout("", columns)
            if layout and layout.table == "follower_counts" and not layout.names_creator:
                yield file, None, layout.headings
