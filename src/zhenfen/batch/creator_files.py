"""From an export to a Parquet file with a row a creator."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from zhenfen.connectors.importing import import_export
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.model_store import Models
from zhenfen.progress import Progress, silent
from zhenfen.scoring.many import SCORED_SCHEMA, score_creators
from zhenfen.tables.parquet import write_result
from zhenfen.vetting.options import NOT_STATED


def score_creators_file(
    path: Path,
    out: Path,
    models: Models,
    *,
    found_by: str | None = None,
    platform: str | None = None,
    as_of: datetime | None = None,
    on_progress: Progress = silent,
) -> int:
    """Score every creator of an export; returns how many.

    Ids come back as they stand in the export: nothing else of a person is written.

    Args:
        path: Any export that can be vetted.
        out: Parquet file, see `scoring.many.SCORED_SCHEMA`; written whole or not at all.
        models: Must hold a creator model.
        found_by: How creators were found of whom the export does not say it.
        platform: Platform of rows that name none.
        as_of: Moment to read the data at; default the latest observation.
        on_progress: Told of every file, family and part.

    Raises:
        InputError: The export cannot be used.
        ConfigError: There is no creator model, an option is none of the known values, or `out` cannot be written.
    """
    models.need(CREATOR)
    tables = import_export(
        path, obtained_how=NOT_STATED, found_by=found_by, platform=platform, keep_ids=True, on_progress=on_progress
    )
    scored = score_creators(tables, models, as_of=as_of, on_progress=on_progress)
    write_result(scored, out, path, SCORED_SCHEMA)
    return scored.height
