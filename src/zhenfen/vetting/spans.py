"""From an export, or from follower series alone, to a Parquet file of marked spans."""

from __future__ import annotations

from pathlib import Path

from zhenfen.connectors.importing import import_export
from zhenfen.progress import Progress, silent
from zhenfen.scoring.spans import SPANS_SCHEMA, find_spans
from zhenfen.tables.parquet import write_result
from zhenfen.vetting.options import NOT_STATED

STEP = "growth"


def write_spans(path: Path, out: Path, *, platform: str | None = None, on_progress: Progress = silent) -> int:
    """Mark the spans of every series of `path` and write them to `out` (SPANS_SCHEMA); returns how many.

    Ids come back as they stand in the export: nothing else of a person is written.

    Args:
        path: Any export that can be vetted, or follower series alone: neither profiles nor a platform are needed.
        out: Parquet file, written whole or not at all.
        platform: Platform of rows that name none.
        on_progress: Told of every file and step.

    Raises:
        InputError: The export cannot be used.
        ConfigError: `platform` is none of ours, or `out` cannot be written.
    """
    tables = import_export(
        path,
        obtained_how=NOT_STATED,
        platform=platform,
        needs_platform=False,
        keep_ids=True,
        keep_contacts=True,
        on_progress=on_progress,
    )
    on_progress(STEP, 0, 1)
    spans = find_spans(tables)
    write_result(spans, out, path, SPANS_SCHEMA)
    return spans.height
